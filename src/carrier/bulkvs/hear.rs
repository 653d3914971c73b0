//! What BulkVS tells: texts and delivery receipts come to one webhook, and texts come without an id.

use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::incoming::attached;
use crate::carrier::webhooks::{self, other};
use crate::carrier::{codes, http, sign, spelling, words};
use crate::domain::channel::ChannelKind;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use serde_json::Value;

/// The same text from the same peer within this time counts as a repetition of the webhook. Short: a second "ok" that is
/// shown twice does no harm, one that is dropped is lost.
const REPEATS_WITHIN_S: i64 = 60;

/// Reads a webhook. Nothing proves it but the key in its address.
pub(super) fn decode(request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
    let body = webhooks::json(request)?;
    let reference = http::query_value(&request.url, "reference");
    let span = now.as_seconds().div_euclid(REPEATS_WITHIN_S);
    let said = webhooks::each(&body, |event| match event["DeliveryReceipt"].as_bool() {
        Some(true) => report(event, reference.clone()),
        _ if event["From"].is_null() => Ok(other("event", &event.to_string())),
        _ => message(event, span).map(Said::Message),
    })?;
    Ok(Told { said, answer: http::thanks("") })
}

fn message(event: &Value, span: i64) -> Result<InboundMessage, String> {
    let number = |value: &Value, what: &str| {
        let text = http::text_of(value).ok_or_else(|| format!("{what} is missing"))?;
        spelling::from_digits(&text).map_err(|error| format!("{what}: {error}"))
    };
    let to = event["To"].as_array().and_then(|list| list.first()).unwrap_or(&event["To"]);
    let files = event["MediaURLs"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let media = attached(files.filter(|file| file.contains("://")).map(|file| InboundMedia::at(file, None)));
    let text = plain(event["Message"].as_str().unwrap_or_default());
    if text.is_empty() && media.is_empty() {
        return Err("there is neither text nor media".into());
    }
    let id = sign::sha256_hex(format!("{span} {event}").as_bytes());
    let read = InboundMessage::text(ChannelKind::Sms, &id, number(&event["From"], "From")?, number(to, "To")?, &text);
    Ok(InboundMessage { media, ..read })
}

/// Texts come as a form writes them, or as they are: with a blank in it, or a percent sign that leads nowhere, it is as it is.
fn plain(text: &str) -> String {
    let coded =
        |at: usize| text.get(at + 1..at + 3).is_some_and(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let as_it_is = text.contains(' ') || !text.is_ascii() || text.match_indices('%').any(|(at, _)| !coded(at));
    if as_it_is || !text.contains(['+', '%']) {
        return text.to_owned();
    }
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// As SMPP writes receipts: `id:… stat:DELIVRD err:000 text:`.
fn report(event: &Value, reference: Option<String>) -> Result<Said, String> {
    let id = http::id_of(&event["RefId"]).ok_or("RefId is missing")?;
    let text = plain(event["Message"].as_str().unwrap_or_default());
    let field = |name: &str| text.split_whitespace().find_map(|piece| piece.strip_prefix(name));
    let word = field("stat:").unwrap_or(&text);
    let Some(state) = words::state_of(word) else { return Ok(other("status", word)) };
    Ok(Said::DeliveryReport(codes::report(Some(id), reference, state, || {
        let usual = if word == "EXPIRED" { ReasonCode::Expired } else { ReasonCode::CarrierGaveUp };
        Reason::of(usual).coded(field("err:").unwrap_or(word)).saying(word)
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_decoded_only_where_it_was_encoded() {
        for (told, read) in [
            ("Hello+there", "Hello there"),
            ("Gr%C3%BC%C3%9Fe+%26+1%2B1", "Grüße & 1+1"),
            ("Hello there, 1+1", "Hello there, 1+1"),
            ("100%", "100%"),
            ("Grüße+1", "Grüße+1"),
        ] {
            assert_eq!(plain(told), read);
        }
    }

    #[test]
    fn the_same_text_later_is_another_message() {
        let event = serde_json::json!({ "From": "15550100123", "To": ["15550100999"], "Message": "ok" });
        let id = |span| message(&event, span).map(|message| message.carrier_id);

        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
    }
}
