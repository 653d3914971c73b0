//! What DIDWW can be asked. HTTP OUT only takes messages: one without a recipient is refused, and how says enough.

use super::{Didww, errors};
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::http;
use crate::domain::delivery::SendError;
use ::http::StatusCode;
use serde_json::json;

impl Didww {
    /// 400 or 422: the trunk knows us, and nothing was sent.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.call(&json!({})).map(AskStep::Call) };
        match answer.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Ok(AskStep::Known(Known::CredentialsGood(
                "DIDWW accepts user name, password and the address we call from.".into(),
            ))),
            status if status.is_success() => Err(http::unreadable(answer)),
            _ => Err(errors::of(answer)),
        }
    }
}
