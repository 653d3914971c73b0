//! Sinch's webhooks: inbound texts and files, reports for one recipient or a whole batch; a signature where it is set up.

use super::{Sinch, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::{self, id_of, text_of};
use crate::carrier::incoming::attached;
use crate::carrier::{moments, sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Files read from one message, and statuses from one report.
const STATUSES_MAX: usize = 100;

impl Sinch {
    /// Whether Sinch sent this. Without a secret the trunk's secret address is the proof.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        if self.webhook_secrets.is_empty() {
            return Ok(());
        }
        let header = |name: &'static str| request.header(name).ok_or(Refusal::Unsigned(name));
        let given = header("x-sinch-webhook-signature")?;
        let nonce = header("x-sinch-webhook-signature-nonce")?;
        let moment = header("x-sinch-webhook-signature-timestamp")?;
        if request.header("x-sinch-webhook-signature-algorithm").is_some_and(|name| name != "HmacSHA256") {
            return Err(Refusal::Forged("webhook secret: another algorithm"));
        }
        let parts: [&[u8]; 5] = [&request.body, b".", nonce.as_bytes(), b".", moment.as_bytes()];
        let fits = self.webhook_secrets.iter().fold(false, |fits, secret| {
            fits | sign::same(given, &STANDARD.encode(sign::hmac_sha256(secret.expose().as_bytes(), &parts)))
        });
        if !fits {
            return Err(Refusal::Forged("webhook secret"));
        }
        sign::in_time(moment.parse().map_err(|_| Refusal::Forged("webhook secret"))?, now)
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body: Value =
        serde_json::from_slice(&request.body).map_err(|_| Refusal::Unreadable("this is not JSON".into()))?;
    let said = match body["type"].as_str() {
        Some("mo_text" | "mo_media") => vec![Said::Message(message(&body).map_err(Refusal::Unreadable)?)],
        Some("recipient_delivery_report_sms" | "recipient_delivery_report_mms") => vec![report(&body, &body)?],
        Some("delivery_report_sms" | "delivery_report_mms") => {
            let rows = body["statuses"].as_array().map(Vec::as_slice).unwrap_or_default();
            rows.iter().take(STATUSES_MAX).map(|row| report(&body, row)).collect::<Result<_, _>>()?
        }
        Some(other) => vec![Said::Other { what: format!("event {:?}", other.chars().take(60).collect::<String>()) }],
        None => return Err(Refusal::Unreadable("type is missing".into())),
    };
    Ok(Told { said, answer: http::thanks("") })
}

/// We send one batch to each recipient: the batch's id is the message's.
pub(super) fn report(batch: &Value, row: &Value) -> Result<Said, Refusal> {
    let word = row["status"].as_str().unwrap_or_default();
    let Some(state) = errors::state_of(word) else {
        return Ok(Said::Other { what: format!("status {:?}", word.chars().take(60).collect::<String>()) });
    };
    let id = id_of(&batch["batch_id"]).ok_or_else(|| Refusal::Unreadable("batch_id is missing".into()))?;
    let reason = || errors::of_delivery(text_of(&row["code"]).as_deref(), word);
    Ok(Said::DeliveryReport(codes::report(Some(id), id_of(&batch["client_reference"]), state, reason)))
}

pub(super) fn message(body: &Value) -> Result<InboundMessage, String> {
    let number = |name: &str| {
        let text = text_of(&body[name]).ok_or_else(|| format!("{name} is missing"))?;
        spelling::from_digits(&text).map_err(|error| format!("{name}: {error}"))
    };
    let id = id_of(&body["id"]).ok_or("id is missing")?;
    let content = &body["body"];
    let text = content.as_str().or(content["message"].as_str()).or(content["subject"].as_str()).unwrap_or_default();
    let mut message = InboundMessage::text(ChannelKind::Sms, &id, number("from")?, number("to")?, text);
    let files = content["media"].as_array().map(Vec::as_slice).unwrap_or_default();
    let file = |file: &Value| Some(InboundMedia::at(file["url"].as_str()?, file["content_type"].as_str()));
    message.media = attached(files.iter().filter_map(file));
    message.said_at = body["sent_at"].as_str().or(body["received_at"].as_str()).and_then(moments::read);
    if message.text.is_empty() && message.media.is_empty() {
        return Err("there is neither text nor media".into());
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::DeliveryState;
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;

    fn decoded(body: &str) -> Result<Vec<Said>, Refusal> {
        let body = Bytes::from(body.to_owned());
        let heard = Heard { method: Method::POST, url: String::new(), headers: HeaderMap::new(), body, caller: None };
        decode(&heard).map(|told| told.said)
    }

    #[test]
    fn files_come_with_their_words_and_a_batch_with_all_its_statuses() {
        let said = decoded(
            r#"{"type":"mo_media","id":"1","from":"15550100002","to":"15550100001","body":{"subject":"s","message":"pic",
            "media":[{"url":"https://x.example/1.jpg","content_type":"image/jpeg"}]},"received_at":"2026-11-18T11:06:40.000Z"}"#,
        );
        let Ok([Said::Message(message)]) = said.as_deref() else { panic!("{said:?}") };
        assert_eq!((message.text.as_str(), message.media.len()), ("pic", 1));
        assert_eq!(message.said_at, Some(Timestamp::from_seconds(1_795_000_000)));

        let said = decoded(
            r#"{"type":"delivery_report_sms","batch_id":"b","statuses":[
            {"code":"402","status":"Aborted"},{"code":0,"status":"Delivered"},{"status":"Melted"}]}"#,
        );
        let Ok([Said::DeliveryReport(first), Said::DeliveryReport(second), Said::Other { .. }]) = said.as_deref()
        else {
            panic!("{said:?}")
        };
        assert_eq!(first.reason.as_ref().map(|reason| reason.code.as_str()), Some("number_invalid"));
        assert_eq!((second.state, second.carrier_id.as_deref()), (DeliveryState::Delivered, Some("b")));
    }

    #[test]
    fn odd_bodies_are_refused_and_never_panic() {
        for odd in
            ["", "[]", "5", "{}", r#"{"type":"mo_text"}"#, r#"{"type":"mo_text","id":"1","from":"x","to":[],"body":5}"#]
        {
            assert!(decoded(odd).is_err(), "{odd}");
        }
    }
}
