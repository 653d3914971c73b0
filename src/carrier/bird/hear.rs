//! Bird's webhooks: one event each, signed as Standard Webhooks are.

use super::{Bird, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::{self, id_of};
use crate::carrier::{moments, sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Signatures looked at in one header.
const SIGNATURES_MAX: usize = 10;

impl Bird {
    /// Whether Bird sent this, with a key of ours, just now.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        let header = |name: &'static str| request.header(name).ok_or(Refusal::Unsigned(name));
        let (given, id, moment) = (header("webhook-signature")?, header("webhook-id")?, header("webhook-timestamp")?);
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", moment.as_bytes(), b".", &request.body];
        let mut fits = false;
        for key in &self.webhook_keys {
            let wanted = format!("v1,{}", STANDARD.encode(sign::hmac_sha256(&key.bytes, &parts)));
            for one in given.split(' ').take(SIGNATURES_MAX) {
                fits |= sign::same(one, &wanted);
            }
        }
        if !fits {
            return Err(Refusal::Forged("webhook secret"));
        }
        sign::in_time(moment.parse().map_err(|_| Refusal::Forged("webhook secret"))?, now)
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let unreadable = |why: &str| Refusal::Unreadable(why.to_owned());
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| unreadable("this is not JSON"))?;
    let event = body["type"].as_str().ok_or_else(|| unreadable("type is missing"))?;
    let data = &body["data"];
    let said = match event.strip_prefix("sms.") {
        Some("received") => Said::Message(message(data, &data["sms_id"]).map_err(Refusal::Unreadable)?),
        Some(word) if errors::state_of(word).is_some() => {
            report(word, data, &data["sms_id"]).map_err(Refusal::Unreadable)?
        }
        _ => Said::Other { what: format!("event {:?}", event.chars().take(60).collect::<String>()) },
    };
    Ok(Told { said: vec![said], answer: http::thanks("") })
}

pub(super) fn report(word: &str, data: &Value, id: &Value) -> Result<Said, String> {
    let id = id_of(id).ok_or("the message's id is missing")?;
    let Some(state) = errors::state_of(word) else { return Err("unknown status".into()) };
    let reference = id_of(&data["metadata"]["reference"]);
    Ok(Said::DeliveryReport(codes::report(Some(id), reference, state, || errors::of_delivery(word, &data["error"]))))
}

pub(super) fn message(data: &Value, id: &Value) -> Result<InboundMessage, String> {
    let number = |name: &str| {
        let text = data[name].as_str().ok_or_else(|| format!("{name} is missing"))?;
        spelling::from_digits(text).map_err(|error| format!("{name}: {error}"))
    };
    let id = id_of(id).ok_or("the message's id is missing")?;
    // Absent where only files came, of which Bird tells nothing yet.
    let text = data["text"].as_str().filter(|text| !text.is_empty()).unwrap_or("[?]");
    let mut message = InboundMessage::text(ChannelKind::Sms, &id, number("from")?, number("to")?, text);
    message.said_at = data["created_at"].as_str().or(data["occurred_at"].as_str()).and_then(moments::read);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;

    fn decoded(body: &str) -> Result<Vec<Said>, Refusal> {
        let body = Bytes::from(body.to_owned());
        let heard = Heard { method: Method::POST, url: String::new(), headers: HeaderMap::new(), body, caller: None };
        decode(&heard).map(|told| told.said)
    }

    #[test]
    fn one_good_signature_among_several_is_enough() {
        use crate::carrier::dialect::Carrier;
        // The worked example of Standard Webhooks' own rule: base64(HMAC(key, id.timestamp.body)).
        let settings =
            serde_json::json!({ "api_key": "bk_eu1_abcdef", "webhook_secret": "whsec_c2VjcmV0LXNlY3JldA==" });
        let dialect = Bird::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let signature = STANDARD.encode(sign::hmac_sha256(b"secret-secret", &[b"msg_1.1795000000.{\"type\":\"x\"}"]));
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", "msg_1"), ("webhook-timestamp", "1795000000")] {
            headers.insert(name, value.parse().expect("a header"));
        }
        headers.insert("webhook-signature", format!("v1,b2xk v1,{signature}").parse().expect("a header"));
        let body = Bytes::from_static(b"{\"type\":\"x\"}");
        let heard = Heard { method: Method::POST, url: String::new(), headers, body, caller: None };

        assert!(dialect.hear(&heard, Timestamp::from_seconds(1_795_000_000)).is_ok());
    }

    #[test]
    fn events_of_other_channels_are_noted_and_odd_bodies_refused() {
        for event in ["whatsapp.received", "email.delivered", "sms.new_event"] {
            let said = decoded(&format!(r#"{{"type":"{event}","data":{{}}}}"#));
            assert!(matches!(said.as_deref(), Ok([Said::Other { .. }])), "{event}");
        }
        for odd in ["", "5", "{}", "[]", r#"{"type":"sms.received"}"#, r#"{"type":"sms.delivered","data":{}}"#] {
            assert!(decoded(odd).is_err(), "{odd}");
        }
    }
}
