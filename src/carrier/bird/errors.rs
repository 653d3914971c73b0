//! Bird's types of a refused request, and the codes of what went wrong with a message.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// `error.type` of a request.
const TYPES: Codes = Codes(&[
    ("bad_request_error", ReasonCode::CarrierRefused, ""),
    ("auth_error", ReasonCode::CredentialsRefused, "the API key is wrong"),
    ("billing_error", ReasonCode::NoCredit, "the credit is used up"),
    ("permission_error", ReasonCode::CredentialsRefused, "the API key may not do this"),
    ("not_found_error", ReasonCode::CarrierRefused, ""),
    // The first try with this key is still under way, or was another message.
    ("conflict_error", ReasonCode::CarrierUnreadable, ""),
    ("precondition_error", ReasonCode::CarrierRefused, ""),
    ("payload_too_large_error", ReasonCode::TextTooLong, ""),
    ("validation_error", ReasonCode::CarrierRefused, ""),
    ("rate_limit_error", ReasonCode::CarrierThrottled, ""),
    ("not_implemented_error", ReasonCode::CarrierRefused, ""),
]);

/// `error.code` of a message.
const CODES: Codes = Codes(&[
    ("invalid_destination", ReasonCode::NumberInvalid, "invalid number"),
    ("unreachable", ReasonCode::HandsetUnreachable, "the handset cannot be reached"),
    ("blocked_by_carrier", ReasonCode::CarrierRefused, "blocked by the network"),
    ("blocked_by_fraud_protection", ReasonCode::ContentFiltered, "blocked by fraud protection"),
    ("blocked_by_recipient", ReasonCode::OptedOut, "blocked by the recipient"),
    ("landline_unreachable", ReasonCode::Landline, "a landline"),
    ("content_rejected", ReasonCode::ContentFiltered, "the content was refused"),
    ("sender_unregistered", ReasonCode::SenderNotRegistered, "the sender is not registered"),
    ("recipient_opted_out", ReasonCode::OptedOut, "the recipient has opted out"),
    ("provider_unavailable", ReasonCode::CarrierGaveUp, "the network was not available"),
    ("insufficient_balance", ReasonCode::NoCredit, "the credit is used up"),
    ("unknown", ReasonCode::CarrierGaveUp, ""),
]);

/// What an answer outside 2xx means; the error is at the top or under `error`.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let error = if body["error"].is_object() { &body["error"] } else { &body };
    let says = error["details"][0]["message"].as_str().or(error["message"].as_str());
    let code = text_of(&error["code"]);
    let known = code.as_deref().filter(|code| CODES.0.iter().any(|(known, ..)| known == code));
    let reason = match (known, text_of(&error["type"])) {
        (Some(code), _) => Some(CODES.reason(code, says, ReasonCode::CarrierRefused)),
        (None, Some(kind)) => {
            let param = error["param"].as_str().or(error["details"][0]["param"].as_str());
            let mut reason = TYPES.reason(&kind, says, ReasonCode::CarrierRefused);
            match param {
                Some("to") => reason.code = ReasonCode::NumberInvalid,
                Some("from") => reason.code = ReasonCode::SenderNotAllowed,
                Some("text") if kind == "validation_error" => reason.code = ReasonCode::TextTooLong,
                _ => {}
            }
            Some(code.map_or(reason.clone(), |code| reason.coded(code)))
        }
        (None, None) => None,
    };
    codes::judged(answer, reason)
}

/// A message that failed before it was ever sent.
pub(super) fn of_born_failed(error: &Value) -> SendError {
    let code = text_of(&error["code"]).unwrap_or_default();
    codes::refused(CODES.reason(&code, error["description"].as_str(), ReasonCode::CarrierRefused), None)
}

/// A status, or the end of an event's name. What Bird still works on is sent, for us.
pub(super) fn state_of(word: &str) -> Option<DeliveryState> {
    match word {
        "scheduled" | "accepted" | "sent" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "undelivered" | "failed" | "rejected" | "expired" | "canceled" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

/// Why a delivery failed.
pub(super) fn of_delivery(word: &str, error: &Value) -> Reason {
    let mut reason = CODES.of_delivery(text_of(&error["code"]).as_deref(), error["description"].as_str());
    if word == "expired" && reason.code == ReasonCode::CarrierGaveUp {
        reason.code = ReasonCode::Expired;
    }
    reason
}
