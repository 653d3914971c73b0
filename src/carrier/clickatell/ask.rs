//! What Clickatell can be asked. One API only takes messages: an empty list is refused, and how says enough.

use super::{Clickatell, errors};
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::domain::delivery::SendError;
use ::http::StatusCode;
use serde_json::json;

impl Clickatell {
    /// 401 and 403 are a bad key; anything else about an empty list means that the key is good.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.call(&json!({ "messages": [] })).map(AskStep::Call) };
        let good = matches!(answer.status(), StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
        match errors::success(answer) {
            Err(error @ (SendError::Misconfigured { .. } | SendError::NoCredit { .. })) => Err(error),
            Err(error) if !good && !answer.status().is_success() => Err(error),
            _ => Ok(AskStep::Known(Known::CredentialsGood("Clickatell accepts the API key.".into()))),
        }
    }
}
