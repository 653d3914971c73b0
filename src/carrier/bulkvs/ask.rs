//! What BulkVS can be asked: its records of our numbers.

use super::{BulkVs, errors};
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::{http, spelling};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use ::http::{Method, StatusCode};

impl BulkVs {
    /// The list of webhooks needs the same credentials.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            return Ok(AskStep::Call(self.call(Method::GET, "/webHooks")?.bare()));
        };
        http::good_json(answer, refused)?;
        Ok(AskStep::Known(Known::CredentialsGood("BulkVS accepts the user and the token.".into())))
    }

    /// Whether the number is in the account.
    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let digits = spelling::digits(number).unwrap_or_default();
        let Some(answer) = answers.last() else {
            let path = http::with_query("/tnRecord", "Number", digits);
            return Ok(AskStep::Call(self.call(Method::GET, &path)?.bare()));
        };
        let unknown = || Known::SenderBad(format!("BulkVS has no number {digits} in this account."));
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(AskStep::Known(unknown()));
        }
        let body = http::good_json(answer, refused)?;
        let known = body.to_string().contains(digits);
        Ok(AskStep::Known(if known { Known::SenderGood("The number is in the account.".into()) } else { unknown() }))
    }
}

fn refused(answer: &Answer) -> SendError {
    errors::success(answer).err().unwrap_or_else(|| http::unreadable(answer))
}
