//! Sinch's words for a refused batch, and the codes of its delivery reports.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::{Reason, ReasonCode};

/// `code` of an error answer.
const SEND: Codes = Codes(&[
    ("syntax_invalid_json", ReasonCode::CarrierRefused, "the request is not readable"),
    ("syntax_invalid_parameter_format", ReasonCode::NumberInvalid, "a number or another parameter is malformed"),
    ("syntax_constraint_violation", ReasonCode::CarrierRefused, "the request breaks a rule"),
    ("unknown_group", ReasonCode::CarrierRefused, "unknown group"),
    ("unknown_campaign", ReasonCode::SenderNotRegistered, "unknown campaign"),
    ("missing_callback_url", ReasonCode::CarrierRefused, "no callback address"),
    ("illegal_number_type", ReasonCode::SenderNotAllowed, "this kind of sender is not allowed"),
    ("blocked_account", ReasonCode::CredentialsRefused, "the service plan is blocked"),
    ("unauthorized", ReasonCode::CredentialsRefused, "the token does not fit the service plan"),
]);

/// `code` of a delivery report.
const DELIVERY: Codes = Codes(&[
    ("402", ReasonCode::NumberInvalid, "no route to this number"),
    ("403", ReasonCode::CarrierGaveUp, "internal error"),
    ("404", ReasonCode::HandsetUnreachable, "temporarily not deliverable"),
    ("405", ReasonCode::CarrierRefused, "the batch does not fit its template"),
    ("406", ReasonCode::Expired, "expired before it could be delivered"),
    ("407", ReasonCode::CancelledByUser, "cancelled"),
    ("408", ReasonCode::CarrierRefused, "rejected by the network"),
    ("410", ReasonCode::NumberInvalid, "the number is not in use"),
    ("411", ReasonCode::SenderNotAllowed, "the sender is not allowed there"),
    ("412", ReasonCode::CountryNotAllowed, "not in this region"),
]);

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let code = text_of(&body["code"]).or_else(|| text_of(&body["error"]["code"]));
    let says = body["text"].as_str().or(body["error"]["message"].as_str());
    codes::judged(answer, code.map(|code| SEND.reason(&code, says, ReasonCode::CarrierRefused)))
}

/// A status of a report. What Sinch still works on is sent, for us.
pub(super) fn state_of(word: &str) -> Option<DeliveryState> {
    match word {
        "Queued" | "Dispatched" => Some(DeliveryState::Sent),
        "Delivered" => Some(DeliveryState::Delivered),
        "Aborted" | "Rejected" | "Failed" | "Expired" | "Cancelled" | "Deleted" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

/// Why, by a report's code and status.
pub(super) fn of_delivery(code: Option<&str>, status: &str) -> Reason {
    let mut reason = DELIVERY.of_delivery(code, None);
    if status == "Expired" && reason.code == ReasonCode::CarrierGaveUp {
        reason.code = ReasonCode::Expired;
    }
    reason
}
