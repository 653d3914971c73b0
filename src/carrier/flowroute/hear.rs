//! What Flowroute tells, by webhook or in its list of messages: JSON:API resources of two types.

use crate::carrier::dialect::{DeliveryReport, Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::incoming::attached;
use crate::carrier::webhooks::{self, other};
use crate::carrier::{codes, http, spelling, words};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::reason::{Reason, ReasonCode};
use serde_json::Value;

/// Reads a webhook. Nothing proves it but the key in its address.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body = webhooks::json(request)?;
    let reference = http::query_value(&request.url, "reference");
    let said = webhooks::each(&body["data"], |data| match data["type"].as_str().unwrap_or_default() {
        "message" if data["attributes"]["direction"] == "outbound" => Ok(other("message", "outbound")),
        "message" => message(data, &body["included"]).map(Said::Message),
        "delivery_receipt" => receipt(data, reference.clone()),
        word => Ok(other("event", word)),
    })?;
    Ok(Told { said, answer: http::thanks("") })
}

/// A message from a peer; its files stand beside it.
pub(super) fn message(data: &Value, included: &Value) -> Result<InboundMessage, String> {
    let (id, told) = (http::id_of(&data["id"]).ok_or("id is missing")?, &data["attributes"]);
    let media = media(data, included);
    let text = told["body"].as_str().unwrap_or_default();
    if text.is_empty() && media.is_empty() {
        return Err("there is neither text nor media".into());
    }
    let (from, to) = (number(&told["from"], "from")?, number(&told["to"], "to")?);
    Ok(InboundMessage { media, ..InboundMessage::text(ChannelKind::Sms, &id, from, to, text) })
}

fn number(value: &Value, what: &str) -> Result<Address, String> {
    let text = http::text_of(value).ok_or_else(|| format!("{what} is missing"))?;
    spelling::from_digits(&text).map_err(|error| format!("{what}: {error}"))
}

/// The files of this message: by the ids it names, or all where it names none (a webhook tells of one message only).
fn media(data: &Value, included: &Value) -> Vec<InboundMedia> {
    let named: Option<Vec<&Value>> =
        data["relationships"]["media"]["data"].as_array().map(|list| list.iter().map(|one| &one["id"]).collect());
    let files = included.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let ours =
        files.filter(|file| file["type"] == "media" && named.as_ref().is_none_or(|ids| ids.contains(&&file["id"])));
    let read = |file: &Value| {
        let told = &file["attributes"];
        Some(InboundMedia::at(told["url"].as_str()?, told["mime_type"].as_str()).named(told["file_name"].as_str()))
    };
    attached(ours.filter_map(read))
}

fn receipt(data: &Value, reference: Option<String>) -> Result<Said, String> {
    let id = http::id_of(&data["id"]).ok_or("id is missing")?;
    match state(&data["attributes"]) {
        Some((state, reason)) => {
            Ok(Said::DeliveryReport(DeliveryReport { carrier_id: Some(id), reference, state, reason }))
        }
        None => Ok(other("status", data["attributes"]["status"].as_str().unwrap_or_default())),
    }
}

/// Level 1 is the way to the carrier, level 2 everything after it.
pub(super) fn state(told: &Value) -> Option<(DeliveryState, Option<Reason>)> {
    let (word, sentence) = (told["status"].as_str()?, told["status_code_description"].as_str().unwrap_or_default());
    let state = words::state_of(word)?;
    // What reached only Flowroute's carrier has not reached the handset, whatever it is called.
    let state = match (state, told["level"].as_i64()) {
        (DeliveryState::Delivered, Some(1)) => DeliveryState::Sent,
        (state, _) => state,
    };
    let sentence = if sentence.is_empty() { word } else { sentence };
    let code = http::text_of(&told["status_code"]);
    let report = codes::report(None, None, state, || {
        let reason = Reason::of(words::code_in(sentence).unwrap_or(ReasonCode::CarrierGaveUp)).saying(sentence);
        code.iter().fold(reason, |reason, code| reason.coded(code))
    });
    Some((report.state, report.reason))
}
