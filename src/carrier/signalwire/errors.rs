//! SignalWire's error codes. They look like Twilio's, and some mean something else.

use crate::carrier::codes::{Codes, judged};
use crate::carrier::dialect::Answer;
use crate::carrier::http;
use crate::carrier::twiml::code_of;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};

/// Code, our reason, and what it says where SignalWire itself sends no sentence.
const CODES: Codes = Codes(&[
    ("11200", ReasonCode::CarrierThrottled, "time-out inside SignalWire"),
    ("20003", ReasonCode::CredentialsRefused, "authentication failed"),
    ("20404", ReasonCode::CredentialsRefused, "no such project"),
    ("20429", ReasonCode::CarrierThrottled, "too many requests"),
    ("20504", ReasonCode::CarrierThrottled, "time-out inside SignalWire"),
    ("21211", ReasonCode::NumberInvalid, "invalid To number"),
    ("21212", ReasonCode::SenderNotAllowed, "invalid From number"),
    ("21408", ReasonCode::CountryNotAllowed, "region not enabled"),
    ("21602", ReasonCode::TextEmpty, "message body is required"),
    ("21603", ReasonCode::SenderNotAllowed, "a From number is required"),
    ("21604", ReasonCode::NumberInvalid, "a To number is required"),
    // At Twilio: the sender is not ours.
    ("21606", ReasonCode::NumberInvalid, "not a mobile number"),
    ("21610", ReasonCode::OptedOut, "recipient has replied STOP"),
    ("21611", ReasonCode::CarrierThrottled, "the queue of this From number is full"),
    // At Twilio: the number cannot be reached.
    ("21612", ReasonCode::MediaNotTaken, "media not supported"),
    ("21617", ReasonCode::TextTooLong, "body exceeds the limit"),
    ("21619", ReasonCode::TextEmpty, "a body or media is required"),
    ("21620", ReasonCode::MediaNotTaken, "invalid media address"),
    ("21623", ReasonCode::MediaNotTaken, "too many media"),
    ("21717", ReasonCode::SenderNotRegistered, "10DLC campaign not active"),
    ("30001", ReasonCode::Expired, "validity period exceeded"),
    ("30002", ReasonCode::NoCredit, "balance insufficient"),
    ("30003", ReasonCode::HandsetUnreachable, "unreachable handset"),
    ("30004", ReasonCode::CarrierRefused, "blocked by the carrier"),
    ("30005", ReasonCode::NumberInvalid, "unknown handset"),
    ("30006", ReasonCode::Landline, "landline or unroutable number"),
    ("30007", ReasonCode::ContentFiltered, "message filtered"),
    ("30008", ReasonCode::CarrierGaveUp, "unknown error"),
    ("30009", ReasonCode::Expired, "expired at the carrier"),
    ("30011", ReasonCode::MediaNotTaken, "MMS failed"),
    ("30012", ReasonCode::MediaNotTaken, "MMS failed"),
    ("30022", ReasonCode::CarrierGaveUp, "10DLC rate limit exceeded"),
    ("30027", ReasonCode::CarrierGaveUp, "10DLC daily limit exceeded"),
    ("31003", ReasonCode::CarrierThrottled, "time-out inside SignalWire"),
]);

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let reason = |code: u32| CODES.reason(&code.to_string(), body["message"].as_str(), ReasonCode::CarrierRefused);
    judged(answer, code_of(&body["code"]).map(reason))
}

/// Why a delivery failed.
pub(super) fn of_delivery(code: Option<u32>, says: Option<&str>) -> Reason {
    CODES.of_delivery(code.map(|code| code.to_string()).as_deref(), says)
}
