//! Telnyx's error codes and what each means. The vendor's pages are believed where its skills repository contradicts them.

use crate::carrier::codes::{Codes, judged};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// Code, our reason, and what it says where Telnyx itself sends no sentence.
pub(super) const CODES: Codes = Codes(&[
    ("10002", ReasonCode::NumberInvalid, "invalid phone number"),
    ("10009", ReasonCode::CredentialsRefused, "authentication failed"),
    ("10010", ReasonCode::CredentialsRefused, "not authorized"),
    ("10011", ReasonCode::CarrierThrottled, "too many requests"),
    ("10016", ReasonCode::NumberInvalid, "phone number must be written with + and country code"),
    ("20012", ReasonCode::CredentialsRefused, "account inactive"),
    ("20013", ReasonCode::CredentialsRefused, "account blocked"),
    ("20100", ReasonCode::NoCredit, "insufficient funds"),
    ("40001", ReasonCode::Landline, "not routable: a landline or a number that takes no messages"),
    ("40002", ReasonCode::ContentFiltered, "blocked as spam for now"),
    ("40003", ReasonCode::ContentFiltered, "blocked as spam"),
    ("40004", ReasonCode::CarrierRefused, "rejected by destination"),
    ("40005", ReasonCode::Expired, "expired during transmission"),
    ("40006", ReasonCode::CarrierGaveUp, "the recipient's server is unavailable"),
    ("40008", ReasonCode::CarrierGaveUp, "undeliverable"),
    ("40009", ReasonCode::CarrierRefused, "invalid message body"),
    ("40010", ReasonCode::SenderNotRegistered, "number not registered for 10DLC"),
    ("40011", ReasonCode::CarrierThrottled, "too many requests to the carrier"),
    ("40012", ReasonCode::NumberInvalid, "invalid destination number"),
    ("40013", ReasonCode::SenderNotAllowed, "invalid source number"),
    ("40014", ReasonCode::Expired, "expired in the queue"),
    ("40015", ReasonCode::ContentFiltered, "blocked as spam"),
    ("40016", ReasonCode::CarrierGaveUp, "daily limit at T-Mobile reached"),
    ("40017", ReasonCode::ContentFiltered, "blocked as spam by AT&T"),
    ("40018", ReasonCode::CarrierGaveUp, "limit at AT&T reached"),
    ("40300", ReasonCode::OptedOut, "recipient has replied STOP"),
    ("40301", ReasonCode::MediaNotTaken, "unsupported message type"),
    ("40302", ReasonCode::TextTooLong, "message too large"),
    ("40304", ReasonCode::CarrierRefused, "invalid combination of content"),
    ("40305", ReasonCode::SenderNotAllowed, "invalid from address"),
    ("40308", ReasonCode::SenderNotAllowed, "invalid from address for this destination"),
    ("40309", ReasonCode::CountryNotAllowed, "destination region not enabled"),
    ("40310", ReasonCode::NumberInvalid, "invalid to address"),
    ("40312", ReasonCode::CredentialsRefused, "messaging profile disabled"),
    ("40313", ReasonCode::CredentialsRefused, "messaging profile missing"),
    ("40316", ReasonCode::TextEmpty, "no content"),
    ("40317", ReasonCode::MediaNotTaken, "media too large or not readable"),
    ("40318", ReasonCode::CarrierThrottled, "the queue is full"),
    ("40320", ReasonCode::CarrierThrottled, "number not ready yet"),
    ("40322", ReasonCode::ContentFiltered, "blocked for its content"),
    ("40329", ReasonCode::SenderNotRegistered, "toll-free number not verified"),
]);

/// The first error of a list: its code and its sentence.
pub(super) fn first(errors: &Value) -> Option<(String, Option<&str>)> {
    let error = errors.get(0)?;
    let says = error["detail"].as_str().or(error["title"].as_str());
    Some((text_of(&error["code"])?, says))
}

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    judged(answer, first(&body["errors"]).map(|(code, says)| CODES.reason(&code, says, ReasonCode::CarrierRefused)))
}

/// Why a delivery failed.
pub(super) fn of_delivery(errors: &Value, status: &str) -> Reason {
    match first(errors) {
        Some((code, says)) => CODES.of_delivery(Some(&code), says),
        None if status == "expired" => Reason::of(ReasonCode::Expired),
        None => Reason::of(ReasonCode::CarrierGaveUp),
    }
}
