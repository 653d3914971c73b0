//! Sending through DIDWW: one JSON:API resource. Numbers are digits: a plus would be refused.

use super::{Didww, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use serde_json::json;

impl Didww {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => {
                outgoing::plain(message, &self.limits)?;
                let (source, destination) = outgoing::ends(message, spelling::digits)?;
                let attributes = json!({ "source": source, "destination": destination, "content": message.text });
                self.call(&attributes).map(Step::Call)
            }
            Some(answer) if answer.status().is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                let id = http::id_of(&body["data"]["id"]).ok_or_else(|| http::unreadable(answer))?;
                Ok(Step::Done(Accepted::of(id, None)))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }
}
