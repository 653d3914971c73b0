//! The Messages API's webhooks: a token over the body's hash, then one status or one message of any channel.

use super::{Vonage, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::{self, id_of, text_of};
use crate::carrier::incoming::attached;
use crate::carrier::{jwt, moments, sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::rich::{Choice, Place, Rich};
use crate::domain::time::Timestamp;
use serde_json::Value;

impl Vonage {
    /// Whether Vonage sent this, with our secret, for our account, just now.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        let given = request.header("authorization").ok_or(Refusal::Unsigned("Authorization"))?;
        let token = match given.split_once(' ') {
            Some((word, token)) if word.eq_ignore_ascii_case("bearer") => token,
            _ => return Err(Refusal::Forged("signature secret")),
        };
        let keys: Vec<&[u8]> = self.signature_secrets.iter().map(|secret| secret.expose().as_bytes()).collect();
        let claims = jwt::verified(token, &keys, "signature secret", now)?;
        let hash = claims["payload_hash"].as_str().unwrap_or_default().to_ascii_lowercase();
        if !sign::same(&hash, &sign::sha256_hex(&request.body)) {
            return Err(Refusal::Forged("body's hash"));
        }
        match claims["api_key"].as_str() {
            Some(key) if key != self.api_key => Err(Refusal::Forged("API key: it is another account's")),
            _ => Ok(()),
        }
    }

    /// Reads a verified webhook.
    pub(super) fn decode(&self, request: &Heard) -> Result<Told, Refusal> {
        let unreadable = |why: &str| Refusal::Unreadable(why.to_owned());
        let body: Value = serde_json::from_slice(&request.body).map_err(|_| unreadable("this is not JSON"))?;
        if !body.is_object() {
            return Err(unreadable("this is no object"));
        }
        let said = if body["status"].is_string() {
            report(&body)
        } else if body["message_type"].is_string() {
            self.message(&body).map_err(Refusal::Unreadable)?
        } else {
            Said::Other { what: "neither a message nor a status".into() }
        };
        Ok(Told { said: vec![said], answer: http::thanks("") })
    }

    fn message(&self, body: &Value) -> Result<Said, String> {
        let channel = body["channel"].as_str().unwrap_or_default();
        let kind = match channel {
            "sms" | "mms" | "rcs" => ChannelKind::Sms,
            "whatsapp" => ChannelKind::WhatsApp,
            other => {
                return Ok(Said::Other {
                    what: format!("a message of {:?}", other.chars().take(40).collect::<String>()),
                });
            }
        };
        let number = |name: &str| {
            let text = text_of(&body[name]).ok_or_else(|| format!("{name} is missing"))?;
            if let Some(rcs) = self.rcs.as_ref().filter(|rcs| channel == "rcs" && rcs.agent == text) {
                return Ok(rcs.number.clone());
            }
            spelling::from_digits(&text).map_err(|error| format!("{name}: {error}"))
        };
        let id = id_of(&body["message_uuid"]).ok_or("message_uuid is missing")?;
        let mut message = InboundMessage::text(kind, &id, number("from")?, number("to")?, "");
        message.in_reply_to = id_of(&body["context"]["message_uuid"]);
        message.profile_name = body["profile"]["name"].as_str().map(|name| name.chars().take(120).collect());
        message.said_at = body["timestamp"].as_str().and_then(moments::read);
        let (text, rich) = content(body, &mut message.media);
        message.text = rich.as_ref().map_or_else(|| text.clone(), |rich| rich.in_words(&text));
        message.rich = rich;
        if message.text.is_empty() && message.media.is_empty() && message.rich.is_none() {
            return Err("there is nothing in it".into());
        }
        Ok(Said::Message(message))
    }
}

/// Text and what is beyond it; files go into `media`.
fn content(body: &Value, media: &mut Vec<InboundMedia>) -> (String, Option<Rich>) {
    let kind = body["message_type"].as_str().unwrap_or_default();
    let part = &body[kind];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let chosen = |id: &Value, title: &Value| {
        let (title, description) = (text(title), part["description"].as_str().map(str::to_owned));
        let id = id_of(id).unwrap_or_else(|| title.clone());
        (title.clone(), Some(Rich::Chosen(Choice { id, title, description })))
    };
    match kind {
        "text" => (text(part), None),
        "image" | "audio" | "video" | "file" | "vcard" | "sticker" => {
            media.extend(file(part));
            (text(&part["caption"]), None)
        }
        // Several files in one MMS.
        "content" => {
            let parts = part.as_array().map(Vec::as_slice).unwrap_or_default();
            media.extend(attached(parts.iter().filter_map(file)));
            let words: Vec<String> = parts
                .iter()
                .map(|one| text(&one["text"]) + &text(&one["caption"]))
                .filter(|one| !one.is_empty())
                .collect();
            (words.join("\n"), None)
        }
        "location" => match place(part) {
            Some(place) => (String::new(), Some(Rich::Location(place))),
            None => unsupported(kind),
        },
        "reply" => chosen(&part["id"], &part["title"]),
        "button" => chosen(&part["payload"], &part["text"]),
        "reaction" => match id_of(&body["context"]["message_uuid"]) {
            Some(to) => (String::new(), Some(Rich::Reaction { to, emoji: text(&part["emoji"]) })),
            None => unsupported(kind),
        },
        other => unsupported(other),
    }
}

fn unsupported(kind: &str) -> (String, Option<Rich>) {
    (String::new(), Some(Rich::Unsupported { what: kind.chars().filter(|c| !c.is_control()).take(40).collect() }))
}

fn file(part: &Value) -> Option<InboundMedia> {
    Some(InboundMedia::at(part["url"].as_str()?, None).named(part["name"].as_str()))
}

fn place(part: &Value) -> Option<Place> {
    let degrees = |short: &str, long: &str| part[short].as_f64().or(part[long].as_f64());
    let word = |key: &str| part[key].as_str().map(|text| text.chars().take(400).collect());
    let place = Place {
        latitude: degrees("lat", "latitude")?,
        longitude: degrees("long", "longitude")?,
        name: word("name"),
        address: word("address"),
    };
    place.exists().then_some(place)
}

fn report(body: &Value) -> Said {
    let word = body["status"].as_str().unwrap_or_default();
    let state = match word {
        "submitted" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "rejected" | "undeliverable" => DeliveryState::Undelivered,
        other => return Said::Other { what: format!("status {:?}", other.chars().take(60).collect::<String>()) },
    };
    let place = |key: &str| text_of(&body["workflow"][key]).and_then(|text| text.parse::<u32>().ok());
    if state == DeliveryState::Undelivered && place("items_number") < place("items_total") {
        return Said::Other { what: "this way did not work: Vonage goes on with the next one".into() };
    }
    let (id, reference) = (id_of(&body["message_uuid"]), id_of(&body["client_ref"]));
    if id.is_none() && reference.is_none() {
        return Said::Other { what: format!("a status about nothing: {word}") };
    }
    Said::DeliveryReport(codes::report(id, reference, state, || errors::of_delivery(&body["error"])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;
    use serde_json::json;

    fn decoded(body: &Value) -> Result<Said, Refusal> {
        let settings = json!({ "api_key": "abcd1234", "api_secret": "secret-1", "signature_secret": "secret-2", "rcs_agent": "Acme", "rcs_number": "+4930555000" });
        let dialect = Vonage::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let body = Bytes::from(body.to_string());
        let heard = Heard { method: Method::POST, url: String::new(), headers: HeaderMap::new(), body, caller: None };
        dialect.decode(&heard).map(|mut told| told.said.remove(0))
    }

    fn inbound(channel: &str, kind: &str, part: Value) -> InboundMessage {
        let mut body = json!({
            "channel": channel, "message_uuid": "aaaa-1", "to": "4930555000", "from": "4915550012345",
            "timestamp": "2026-11-18T11:06:40Z", "message_type": kind, "context": { "message_uuid": "bbbb-2" },
        });
        body[kind] = part;
        match decoded(&body) {
            Ok(Said::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_kind_of_message_is_understood() {
        let image = inbound("mms", "image", json!({ "url": "https://api-us.nexmo.com/v3/media/1", "caption": "pic" }));
        assert_eq!((image.text.as_str(), image.media.len(), image.kind), ("pic", 1, ChannelKind::Sms));
        let several = inbound(
            "mms",
            "content",
            json!([{ "type": "image", "url": "https://a.example/1" }, { "type": "text", "text": "hi" }]),
        );
        assert_eq!((several.text.as_str(), several.media.len()), ("hi", 1));
        let place = inbound("whatsapp", "location", json!({ "lat": 52.5, "long": 13.4, "name": "Berlin" }));
        assert!(matches!(place.rich, Some(Rich::Location(_))) && place.kind == ChannelKind::WhatsApp);
        let chosen = inbound("whatsapp", "reply", json!({ "id": "yes", "title": "Yes" }));
        assert!(matches!(&chosen.rich, Some(Rich::Chosen(choice)) if choice.id == "yes"));
        let sign = inbound("whatsapp", "reaction", json!({ "action": "react", "emoji": "👍" }));
        assert!(matches!(&sign.rich, Some(Rich::Reaction { to, .. }) if to == "bbbb-2"));
        let order = inbound("whatsapp", "order", json!({ "catalog_id": "1" }));
        assert!(matches!(order.rich, Some(Rich::Unsupported { .. })));
    }

    #[test]
    fn what_came_to_the_agent_came_to_its_number() {
        let said = decoded(
            &json!({ "channel": "rcs", "message_uuid": "a", "to": "Acme", "from": "4915550012345", "message_type": "text", "text": "hi" }),
        );

        assert!(matches!(said, Ok(Said::Message(message)) if message.to.as_str() == "+4930555000"));
    }

    #[test]
    fn a_way_that_failed_is_no_failure_while_another_is_left() {
        let status = |number: &str| {
            decoded(
                &json!({ "message_uuid": "a", "status": "rejected", "channel": "rcs", "workflow": { "id": "w", "items_number": number, "items_total": "2" } }),
            )
        };

        assert!(matches!(status("1"), Ok(Said::Other { .. })));
        assert!(matches!(status("2"), Ok(Said::DeliveryReport(_))));
    }
}
