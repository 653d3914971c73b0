//! The words a provider may use for an error, and what each means for the delivery.

use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// The words of the contract. What is not here is [`ReasonCode::CarrierRefused`] with the provider's word beside it.
const WORDS: &[(&str, ReasonCode)] = &[
    ("number_invalid", ReasonCode::NumberInvalid),
    ("landline", ReasonCode::Landline),
    ("handset_unreachable", ReasonCode::HandsetUnreachable),
    ("opted_out", ReasonCode::OptedOut),
    ("no_credit", ReasonCode::NoCredit),
    ("sender_not_allowed", ReasonCode::SenderNotAllowed),
    ("sender_not_registered", ReasonCode::SenderNotRegistered),
    ("country_not_allowed", ReasonCode::CountryNotAllowed),
    ("content_filtered", ReasonCode::ContentFiltered),
    ("text_too_long", ReasonCode::TextTooLong),
    ("text_empty", ReasonCode::TextEmpty),
    ("window_closed", ReasonCode::WindowClosed),
    ("media_not_taken", ReasonCode::MediaNotTaken),
    ("expired", ReasonCode::Expired),
    ("gave_up", ReasonCode::CarrierGaveUp),
    ("credentials_refused", ReasonCode::CredentialsRefused),
    ("throttled", ReasonCode::CarrierThrottled),
];

/// An `error` object (`{"code": "...", "message": "..."}`) or word as a reason.
pub(super) fn reason_of(error: &Value, fallback: ReasonCode) -> Option<Reason> {
    let word = match error {
        Value::String(word) => word.clone(),
        Value::Object(_) => text_of(&error["code"])?,
        _ => return None,
    };
    let code = WORDS.iter().find(|(known, _)| *known == word).map_or(fallback, |(_, code)| *code);
    let reason = Reason::of(code).coded(word);
    Some(match text_of(&error["message"]) {
        Some(message) => reason.saying(&message),
        None => reason,
    })
}

/// What an answer outside 2xx means.
pub(in crate::carrier) fn of(answer: &Answer) -> SendError {
    let by_status = http::by_status(answer);
    // What may have been taken, or was certainly only delayed, is judged by its status alone.
    if !answer.status().is_client_error()
        || matches!(by_status, SendError::Throttled { .. } | SendError::Unreachable { .. })
    {
        return by_status;
    }
    let Some(body) = http::json_of(answer) else { return by_status };
    let Some(reason) = reason_of(&body["error"], ReasonCode::CarrierRefused) else { return by_status };
    match reason.code {
        ReasonCode::OptedOut => SendError::OptedOut { reason },
        ReasonCode::NoCredit => SendError::NoCredit { reason },
        ReasonCode::CredentialsRefused => SendError::Misconfigured { reason },
        ReasonCode::CarrierThrottled => SendError::Throttled { retry_after: http::retry_after(answer) },
        ReasonCode::CarrierRefused if !matches!(by_status, SendError::Rejected { .. }) => by_status,
        _ => SendError::Rejected { reason },
    }
}
