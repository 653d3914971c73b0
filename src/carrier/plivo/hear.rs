//! Plivo's webhooks: signature V3 over the address, the sorted form and a nonce; then a message or a report.

use super::{Plivo, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Preference, Refusal, Said, Told};
use crate::carrier::incoming::attached;
use crate::carrier::twiml::form::{Form, empty_twiml};
use crate::carrier::twiml::signature::spellings;
use crate::carrier::{http as tools, sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use std::collections::BTreeMap;

const SIGNATURE: &str = "x-plivo-signature-v3";
const NONCE: &str = "x-plivo-signature-v3-nonce";
/// Signatures read from the header: one for each token while tokens are changed.
const SIGNATURES_MAX: usize = 5;
const MEDIA_MAX: usize = 10;

impl Plivo {
    /// Whether Plivo sent this, with a token of ours.
    pub(super) fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        let given = request.header(SIGNATURE).ok_or(Refusal::Unsigned("X-Plivo-Signature-V3"))?;
        let nonce = request.header(NONCE).ok_or(Refusal::Unsigned("X-Plivo-Signature-V3-Nonce"))?;
        let mut fits = false;
        for url in spellings(&request.url) {
            let text = format!("{}.{nonce}", signed_text(&url, request));
            for token in &self.auth_tokens {
                let wanted = STANDARD.encode(sign::hmac_sha256(token.expose().as_bytes(), &[text.as_bytes()]));
                for given in given.split(',').take(SIGNATURES_MAX) {
                    fits |= sign::same(given.trim(), &wanted);
                }
            }
        }
        if fits { Ok(()) } else { Err(Refusal::Forged("auth token")) }
    }
}

/// Address, `?` and sorted query, `.` and sorted form; a form without a query leaves a bare `?`.
fn signed_text(url: &str, request: &Heard) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let query = pairs(query.as_bytes(), "=", "&");
    let form = if request.method == Method::GET { String::new() } else { pairs(&request.body, "", "") };
    match (query.is_empty(), form.is_empty()) {
        (true, true) => base.to_owned(),
        (true, false) => format!("{base}?{form}"),
        (false, true) => format!("{base}?{query}"),
        (false, false) => format!("{base}?{query}.{form}"),
    }
}

/// Decoded pairs, sorted by name and value.
fn pairs(source: &[u8], joint: &str, between: &str) -> String {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(source) {
        all.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let mut texts = Vec::new();
    for (name, mut values) in all {
        values.sort_unstable();
        texts.extend(values.into_iter().map(|value| format!("{name}{joint}{value}")));
    }
    texts.join(between)
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let form = Form::of(request);
    let said = if let Some(status) = form.get("Status") {
        vec![report(&form, status, request)?]
    } else if form.get("MessageUUID").is_some() && form.get("From").is_some() && form.get("To").is_some() {
        messages(&form)?
    } else {
        vec![Said::Other { what: format!("a webhook with {}", form.names()) }]
    };
    Ok(Told { said, answer: empty_twiml() })
}

/// An id of a message. Its shape is checked: the signed text has no separators, so that a field's end could otherwise
/// be moved.
fn uuid(form: &Form, name: &str) -> Result<String, Refusal> {
    let id = form.get(name).filter(|id| id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'));
    id.map(str::to_owned).ok_or_else(|| Refusal::Unreadable(format!("{name} is no UUID")))
}

fn messages(form: &Form) -> Result<Vec<Said>, Refusal> {
    let address = |name: &str| {
        spelling::from_digits(form.get(name).unwrap_or_default())
            .map_err(|why| Refusal::Unreadable(format!("{name}: {why}")))
    };
    if form.get("Type") == Some("whatsapp") {
        return Ok(vec![Said::Other { what: "a WhatsApp message: this trunk carries texts and pictures".into() }]);
    }
    let (from, to, id) = (address("From")?, address("To")?, uuid(form, "MessageUUID")?);
    // SMS has its text in one field, MMS in the other.
    let text = form.get("Text").or(form.get("Body")).unwrap_or_default();
    let preference = match form.get("MessageIntent") {
        Some("optout") => Some(true),
        Some("optin") => Some(false),
        _ => None,
    };
    let preference = preference.map(|opted_out| {
        Said::Preference(Preference {
            carrier_id: id.clone(),
            kind: ChannelKind::Sms,
            peer: from.clone(),
            number: Some(to.clone()),
            opted_out,
            marketing_only: false,
            words: Some(text.chars().take(200).collect()),
        })
    });
    // Counted from 0 or from 1: both have been seen.
    let media = (0..=MEDIA_MAX).filter_map(|n| Some(InboundMedia::at(form.get(&format!("Media{n}"))?, None)));
    let message =
        InboundMessage { media: attached(media), ..InboundMessage::text(ChannelKind::Sms, &id, from, to, text) };
    Ok(std::iter::once(Said::Message(message)).chain(preference).collect())
}

fn report(form: &Form, status: &str, request: &Heard) -> Result<Said, Refusal> {
    let Some(state) = state_of(status) else {
        return Ok(Said::Other { what: format!("message status {:?}", status.chars().take(60).collect::<String>()) });
    };
    // Of a long text reported part by part, the parent is what the answer to the send named.
    let id = uuid(form, if form.get("ParentMessageUUID").is_some() { "ParentMessageUUID" } else { "MessageUUID" })?;
    let reference = tools::query_value(&request.url, "reference").filter(|text| !text.is_empty() && text.len() <= 200);
    Ok(Said::DeliveryReport(codes::report(Some(id), reference, state, || errors::of_delivery(form.get("ErrorCode")))))
}

/// Plivo's word in ours.
pub(super) fn state_of(status: &str) -> Option<DeliveryState> {
    match status {
        "queued" | "sent" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "read" => Some(DeliveryState::Read),
        "failed" | "rejected" => Some(DeliveryState::Failed),
        "undelivered" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}
