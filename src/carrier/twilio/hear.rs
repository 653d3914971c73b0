//! Twilio's webhooks: the signature over address and form (or over the address with the body's hash), then what they say.

use super::{Twilio, errors, read, send};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMessage, Preference, Refusal, Said, Told};
use crate::carrier::twiml::form::{Form, empty_twiml, is_form};
use crate::carrier::twiml::signature::{self, Mac};
use crate::carrier::twiml::{self, state_of};
use crate::carrier::{http as tools, sign, spelling};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::rich::{Choice, Place, Rich};

const SIGNATURE: &str = "x-twilio-signature";
const SIGNATURE_SETTINGS: &str = "x-twilio-webhooks-signature-settings";

impl Twilio {
    /// Whether Twilio sent this, with a key of ours.
    pub(super) fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        let given = request.header(SIGNATURE).ok_or(Refusal::Unsigned("X-Twilio-Signature"))?;
        let (mac, keys) = self.keys_for(request)?;
        let fields = signed_fields(request)?;
        let fits = signature::fits(given, mac, &keys, &request.url, &fields);
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
        return Ok(signature::form_fields(request));
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

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let form = Form::of(request);
    let said = if form.is_empty() {
        vec![Said::Other { what: "a webhook without a form".into() }]
    } else if let Some(status) = form.status() {
        vec![report(&form, status, request)?]
    } else if form.get("From").is_some() && form.get("To").is_some() && form.get("MessageSid").is_some() {
        let message = message(&form)?;
        let preference = preference(&form, &message);
        std::iter::once(Said::Message(message)).chain(preference).collect()
    } else {
        vec![Said::Other { what: format!("a webhook with {}", form.names()) }]
    };
    Ok(Told { said, answer: empty_twiml() })
}

/// The id of the message. Its shape is checked: Twilio's signed text has no separators, so that a field's
/// end could otherwise be moved.
fn message_sid(form: &Form) -> Result<String, Refusal> {
    let sid = form.get("MessageSid").unwrap_or_default();
    let fits = send::is_message_sid(sid);
    fits.then(|| sid.to_owned()).ok_or_else(|| Refusal::Unreadable("MessageSid is not SM or MM and 32 digits".into()))
}

fn message(form: &Form) -> Result<InboundMessage, Refusal> {
    let address = |name: &str| {
        read(form.get(name).unwrap_or_default()).map_err(|why| Refusal::Unreadable(format!("{name}: {why}")))
    };
    let (from, kind) = address("From")?;
    let (to, _) = address("To")?;
    let rich = rich(form);
    let text = form.get("Body").map(str::to_owned).or_else(|| rich.as_ref().and_then(in_words)).unwrap_or_default();
    let replied = form.get("OriginalRepliedMessageSid").filter(|sid| send::is_message_sid(sid));
    Ok(InboundMessage {
        rich,
        in_reply_to: replied.map(str::to_owned),
        also: also(form, &from, kind),
        media: twiml::media(form),
        profile_name: form.get("ProfileName").map(|name| name.chars().take(120).collect()),
        ..InboundMessage::text(kind, &message_sid(form)?, from, to, &text)
    })
}

/// What a message is beyond text and files (WhatsApp): a place, or what was pressed or chosen.
fn rich(form: &Form) -> Option<Rich> {
    let degrees = |name: &str, most: f64| form.get(name)?.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most);
    let short = |name: &str| form.get(name).map(|text| text.chars().take(300).collect::<String>());
    if let (Some(latitude), Some(longitude)) = (degrees("Latitude", 90.0), degrees("Longitude", 180.0)) {
        return Some(Rich::Location(Place { latitude, longitude, name: short("Label"), address: short("Address") }));
    }
    let pressed = short("ButtonPayload").or_else(|| short("ButtonText")).map(|id| (id, short("ButtonText")));
    let chosen = pressed.or_else(|| short("ListId").map(|id| (id, short("ListTitle"))));
    chosen.map(|(id, title)| Rich::Chosen(Choice { title: title.unwrap_or_else(|| id.clone()), id, description: None }))
}

/// The same in words, so that a desk phone shows something: label, address, geo URI (RFC 5870).
fn in_words(rich: &Rich) -> Option<String> {
    match rich {
        Rich::Location(place) => {
            let parts = [
                place.name.clone(),
                place.address.clone(),
                Some(format!("geo:{},{}", place.latitude, place.longitude)),
            ];
            Some(parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
        }
        Rich::Chosen(choice) => Some(choice.title.clone()),
        _ => None,
    }
}

/// Further addresses of a WhatsApp peer: the number beside the user id, or the other way round.
fn also(form: &Form, from: &Address, kind: ChannelKind) -> Vec<Address> {
    if kind != ChannelKind::WhatsApp {
        return Vec::new();
    }
    let number = form.get("WaId").and_then(|id| spelling::from_digits(id).ok());
    let user = form.get("ExternalUserId").and_then(|id| Address::parse(&format!("wa:{id}")).ok());
    [number, user].into_iter().flatten().filter(|address| address != from).collect()
}

/// What Twilio itself understood as STOP or START, beside the message.
fn preference(form: &Form, message: &InboundMessage) -> Option<Said> {
    let opted_out = twiml::opt_out(form)?;
    Some(Said::Preference(Preference {
        carrier_id: message.carrier_id.clone(),
        kind: message.kind,
        peer: message.from.clone(),
        number: Some(message.to.clone()),
        opted_out,
        marketing_only: false,
        words: Some(message.text.chars().take(200).collect()),
    }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::DeliveryState;
    use http::header::CONTENT_TYPE;
    use http::{HeaderValue, Method};

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
    fn a_button_an_answer_and_a_person_without_a_number_are_understood() {
        let told = decoded(&[
            SID,
            ("From", "whatsapp:US.1349120"),
            ("To", "whatsapp:+4930555000"),
            ("Body", "Yes"),
            ("ButtonText", "Yes"),
            ("ButtonPayload", "YES-1"),
            ("OriginalRepliedMessageSid", "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("WaId", "4915550012345"),
            ("ExternalUserId", "US.1349120"),
            ("ProfileName", "Erika"),
        ])
        .expect("readable");

        let [Said::Message(message)] = told.said.as_slice() else { panic!("{told:?}") };
        let Some(Rich::Chosen(choice)) = &message.rich else { panic!("{message:?}") };
        assert_eq!((choice.id.as_str(), choice.title.as_str()), ("YES-1", "Yes"));
        assert_eq!(message.in_reply_to.as_deref(), Some("SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
        assert_eq!(message.also.iter().map(Address::as_str).collect::<Vec<_>>(), ["+4915550012345"]);
    }

    #[test]
    fn a_stop_that_twilio_itself_answered_is_a_preference_beside_the_message() {
        for (word, opted_out) in [("STOP", Some(true)), ("START", Some(false)), ("HELP", None)] {
            let told =
                decoded(&[SID, ("From", "+15550100123"), ("To", "+15550100999"), ("Body", word), ("OptOutType", word)])
                    .expect("readable");

            let found = match told.said.as_slice() {
                [Said::Message(_), Said::Preference(preference)] => Some(preference.opted_out),
                [Said::Message(_)] => None,
                said => panic!("{said:?}"),
            };
            assert_eq!(found, opted_out, "{word}");
        }
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
