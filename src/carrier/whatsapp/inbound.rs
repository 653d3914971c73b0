//! What stands under `messages`: what peers wrote, and what became of ours.

use super::hear::{list, other};
use super::{errors, news, number, user};
use crate::carrier::dialect::{DeliveryReport, InboundMedia, InboundMessage, Said};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::rich::{Choice, ContactCard, Place, Rich};
use crate::domain::time::Timestamp;
use serde_json::Value;

/// Longest id, name and text that are kept.
const ID_CHARS_MAX: usize = 300;
const NAME_CHARS_MAX: usize = 120;
const TEXT_CHARS_MAX: usize = 20_000;
/// Cards in one message, numbers on one card.
const CARDS_MAX: usize = 50;

/// Everything in a `messages` change, in order.
pub(super) fn read(value: &Value, ours: &Address, said: &mut Vec<Said>) {
    let contacts = list(&value["contacts"]);
    said.extend(list(&value["messages"]).iter().map(|message| one(message, contacts, ours)));
    for status in list(&value["statuses"]) {
        said.push(report(status));
        said.extend(news::stopped(status, ours));
    }
    said.extend(list(&value["errors"]).iter().map(|error| other("Meta reports an error:", &error["title"])));
}

/// An id, as text or as number.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone())
            .filter(|text| !text.is_empty() && text.len() <= ID_CHARS_MAX && !text.chars().any(char::is_control)),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        _ => None,
    }
}

fn short(value: &Value, most: usize) -> Option<String> {
    let text = value.as_str()?;
    let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').take(most).collect();
    (!text.is_empty()).then_some(text)
}

fn one(message: &Value, contacts: &[Value], ours: &Address) -> Said {
    let peer = message["from"].as_str().and_then(number);
    let user_id = message["from_user_id"].as_str().and_then(user);
    if message["type"] == "system" {
        return news::system(message, peer, user_id, ours);
    }
    if message["group_id"].is_string() {
        return Said::Other { what: "a message in a group: groups are not read".into() };
    }
    let contact = contact_of(message, contacts);
    let user_id = user_id.or_else(|| contact["user_id"].as_str().and_then(user));
    let peer = peer.or_else(|| contact["wa_id"].as_str().and_then(number));
    let Some(carrier_id) = id(&message["id"]) else { return other("a message without id of type", &message["type"]) };
    let (from, also) = match (peer, user_id) {
        (Some(number), user_id) => (number, user_id),
        (None, Some(user_id)) => (user_id, None),
        (None, None) => return other("a message from nobody, of type", &message["type"]),
    };
    let mut heard = InboundMessage::text(ChannelKind::WhatsApp, &carrier_id, from, ours.clone(), "");
    heard.also = also.into_iter().collect();
    heard.in_reply_to = id(&message["context"]["id"]);
    heard.profile_name = short(&contact["profile"]["name"], NAME_CHARS_MAX);
    heard.said_at = id(&message["timestamp"]).and_then(|at| at.parse().ok()).map(Timestamp::from_seconds);
    let (text, rich) = content(message, &mut heard.media);
    heard.text = rich.as_ref().map_or(text.clone(), |rich| rich.in_words(&text));
    heard.rich = rich;
    Said::Message(heard)
}

/// The contact that wrote this message; where there is one only, it is that.
fn contact_of<'a>(message: &Value, contacts: &'a [Value]) -> &'a Value {
    let same = |contact: &&Value| {
        let by = |theirs: &str, its: &str| message[theirs].is_string() && message[theirs] == contact[its];
        by("from", "wa_id") || by("from_user_id", "user_id")
    };
    let only = if contacts.len() == 1 { contacts.first() } else { None };
    contacts.iter().find(same).or(only).unwrap_or(&Value::Null)
}

/// Text and what is beyond it; files go into `media`.
fn content(message: &Value, media: &mut Vec<InboundMedia>) -> (String, Option<Rich>) {
    let kind = message["type"].as_str().unwrap_or_default();
    let part = &message[kind];
    let text = |value: &Value| short(value, TEXT_CHARS_MAX).unwrap_or_default();
    match kind {
        "text" => (text(&part["body"]), None),
        "image" | "video" | "audio" | "document" | "sticker" => {
            let Some(location) = id(&part["id"]) else { return unsupported(message, kind) };
            media.push(InboundMedia {
                location,
                claimed_type: short(&part["mime_type"], 100),
                file_name: short(&part["filename"], 200),
            });
            (text(&part["caption"]), None)
        }
        "location" => match place(part) {
            Some(place) => (String::new(), Some(Rich::Location(place))),
            None => unsupported(message, kind),
        },
        "contacts" => {
            let contacts: Vec<ContactCard> = list(part).iter().take(CARDS_MAX).map(card).collect();
            (String::new(), Some(Rich::Contacts { contacts }))
        }
        "reaction" => match id(&part["message_id"]) {
            Some(to) => {
                let emoji = short(&part["emoji"], 20).unwrap_or_default();
                (String::new(), Some(Rich::Reaction { to, emoji }))
            }
            None => unsupported(message, kind),
        },
        "button" => {
            let title = text(&part["text"]);
            let id = short(&part["payload"], ID_CHARS_MAX).unwrap_or_else(|| title.clone());
            (title.clone(), Some(Rich::Chosen(Choice { id, title, description: None })))
        }
        "interactive" => interactive(message, part),
        _ => unsupported(message, kind),
    }
}

fn interactive(message: &Value, part: &Value) -> (String, Option<Rich>) {
    let kind = part["type"].as_str().unwrap_or_default();
    let reply = &part[kind];
    match kind {
        "button_reply" | "list_reply" => {
            let title = short(&reply["title"], TEXT_CHARS_MAX).unwrap_or_default();
            let id = short(&reply["id"], ID_CHARS_MAX).unwrap_or_default();
            let description = short(&reply["description"], NAME_CHARS_MAX);
            (title.clone(), Some(Rich::Chosen(Choice { id, title, description })))
        }
        // A form that was filled in: its answers as they came.
        "nfm_reply" => {
            let answers = short(&reply["response_json"], 2000).or_else(|| short(&reply["body"], 2000));
            (answers.unwrap_or_default(), None)
        }
        _ => unsupported(message, kind),
    }
}

fn unsupported(message: &Value, kind: &str) -> (String, Option<Rich>) {
    let error = &message["errors"][0];
    let told = [&error["error_data"]["details"], &error["message"], &error["title"]];
    let told = told.into_iter().find_map(|text| short(text, NAME_CHARS_MAX)).filter(|_| kind == "unsupported");
    let what = told.unwrap_or_else(|| kind.chars().filter(|c| !c.is_control()).take(40).collect());
    (String::new(), Some(Rich::Unsupported { what }))
}

fn place(value: &Value) -> Option<Place> {
    let degrees = |key: &str| value[key].as_f64().or_else(|| value[key].as_str()?.trim().parse().ok());
    let place = Place {
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        name: short(&value["name"], 200),
        address: short(&value["address"], 400),
    };
    place.exists().then_some(place)
}

fn card(value: &Value) -> ContactCard {
    let name = |key: &str| short(&value["name"][key], NAME_CHARS_MAX).unwrap_or_default();
    let all = |key: &str, inner: &str| -> Vec<String> {
        list(&value[key]).iter().take(CARDS_MAX).filter_map(|one| short(&one[inner], 200)).collect()
    };
    ContactCard {
        first_name: name("first_name"),
        last_name: name("last_name"),
        name: name("formatted_name"),
        company: short(&value["org"]["company"], NAME_CHARS_MAX).unwrap_or_default(),
        phones: all("phones", "phone"),
        emails: all("emails", "email"),
    }
}

fn report(status: &Value) -> Said {
    let state = match status["status"].as_str().unwrap_or_default() {
        "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" | "played" => DeliveryState::Read,
        "failed" => DeliveryState::Undelivered,
        _ => return other("message status", &status["status"]),
    };
    let Some(carrier_id) = id(&status["id"]) else { return other("a report without id:", &status["status"]) };
    Said::DeliveryReport(DeliveryReport {
        carrier_id: Some(carrier_id),
        reference: id(&status["biz_opaque_callback_data"]),
        state,
        reason: (state == DeliveryState::Undelivered).then(|| errors::of_delivery(&status["errors"])),
    })
}
