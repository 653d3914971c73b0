//! Twilio's webhooks: the signature over address and form (or over the address with the body's hash), then what they say.

use super::{Twilio, errors, read, send};
use crate::carrier::dialect::{Answer, DeliveryReport, Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::{http as tools, sign};
use crate::domain::delivery::DeliveryState;
use crate::domain::reason::Reason;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use std::collections::{BTreeMap, BTreeSet};

const SIGNATURE: &str = "x-twilio-signature";
const SIGNATURE_SETTINGS: &str = "x-twilio-webhooks-signature-settings";
/// Files read from one message; Twilio allows ten.
const MEDIA_MAX: usize = 30;

/// A hash function over key and parts.
type Mac = fn(&[u8], &[&[u8]]) -> Vec<u8>;

impl Twilio {
    /// Whether Twilio sent this, with a key of ours.
    pub(super) fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        let given = request.header(SIGNATURE).ok_or(Refusal::Unsigned("X-Twilio-Signature"))?;
        let (mac, keys) = self.keys_for(request)?;
        let fields = signed_fields(request)?;
        let mut fits = false;
        for url in spellings(&request.url) {
            for key in &keys {
                let wanted = STANDARD.encode(mac(key.as_bytes(), &[url.as_bytes(), fields.as_bytes()]));
                fits |= sign::same(given, &wanted);
            }
        }
        if fits { Ok(()) } else { Err(Refusal::Forged("auth token")) }
    }

    /// The hash and the keys that may have signed. A trunk with a shared key takes nothing weaker.
    fn keys_for(&self, request: &Heard) -> Result<(Mac, Vec<&str>), Refusal> {
        let chosen = request.headers.contains_key(SIGNATURE_SETTINGS);
        match &self.shared_key {
            None if chosen => Err(Refusal::Forged("shared key: this trunk has none")),
            None => Ok((sign::hmac_sha1, self.auth_tokens.iter().map(|token| token.expose()).collect())),
            Some(key) => {
                let settings =
                    request.header(SIGNATURE_SETTINGS).ok_or(Refusal::Unsigned("shared key of this trunk"))?;
                let said =
                    |name: &str| settings.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
                if said("key") != Some(key.id.as_str()) || said("algorithm") != Some("HMAC_SHA256") {
                    return Err(Refusal::Forged("shared key"));
                }
                Ok((sign::hmac_sha256, vec![key.secret.expose()]))
            }
        }
    }
}

/// What is signed behind the address: a form's fields, sorted; nothing for other bodies, whose hash is in the address.
fn signed_fields(request: &Heard) -> Result<String, Refusal> {
    if is_form(request) {
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&request.body) {
            fields.entry(name.into_owned()).or_default().insert(value.into_owned());
        }
        let mut text = String::new();
        for (name, values) in &fields {
            for value in values {
                text.push_str(name);
                text.push_str(value);
            }
        }
        return Ok(text);
    }
    if !request.body.is_empty() {
        let given =
            tools::query_value(&request.url, "bodySHA256").ok_or(Refusal::Unsigned("bodySHA256 in the address"))?;
        if !sign::same(&given, &sign::sha256_hex(&request.body)) {
            return Err(Refusal::Forged("bodySHA256"));
        }
    }
    Ok(String::new())
}

fn is_form(request: &Heard) -> bool {
    let kind = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The ways Twilio may have written our address when it signed: as it is, without a port, with the default port.
fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        // Not the last colon of a bare IPv6 address, which ends in a bracket.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if host.len() == authority.len() {
        let port = if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 };
        all.push(format!("{scheme}://{host}:{port}{tail}"));
    } else {
        all.push(format!("{scheme}://{host}{tail}"));
    }
    all
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let form = Form::of(request);
    let said = if form.pairs.is_empty() {
        Said::Other { what: "a webhook without a form".into() }
    } else if let Some(status) =
        form.get("MessageStatus").or(form.get("SmsStatus")).filter(|status| !is_inbound(status))
    {
        report(&form, status, request)?
    } else if form.get("From").is_some() && form.get("To").is_some() && form.get("MessageSid").is_some() {
        Said::Message(message(&form)?)
    } else {
        let names: Vec<&str> = form.pairs.iter().take(5).map(|(name, _)| name.as_str()).collect();
        Said::Other { what: format!("a webhook with {}", names.join(", ")).chars().take(200).collect() }
    };
    Ok(Told { said: vec![said], answer: empty_twiml() })
}

fn is_inbound(status: &str) -> bool {
    matches!(status, "received" | "receiving")
}

/// "Thank you, nothing to answer": a reply of ours goes through the outbox.
fn empty_twiml() -> Answer {
    let mut answer = Answer::new(Bytes::from_static(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>"));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    answer
}

/// The fields of a webhook, wherever the account's settings put them.
struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    fn of(request: &Heard) -> Form {
        let source: &[u8] = match request.method {
            Method::GET => request.url.split_once('?').map_or(&[], |(_, query)| query.as_bytes()),
            _ if is_form(request) => &request.body,
            _ => &[],
        };
        Form { pairs: form_urlencoded::parse(source).into_owned().collect() }
    }

    /// The first value of a field, if it is not empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The id of the message. Its shape is checked: Twilio's signed text has no separators, so that a field's
    /// end could otherwise be moved.
    fn message_sid(&self) -> Result<String, Refusal> {
        let sid = self.get("MessageSid").unwrap_or_default();
        let fits = send::is_message_sid(sid);
        fits.then(|| sid.to_owned())
            .ok_or_else(|| Refusal::Unreadable("MessageSid is not SM or MM and 32 digits".into()))
    }
}

fn message(form: &Form) -> Result<InboundMessage, Refusal> {
    let address = |name: &str| {
        read(form.get(name).unwrap_or_default()).map_err(|why| Refusal::Unreadable(format!("{name}: {why}")))
    };
    let (from, kind) = address("From")?;
    let (to, _) = address("To")?;
    let text = form.get("Body").map(str::to_owned).or_else(|| place(form)).unwrap_or_default();
    Ok(InboundMessage {
        carrier_id: form.message_sid()?,
        kind,
        from,
        to,
        text,
        rich: None,
        in_reply_to: None,
        also: Vec::new(),
        media: media(form),
        profile_name: form.get("ProfileName").map(|name| name.chars().take(120).collect()),
        said_at: None,
    })
}

/// A WhatsApp location as text, so that a desk phone shows something: label, address, geo URI (RFC 5870).
fn place(form: &Form) -> Option<String> {
    let (latitude, longitude) = (form.get("Latitude")?, form.get("Longitude")?);
    let parts = [form.get("Label"), form.get("Address"), Some(&format!("geo:{latitude},{longitude}"))];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

fn media(form: &Form) -> Vec<InboundMedia> {
    let count = form.get("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0).min(MEDIA_MAX);
    let file = |n: usize| {
        let location = form.get(&format!("MediaUrl{n}"))?.to_owned();
        Some(InboundMedia::at(&location, form.get(&format!("MediaContentType{n}"))))
    };
    (0..count).filter_map(file).collect()
}

fn report(form: &Form, status: &str, request: &Heard) -> Result<Said, Refusal> {
    let Some(state) = state_of(status) else {
        return Ok(Said::Other { what: format!("message status {:?}", status.chars().take(60).collect::<String>()) });
    };
    let code = form.get("ErrorCode").and_then(|code| code.trim().parse().ok()).filter(|code| *code != 0);
    Ok(Said::DeliveryReport(DeliveryReport {
        carrier_id: Some(form.message_sid()?),
        reference: tools::query_value(&request.url, "reference").filter(|text| !text.is_empty() && text.len() <= 200),
        state,
        reason: reason(state, code, form.get("ErrorMessage")),
    }))
}

/// Why, for the states that have a why.
pub(super) fn reason(state: DeliveryState, code: Option<u32>, message: Option<&str>) -> Option<Reason> {
    let went_wrong = matches!(state, DeliveryState::Failed | DeliveryState::Undelivered);
    went_wrong.then(|| errors::of_delivery(code, message))
}

/// Twilio's word in ours. Whatever it still does with a message, it has taken it: for us it is sent.
pub(super) fn state_of(status: &str) -> Option<DeliveryState> {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "read" => Some(DeliveryState::Read),
        "failed" | "canceled" => Some(DeliveryState::Failed),
        "undelivered" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_port_may_be_written_or_not() {
        for (url, other) in [
            ("https://a.example/x?y=1", "https://a.example:443/x?y=1"),
            ("http://a.example", "http://a.example:80"),
            ("https://a.example:8443/x", "https://a.example/x"),
            ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x"),
            ("https://[2001:db8::1]:443/x", "https://[2001:db8::1]/x"),
        ] {
            assert_eq!(spellings(url), [url, other]);
        }
    }

    fn decoded(pairs: &[(&str, &str)]) -> Result<Told, Refusal> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut headers = http::HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        decode(&Heard {
            method: Method::POST,
            url: "https://a.example/h?reference=r1".into(),
            headers,
            body: body.into(),
            caller: None,
        })
    }

    const SID: (&str, &str) = ("MessageSid", "SM0123456789abcdef0123456789abcdef");

    #[test]
    fn a_location_without_words_becomes_a_text_a_desk_phone_can_show() {
        let told = decoded(&[
            SID,
            ("From", "whatsapp:DE.1349120"),
            ("To", "whatsapp:+4930555000"),
            ("Latitude", "52.5"),
            ("Longitude", "13.4"),
            ("Label", "Office"),
        ]);

        let Ok([Said::Message(message)]) = told.as_ref().map(|told| told.said.as_slice()) else { panic!("{told:?}") };
        assert_eq!((message.text.as_str(), message.from.as_str()), ("Office\ngeo:52.5,13.4", "wa:DE.1349120"));
    }

    #[test]
    fn what_twilio_still_works_on_is_sent_for_us_and_unknown_words_are_noted() {
        for (status, state) in [
            ("queued", Some(DeliveryState::Sent)),
            ("read", Some(DeliveryState::Read)),
            ("canceled", Some(DeliveryState::Failed)),
            ("partially_delivered", None),
            ("teleported", None),
        ] {
            let told = decoded(&[SID, ("MessageStatus", status)]).expect(status);

            match told.said.as_slice() {
                [Said::DeliveryReport(report)] => {
                    assert_eq!((Some(report.state), report.reference.as_deref()), (state, Some("r1")));
                }
                said => assert!(state.is_none() && matches!(said, [Said::Other { .. }]), "{said:?}"),
            }
        }
    }

    #[test]
    fn an_id_of_the_wrong_shape_is_refused() {
        let told = decoded(&[("MessageSid", "SM01"), ("From", "+15550100123"), ("To", "+15550100999"), ("Body", "x")]);

        assert!(matches!(told, Err(Refusal::Unreadable(_))));
    }
}
