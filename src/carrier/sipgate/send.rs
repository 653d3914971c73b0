//! Sending through sipgate: 204 and nothing else. Our own reference stands in for the id there is not.

use super::Sipgate;
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::address::AddressKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use ::http::Method;
use serde_json::json;

impl Sipgate {
    /// One call; its status decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => {
                outgoing::plain(message, &self.limits)?;
                let (_, to) = outgoing::ends(message, spelling::plus)?;
                if message.to.kind() != AddressKind::E164 {
                    return Err(outgoing::rejected(ReasonCode::NumberInvalid));
                }
                let why = "no SMS extension is set for this number: see the trunk's settings";
                let id = self.extension_of(&message.from);
                let id = id.ok_or_else(|| outgoing::rejected_saying(ReasonCode::SenderNotAllowed, why))?;
                let body = json!({ "smsId": id, "recipient": to, "message": message.text });
                Ok(Step::Call(self.call(Method::POST, "/sessions/sms")?.json(&body)))
            }
            Some(answer) if answer.status() == ::http::StatusCode::NO_CONTENT => {
                Ok(Step::Done(Accepted::of(message.reference.as_str(), None)))
            }
            Some(answer) => Err(http::by_status(answer)),
        }
    }
}
