//! What BulkVS's refusals mean: a code and a sentence; also for one recipient inside a good answer.

use crate::carrier::dialect::Answer;
use crate::carrier::{codes, http, words};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// The body of a success, else what its error means.
pub(super) fn success(answer: &Answer) -> Result<Value, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    if !answer.status().is_success() {
        return Err(codes::judged(answer, reason(&body["Code"], &body["Description"])));
    }
    if let Some(reason) = reason(&body["Code"], &body["Description"]).filter(|_| body["RefId"].is_null()) {
        return Err(codes::refused(reason, None));
    }
    let result = &body["Results"][0];
    match result["Status"].as_str() {
        Some(word) if !word.eq_ignore_ascii_case("success") => {
            let reason = Reason::of(code_in(word)).coded(word);
            Err(codes::refused(reason, http::retry_after(answer)))
        }
        _ => Ok(body),
    }
}

fn reason(code: &Value, sentence: &Value) -> Option<Reason> {
    let (code, sentence) = (http::text_of(code)?, sentence.as_str().unwrap_or_default());
    Some(Reason::of(code_in(sentence)).coded(code).saying(sentence))
}

fn code_in(sentence: &str) -> ReasonCode {
    let lower = sentence.to_ascii_lowercase();
    words::code_in(&lower).unwrap_or(match () {
        () if lower.contains("auth") => ReasonCode::CredentialsRefused,
        () if lower.contains("from") || lower.contains("source") => ReasonCode::SenderNotAllowed,
        () if lower.contains("destination") || lower.contains("to number") => ReasonCode::NumberInvalid,
        () if lower.contains("media") => ReasonCode::MediaNotTaken,
        () => ReasonCode::CarrierRefused,
    })
}
