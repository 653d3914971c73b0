//! seven's return codes, and the words of its delivery reports.

use crate::carrier::codes::{self, Codes};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::ReasonCode;

/// `success` in the answer to a send.
pub(super) const CODES: Codes = Codes(&[
    ("201", ReasonCode::SenderNotAllowed, "the sender is not valid: at most 11 letters or 16 digits"),
    ("202", ReasonCode::NumberInvalid, "the recipient's number is not valid"),
    ("301", ReasonCode::NumberInvalid, "the recipient is missing"),
    ("305", ReasonCode::TextEmpty, "the text is not valid"),
    ("401", ReasonCode::TextTooLong, "the text is too long"),
    ("402", ReasonCode::CarrierRefused, "this text was sent to this number within the last 180 seconds"),
    ("403", ReasonCode::CarrierThrottled, "the daily limit for this recipient is reached"),
    ("500", ReasonCode::NoCredit, "the credit does not cover this message"),
    ("600", ReasonCode::CarrierUnreachable, "handing over to the network failed"),
    // Nothing is known about what happened: it may be on its way.
    ("700", ReasonCode::CarrierUnreadable, "unknown error"),
    ("900", ReasonCode::CredentialsRefused, "the API key is wrong"),
    ("902", ReasonCode::CredentialsRefused, "the API is switched off for this account"),
    ("903", ReasonCode::CredentialsRefused, "our address is not among those the account allows"),
]);

/// What a code inside 200 means.
pub(super) fn of_code(code: &str, says: Option<&str>) -> SendError {
    codes::refused(CODES.reason(code, says, ReasonCode::CarrierRefused), None)
}

/// A word of a report or of the journal. What seven still works on is sent, for us.
pub(super) fn state_of(word: &str) -> Option<DeliveryState> {
    match word.to_ascii_uppercase().as_str() {
        "TRANSMITTED" | "ACCEPTED" | "BUFFERED" => Some(DeliveryState::Sent),
        "DELIVERED" => Some(DeliveryState::Delivered),
        "NOTDELIVERED" | "EXPIRED" | "REJECTED" | "FAILED" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

/// Why, as far as one word can say.
pub(super) fn reason_of(word: &str) -> crate::domain::reason::Reason {
    const WORDS: Codes = Codes(&[
        ("EXPIRED", ReasonCode::Expired, ""),
        ("REJECTED", ReasonCode::CarrierRefused, ""),
        ("NOTDELIVERED", ReasonCode::CarrierGaveUp, ""),
        ("FAILED", ReasonCode::CarrierGaveUp, ""),
    ]);
    WORDS.of_delivery(Some(&word.to_ascii_uppercase()), None)
}
