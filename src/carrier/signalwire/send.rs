//! Sending through SignalWire: one form, one answer.

use super::{SignalWire, errors, is_uuid};
use crate::carrier::codes;
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::twiml::{code_of, segments};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::Method;
use serde_json::Value;

/// The longest SignalWire keeps trying, in seconds.
const VALIDITY_MAX_S: u64 = 172_800;

impl SignalWire {
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
        let mut form = vec![("To", to.to_owned()), ("From", from.to_owned())];
        if !message.text.is_empty() {
            form.push(("Body", message.text.clone()));
        }
        for file in &message.media {
            form.push(("MediaUrl", outgoing::link(file)?.to_owned()));
        }
        if let Some(url) = &message.report_url {
            // Our reference comes back with each report: also for a message whose answer was never seen.
            form.push(("StatusCallback", http::with_query(url, "reference", &message.reference)));
        }
        if let Some(span) = message.valid_for {
            form.push(("ValidityPeriod", span.as_secs().clamp(1, VALIDITY_MAX_S).to_string()));
        }
        Ok(self.call(Method::POST, "/Messages.json")?.form(&form))
    }
}

/// A 201 with a message resource; a resource that is born failed is a refusal.
fn accepted(body: &Value, answer: &Answer) -> Result<Accepted, SendError> {
    let id = body["sid"].as_str().filter(|id| is_uuid(id)).ok_or_else(|| http::unreadable(answer))?;
    if matches!(body["status"].as_str(), Some("failed" | "undelivered" | "canceled")) {
        let reason = errors::of_delivery(code_of(&body["error_code"]), body["error_message"].as_str());
        return Err(codes::refused(reason, None));
    }
    Ok(Accepted::of(id, segments(&body["num_segments"])))
}
