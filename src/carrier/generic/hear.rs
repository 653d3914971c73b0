//! Webhooks of the general SMS API: the signature first, then messages and delivery reports, one or a list.

use super::errors::reason_of;
use super::{Generic, Signed};
use crate::carrier::dialect::{Answer, DeliveryReport, Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::text_of;
use crate::carrier::incoming::attached;
use crate::carrier::sign;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use bytes::Bytes;
use serde_json::Value;

/// How far a provider's clock may be from ours.
const SKEW_MAX_S: i64 = 300;
/// Events in one request.
const EVENTS_MAX: usize = 1000;
const ID_CHARS_MAX: usize = 200;

impl Generic {
    /// The signature of a webhook, before a byte of its body is read.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        let signature = request.header("x-signature-256").ok_or(Refusal::Unsigned("X-Signature-256"))?;
        let timestamp = match self.signed {
            Signed::Body => None,
            Signed::TimestampAndBody => Some(request.header("x-timestamp").ok_or(Refusal::Unsigned("X-Timestamp"))?),
        };
        let fits = self.webhook_secrets.iter().fold(false, |fits, secret| {
            fits | sign::same(signature, &signature_of(secret.expose(), timestamp, &request.body))
        });
        if !fits {
            return Err(Refusal::Forged("webhook secret"));
        }
        let Some(timestamp) = timestamp else { return Ok(()) };
        let seconds: i64 = timestamp.parse().map_err(|_| Refusal::Unreadable("X-Timestamp is no number".into()))?;
        let away = now.as_seconds().saturating_sub(seconds);
        if away.saturating_abs() > SKEW_MAX_S { Err(Refusal::Stale(away)) } else { Ok(()) }
    }
}

/// The value of `X-Signature-256`: over the timestamp, a dot and the body, or over the body alone.
pub(in crate::carrier) fn signature_of(secret: &str, timestamp: Option<&str>, body: &[u8]) -> String {
    let mac = match timestamp {
        Some(timestamp) => sign::hmac_sha256(secret.as_bytes(), &[timestamp.as_bytes(), b".", body]),
        None => sign::hmac_sha256(secret.as_bytes(), &[body]),
    };
    format!("sha256={}", hex::encode(mac))
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::Unreadable(format!("the body is not JSON: {error}")))?;
    let events = match &body {
        Value::Array(events) if events.len() <= EVENTS_MAX => events.as_slice(),
        Value::Array(_) => return Err(Refusal::Unreadable(format!("more than {EVENTS_MAX} events in one request"))),
        one => std::slice::from_ref(one),
    };
    if let [only] = events
        && let Err(why) = event(only)
    {
        return Err(Refusal::Unreadable(why));
    }
    Ok(Told { said: events.iter().map(said_of).collect(), answer: thanks() })
}

/// One event of a list: that it cannot be read does not hold up the others.
pub(in crate::carrier) fn said_of(one: &Value) -> Said {
    event(one).unwrap_or_else(|why| Said::Other { what: format!("unreadable: {why}") })
}

fn thanks() -> Answer {
    let mut answer = Answer::new(Bytes::from_static(b"{\"ok\":true}"));
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    answer
}

/// One event, flat or in the `{"data": {"event_type", "payload"}}` that providers for other PBXs send.
fn event(event: &Value) -> Result<Said, String> {
    if !event.is_object() {
        return Err("an event is a JSON object".into());
    }
    let (name, body) = match event["data"]["payload"].is_object() {
        true => (&event["data"]["event_type"], &event["data"]["payload"]),
        false => (&event["event"], event),
    };
    match name.as_str().unwrap_or_default() {
        "message.received" => message(body).map(Said::Message),
        "message.status" => match body["status"].as_str() {
            Some(word) if state_of(word).is_none() => Ok(Said::Other { what: format!("status {:?}", short(word)) }),
            _ => report(body).map(Said::DeliveryReport).ok_or("a report needs a status, and id or reference".into()),
        },
        other => Ok(Said::Other { what: format!("event {:?}", short(other)) }),
    }
}

fn short(word: &str) -> String {
    word.chars().take(60).collect()
}

fn message(body: &Value) -> Result<InboundMessage, String> {
    let carrier_id = text_of(&body["id"]).filter(|id| id.chars().count() <= ID_CHARS_MAX).ok_or("id is missing")?;
    let kind = match body["channel"].as_str() {
        None => ChannelKind::Sms,
        Some(word) => ChannelKind::from_word(word).ok_or("channel is neither sms nor whatsapp")?,
    };
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    let media = media(&body["media"]);
    if text.is_empty() && media.is_empty() {
        return Err("there is neither text nor media".into());
    }
    Ok(InboundMessage {
        carrier_id,
        kind,
        from: address(&body["from"], "from")?,
        to: address(&body["to"], "to")?,
        text,
        rich: None,
        in_reply_to: None,
        also: Vec::new(),
        media,
        profile_name: text_of(&body["name"]).map(|name| name.chars().take(120).collect()),
        said_at: None,
    })
}

/// A number: a text, `{"phone_number": …}`, or a list of one of these.
fn address(value: &Value, what: &str) -> Result<Address, String> {
    let value = value.as_array().and_then(|list| list.first()).unwrap_or(value);
    let text = value.as_str().or_else(|| value["phone_number"].as_str()).ok_or_else(|| format!("{what} is missing"))?;
    Address::parse(text).map_err(|error| format!("{what}: {error}"))
}

fn media(list: &Value) -> Vec<InboundMedia> {
    let files = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |file: &Value| {
        let location = file.as_str().or_else(|| file["url"].as_str())?;
        Some(InboundMedia::at(location, text_of(&file["type"]).as_deref()).named(file["name"].as_str()))
    };
    attached(files.iter().filter_map(read))
}

/// The state of a message as a webhook or a status answer tells it.
pub(super) fn report(body: &Value) -> Option<DeliveryReport> {
    let state = state_of(body["status"].as_str()?)?;
    let id = |key: &str| text_of(&body[key]).filter(|id| id.chars().count() <= ID_CHARS_MAX);
    let (carrier_id, reference) = (id("id"), id("reference"));
    if carrier_id.is_none() && reference.is_none() {
        return None;
    }
    let went_wrong = matches!(state, DeliveryState::Failed | DeliveryState::Undelivered);
    let reason = went_wrong.then(|| {
        let gave_up = ReasonCode::CarrierGaveUp;
        reason_of(&body["error"], gave_up).unwrap_or_else(|| Reason::of(gave_up))
    });
    Some(DeliveryReport { carrier_id, reference, state, reason })
}

/// Whatever the provider still does with it, it has taken it: for us it is sent.
fn state_of(word: &str) -> Option<DeliveryState> {
    match word {
        "queued" | "sending" | "sent" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "read" => Some(DeliveryState::Read),
        "failed" => Some(DeliveryState::Failed),
        "undelivered" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};

    fn decoded(body: &str) -> Result<Vec<Said>, Refusal> {
        let body = Bytes::from(body.to_owned());
        let request = Heard { method: Method::POST, url: String::new(), headers: HeaderMap::new(), body, caller: None };
        decode(&request).map(|told| told.said)
    }

    #[test]
    fn one_bad_event_in_a_list_does_not_hold_up_the_others() {
        let good = r#"{"event":"message.received","id":7,"from":"+15550100123","to":"70123","text":"hi"}"#;
        let bad = r#"{"event":"message.received","id":8,"to":"70123","text":"hi"}"#;

        let said =
            decoded(&format!("[{bad},{good},{{\"event\":\"message.status\",\"status\":\"melted\"}}]")).expect("a list");

        assert!(matches!(&said[0], Said::Other { what } if what == "unreadable: from is missing"), "{said:?}");
        assert!(matches!(&said[1], Said::Message(message) if message.carrier_id == "7"), "{said:?}");
        assert!(matches!(&said[2], Said::Other { .. }), "{said:?}");
        assert_eq!(decoded(bad), Err(Refusal::Unreadable("from is missing".into())));
    }

    #[test]
    fn the_form_other_pbxs_know_is_read_too() {
        let said = decoded(
            r#"{"data":{"event_type":"message.received","id":"e1","payload":{"id":"m9","from":{"phone_number":"+15550100123"},
                "to":[{"phone_number":"+15550100999","status":"webhook_delivered"}],"text":"","media":[{"url":"https://sms.example.com/m/1"}]}}}"#,
        );

        let Ok([Said::Message(message)]) = said.as_deref() else { panic!("{said:?}") };
        assert_eq!((message.carrier_id.as_str(), message.to.as_str()), ("m9", "+15550100999"));
        assert_eq!(message.media[0].location, "https://sms.example.com/m/1");
    }

    #[test]
    fn odd_bodies_are_refused_and_never_panic() {
        for odd in [
            "",
            "null",
            "5",
            "[5]",
            "{}x",
            r#"{"event":"message.received"}"#,
            r#"{"event":"message.status"}"#,
            r#"{"event":"message.received","id":"1","from":["x"],"to":{},"text":5}"#,
            r#"{"event":"message.received","id":"1","from":"+15550100123","to":"+15550100999"}"#,
        ] {
            assert!(decoded(odd).is_err(), "{odd}");
        }
        assert_eq!(decoded("[]"), Ok(vec![]));
    }
}
