//! Bandwidth's errors: a type and the field at fault while sending, four digits once a delivery failed.

use crate::carrier::codes::{Codes, judged};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// Codes of failed deliveries: 4xxx for good, 5xxx for now, 9xxx nobody knows.
const CODES: Codes = Codes(&[
    ("4303", ReasonCode::NumberInvalid, "malformed To number"),
    ("4403", ReasonCode::SenderNotAllowed, "From number not allowed"),
    ("4405", ReasonCode::SenderNotAllowed, "From number not allocated"),
    ("4406", ReasonCode::NumberInvalid, "To number not allocated"),
    ("4410", ReasonCode::MediaNotTaken, "media unavailable"),
    ("4411", ReasonCode::MediaNotTaken, "media too large"),
    ("4412", ReasonCode::MediaNotTaken, "media content invalid"),
    ("4432", ReasonCode::CountryNotAllowed, "country not allowed"),
    ("4470", ReasonCode::ContentFiltered, "spam detected"),
    ("4702", ReasonCode::HandsetUnreachable, "subscriber unavailable"),
    ("4720", ReasonCode::NumberInvalid, "invalid destination address"),
    ("4721", ReasonCode::NumberInvalid, "number deactivated"),
    ("4750", ReasonCode::CarrierRefused, "rejected by the recipient's carrier"),
    ("4753", ReasonCode::HandsetUnreachable, "rejected by the handset"),
    ("4770", ReasonCode::ContentFiltered, "spam detected by the recipient's carrier"),
    ("4775", ReasonCode::OptedOut, "recipient has opted out"),
    ("4780", ReasonCode::CarrierGaveUp, "volume limit reached"),
    ("4781", ReasonCode::CarrierGaveUp, "volume limit reached"),
    ("4785", ReasonCode::CarrierGaveUp, "volume limit reached"),
    ("4795", ReasonCode::SenderNotRegistered, "toll-free number not verified"),
    ("5600", ReasonCode::CarrierGaveUp, "the recipient's carrier is overloaded"),
    ("9902", ReasonCode::CarrierGaveUp, "no delivery report came in time"),
    ("9999", ReasonCode::CarrierGaveUp, "unknown error"),
]);

/// Why a delivery failed. Bandwidth's own sentence changes and is only shown where the code is new.
pub(super) fn of_delivery(code: &Value, says: Option<&str>) -> Reason {
    let code = text_of(code).filter(|code| code != "0");
    let known = code.as_deref().is_some_and(|code| CODES.0.iter().any(|(known, ..)| *known == code));
    CODES.of_delivery(code.as_deref(), says.filter(|_| !known))
}

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let Some(kind) = body["type"].as_str() else { return http::by_status(answer) };
    let fault = &body["fieldErrors"][0];
    let code = match fault["fieldName"].as_str() {
        Some("to") => ReasonCode::NumberInvalid,
        Some("from") => ReasonCode::SenderNotAllowed,
        Some("text") => ReasonCode::TextTooLong,
        Some("media") => ReasonCode::MediaNotTaken,
        Some("applicationId") => ReasonCode::CredentialsRefused,
        _ => ReasonCode::CarrierRefused,
    };
    let says = fault["description"].as_str().or(body["description"].as_str()).unwrap_or_default();
    judged(answer, Some(Reason::of(code).coded(kind).saying(says)))
}
