//! seven's webhooks: as JSON, or as a form or query with the same names (`data[msg_id]`); one signature for all.

use super::{Seven, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::{self, id_of, text_of};
use crate::carrier::{sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::time::Timestamp;
use serde_json::{Map, Value};

impl Seven {
    /// Whether seven sent this, with our secret, to this address, just now.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        let Some(secret) = &self.signing_secret else { return Ok(()) };
        let header = |name: &'static str| request.header(name).ok_or(Refusal::Unsigned(name));
        let (given, nonce, moment) = (header("x-signature")?, header("x-nonce")?, header("x-timestamp")?);
        let body = hex::encode(sign::md5(&[&request.body]));
        let text = [moment, nonce, request.method.as_str(), &request.url, &body].join("\n");
        if !sign::same(given, &hex::encode(sign::hmac_sha256(secret.expose().as_bytes(), &[text.as_bytes()]))) {
            return Err(Refusal::Forged("signing secret"));
        }
        sign::in_time(moment.parse().map_err(|_| Refusal::Forged("signing secret"))?, now)
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(_) => nested(request),
    };
    let data = &body["data"];
    let said = match body["webhook_event"].as_str() {
        Some("sms_mo") => Said::Message(message(data).map_err(Refusal::Unreadable)?),
        Some("dlr") => report(data)?,
        Some(other) => Said::Other { what: format!("event {:?}", other.chars().take(60).collect::<String>()) },
        None => return Err(Refusal::Unreadable("webhook_event is missing".into())),
    };
    Ok(Told { said: vec![said], answer: http::thanks("") })
}

/// `data[msg_id]=1` as `{"data": {"msg_id": "1"}}`.
fn nested(request: &Heard) -> Value {
    let (mut body, mut data) = (Map::new(), Map::new());
    for (name, value) in http::parameters(request) {
        match name.strip_prefix("data[").and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => data.insert(inner.to_owned(), value.into()),
            None => body.insert(name, value.into()),
        };
    }
    body.insert("data".into(), data.into());
    body.into()
}

fn report(data: &Value) -> Result<Said, Refusal> {
    let word = data["status"].as_str().unwrap_or_default();
    let Some(state) = errors::state_of(word) else {
        return Ok(Said::Other { what: format!("status {:?}", word.chars().take(60).collect::<String>()) });
    };
    let (id, reference) = (id_of(&data["msg_id"]), id_of(&data["foreign_id"]));
    if id.is_none() && reference.is_none() {
        return Err(Refusal::Unreadable("msg_id is missing".into()));
    }
    Ok(Said::DeliveryReport(codes::report(id, reference, state, || errors::reason_of(word))))
}

fn message(data: &Value) -> Result<InboundMessage, String> {
    let number = |name: &str| {
        let text = text_of(&data[name]).ok_or_else(|| format!("{name} is missing"))?;
        spelling::from_digits(&text).map_err(|error| format!("{name}: {error}"))
    };
    let id = id_of(&data["id"]).ok_or("id is missing")?;
    let text = data["text"].as_str().ok_or("text is missing")?;
    let mut message = InboundMessage::text(ChannelKind::Sms, &id, number("sender")?, number("system")?, text);
    // Unix seconds; a date without a zone says too little.
    let seconds = text_of(&data["time"]).and_then(|time| time.parse().ok());
    message.said_at = seconds.map(Timestamp::from_seconds);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::DeliveryState;
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;

    #[test]
    fn a_report_in_a_query_says_the_same_as_one_in_json() {
        let heard = |url: &str, body: &'static str| {
            let (url, body) = (format!("https://pbx.example.com/hook/k{url}"), Bytes::from_static(body.as_bytes()));
            let heard = Heard { method: Method::GET, url, headers: HeaderMap::new(), body, caller: None };
            decode(&heard).expect("readable").said
        };
        let query = heard("?webhook_event=dlr&data%5Bmsg_id%5D=77&data%5Bstatus%5D=DELIVERED", "");
        let json = heard("", r#"{"webhook_event":"dlr","data":{"msg_id":"77","status":"DELIVERED"}}"#);

        assert_eq!(query, json);
        assert!(matches!(&json[..], [Said::DeliveryReport(report)] if report.state == DeliveryState::Delivered));
    }
}
