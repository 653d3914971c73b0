//! VoIP.ms answers 200 whatever happens: the word under `status` is the error.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http;
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use serde_json::Value;
use std::time::Duration;

const CODES: Codes = Codes(&[
    ("invalid_credentials", ReasonCode::CredentialsRefused, "user or password of the API is wrong"),
    ("missing_credentials", ReasonCode::CredentialsRefused, "user or password of the API is missing"),
    ("invalid_username", ReasonCode::CredentialsRefused, "the user of the API is wrong"),
    ("invalid_password", ReasonCode::CredentialsRefused, "the password of the API is wrong"),
    ("account_inactive", ReasonCode::CredentialsRefused, "the account is not active"),
    ("api_not_enabled", ReasonCode::CredentialsRefused, "switch on the API in the portal of VoIP.ms"),
    (
        "ip_not_enabled",
        ReasonCode::CredentialsRefused,
        "allow this system's public address under REST/JSON API in the portal of VoIP.ms",
    ),
    (
        "invalid_did",
        ReasonCode::SenderNotAllowed,
        "this number is not in the account, or SMS is not switched on for it",
    ),
    ("missing_did", ReasonCode::SenderNotAllowed, ""),
    ("did_limit_reached", ReasonCode::CarrierThrottled, ""),
    ("limit_reached", ReasonCode::CarrierThrottled, "the account's messages of this day are used up"),
    ("api_limit_exceeded", ReasonCode::CarrierThrottled, ""),
    ("sms_failed", ReasonCode::CarrierUnreachable, "VoIP.ms could not send it just now"),
    ("mms_failed", ReasonCode::CarrierUnreachable, "VoIP.ms could not send it just now"),
    ("invalid_dst", ReasonCode::NumberInvalid, ""),
    ("missing_dst", ReasonCode::NumberInvalid, ""),
    ("sms_toolong", ReasonCode::TextTooLong, ""),
    ("message_empty", ReasonCode::TextEmpty, ""),
    ("missing_message", ReasonCode::TextEmpty, ""),
    ("missing_sms", ReasonCode::TextEmpty, ""),
    ("invalid_sms", ReasonCode::ContentFiltered, ""),
    ("invalid_media", ReasonCode::MediaNotTaken, ""),
    ("missing_media", ReasonCode::MediaNotTaken, ""),
    ("not_enough_credit", ReasonCode::NoCredit, ""),
    ("no_balance", ReasonCode::NoCredit, ""),
]);

/// The body of a success, else what its word means.
pub(super) fn success(answer: &Answer) -> Result<Value, SendError> {
    listed(answer, &[])
}

/// As [`success`]; these words mean that a list is empty.
pub(super) fn listed(answer: &Answer, empty: &[&str]) -> Result<Value, SendError> {
    if !answer.status().is_success() {
        return Err(http::by_status(answer));
    }
    let body = http::json_of(answer).unwrap_or_default();
    match body["status"].as_str() {
        Some("success") => Ok(body),
        Some(word) if empty.contains(&word) => Ok(Value::Null),
        // The day's limit ends at midnight over there: an hour is the longest pause there is.
        Some(word @ "limit_reached") => Err(codes::refused(reason(word), Some(Duration::from_secs(3600)))),
        Some(word) => Err(codes::refused(reason(word), http::retry_after(answer))),
        None => Err(http::unreadable(answer)),
    }
}

fn reason(word: &str) -> crate::domain::reason::Reason {
    CODES.reason(word, None, ReasonCode::CarrierRefused)
}
