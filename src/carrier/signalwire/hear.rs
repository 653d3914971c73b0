//! SignalWire's webhooks: signed over address and sorted form (base64), or over address and raw body (hexadecimal).

use super::{SignalWire, errors, is_uuid};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMessage, Preference, Refusal, Said, Told};
use crate::carrier::twiml::form::{Form, empty_twiml, is_form};
use crate::carrier::twiml::{self, signature, state_of};
use crate::carrier::{http as tools, sign};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;

const SIGNATURE: &str = "x-signalwire-signature";
/// The same under the name that others know.
const ALIAS: &str = "x-twilio-signature";

impl SignalWire {
    /// Whether SignalWire sent this, with a key of ours.
    pub(super) fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        let given = request.header(SIGNATURE).or_else(|| request.header(ALIAS));
        let given = given.ok_or(Refusal::Unsigned("X-SignalWire-Signature"))?;
        let keys: Vec<&str> = self.signing_keys.iter().map(|key| key.expose()).collect();
        // Without the fields, only the address would be signed: then a body must not be there.
        let mut fits = (is_form(request) || request.body.is_empty())
            && signature::fits(given, sign::hmac_sha1, &keys, &request.url, &signature::form_fields(request));
        for url in signature::spellings(&request.url) {
            for key in &keys {
                let wanted = hex::encode(sign::hmac_sha1(key.as_bytes(), &[url.as_bytes(), &request.body]));
                fits |= sign::same(given, &wanted);
            }
        }
        if fits { Ok(()) } else { Err(Refusal::Forged("signing key")) }
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let form = Form::or_json(request);
    let said = if let Some(status) = form.status() {
        vec![report(&form, status, request)?]
    } else if form.get("From").is_some() && form.get("To").is_some() && form.get("MessageSid").is_some() {
        messages(&form)?
    } else {
        vec![Said::Other { what: format!("a webhook with {}", form.names()) }]
    };
    Ok(Told { said, answer: empty_twiml() })
}

/// The id of the message. Its shape is checked: the signed text has no separators, so that a field's end could
/// otherwise be moved.
fn message_sid(form: &Form) -> Result<String, Refusal> {
    let sid = form.get("MessageSid").filter(|sid| is_uuid(sid));
    sid.map(str::to_owned).ok_or_else(|| Refusal::Unreadable("MessageSid is no UUID".into()))
}

fn messages(form: &Form) -> Result<Vec<Said>, Refusal> {
    let address = |name: &str| {
        Address::parse(form.get(name).unwrap_or_default()).map_err(|why| Refusal::Unreadable(format!("{name}: {why}")))
    };
    let (from, to, sid) = (address("From")?, address("To")?, message_sid(form)?);
    let text = form.get("Body").unwrap_or_default();
    let preference = twiml::opt_out(form).map(|opted_out| {
        Said::Preference(Preference {
            carrier_id: sid.clone(),
            kind: ChannelKind::Sms,
            peer: from.clone(),
            number: Some(to.clone()),
            opted_out,
            marketing_only: false,
            words: Some(text.chars().take(200).collect()),
        })
    });
    let message =
        InboundMessage { media: twiml::media(form), ..InboundMessage::text(ChannelKind::Sms, &sid, from, to, text) };
    Ok(std::iter::once(Said::Message(message)).chain(preference).collect())
}

fn report(form: &Form, status: &str, request: &Heard) -> Result<Said, Refusal> {
    let Some(state) = state_of(status) else {
        return Ok(Said::Other { what: format!("message status {:?}", status.chars().take(60).collect::<String>()) });
    };
    let code = form.get("ErrorCode").and_then(|code| code.trim().parse().ok()).filter(|code| *code != 0);
    let reference = tools::query_value(&request.url, "reference").filter(|text| !text.is_empty() && text.len() <= 200);
    let reason = || errors::of_delivery(code, form.get("ErrorMessage"));
    Ok(Said::DeliveryReport(codes::report(Some(message_sid(form)?), reference, state, reason)))
}
