//! What DIDWW's refusals mean: JSON:API errors, whose code is the HTTP status once more.

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
    let lower = sentence.to_ascii_lowercase();
    let code = match answer.status() {
        // Also what a wrong source address gets.
        StatusCode::UNAUTHORIZED => ReasonCode::CredentialsRefused,
        _ => words::code_in(&lower).unwrap_or(match () {
            () if lower.contains("source") || lower.contains("sender") => ReasonCode::SenderNotAllowed,
            () if lower.contains("destination") => ReasonCode::NumberInvalid,
            () if lower.contains("content") => ReasonCode::ContentFiltered,
            () => ReasonCode::CarrierRefused,
        }),
    };
    let said = http::text_of(&error["code"]).unwrap_or_else(|| answer.status().as_str().to_owned());
    Some(Reason::of(code).coded(said).saying(sentence))
}
