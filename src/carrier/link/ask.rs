//! What LINK can be asked. It only takes messages: one for nobody is refused, and how says enough.

use super::{Link, errors};
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::http;
use crate::domain::delivery::SendError;
use serde_json::json;

impl Link {
    /// Any refusal but that of the credentials means that LINK knows us; nothing was sent.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let body = json!({ "messageContent": "test", "recipientAddressList": [], "test": true });
            return self.call(&body).map(AskStep::Call);
        };
        match errors::success(answer) {
            Err(SendError::Rejected { .. }) if http::json_of(answer).is_some() => {}
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        Ok(AskStep::Known(Known::CredentialsGood("LINK Mobility accepts the credentials.".into())))
    }
}
