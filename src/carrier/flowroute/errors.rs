//! What Flowroute's refusals mean: JSON:API errors, read by their sentence where the status says too little.

use crate::carrier::dialect::Answer;
use crate::carrier::{codes, http, words};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::StatusCode;

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    codes::judged(answer, reason(answer))
}

fn reason(answer: &Answer) -> Option<Reason> {
    let body = http::json_of(answer)?;
    let error = body["errors"].as_array()?.first()?;
    let sentence = error["detail"].as_str().or(error["title"].as_str()).unwrap_or_default();
    let code = match answer.status() {
        // 401: who are you? 403: this number is not yours.
        StatusCode::UNAUTHORIZED => ReasonCode::CredentialsRefused,
        StatusCode::FORBIDDEN => ReasonCode::SenderNotAllowed,
        _ => words::code_in(sentence).unwrap_or_else(|| by_field(sentence)),
    };
    let reason = Reason::of(code).saying(sentence);
    Some(reason.coded(http::text_of(&error["status"]).unwrap_or_else(|| answer.status().as_str().to_owned())))
}

/// A validation error names the field that is wrong.
fn by_field(sentence: &str) -> ReasonCode {
    let sentence = sentence.to_ascii_lowercase();
    let names =
        |field: &str| sentence.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == field);
    match () {
        () if names("media_urls") => ReasonCode::MediaNotTaken,
        () if names("from") => ReasonCode::SenderNotAllowed,
        () if names("to") && names("number") => ReasonCode::NumberInvalid,
        () => ReasonCode::CarrierRefused,
    }
}
