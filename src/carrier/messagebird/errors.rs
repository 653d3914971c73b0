//! MessageBird's error codes, and the codes of its status reports.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::{Reason, ReasonCode};

/// `errors[0].code`.
const SEND: Codes = Codes(&[
    ("2", ReasonCode::CredentialsRefused, "request not allowed: the access key is wrong"),
    ("9", ReasonCode::NumberInvalid, "the recipient is missing or wrong"),
    ("10", ReasonCode::CarrierRefused, "a parameter is invalid"),
    ("20", ReasonCode::CarrierRefused, "not found"),
    ("21", ReasonCode::CarrierRefused, "bad request"),
    ("25", ReasonCode::NoCredit, "the credit is used up"),
    ("98", ReasonCode::CredentialsRefused, "the API was not found: check the address"),
    ("99", ReasonCode::CarrierUnreachable, "internal error"),
]);

/// `statusErrorCode`.
const DELIVERY: Codes = Codes(&[
    ("1", ReasonCode::NumberInvalid, "unknown subscriber"),
    ("5", ReasonCode::NumberInvalid, "unidentified subscriber"),
    ("6", ReasonCode::HandsetUnreachable, "absent subscriber"),
    ("9", ReasonCode::NumberInvalid, "illegal subscriber"),
    ("11", ReasonCode::Landline, "the number cannot receive texts"),
    ("12", ReasonCode::NumberInvalid, "illegal equipment"),
    ("13", ReasonCode::CarrierRefused, "barred by the network"),
    ("27", ReasonCode::HandsetUnreachable, "absent subscriber"),
    ("31", ReasonCode::HandsetUnreachable, "the handset is busy"),
    ("32", ReasonCode::HandsetUnreachable, "delivery to the handset failed"),
    ("103", ReasonCode::OptedOut, "the recipient has opted out"),
    ("104", ReasonCode::SenderNotRegistered, "the sender is not registered"),
    ("105", ReasonCode::ContentFiltered, "refused for its content"),
]);

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let error = &body["errors"][0];
    let mut reason = text_of(&error["code"])
        .map(|code| SEND.reason(&code, error["description"].as_str(), ReasonCode::CarrierRefused));
    if let (Some(reason), Some("originator")) = (&mut reason, error["parameter"].as_str()) {
        reason.code = ReasonCode::SenderNotAllowed;
    }
    codes::judged(answer, reason)
}

/// A status of a report. What MessageBird still works on is sent, for us.
pub(super) fn state_of(word: &str) -> Option<DeliveryState> {
    match word {
        "scheduled" | "sent" | "buffered" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "expired" | "delivery_failed" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

/// Why a delivery failed.
pub(super) fn of_delivery(status: &str, code: Option<&str>, says: Option<&str>) -> Reason {
    let mut reason = DELIVERY.of_delivery(code.filter(|code| !code.is_empty() && *code != "0"), says);
    if status == "expired" && reason.code == ReasonCode::CarrierGaveUp {
        reason.code = ReasonCode::Expired;
    }
    reason
}
