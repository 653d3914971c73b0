//! LINK's codes: 2000 and 2001 are good; 4xxx is ours to mend, 5xxx is theirs.

use crate::carrier::codes::{self, Codes};
use crate::carrier::dialect::Answer;
use crate::carrier::http;
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use serde_json::Value;

const CODES: Codes = Codes(&[
    ("4001", ReasonCode::CredentialsRefused, "the credentials are wrong"),
    ("4002", ReasonCode::NumberInvalid, "the recipient is not a number"),
    ("4003", ReasonCode::SenderNotAllowed, "the sender is not valid"),
    ("4004", ReasonCode::CarrierRefused, "the message type is not valid"),
    ("4008", ReasonCode::CarrierRefused, "the message's id is not valid"),
    ("4009", ReasonCode::TextEmpty, "the text is not valid"),
    ("4013", ReasonCode::CarrierThrottled, "the account's limit is reached"),
    ("4014", ReasonCode::CredentialsRefused, "the address this system calls from is not allowed"),
    ("4016", ReasonCode::CarrierRefused, "the callback address is not valid: check the public address of this system"),
    ("4021", ReasonCode::CredentialsRefused, "the account is not active"),
    ("4022", ReasonCode::CredentialsRefused, "the account may not send"),
    ("4023", ReasonCode::CarrierThrottled, ""),
    ("4025", ReasonCode::CarrierThrottled, ""),
    ("4026", ReasonCode::TextTooLong, "the text has too many parts"),
    ("4027", ReasonCode::CarrierRefused, ""),
    ("4029", ReasonCode::SenderNotAllowed, ""),
    ("4030", ReasonCode::OptedOut, "the recipient is on the blacklist"),
    ("4035", ReasonCode::CountryNotAllowed, ""),
    ("4043", ReasonCode::ContentFiltered, "taken for spam"),
    // An error inside their house: nobody knows what became of the message.
    ("5000", ReasonCode::CarrierUnreadable, "internal error"),
    ("5003", ReasonCode::CarrierUnreachable, "the service is not available"),
]);

/// The body of a success, else what its code means.
pub(super) fn success(answer: &Answer) -> Result<Value, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    let said = body["statusCode"].as_i64().filter(|_| !answer.status().is_server_error());
    match said {
        Some(2000..=2999) if answer.status().is_success() => Ok(body),
        Some(code @ 4000..=5999) => {
            let reason = CODES.reason(&code.to_string(), body["statusMessage"].as_str(), ReasonCode::CarrierRefused);
            Err(match code {
                5000.. if reason.code == ReasonCode::CarrierRefused => http::unreadable(answer),
                _ => codes::refused(reason, http::retry_after(answer)),
            })
        }
        _ if answer.status().is_success() => Err(http::unreadable(answer)),
        _ => Err(http::by_status(answer)),
    }
}
