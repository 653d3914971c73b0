//! Sending through Twilio: one form, one answer.

use super::{Twilio, errors, written};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::Method;
use serde_json::Value;

/// The longest Twilio keeps trying, in seconds; also what it does unasked.
const VALIDITY_MAX_S: u64 = 36_000;

impl Twilio {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => accepted(answer).map(Step::Done),
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        let rejected = |code| SendError::Rejected { reason: Reason::of(code) };
        if message.text.is_empty() {
            return Err(rejected(ReasonCode::TextEmpty));
        }
        if message.text.chars().count() > self.limits.text_chars_max {
            return Err(rejected(ReasonCode::TextTooLong));
        }
        let to = written(&message.to, message.kind).ok_or_else(|| rejected(ReasonCode::NumberInvalid))?;
        let from = written(&message.from, message.kind).ok_or_else(|| rejected(ReasonCode::SenderNotAllowed))?;
        let mut form = vec![("To", to), ("From", from), ("Body", message.text.clone())];
        if let Some(service) = &self.messaging_service_sid {
            // Beside From, not instead of it: the peer must see the number its session is with.
            form.push(("MessagingServiceSid", service.clone()));
        }
        if let Some(url) = &message.report_url {
            // Our reference comes back with each report: also for a message whose answer was never seen.
            form.push(("StatusCallback", http::with_query(url, "reference", &message.reference)));
        }
        if let (Some(span), ChannelKind::Sms) = (message.valid_for, message.kind) {
            form.push(("ValidityPeriod", span.as_secs().clamp(1, VALIDITY_MAX_S).to_string()));
        }
        Ok(self.call(Method::POST, "/Messages.json")?.form(&form))
    }
}

/// A 201 with a message resource; a resource that is born failed is a refusal.
fn accepted(answer: &Answer) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    let carrier_id = body["sid"].as_str().filter(|sid| is_message_sid(sid)).ok_or_else(|| http::unreadable(answer))?;
    if matches!(body["status"].as_str(), Some("failed" | "undelivered" | "canceled")) {
        let reason = errors::of_delivery(errors::code_of(&body["error_code"]), body["error_message"].as_str());
        return Err(match reason.code {
            ReasonCode::OptedOut => SendError::OptedOut { reason },
            _ => SendError::Rejected { reason },
        });
    }
    Ok(Accepted::of(carrier_id, segments(&body["num_segments"])))
}

/// Segments as Twilio writes them: a text; "0" means not counted yet.
pub(super) fn segments(value: &Value) -> Option<u32> {
    let count =
        value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64().and_then(|n| n.try_into().ok()));
    count.filter(|count| *count > 0)
}

/// Whether this can be the id of a message.
pub(super) fn is_message_sid(text: &str) -> bool {
    super::is_sid(text, "SM") || super::is_sid(text, "MM")
}
