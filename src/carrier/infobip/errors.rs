//! Infobip's names of a message's status and of its error, and the errors of a whole request.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// `status.name` and `error.name`: their numbers mean other things in other products.
const NAMES: Codes = Codes(&[
    ("REJECTED_NETWORK", ReasonCode::CountryNotAllowed, "the network is not allowed for this account"),
    ("REJECTED_PREFIX_MISSING", ReasonCode::NumberInvalid, "the number's country code is unknown"),
    ("REJECTED_DND", ReasonCode::OptedOut, "the recipient is on the do-not-disturb list"),
    ("REJECTED_SOURCE", ReasonCode::SenderNotAllowed, "the sender is not allowed"),
    ("REJECTED_SENDER", ReasonCode::SenderNotAllowed, "the sender is blocked"),
    ("REJECTED_NOT_ENOUGH_CREDITS", ReasonCode::NoCredit, "the credit is used up"),
    ("REJECTED_PREPAID_PACKAGE_EXPIRED", ReasonCode::NoCredit, "the package is used up"),
    ("REJECTED_DESTINATION", ReasonCode::NumberInvalid, "the number is blocked or invalid"),
    (
        "REJECTED_DESTINATION_NOT_REGISTERED",
        ReasonCode::CarrierRefused,
        "a trial account writes only to its own numbers",
    ),
    ("REJECTED_ROUTE_NOT_AVAILABLE", ReasonCode::CountryNotAllowed, "no route is set up for this account"),
    ("REJECTED_FLOODING_FILTER", ReasonCode::CarrierThrottled, "too many messages to this number"),
    ("REJECTED_SYSTEM_ERROR", ReasonCode::CarrierUnreachable, "system error"),
    ("REJECTED_MESSAGE_TOO_LONG", ReasonCode::TextTooLong, "the message is too long"),
    ("REJECTED_NOT_SENT", ReasonCode::CarrierUnreachable, "not sent"),
    ("MISSING_TO", ReasonCode::NumberInvalid, "the recipient is missing"),
    ("EC_UNKNOWN_SUBSCRIBER", ReasonCode::NumberInvalid, "unknown subscriber"),
    ("EC_UNIDENTIFIED_SUBSCRIBER", ReasonCode::NumberInvalid, "unidentified subscriber"),
    ("EC_INVALID_DESTINATION_ADDRESS", ReasonCode::NumberInvalid, "invalid number"),
    ("EC_DEST_ADDRESS_BLACKLISTED", ReasonCode::OptedOut, "the number is on a block list"),
    ("EC_NUMBER_DELETED", ReasonCode::NumberInvalid, "the number is not in use any more"),
    ("EC_ILLEGAL_SUBSCRIBER", ReasonCode::NumberInvalid, "illegal subscriber"),
    ("EC_ABSENT_SUBSCRIBER", ReasonCode::HandsetUnreachable, "absent subscriber"),
    ("EC_ABSENT_SUBSCRIBER_SM", ReasonCode::HandsetUnreachable, "absent subscriber"),
    ("EC_SUBSCRIBER_BUSY_FOR_MT_SMS", ReasonCode::HandsetUnreachable, "the handset is busy"),
    ("EC_DEVICE_MEMORY_FULL", ReasonCode::HandsetUnreachable, "the handset's memory is full"),
    ("EC_MEMORY_CAPACITY_EXCEEDED", ReasonCode::HandsetUnreachable, "the handset's memory is full"),
    ("EC_CALL_BARRED", ReasonCode::CarrierRefused, "barred by the network"),
    ("EC_TELESERVICE_NOT_PROVISIONED", ReasonCode::Landline, "the number cannot receive texts"),
    ("EC_SPAM_CONTENT", ReasonCode::ContentFiltered, "refused as spam"),
    ("EC_MESSAGE_CANCELED", ReasonCode::CancelledByUser, "cancelled"),
    ("EC_VALIDITY_EXPIRED", ReasonCode::Expired, "expired before it could be delivered"),
]);

/// What a refusal inside 200 means.
pub(super) fn of_status(status: &Value) -> SendError {
    let name = text_of(&status["name"]).unwrap_or_default();
    codes::refused(NAMES.reason(&name, status["description"].as_str(), ReasonCode::CarrierRefused), None)
}

/// What an answer outside 2xx means: `{"errorCode"}` (v3) or `{"requestError"}` (before).
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let exception = &body["requestError"]["serviceException"];
    let code = text_of(&body["errorCode"]).or_else(|| text_of(&exception["messageId"]));
    let says =
        body["violations"][0]["violation"].as_str().or(body["description"].as_str()).or(exception["text"].as_str());
    let reason = code.map(|code| Reason::of(ReasonCode::CarrierRefused).coded(code).saying(says.unwrap_or_default()));
    codes::judged(answer, reason)
}

/// A status' group. What Infobip still works on is sent, for us.
pub(super) fn state_of(status: &Value) -> Option<DeliveryState> {
    match status["groupName"].as_str()? {
        "ACCEPTED" | "PENDING" => Some(DeliveryState::Sent),
        "DELIVERED" => Some(DeliveryState::Delivered),
        "UNDELIVERABLE" | "EXPIRED" | "REJECTED" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

/// Why a delivery failed: the error where there is one, else the status.
pub(super) fn of_delivery(row: &Value) -> Reason {
    let named = |value: &Value| text_of(&value["name"]).filter(|name| name != "NO_ERROR");
    let (error, status) = (&row["error"], &row["status"]);
    let told = if named(error).is_some() { error } else { status };
    let mut reason = NAMES.of_delivery(named(told).as_deref(), told["description"].as_str());
    if reason.code == ReasonCode::CarrierGaveUp && status["groupName"] == "EXPIRED" {
        reason.code = ReasonCode::Expired;
    }
    reason
}
