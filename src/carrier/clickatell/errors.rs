//! One API's codes: those of a refused message, which stands inside a good answer, and those of its statuses.
//! The older platform's numbers mean other things (its 5 is a failure): they are never read here.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::{http, words};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::ReasonCode;
use serde_json::Value;

/// Codes of statuses, One API's table.
pub(super) const STATUSES: Codes = Codes(&[
    ("20", ReasonCode::Expired, "expired"),
    ("21", ReasonCode::CarrierGaveUp, "stopped"),
    ("22", ReasonCode::CarrierGaveUp, "stopped by an administrator"),
    ("23", ReasonCode::CarrierGaveUp, "could not be delivered"),
    ("25", ReasonCode::NoCredit, "not enough balance"),
    ("26", ReasonCode::CarrierThrottled, "a volume limit is reached"),
    ("27", ReasonCode::CarrierThrottled, "a volume limit is reached"),
    ("28", ReasonCode::CarrierThrottled, "a volume limit is reached"),
    ("29", ReasonCode::NumberInvalid, "the recipient is not on this channel"),
    ("100", ReasonCode::CountryNotAllowed, "there is no route to this number"),
    ("131", ReasonCode::WindowClosed, "outside WhatsApp's window"),
    ("132", ReasonCode::CarrierThrottled, "too many messages"),
    ("133", ReasonCode::CarrierThrottled, "too many messages"),
]);

/// The message in a good answer, else what its error means.
pub(super) fn success(answer: &Answer) -> Result<Value, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    if !answer.status().is_success() {
        return Err(codes::judged(answer, reason(&body)));
    }
    let message = &body["messages"][0];
    match (message["accepted"].as_bool(), reason(message).or_else(|| reason(&body))) {
        (Some(true), _) => Ok(message.clone()),
        (_, Some(reason)) => Err(codes::refused(reason, http::retry_after(answer))),
        _ => Err(http::unreadable(answer)),
    }
}

/// `{"error":{"code","description"}}`. Its codes are not all known: the sentence says the rest.
fn reason(told: &Value) -> Option<crate::domain::reason::Reason> {
    let error = &told["error"];
    let code = http::text_of(&error["code"])?;
    let sentence = error["description"].as_str().unwrap_or_default();
    let lower = sentence.to_ascii_lowercase();
    let usual = words::code_in(&lower).unwrap_or(match () {
        () if lower.contains("api key") => ReasonCode::CredentialsRefused,
        () if lower.contains("from") || lower.contains("sender") => ReasonCode::SenderNotAllowed,
        () if lower.contains("destination") || lower.contains("msisdn") => ReasonCode::NumberInvalid,
        () => ReasonCode::CarrierRefused,
    });
    Some(STATUSES.reason(&code, Some(sentence), usual))
}

/// The state behind a status: the word first, because the older platform's numbers mean other things.
pub(super) fn state(word: &str, code: Option<i64>) -> Option<DeliveryState> {
    words::state_of(word).filter(|_| !word.eq_ignore_ascii_case("unknown")).or(match code? {
        2..=4 => Some(DeliveryState::Sent),
        5 => Some(DeliveryState::Delivered),
        6 => Some(DeliveryState::Read),
        20..=29 | 60 | 61 | 80..=85 | 100 | 130..=149 => Some(DeliveryState::Undelivered),
        _ => None,
    })
}
