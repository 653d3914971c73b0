//! Meta's error codes and what each means: once for a send that was refused, once for a `failed` that came later.

use crate::carrier::dialect::Answer;
use crate::carrier::http;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;
use std::time::Duration;

/// What a refused send means for what happens next.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Then {
    /// Too fast, for this long at least.
    Slower(u64),
    /// Not now.
    Later,
    /// Never, this message.
    Refused,
    /// The peer does not want it.
    OptedOut,
    /// The account's settings.
    Mend,
    /// The account's money.
    TopUp,
    /// It may have been taken.
    Open,
}

use Then::{Later, Mend, Open, OptedOut, Refused, Slower, TopUp};

/// Code, what then, our reason, and what it says where Meta sends no sentence.
const CODES: &[(i64, Then, ReasonCode, &str)] = &[
    (0, Mend, ReasonCode::CredentialsRefused, "the access token is not valid"),
    (1, Open, ReasonCode::CarrierGaveUp, "an unknown error at Meta"),
    (2, Later, ReasonCode::CarrierGaveUp, "Meta's service is not available"),
    (3, Mend, ReasonCode::CredentialsRefused, "the app may not do this"),
    (4, Slower(60), ReasonCode::CarrierThrottled, "too many calls by this app"),
    (10, Mend, ReasonCode::CredentialsRefused, "the access token lacks a right"),
    (33, Mend, ReasonCode::SenderNotAllowed, "no such number at Meta"),
    (100, Refused, ReasonCode::CarrierRefused, "Meta does not understand a part of the message"),
    (190, Mend, ReasonCode::CredentialsRefused, "the access token has expired"),
    (368, Mend, ReasonCode::SenderNotAllowed, "Meta has restricted the account for breaking its policies"),
    (80007, Slower(60), ReasonCode::CarrierThrottled, "too many calls for this account"),
    (130_403, Mend, ReasonCode::SenderNotAllowed, "Meta has restricted the account"),
    (130_429, Slower(5), ReasonCode::CarrierThrottled, "more messages a second than this number may send"),
    (
        130_472,
        Refused,
        ReasonCode::CarrierRefused,
        "the recipient takes part in an experiment of Meta and gets no marketing",
    ),
    (130_497, Refused, ReasonCode::CountryNotAllowed, "this business may not write to this country"),
    (131_000, Open, ReasonCode::CarrierGaveUp, "something went wrong at Meta"),
    (131_005, Mend, ReasonCode::CredentialsRefused, "the access token lacks a right"),
    (131_008, Refused, ReasonCode::CarrierRefused, "a part of the message is missing"),
    (131_009, Refused, ReasonCode::CarrierRefused, "a part of the message is not valid"),
    (131_016, Later, ReasonCode::CarrierGaveUp, "Meta's service is not available"),
    (131_021, Refused, ReasonCode::NumberInvalid, "the recipient is the sender"),
    (131_026, Refused, ReasonCode::NumberInvalid, "the recipient has no WhatsApp, or one that cannot show this"),
    (131_030, Refused, ReasonCode::NumberInvalid, "a test number writes only to the recipients on its list"),
    (131_031, Mend, ReasonCode::SenderNotAllowed, "Meta has locked the account"),
    (131_037, Mend, ReasonCode::SenderNotAllowed, "the number's display name is not approved"),
    (131_042, TopUp, ReasonCode::NoCredit, "the account's payment method does not work"),
    (131_044, TopUp, ReasonCode::NoCredit, "the account has no payment method"),
    (131_045, Mend, ReasonCode::SenderNotAllowed, "the number is not registered: register it at Meta"),
    (131_047, Refused, ReasonCode::WindowClosed, "more than 24 hours since the customer last wrote"),
    (
        131_048,
        Slower(600),
        ReasonCode::CarrierThrottled,
        "too many messages of this number were blocked or reported as spam",
    ),
    (131_049, Refused, ReasonCode::ContentFiltered, "Meta holds back marketing to this recipient for now"),
    (131_050, OptedOut, ReasonCode::OptedOut, "the recipient has stopped marketing messages of this business"),
    (131_051, Refused, ReasonCode::ContentNotTaken, "this kind of message is not supported"),
    (131_052, Refused, ReasonCode::MediaNotTaken, "the customer's file could not be fetched"),
    (131_053, Later, ReasonCode::MediaNotTaken, "Meta could not fetch or read the file"),
    (131_056, Slower(6), ReasonCode::CarrierThrottled, "too many messages to this one recipient"),
    (131_057, Later, ReasonCode::CarrierGaveUp, "the account is being maintained"),
    (131_062, Refused, ReasonCode::ContentNotTaken, "this kind of template needs a telephone number, not a user id"),
    (131_063, Refused, ReasonCode::CarrierRefused, "marketing templates cannot be sent this way"),
    (131_064, Refused, ReasonCode::CarrierRefused, "the account's limit for marketing is reached"),
    (132_000, Refused, ReasonCode::TemplateWrong, "the number of variables does not fit the template"),
    (132_001, Refused, ReasonCode::TemplateWrong, "no such template in this language, or it is not approved"),
    (132_005, Refused, ReasonCode::TemplateWrong, "the filled-in template is too long"),
    (132_007, Refused, ReasonCode::TemplateWrong, "the template breaks a policy of Meta"),
    (132_008, Refused, ReasonCode::TemplateWrong, "a variable's value does not fit the template"),
    (132_012, Refused, ReasonCode::TemplateWrong, "a variable is formatted otherwise in the template"),
    (132_015, Refused, ReasonCode::TemplateNotUsable, "the template is paused for low quality"),
    (132_016, Refused, ReasonCode::TemplateNotUsable, "the template was disabled for low quality"),
    (132_068, Refused, ReasonCode::TemplateNotUsable, "the template's form is blocked"),
    (132_069, Refused, ReasonCode::TemplateNotUsable, "the template's form is throttled"),
    (133_004, Later, ReasonCode::CarrierGaveUp, "Meta's server is not available for a while"),
    (133_010, Mend, ReasonCode::SenderNotAllowed, "the number is not registered: register it at Meta"),
    (133_016, Slower(3600), ReasonCode::CarrierThrottled, "the number was registered too often"),
    (135_000, Open, ReasonCode::CarrierGaveUp, "an unknown error with this message at Meta"),
];

/// Rights that are missing.
const RIGHTS: std::ops::RangeInclusive<i64> = 200..=299;

fn find(code: i64) -> Option<(Then, ReasonCode, &'static str)> {
    let known = CODES.iter().find(|(known, ..)| *known == code);
    let known = known.map(|(_, then, ours, says)| (*then, *ours, *says));
    known.or(RIGHTS.contains(&code).then_some((Mend, ReasonCode::CredentialsRefused, "a right is missing")))
}

/// The reason a code stands for, with Meta's own sentence where it sent one.
fn reason(code: i64, ours: ReasonCode, says: &str, error: &Value) -> Reason {
    let details = [&error["error_data"]["details"], &error["message"], &error["title"]];
    let said = details.into_iter().filter_map(Value::as_str).find(|text| !text.is_empty());
    Reason::of(ours).coded(code.to_string()).saying(said.unwrap_or(says))
}

/// Why a message that was taken failed later, by the first entry of a status's `errors`.
pub(super) fn of_delivery(errors: &Value) -> Reason {
    let error = &errors[0];
    let Some(code) = error["code"].as_i64() else { return Reason::of(ReasonCode::CarrierGaveUp) };
    let (ours, says) = find(code).map_or((ReasonCode::CarrierGaveUp, ""), |(_, ours, says)| (ours, says));
    // Nobody tries this one again by itself any more: Meta gave up.
    let ours = if ours == ReasonCode::CarrierThrottled { ReasonCode::CarrierGaveUp } else { ours };
    reason(code, ours, says, error)
}

/// What an answer means that is no success, or a success with an error in it.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let error = &body["error"];
    let Some(code) = error["code"].as_i64() else { return http::by_status(answer) };
    let Some((then, ours, says)) = find(code) else {
        let reason = reason(code, ReasonCode::CarrierRefused, "", error);
        // What is new is judged by the status; a 4xx with an error of Meta's has certainly not been taken.
        return match http::by_status(answer) {
            SendError::Rejected { .. } | SendError::Misconfigured { .. } => SendError::Rejected { reason },
            other => other,
        };
    };
    let reason = reason(code, ours, says, error);
    match then {
        Slower(seconds) => SendError::Throttled {
            retry_after: Some(http::retry_after(answer).unwrap_or_default().max(Duration::from_secs(seconds))),
        },
        Later => SendError::Unreachable { why: in_words(&reason) },
        Refused => SendError::Rejected { reason },
        OptedOut => SendError::OptedOut { reason },
        Mend => SendError::Misconfigured { reason },
        TopUp => SendError::NoCredit { reason },
        Open => SendError::Unreadable { why: in_words(&reason) },
    }
}

fn in_words(reason: &Reason) -> String {
    let (code, detail) = (reason.carrier_code.as_deref().unwrap_or_default(), reason.detail.as_deref());
    format!("Meta answered with error {code}: {}", detail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(CODES.is_sorted_by(|(one, ..), (next, ..)| one < next));
    }

    #[test]
    fn a_rate_limit_told_after_the_fact_is_not_promised_to_be_tried_again() {
        assert_eq!(of_delivery(&json!([{ "code": 130_429 }])).code, ReasonCode::CarrierGaveUp);
        assert_eq!(of_delivery(&json!([{ "code": 131_047, "title": "x" }])).code, ReasonCode::WindowClosed);
        assert_eq!(of_delivery(&json!([{ "code": 99 }])).carrier_code.as_deref(), Some("99"));
        assert_eq!(of_delivery(&Value::Null), Reason::of(ReasonCode::CarrierGaveUp));
    }
}
