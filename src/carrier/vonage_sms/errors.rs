//! Vonage's statuses of a send, and the codes of its delivery receipts.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;
use std::time::Duration;

/// `status` in the answer to a send.
const SEND: Codes = Codes(&[
    ("1", ReasonCode::CarrierThrottled, "too many messages in one second"),
    ("2", ReasonCode::CarrierRefused, "a parameter is missing"),
    ("3", ReasonCode::NumberInvalid, "a parameter is invalid"),
    ("4", ReasonCode::CredentialsRefused, "API key or secret is wrong"),
    ("5", ReasonCode::CarrierUnreachable, "internal error"),
    ("6", ReasonCode::CarrierRefused, "the message cannot be processed"),
    ("7", ReasonCode::OptedOut, "the number is barred: it may have opted out"),
    ("8", ReasonCode::CredentialsRefused, "the account is barred"),
    ("9", ReasonCode::NoCredit, "the prepaid credit does not cover this message"),
    ("10", ReasonCode::CarrierThrottled, "too many connections at once"),
    ("11", ReasonCode::CredentialsRefused, "the account may not use this API"),
    ("12", ReasonCode::TextTooLong, "the message is too long"),
    ("14", ReasonCode::CredentialsRefused, "the signature does not fit"),
    ("15", ReasonCode::SenderNotAllowed, "this sender cannot be used in the recipient's country"),
    ("22", ReasonCode::NumberInvalid, "invalid network code"),
    ("23", ReasonCode::CarrierRefused, "invalid callback address"),
    ("29", ReasonCode::CarrierRefused, "a trial account writes only to numbers on its list"),
    ("32", ReasonCode::CredentialsRefused, "both a signature and a secret were sent"),
    ("33", ReasonCode::NumberInvalid, "the number is not in use any more"),
]);

/// `err-code` of a delivery receipt.
const DELIVERY: Codes = Codes(&[
    ("1", ReasonCode::CarrierGaveUp, "unknown"),
    ("2", ReasonCode::HandsetUnreachable, "absent subscriber, for now"),
    ("3", ReasonCode::NumberInvalid, "absent subscriber, for good"),
    ("4", ReasonCode::CarrierRefused, "barred by the recipient"),
    ("5", ReasonCode::CarrierGaveUp, "the number moved to another network"),
    ("6", ReasonCode::ContentFiltered, "refused as spam"),
    ("7", ReasonCode::HandsetUnreachable, "the handset is busy"),
    ("8", ReasonCode::CarrierGaveUp, "network error"),
    ("9", ReasonCode::OptedOut, "the recipient does not want such messages"),
    ("10", ReasonCode::CarrierRefused, "the message is wrong"),
    ("11", ReasonCode::CarrierGaveUp, "no route to this network"),
    ("12", ReasonCode::NumberInvalid, "the recipient cannot be reached"),
    ("13", ReasonCode::CarrierRefused, "not for this age"),
    ("14", ReasonCode::CarrierRefused, "the number is barred by its network"),
    ("15", ReasonCode::CarrierGaveUp, "the recipient's prepaid credit is used up"),
    ("16", ReasonCode::CarrierThrottled, "the recipient's quota is used up"),
    ("50", ReasonCode::SenderNotRegistered, "this country wants a registered sender"),
    ("51", ReasonCode::SenderNotRegistered, "content or sender is not registered"),
    ("52", ReasonCode::SenderNotRegistered, "the sender's company is not registered"),
    ("53", ReasonCode::SenderNotRegistered, "the content's header is not registered"),
    ("54", ReasonCode::SenderNotRegistered, "the consent is not registered"),
    ("99", ReasonCode::CarrierGaveUp, "general error"),
]);

/// What a refused part means.
pub(super) fn of_row(row: &Value, answer: &Answer) -> SendError {
    let Some(status) = text_of(&row["status"]) else { return http::unreadable(answer) };
    let says = row["error-text"].as_str();
    codes::refused(SEND.reason(&status, says, ReasonCode::CarrierRefused), says.and_then(pause))
}

/// `Throughput Rate Exceeded - please wait [ 250 ] and retry`: milliseconds.
fn pause(says: &str) -> Option<Duration> {
    let (_, rest) = says.split_once('[')?;
    let ms: u64 = rest.split_once(']')?.0.trim().parse().ok()?;
    Some(Duration::from_millis(ms.min(60_000)))
}

/// The account's own errors: `{"error-code": "401", "error-code-label": …}`, or RFC 7807.
pub(super) fn of_account(answer: &Answer) -> Option<Reason> {
    let body = http::json_of(answer)?;
    let says = body["error-code-label"].as_str().or(body["detail"].as_str()).or(body["title"].as_str())?;
    Some(Reason::of(ReasonCode::CarrierRefused).coded(answer.status().as_str()).saying(says))
}

/// Why a delivery failed; "0" says nothing.
pub(super) fn of_delivery(code: Option<&str>) -> Reason {
    DELIVERY.of_delivery(code.filter(|code| *code != "0"), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_is_read_from_the_sentence() {
        assert_eq!(pause("Throughput Rate Exceeded - please wait [ 250 ] and retry"), Some(Duration::from_millis(250)));
        assert_eq!(pause("slower ["), None);
    }
}
