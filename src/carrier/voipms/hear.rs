//! What VoIP.ms tells: a GET with our own template of parameters, or JSON; the answer `ok` ends its repeating.

use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::incoming::attached;
use crate::carrier::webhooks::{self, other, value};
use crate::carrier::{http, spelling};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use ::http::Method;
use serde_json::Value;

/// Reads a webhook. Nothing proves it but the key in its address.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let said = if request.method == Method::GET {
        vec![Said::Message(callback(request).map_err(Refusal::Unreadable)?)]
    } else {
        webhooks::each(&webhooks::json(request)?, |body| {
            let data = &body["data"];
            match data["event_type"].as_str().unwrap_or_default() {
                "message.received" => event(&data["payload"]).map(Said::Message),
                word => Ok(other("event", word)),
            }
        })?
    };
    Ok(Told { said, answer: http::thanks("ok") })
}

/// `?to={TO}&from={FROM}&message={MESSAGE}&files={MEDIA}&id={ID}`, as the portal tells to set it up there.
fn callback(request: &Heard) -> Result<InboundMessage, String> {
    let pairs = http::parameters(request);
    let given = |name| {
        value(&pairs, name).ok_or_else(|| format!("the parameter {name} is missing: add it to the URL callback"))
    };
    let files =
        value(&pairs, "files").unwrap_or_default().split(',').map(str::trim).filter(|file| file.contains("://"));
    let media = attached(files.map(|file| InboundMedia::at(file, None)));
    message(given("id")?, given("from")?, given("to")?, value(&pairs, "message").unwrap_or_default(), media)
}

fn event(payload: &Value) -> Result<InboundMessage, String> {
    let id = http::id_of(&payload["id"]).ok_or("id is missing")?;
    let number = |value: &Value, what: &str| http::text_of(&value["phone_number"]).ok_or(format!("{what} is missing"));
    let files = payload["media"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let media = attached(files.filter_map(|file| Some(InboundMedia::at(file["url"].as_str()?, None))));
    let (from, to) = (number(&payload["from"], "from")?, number(&payload["to"][0], "to")?);
    let mut read = message(&id, &from, &to, payload["text"].as_str().unwrap_or_default(), media)?;
    if payload["type"] == "MMS" {
        read.carrier_id = format!("mms-{id}");
    }
    Ok(read)
}

/// A row of `getSMS` or `getMMS`.
pub(super) fn row(row: &Value, kind: &str) -> Result<InboundMessage, String> {
    let id = http::id_of(&row["id"]).ok_or("id is missing")?;
    let text = |key: &str| http::text_of(&row[key]).ok_or_else(|| format!("{key} is missing"));
    let columns = ["col_media1", "col_media2", "col_media3"].iter().filter_map(|name| row[*name].as_str());
    let listed = row["media"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let files = columns.chain(listed).filter(|file| file.contains("://"));
    let media = attached(files.map(|file| InboundMedia::at(file, None)));
    let said = row["message"].as_str().unwrap_or_default();
    let mut read = message(&id, &text("contact")?, &text("did")?, said, media)?;
    read.carrier_id = format!("{kind}-{id}");
    Ok(read)
}

/// SMS and MMS count by themselves: the kind belongs to the id.
fn message(id: &str, from: &str, to: &str, text: &str, media: Vec<InboundMedia>) -> Result<InboundMessage, String> {
    if id.len() > 100 {
        return Err("id is too long".into());
    }
    if text.is_empty() && media.is_empty() {
        return Err("there is neither text nor media".into());
    }
    let number = |text: &str, what: &str| -> Result<Address, String> {
        spelling::from_ten_digits(text).map_err(|error| format!("{what}: {error}"))
    };
    let kind = if media.is_empty() { "sms" } else { "mms" };
    let read =
        InboundMessage::text(ChannelKind::Sms, &format!("{kind}-{id}"), number(from, "from")?, number(to, "to")?, text);
    Ok(InboundMessage { media, ..read })
}
