//! Sending through Bird: one JSON with a key under which a repetition is taken once.

use super::{Bird, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http::{self, id_of};
use crate::carrier::{outgoing, sign, spelling};
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use crate::domain::segment::count;
use ::http::{HeaderName, Method};
use serde_json::json;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SEGMENTS_MAX: usize = 12;

impl Bird {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => taken(answer).map(Step::Done),
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        if count(&message.text).segments > SEGMENTS_MAX {
            return Err(outgoing::rejected(ReasonCode::TextTooLong));
        }
        let (from, to) = outgoing::ends(message, spelling::plus)?;
        let body = json!({
            "from": from,
            "to": to,
            "text": message.text,
            "category": self.category,
            // Comes back with each report.
            "metadata": { "reference": message.reference },
        });
        let call = self.call(Method::POST, "/v1/sms/messages")?;
        Ok(call.header(IDEMPOTENCY_KEY, &uuid_of(&message.reference))?.json(&body))
    }
}

/// Our key in the form of a UUID (version 8: made by our own rule), the same on every try.
fn uuid_of(reference: &str) -> String {
    let hash = sign::sha256_hex(reference.as_bytes());
    format!("{}-{}-8{}-a{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}

fn taken(answer: &Answer) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    let id = id_of(&body["id"]).ok_or_else(|| http::unreadable(answer))?;
    if matches!(body["status"].as_str(), Some("rejected" | "failed" | "undelivered" | "canceled" | "expired")) {
        return Err(errors::of_born_failed(&body["error"]));
    }
    let segments = body["segments"]["count"].as_u64().and_then(|count| u32::try_from(count).ok());
    Ok(Accepted::of(id, segments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_a_uuid_and_always_the_same() {
        let key = uuid_of("ref-1");
        assert_eq!(key, uuid_of("ref-1"));
        assert_ne!(key, uuid_of("ref-2"));
        let lengths: Vec<usize> = key.split('-').map(str::len).collect();
        assert_eq!((lengths, &key[14..15], &key[19..20]), (vec![8, 4, 4, 4, 12], "8", "a"));
    }
}
