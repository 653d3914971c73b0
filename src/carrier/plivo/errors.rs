//! Plivo's errors: a sentence without a code while sending, a code once a delivery failed.

use crate::carrier::codes::{Codes, judged};
use crate::carrier::dialect::Answer;
use crate::carrier::http;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};

/// Codes of failed deliveries; those above 50 are not verified with the vendor.
const CODES: Codes = Codes(&[
    ("10", ReasonCode::CarrierRefused, "invalid message"),
    ("20", ReasonCode::CarrierGaveUp, "network error"),
    ("30", ReasonCode::ContentFiltered, "spam detected"),
    ("40", ReasonCode::SenderNotAllowed, "invalid source number"),
    ("50", ReasonCode::NumberInvalid, "invalid destination number"),
    ("70", ReasonCode::NumberInvalid, "destination permanently unavailable"),
    ("80", ReasonCode::HandsetUnreachable, "destination temporarily unavailable"),
    ("90", ReasonCode::CarrierGaveUp, "no route available"),
    ("100", ReasonCode::CarrierRefused, "prohibited by the carrier"),
    ("110", ReasonCode::TextTooLong, "message too long"),
    ("200", ReasonCode::OptedOut, "recipient has replied STOP"),
    ("900", ReasonCode::NoCredit, "insufficient credit"),
    ("910", ReasonCode::CredentialsRefused, "account disabled"),
    ("1000", ReasonCode::CarrierGaveUp, "unknown error"),
]);

/// Why a delivery failed.
pub(super) fn of_delivery(code: Option<&str>) -> Reason {
    // 000 is well.
    CODES.of_delivery(code.filter(|code| !code.trim_matches('0').is_empty()), None)
}

/// What an answer outside 2xx means: the sentence says which parameter was at fault.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let Some(says) = body["error"].as_str() else { return http::by_status(answer) };
    let words = says.to_ascii_lowercase();
    let about = |word: &str| words.contains(word);
    let code = match () {
        () if about("credit") || about("balance") => ReasonCode::NoCredit,
        () if about("dst") || about("destination") => ReasonCode::NumberInvalid,
        () if about("src") || about("source") => ReasonCode::SenderNotAllowed,
        () if about("media") => ReasonCode::MediaNotTaken,
        () if about("too long") => ReasonCode::TextTooLong,
        () => ReasonCode::CarrierRefused,
    };
    judged(answer, Some(Reason::of(code).coded(answer.status().as_str()).saying(says)))
}
