//! Sending through Telnyx: one call with JSON, one answer.

use super::{Telnyx, errors, hear};
use crate::carrier::codes;
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::ReasonCode;
use crate::domain::segment::{self, Encoding};
use ::http::Method;
use serde_json::{Value, json};

/// Parts Telnyx makes of one text at most.
const PARTS_MAX: usize = 10;

impl Telnyx {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) => accepted(&http::good_json(answer, errors::of)?, answer).map(Step::Done),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::plus)?;
        let mut body = json!({ "from": from, "to": to, "type": "SMS" });
        if !message.text.is_empty() {
            body["text"] = message.text.as_str().into();
        }
        if message.media.is_empty() {
            let counted = segment::count(&message.text);
            if counted.segments > PARTS_MAX {
                return Err(outgoing::rejected(ReasonCode::TextTooLong));
            }
            body["encoding"] = if counted.encoding == Encoding::Gsm7 { "gsm7" } else { "ucs2" }.into();
        } else {
            body["type"] = "MMS".into();
            body["media_urls"] = message.media.iter().map(outgoing::link).collect::<Result<Vec<_>, _>>()?.into();
        }
        if let Some(profile) = &self.messaging_profile_id {
            body["messaging_profile_id"] = profile.as_str().into();
        }
        if let Some(url) = &message.report_url {
            // The address comes back inside each signed report, and our reference with it.
            body["webhook_url"] = http::with_query(url, "reference", &message.reference).into();
            body["use_profile_webhooks"] = false.into();
        }
        Ok(self.call(Method::POST, "/messages")?.json(&body))
    }
}

/// A message resource; one that is born failed is a refusal.
fn accepted(body: &Value, answer: &Answer) -> Result<Accepted, SendError> {
    let data = &body["data"];
    let id = http::id_of(&data["id"]).ok_or_else(|| http::unreadable(answer))?;
    let status = data["to"][0]["status"].as_str().unwrap_or_default();
    match hear::state_of(status) {
        Some(DeliveryState::Failed | DeliveryState::Undelivered) => {
            Err(codes::refused(errors::of_delivery(&data["errors"], status), None))
        }
        _ => Ok(Accepted::of(id, data["parts"].as_u64().and_then(|parts| u32::try_from(parts).ok()))),
    }
}
