//! What LINK tells: texts and delivery reports in one shape, told apart by `messageType`. It waits for JSON.

use crate::carrier::dialect::{Heard, InboundMessage, Refusal, Said, Told};
use crate::carrier::webhooks::{self, other};
use crate::carrier::{codes, http, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// Reads a webhook. Nothing proves it but the key in its address.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body = webhooks::json(request)?;
    let said = webhooks::each(&body, |event| match event["messageType"].as_str().unwrap_or_default() {
        "text" => message(event).map(Said::Message),
        "deliveryReport" => report(event),
        word => Ok(other("message of type", word)),
    })?;
    Ok(Told { said, answer: webhooks::thanks_in_json(r#"{"statusCode":2000,"statusMessage":"OK"}"#) })
}

fn message(event: &Value) -> Result<InboundMessage, String> {
    let id = http::id_of(&event["notificationId"]).ok_or("notificationId is missing")?;
    let number = |key: &str| {
        let text = http::text_of(&event[key]).ok_or_else(|| format!("{key} is missing"))?;
        spelling::from_digits(&text).map_err(|error| format!("{key}: {error}"))
    };
    let text = event["textMessageContent"].as_str().filter(|text| !text.is_empty()).ok_or("there is no text")?;
    let (from, to) = (number("senderAddress")?, number("recipientAddress")?);
    Ok(InboundMessage::text(ChannelKind::Sms, &id, from, to, text))
}

fn report(event: &Value) -> Result<Said, String> {
    let word = event["deliveryReportMessageStatus"].as_str().ok_or("deliveryReportMessageStatus is missing")?;
    let state = match word {
        "delivered" => DeliveryState::Delivered,
        // "undelivered" means: not yet, it is tried again.
        "accepted" | "undelivered" => DeliveryState::Sent,
        "expired" | "deleted" | "rejected" => DeliveryState::Undelivered,
        _ => return Ok(other("status", word)),
    };
    let (id, reference) = (http::id_of(&event["transferId"]), http::id_of(&event["clientMessageId"]));
    if id.is_none() && reference.is_none() {
        return Err("transferId is missing".into());
    }
    let code = if word == "expired" { ReasonCode::Expired } else { ReasonCode::CarrierGaveUp };
    Ok(Said::DeliveryReport(codes::report(id, reference, state, || Reason::of(code).coded(word))))
}
