//! The way of speaking that Twilio began and others took over: forms out, signed forms in, lists of messages.
//! What each carrier means by its words and codes stays with its own dialect.

pub mod ask;
pub mod form;
pub mod list;
pub mod signature;

use crate::carrier::dialect::InboundMedia;
use crate::carrier::incoming::attached;
use crate::domain::delivery::DeliveryState;
use form::Form;
use serde_json::Value;

/// Files read from one message; ten are allowed.
const MEDIA_MAX: usize = 30;

/// A carrier's word for a state in ours. Whatever it still does with a message, it has taken it: for us it is sent.
pub fn state_of(status: &str) -> Option<DeliveryState> {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "read" => Some(DeliveryState::Read),
        "failed" | "canceled" => Some(DeliveryState::Failed),
        "undelivered" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

/// The files of a message: `MediaUrl0`, `MediaContentType0` and so on.
pub fn media(form: &Form) -> Vec<InboundMedia> {
    let count = form.get("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0).min(MEDIA_MAX);
    let file = |n: usize| {
        let location = form.get(&format!("MediaUrl{n}"))?.to_owned();
        Some(InboundMedia::at(&location, form.get(&format!("MediaContentType{n}"))))
    };
    attached((0..count).filter_map(file))
}

/// Segments as these carriers write them: a number or a text; "0" means not counted yet.
pub fn segments(value: &Value) -> Option<u32> {
    let count =
        value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64().and_then(|n| n.try_into().ok()));
    count.filter(|count| *count > 0)
}

/// An error code, as a number or as text; 0 counts as none.
pub fn code_of(value: &Value) -> Option<u32> {
    let code = match value {
        Value::Number(number) => number.as_u64().and_then(|code| u32::try_from(code).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    code.filter(|code| *code != 0)
}

/// STOP, START and HELP as the carrier itself understood them: `Some(true)` is no more.
pub fn opt_out(form: &Form) -> Option<bool> {
    match form.get("OptOutType")? {
        "STOP" => Some(true),
        "START" => Some(false),
        _ => None,
    }
}
