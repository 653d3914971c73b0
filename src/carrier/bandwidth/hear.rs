//! Bandwidth's webhooks: Basic credentials that we set in the messaging application, then a list of events.

use super::{Bandwidth, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::{self as tools, id_of};
use crate::carrier::incoming::attached;
use crate::carrier::{moments, sign};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use serde_json::Value;

/// Events read from one webhook, and files from one event.
const EACH_MAX: usize = 200;

impl Bandwidth {
    /// Whether the caller knows our credentials: Bandwidth signs nothing.
    pub(super) fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        let given = request.header("authorization").ok_or(Refusal::Unsigned("webhook user and password"))?;
        let (scheme, token) = given.split_once(' ').unwrap_or_default();
        let fits = scheme.eq_ignore_ascii_case("basic") && sign::same(token, &self.callback_token());
        if fits { Ok(()) } else { Err(Refusal::Forged("webhook user and password")) }
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body: Value = serde_json::from_slice(&request.body).map_err(|why| Refusal::Unreadable(why.to_string()))?;
    let events = body.as_array().filter(|events| !events.is_empty() && events.len() <= EACH_MAX);
    let events = events.ok_or_else(|| Refusal::Unreadable("this is no list of events".into()))?;
    let said = events.iter().map(event).collect::<Result<_, _>>()?;
    Ok(Told { said, answer: tools::thanks("") })
}

fn event(event: &Value) -> Result<Said, Refusal> {
    let kind = event["type"].as_str().unwrap_or("without a type");
    if kind == "message-received" {
        return received(&event["message"]).map(Said::Message);
    }
    let Some(state) = state_of(kind) else {
        return Ok(Said::Other { what: format!("event {}", kind.chars().take(100).collect::<String>()) });
    };
    let id = id_of(&event["message"]["id"]).ok_or_else(|| Refusal::Unreadable("a report without id".into()))?;
    let reason = || errors::of_delivery(&event["errorCode"], event["description"].as_str());
    Ok(Said::DeliveryReport(codes::report(Some(id), id_of(&event["message"]["tag"]), state, reason)))
}

/// A message to us. To a group with several of our numbers it comes once for each of them, under one id.
fn received(message: &Value) -> Result<InboundMessage, Refusal> {
    let id = id_of(&message["id"]).ok_or_else(|| Refusal::Unreadable("a message without id".into()))?;
    let address = |key: &str| {
        let text = message[key].as_str().unwrap_or_default();
        Address::parse(text).map_err(|why| Refusal::Unreadable(format!("{key}: {why}")))
    };
    let (from, to) = (address("from")?, address("owner")?);
    let several = message["to"].as_array().is_some_and(|all| all.len() > 1);
    let id = if several { format!("{id}/{to}") } else { id };
    let files = message["media"].as_array().into_iter().flatten();
    Ok(InboundMessage {
        media: attached(files.filter_map(|file| Some(InboundMedia::at(file.as_str()?, None)))),
        said_at: message["time"].as_str().and_then(moments::read),
        ..InboundMessage::text(ChannelKind::Sms, &id, from, to, message["text"].as_str().unwrap_or_default())
    })
}

fn state_of(kind: &str) -> Option<DeliveryState> {
    match kind {
        "message-sending" | "message-sent" => Some(DeliveryState::Sent),
        "message-delivered" => Some(DeliveryState::Delivered),
        "message-read" => Some(DeliveryState::Read),
        "message-failed" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_group_message_is_one_for_each_number_of_ours() {
        let message = |owner: &str, to: &[&str]| {
            let body = json!({ "id": "m1", "from": "+15550100123", "owner": owner, "to": to, "text": "hi",
                               "media": ["https://messaging.bandwidth.com/api/v2/users/9900000/media/m1/0/a.jpg"] });
            received(&body).expect("readable")
        };

        let (one, other) = (
            message("+15550100998", &["+15550100998", "+15550100999"]),
            message("+15550100999", &["+15550100998", "+15550100999"]),
        );
        assert_ne!(one.carrier_id, other.carrier_id);
        assert_eq!(one.media.len(), 1);
        assert_eq!(message("+15550100999", &["+15550100999"]).carrier_id, "m1");
    }
}
