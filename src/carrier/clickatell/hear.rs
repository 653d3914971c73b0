//! What Clickatell tells: One API's events with lists in them, and the flat form some integrations still send.

use super::errors;
use crate::carrier::dialect::{Heard, InboundMessage, Refusal, Said, Told};
use crate::carrier::webhooks::{self, other};
use crate::carrier::{codes, http, spelling};
use crate::domain::channel::ChannelKind;
use serde_json::Value;

/// Reads a webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body = webhooks::json(request)?;
    let event = &body["event"];
    let said = match () {
        () if event["moText"].is_array() => webhooks::each(&event["moText"], message)?,
        () if event["messageStatusUpdate"].is_array() => webhooks::each(&event["messageStatusUpdate"], report)?,
        () if event.is_object() => {
            let names: Vec<&str> = event.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            vec![other("event", &names.join(" "))]
        }
        () if body["fromNumber"].is_string() => webhooks::each(&body, flat)?,
        () => webhooks::each(&body, report)?,
    };
    Ok(Told { said, answer: http::thanks("") })
}

fn message(event: &Value) -> Result<Said, String> {
    let kind = event["channel"].as_str().unwrap_or("sms").to_ascii_lowercase();
    let Some(kind) = ChannelKind::from_word(&kind) else { return Ok(other("channel", &kind)) };
    read(kind, event, ["from", "to"], event["content"].as_str().unwrap_or_default().to_owned())
}

/// The flat form: the text's bytes are percent-encoded where a charset other than UTF-8 is named.
fn flat(event: &Value) -> Result<Said, String> {
    let text = event["text"].as_str().unwrap_or_default();
    let text = match event["charset"].as_str().unwrap_or("UTF-8") {
        "UTF-16BE" => {
            let bytes = percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        "ISO-8859-1" => percent_encoding::percent_decode_str(text).map(char::from).collect(),
        _ => text.to_owned(),
    };
    read(ChannelKind::Sms, event, ["fromNumber", "toNumber"], text)
}

fn read(kind: ChannelKind, event: &Value, [from, to]: [&str; 2], text: String) -> Result<Said, String> {
    let id = http::id_of(&event["messageId"]).ok_or("messageId is missing")?;
    let number = |key: &str| {
        let text = http::text_of(&event[key]).ok_or_else(|| format!("{key} is missing"))?;
        spelling::from_digits(&text).map_err(|error| format!("{key}: {error}"))
    };
    if text.is_empty() {
        return Err("there is no text".into());
    }
    Ok(Said::Message(InboundMessage::text(kind, &id, number(from)?, number(to)?, &text)))
}

fn report(event: &Value) -> Result<Said, String> {
    let (word, code) = (event["status"].as_str().unwrap_or_default(), event["statusCode"].as_i64());
    if word.is_empty() && code.is_none() {
        return Err("there is neither a message nor a status".into());
    }
    let (id, reference) = (http::id_of(&event["messageId"]), http::id_of(&event["clientMessageId"]));
    if id.is_none() && reference.is_none() {
        return Err("messageId is missing".into());
    }
    let Some(state) = errors::state(word, code) else { return Ok(other("status", word)) };
    let reason = || errors::STATUSES.of_delivery(code.map(|code| code.to_string()).as_deref(), Some(word));
    Ok(Said::DeliveryReport(codes::report(id, reference, state, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_form_is_read_in_its_charset() {
        for (text, charset, read) in [
            ("Hello", "UTF-8", "Hello"),
            ("%00G%00r%00%FC%00%DF%00e", "UTF-16BE", "Grüße"),
            ("Gr%FC%DFe", "ISO-8859-1", "Grüße"),
        ] {
            let event = serde_json::json!({
                "messageId": "m", "fromNumber": "4915550012345", "toNumber": "4930555000", "text": text, "charset": charset,
            });

            assert!(matches!(flat(&event), Ok(Said::Message(message)) if message.text == read), "{text}");
        }
    }
}
