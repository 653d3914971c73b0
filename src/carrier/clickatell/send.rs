//! Sending through One API: a list of one message; it stands in the answer with its own verdict.

use super::{Clickatell, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use serde_json::json;

impl Clickatell {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) => {
                let told = errors::success(answer)?;
                let id = http::id_of(&told["apiMessageId"]).ok_or_else(|| http::unreadable(answer))?;
                Ok(Step::Done(Accepted::of(id, None)))
            }
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut one = json!({
            "channel": message.kind.as_str(),
            "to": to,
            "content": message.text,
            "clientMessageId": message.reference,
        });
        if self.send_from {
            one["from"] = from.into();
        }
        if let Some(span) = message.valid_for {
            one["validityPeriod"] = (span.as_secs() / 60).max(1).into();
        }
        self.call(&json!({ "messages": [one] }))
    }
}
