//! News that are no message: opt-outs, changed numbers and user ids, templates, the number's quality.

use super::hear::other;
use super::{inbound, number, user};
use crate::carrier::dialect::{Preference, Said};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::template::{TemplateNews, TemplateStatus};
use serde_json::Value;

/// The peer has stopped marketing: a delivery that failed for it says so, too.
const STOPPED: i64 = 131_050;

fn words(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(text.chars().filter(|c| !c.is_control()).take(300).collect())
}

/// An entry of `user_preferences`: marketing stopped or wanted again.
pub(super) fn preference(value: &Value, ours: &Address) -> Said {
    let peer = value["wa_id"].as_str().and_then(number).or_else(|| value["user_id"].as_str().and_then(user));
    let opted_out = match value["value"].as_str() {
        Some("stop") => true,
        Some("resume") => false,
        _ => return other("a preference:", &value["value"]),
    };
    let Some(peer) = peer else { return other("a preference of nobody:", &value["value"]) };
    let at = inbound::id(&value["timestamp"]).unwrap_or_default();
    let marketing_only = value["category"] == "marketing_messages";
    Said::Preference(Preference {
        carrier_id: format!("preference-{peer}-{at}-{opted_out}"),
        kind: ChannelKind::WhatsApp,
        peer,
        number: Some(ours.clone()),
        opted_out,
        marketing_only,
        words: words(&value["detail"]),
    })
}

/// What a status says about the peer's will: only where it failed because marketing was stopped.
pub(super) fn stopped(status: &Value, ours: &Address) -> Option<Said> {
    if status["errors"][0]["code"].as_i64() != Some(STOPPED) {
        return None;
    }
    let by_number = status["recipient_id"].as_str().and_then(number);
    let peer = by_number.or_else(|| status["recipient_user_id"].as_str().and_then(user))?;
    Some(Said::Preference(Preference {
        carrier_id: format!("stopped-{}", inbound::id(&status["id"])?),
        kind: ChannelKind::WhatsApp,
        peer,
        number: Some(ours.clone()),
        opted_out: true,
        marketing_only: true,
        words: words(&status["errors"][0]["error_data"]["details"]),
    }))
}

/// A `system` message: a changed number moves the peer, a changed preference is one, everything else is noted.
pub(super) fn system(message: &Value, peer: Option<Address>, user_id: Option<Address>, ours: &Address) -> Said {
    let system = &message["system"];
    let new_number = || ["wa_id", "new_wa_id"].iter().find_map(|key| system[key].as_str().and_then(number));
    let new_user = || system["user_id"].as_str().and_then(user);
    match system["type"].as_str().unwrap_or_default() {
        "user_changed_number" | "customer_changed_number" => {
            // Who the peer was: by its old number, else by its user id.
            let to = new_number().or_else(new_user);
            match (peer.or(user_id), to) {
                (Some(from), Some(to)) if from != to => Said::PeerMoved { from, to },
                _ => Said::Other { what: "a changed number without the numbers".into() },
            }
        }
        "user_changed_user_id" => match (user_id.or(peer), new_user()) {
            (Some(from), Some(to)) if from != to => Said::PeerMoved { from, to },
            _ => Said::Other { what: "a changed user id without the ids".into() },
        },
        "user_preference_changed" => {
            let value = serde_json::json!({
                "wa_id": message["from"], "user_id": message["from_user_id"], "value": system["marketing"],
                "timestamp": message["timestamp"], "category": "marketing_messages", "detail": system["body"],
            });
            preference(&value, ours)
        }
        _ => other("a system message:", &system["type"]),
    }
}

/// An entry of `user_id_update`: the same person under a new user id.
pub(super) fn user_id(value: &Value) -> Said {
    let part = |key: &str| value["user_id"][key].as_str().and_then(user);
    match (part("previous"), part("current")) {
        (Some(from), Some(to)) if from != to => Said::PeerMoved { from, to },
        (None, Some(to)) => match value["wa_id"].as_str().and_then(number) {
            Some(from) => Said::PeerMoved { from, to },
            None => Said::Other { what: "a changed user id without the ids".into() },
        },
        _ => Said::Other { what: "a changed user id without the ids".into() },
    }
}

/// A change of a template; what has no known part only says: ask again.
pub(super) fn template(field: &str, value: &Value) -> Said {
    let text = |key: &str| words(&value[key]).unwrap_or_default();
    let Some(carrier_id) = inbound::id(&value["message_template_id"]) else {
        return other("news of a template without id:", &field.into());
    };
    let reason = words(&value["reason"]).filter(|reason| reason != "NONE" && !reason.is_empty());
    let more = words(&value["other_info"]["description"]).or_else(|| words(&value["rejection_info"]["reason"]));
    let is_status = field == "message_template_status_update";
    Said::Template(TemplateNews {
        carrier_id,
        name: text("message_template_name"),
        language: text("message_template_language"),
        status: is_status.then(|| TemplateStatus::from_carrier(value["event"].as_str().unwrap_or_default())),
        quality: words(&value["new_quality_score"]),
        category: words(&value["new_category"]).or_else(|| words(&value["message_template_category"])),
        reason: match (reason, more) {
            (Some(reason), Some(more)) => Some(format!("{reason}: {more}")),
            (reason, more) => reason.or(more),
        },
    })
}

/// The number's quality or daily limit changed: for the operator, in the channel log.
pub(super) fn quality(value: &Value) -> Said {
    let word = |key: &str| value[key].as_str().unwrap_or("?").chars().take(60).collect::<String>();
    let (number, event, limit) = (word("display_phone_number"), word("event"), word("current_limit"));
    Said::Other { what: format!("number {number}: {event}, limit {limit}") }
}
