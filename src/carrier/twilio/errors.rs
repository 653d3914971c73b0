//! Twilio's error codes and what each means: once for a send that was refused, once for a delivery that failed.

use crate::carrier::dialect::Answer;
use crate::carrier::http;
use crate::carrier::twiml::code_of;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};

/// Code, our reason, and what it says where Twilio itself sends no sentence (status callbacks rarely do).
const CODES: &[(u32, ReasonCode, &str)] = &[
    (14107, ReasonCode::CarrierThrottled, "message rate limit exceeded"),
    (20003, ReasonCode::CredentialsRefused, "authentication failed"),
    (20404, ReasonCode::CredentialsRefused, "no such account"),
    (20429, ReasonCode::CarrierThrottled, "too many requests"),
    (21211, ReasonCode::NumberInvalid, "invalid To number"),
    (21212, ReasonCode::SenderNotAllowed, "invalid From number"),
    (21214, ReasonCode::NumberInvalid, "To number cannot be reached"),
    (21217, ReasonCode::NumberInvalid, "phone number does not appear to be valid"),
    (21408, ReasonCode::CountryNotAllowed, "region not enabled for this account"),
    (21602, ReasonCode::TextEmpty, "message body is required"),
    (21603, ReasonCode::SenderNotAllowed, "a From number is required"),
    (21606, ReasonCode::SenderNotAllowed, "From is not a number of this account that can send"),
    (21610, ReasonCode::OptedOut, "recipient has replied STOP"),
    (21611, ReasonCode::CarrierThrottled, "the queue of this From number is full"),
    (21612, ReasonCode::NumberInvalid, "To cannot be reached from this From number"),
    (21614, ReasonCode::NumberInvalid, "To is not a mobile number"),
    (21617, ReasonCode::TextTooLong, "body exceeds the limit"),
    (21619, ReasonCode::TextEmpty, "a body or media is required"),
    (21620, ReasonCode::MediaNotTaken, "invalid media address"),
    (21623, ReasonCode::MediaNotTaken, "too many media"),
    (21659, ReasonCode::SenderNotAllowed, "From is not a number of this account"),
    (30001, ReasonCode::CarrierGaveUp, "queue overflow"),
    (30002, ReasonCode::CredentialsRefused, "account suspended"),
    (30003, ReasonCode::HandsetUnreachable, "unreachable handset"),
    (30004, ReasonCode::CarrierRefused, "message blocked"),
    (30005, ReasonCode::NumberInvalid, "unknown handset"),
    (30006, ReasonCode::Landline, "landline or unreachable carrier"),
    (30007, ReasonCode::ContentFiltered, "message filtered"),
    (30008, ReasonCode::CarrierGaveUp, "unknown error"),
    (30011, ReasonCode::MediaNotTaken, "MMS not supported for this number"),
    (30017, ReasonCode::CarrierGaveUp, "carrier network congestion"),
    (30018, ReasonCode::SenderNotRegistered, "the destination wants a registered sender"),
    (30019, ReasonCode::MediaNotTaken, "media too large for the carrier"),
    (30022, ReasonCode::CarrierGaveUp, "10DLC rate limit exceeded"),
    (30023, ReasonCode::CarrierGaveUp, "10DLC daily limit exceeded"),
    (30024, ReasonCode::SenderNotAllowed, "sender not provisioned at the carrier"),
    (30027, ReasonCode::CarrierGaveUp, "10DLC daily limit exceeded"),
    (30032, ReasonCode::SenderNotRegistered, "toll-free number not verified"),
    (30034, ReasonCode::SenderNotRegistered, "number not registered for A2P 10DLC"),
    (63003, ReasonCode::NumberInvalid, "the recipient is not on this channel"),
    (63009, ReasonCode::CarrierGaveUp, "channel provider error"),
    (63010, ReasonCode::CarrierGaveUp, "channel provider internal error"),
    (63012, ReasonCode::CarrierGaveUp, "channel provider unavailable"),
    (63013, ReasonCode::ContentFiltered, "violates the channel provider's policy"),
    (63014, ReasonCode::OptedOut, "blocked by the recipient"),
    (63016, ReasonCode::WindowClosed, "outside the WhatsApp window"),
    (63018, ReasonCode::CarrierThrottled, "channel rate limit exceeded"),
    (63024, ReasonCode::NumberInvalid, "invalid recipient"),
    (63027, ReasonCode::CarrierRefused, "template does not exist in this language"),
    (63028, ReasonCode::CarrierRefused, "wrong number of template parameters"),
    (63032, ReasonCode::CarrierRefused, "WhatsApp limits messages to this recipient"),
    (63040, ReasonCode::CarrierRefused, "template rejected"),
    (63041, ReasonCode::CarrierRefused, "template paused"),
];

/// Codes of the Messaging Service: its settings at Twilio do not fit ours.
const MESSAGING_SERVICE: std::ops::RangeInclusive<u32> = 21700..=21799;

/// The reason a code stands for, with Twilio's sentence where it sent one.
pub(super) fn reason(code: u32, message: Option<&str>, fallback: ReasonCode) -> Reason {
    let known = CODES.iter().find(|(known, ..)| *known == code);
    let ours = match known {
        Some((_, ours, _)) => *ours,
        None if MESSAGING_SERVICE.contains(&code) => ReasonCode::SenderNotAllowed,
        None => fallback,
    };
    let sentence = message.filter(|message| !message.is_empty()).or(known.map(|(.., note)| *note)).unwrap_or_default();
    Reason::of(ours).coded(code.to_string()).saying(sentence)
}

/// Why a delivery failed, by the code of a status callback or a message resource.
pub(super) fn of_delivery(code: Option<u32>, message: Option<&str>) -> Reason {
    let Some(code) = code else { return Reason::of(ReasonCode::CarrierGaveUp) };
    let mut reason = reason(code, message, ReasonCode::CarrierGaveUp);
    if reason.code == ReasonCode::CarrierThrottled {
        // Nobody tries this one again by itself any more: Twilio gave up.
        reason.code = ReasonCode::CarrierGaveUp;
    }
    reason
}

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let by_status = http::by_status(answer);
    let body = http::json_of(answer).unwrap_or_default();
    let Some(code) = code_of(&body["code"]) else { return by_status };
    // What may have been taken (500) or was certainly not (429, 503) is judged by its status alone.
    if !answer.status().is_client_error()
        || matches!(by_status, SendError::Throttled { .. } | SendError::Unreachable { .. })
    {
        return by_status;
    }
    let reason = reason(code, body["message"].as_str(), ReasonCode::CarrierRefused);
    match reason.code {
        ReasonCode::CarrierThrottled => SendError::Throttled { retry_after: http::retry_after(answer) },
        ReasonCode::OptedOut => SendError::OptedOut { reason },
        ReasonCode::CredentialsRefused => SendError::Misconfigured { reason },
        _ if MESSAGING_SERVICE.contains(&code) => SendError::Misconfigured { reason },
        ReasonCode::CarrierRefused if !matches!(by_status, SendError::Rejected { .. }) => by_status,
        _ => SendError::Rejected { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_code_once() {
        assert!(CODES.is_sorted_by(|(one, ..), (next, ..)| one < next));
    }

    #[test]
    fn a_rate_limit_told_after_the_fact_is_not_promised_to_be_tried_again() {
        assert_eq!(of_delivery(Some(63018), None).code, ReasonCode::CarrierGaveUp);
        assert_eq!(of_delivery(Some(99999), None).carrier_code.as_deref(), Some("99999"));
        assert_eq!(of_delivery(None, None), Reason::of(ReasonCode::CarrierGaveUp));
    }
}
