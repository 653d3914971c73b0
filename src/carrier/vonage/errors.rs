//! The Messages API's error codes: the number at the end of `type`, for sends and for reports alike.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http::{self, text_of};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

const CODES: Codes = Codes(&[
    ("1000", ReasonCode::CarrierThrottled, "throttled"),
    ("1010", ReasonCode::CarrierRefused, "a parameter is missing"),
    ("1020", ReasonCode::CarrierRefused, "a parameter is invalid"),
    ("1021", ReasonCode::CarrierRefused, "invalid message tag"),
    ("1022", ReasonCode::TemplateWrong, "invalid template"),
    ("1030", ReasonCode::CarrierUnreachable, "internal error"),
    ("1040", ReasonCode::CarrierRefused, "the message cannot be processed"),
    ("1050", ReasonCode::OptedOut, "the number is barred"),
    ("1060", ReasonCode::CredentialsRefused, "the account is barred"),
    ("1070", ReasonCode::NoCredit, "the credit is used up"),
    ("1080", ReasonCode::CredentialsRefused, "the account may not use this API"),
    ("1090", ReasonCode::CarrierThrottled, "too many connections"),
    ("1100", ReasonCode::CarrierUnreachable, "the message could not be handed over"),
    ("1120", ReasonCode::SenderNotAllowed, "the sender is not allowed"),
    ("1160", ReasonCode::CarrierRefused, "a trial account writes only to numbers on its list"),
    ("1170", ReasonCode::NumberInvalid, "the number is missing or invalid"),
    ("1180", ReasonCode::HandsetUnreachable, "absent subscriber, for now"),
    ("1190", ReasonCode::NumberInvalid, "absent subscriber, for good"),
    ("1210", ReasonCode::ContentFiltered, "refused as spam"),
    ("1220", ReasonCode::HandsetUnreachable, "the handset is busy"),
    ("1230", ReasonCode::CarrierGaveUp, "network error"),
    ("1240", ReasonCode::OptedOut, "the recipient has opted out"),
    ("1250", ReasonCode::NumberInvalid, "no route to this number"),
    ("1260", ReasonCode::NumberInvalid, "the destination cannot be reached"),
    ("1270", ReasonCode::CarrierRefused, "not for this age"),
    ("1280", ReasonCode::CarrierRefused, "the number is blocked by its network"),
    ("1290", ReasonCode::CarrierGaveUp, "the recipient's prepaid credit is used up"),
    ("1300", ReasonCode::NumberInvalid, "the recipient is not on this channel"),
    ("1330", ReasonCode::CarrierGaveUp, "unknown error"),
    ("1331", ReasonCode::CarrierGaveUp, "unknown error of the channel"),
    ("1340", ReasonCode::WindowClosed, "outside the time in which free text is allowed"),
    ("1360", ReasonCode::Expired, "expired before it could be delivered"),
    ("1400", ReasonCode::CarrierRefused, "the channel is not supported"),
    ("1420", ReasonCode::SenderNotAllowed, "invalid sender"),
    ("1430", ReasonCode::NumberInvalid, "invalid recipient"),
]);

/// `{"type": "https://…#1150", "title", "detail"}`; some reports give the code as the title.
fn code_of(error: &Value) -> Option<String> {
    let digits =
        |text: &str| (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned());
    let behind = error["type"].as_str().and_then(|text| text.rsplit_once('#')).and_then(|(_, code)| digits(code));
    behind.or_else(|| digits(&text_of(&error["title"])?))
}

/// What an answer outside 2xx means.
pub(super) fn of(answer: &Answer) -> SendError {
    let body = http::json_of(answer).unwrap_or_default();
    let says = body["detail"].as_str().or(body["title"].as_str());
    codes::judged(answer, code_of(&body).map(|code| CODES.reason(&code, says, ReasonCode::CarrierRefused)))
}

/// Why a delivery failed.
pub(super) fn of_delivery(error: &Value) -> Reason {
    CODES.of_delivery(code_of(error).as_deref(), error["detail"].as_str())
}
