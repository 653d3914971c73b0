//! Vonage's webhooks: parameters in a query, a form or JSON, as the account is set; the signature is one of them.

use super::{Method, VonageSms, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMessage, InboundPart, Refusal, Said, Told};
use crate::carrier::{http, moments, sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::time::Timestamp;

/// More parts than this no text has (3GPP TS 23.040 counts them in one octet).
const PARTS_MAX: u32 = 255;
const ID_CHARS_MAX: usize = 100;

/// What a webhook said, as names and values.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(request: &Heard) -> Parameters {
        Parameters(http::parameters(request))
    }

    /// A parameter that is there exactly once: nobody can hide a second behind the first.
    fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.0.iter().filter(|(known, _)| known == name);
        let (_, only) = all.next()?;
        all.next().is_none().then_some(only.as_str())
    }

    fn id(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|id| !id.is_empty() && id.len() <= ID_CHARS_MAX)
    }

    /// `&name=value` for all but `sig`, sorted by name; `&` and `=` in a value become `_`.
    fn signed_text(&self) -> String {
        let mut rest: Vec<&(String, String)> = self.0.iter().filter(|(name, _)| name != "sig").collect();
        rest.sort();
        let plain = |value: &str| value.replace(['&', '='], "_");
        rest.iter().fold(String::new(), |text, (name, value)| text + "&" + name + "=" + &plain(value))
    }
}

impl VonageSms {
    /// Whether Vonage sent this, with our signature secret, just now.
    pub(super) fn verify(&self, parameters: &Parameters, now: Timestamp) -> Result<(), Refusal> {
        let Some((method, secret)) = &self.signed else { return Ok(()) };
        let given = parameters.get("sig").ok_or(Refusal::Unsigned("parameter sig"))?.to_ascii_lowercase();
        let (key, text) = (secret.expose().as_bytes(), parameters.signed_text());
        let mac = match method {
            Method::Sha256 => sign::hmac_sha256(key, &[text.as_bytes()]),
            Method::Sha512 => sign::hmac_sha512(key, &[text.as_bytes()]),
            Method::Sha1 => sign::hmac_sha1(key, &[text.as_bytes()]),
            Method::Md5 => sign::hmac_md5(key, &[text.as_bytes()]),
            Method::Md5Hash => sign::md5(&[text.as_bytes(), key]),
        };
        if !sign::same(&given, &hex::encode(mac)) {
            return Err(Refusal::Forged("signature secret"));
        }
        let signed_at = parameters.get("timestamp").and_then(|text| text.parse().ok());
        sign::in_time(signed_at.ok_or(Refusal::Unsigned("parameter timestamp"))?, now)
    }
}

/// Reads a verified webhook.
pub(super) fn decode(parameters: &Parameters) -> Result<Told, Refusal> {
    let said = if parameters.get("status").is_some() && parameters.get("messageId").is_some() {
        report(parameters)
    } else if parameters.get("msisdn").is_some() && parameters.get("messageId").is_some() {
        message(parameters).map_err(Refusal::Unreadable)?
    } else {
        let names: Vec<&str> = parameters.0.iter().take(5).map(|(name, _)| name.as_str()).collect();
        Said::Other { what: format!("a webhook with {}", names.join(", ")).chars().take(200).collect() }
    };
    Ok(Told { said: vec![said], answer: http::thanks("") })
}

fn report(parameters: &Parameters) -> Said {
    let word = parameters.get("status").unwrap_or_default();
    let Some(state) = state_of(word) else {
        return Said::Other { what: format!("status {:?}", word.chars().take(60).collect::<String>()) };
    };
    let id = |name| parameters.id(name).map(str::to_owned);
    let reason = || errors::of_delivery(parameters.get("err-code"));
    Said::DeliveryReport(codes::report(id("messageId"), id("client-ref"), state, reason))
}

pub(super) fn state_of(word: &str) -> Option<DeliveryState> {
    match word.to_ascii_lowercase().as_str() {
        "accepted" | "buffered" | "submitted" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "expired" | "failed" | "rejected" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

fn message(parameters: &Parameters) -> Result<Said, String> {
    if parameters.get("type") == Some("binary") {
        return Ok(Said::Other { what: "a binary message, which no phone here can show".into() });
    }
    let number = |name: &str| {
        let text = parameters.get(name).ok_or_else(|| format!("{name} is missing"))?;
        spelling::from_digits(text).map_err(|error| format!("{name}: {error}"))
    };
    let id = parameters.id("messageId").ok_or("messageId is missing")?;
    let text = parameters.get("text").ok_or("text is missing")?;
    let mut message = InboundMessage::text(ChannelKind::Sms, id, number("msisdn")?, number("to")?, text);
    message.said_at = parameters.get("message-timestamp").and_then(moments::read);
    let whole = |name: &str| parameters.get(name).and_then(|text| text.parse::<u32>().ok());
    let part = (parameters.get("concat") == Some("true")).then(|| {
        let (joins, number, total) = (parameters.id("concat-ref")?, whole("concat-part")?, whole("concat-total")?);
        let fits = (2..=PARTS_MAX).contains(&total) && (1..=total).contains(&number);
        fits.then(|| InboundPart { message: message.clone(), joins: joins.to_owned(), number, total })
    });
    // A part that does not say where it belongs is still a text that somebody wrote.
    Ok(part.flatten().map_or(Said::Message(message), Said::Part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::HeaderMap;
    use bytes::Bytes;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn dialect(method: &str) -> VonageSms {
        let settings = json!({ "api_key": "abcd1234", "api_secret": "secret-1", "signature": method, "signature_secret": "made-up-secret" });
        VonageSms::from_settings(settings.as_object().expect("an object")).expect("good settings")
    }

    fn heard(query: &str) -> Heard {
        let url = format!("https://pbx.example.com/hook/k?{query}");
        Heard { method: ::http::Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), caller: None }
    }

    const PART: &str = "msisdn=4915550012345&to=4930555000&messageId=0A2&text=a%26b%3Dc&type=text&concat=true&concat-ref=17&concat-total=3&concat-part=2&timestamp=1795000000";

    fn signed(method: &str) -> String {
        use crate::carrier::dialect::Carrier;
        let text = "&concat=true&concat-part=2&concat-ref=17&concat-total=3&messageId=0A2&msisdn=4915550012345&text=a_b_c&timestamp=1795000000&to=4930555000&type=text";
        let (key, text): (&[u8], &[&[u8]]) = (b"made-up-secret", &[text.as_bytes()]);
        let mac = match method {
            "sha256" => sign::hmac_sha256(key, text),
            "sha512" => sign::hmac_sha512(key, text),
            "sha1" => sign::hmac_sha1(key, text),
            "md5" => sign::hmac_md5(key, text),
            _ => sign::md5(&[text[0], key]),
        };
        let query = format!("{PART}&sig={}", hex::encode_upper(mac));
        assert!(dialect(method).hear(&heard(&query), NOW).is_ok(), "{method}");
        query
    }

    #[test]
    fn each_method_is_checked_and_no_byte_can_be_changed() {
        use crate::carrier::dialect::Carrier;
        for method in ["sha256", "sha512", "sha1", "md5", "md5hash"] {
            let query = signed(method);
            for at in 0..query.len() {
                let mut bytes = query.clone().into_bytes();
                bytes[at] ^= 1;
                let told = dialect(method).hear(&heard(&String::from_utf8(bytes).expect("ASCII")), NOW);
                assert!(told.is_err(), "{method}: byte {at}: {told:?}");
            }
            let later = Timestamp::from_seconds(NOW.as_seconds() + 301);
            assert!(matches!(dialect(method).hear(&heard(&query), later), Err(Refusal::Stale(301))));
            let twice = dialect(method).hear(&heard(&format!("{query}&text=other")), NOW);
            assert!(matches!(twice, Err(Refusal::Forged(_))), "{twice:?}");
            assert!(matches!(dialect(method).hear(&heard(PART), NOW), Err(Refusal::Unsigned(_))));
        }
    }

    #[test]
    fn a_part_says_where_it_belongs_and_one_that_does_not_is_a_message() {
        let said = |query: &str| decode(&Parameters::of(&heard(query))).map(|told| told.said);

        let told = said(PART);
        let Ok([Said::Part(part)]) = told.as_deref() else { panic!("no part") };
        assert_eq!((part.joins.as_str(), part.number, part.total), ("17", 2, 3));
        assert_eq!((part.message.text.as_str(), part.message.carrier_id.as_str()), ("a&b=c", "0A2"));
        for odd in ["concat-part=4", "concat-part=x", "concat-total=900"] {
            let name = odd.split('=').next().expect("a name");
            let query: Vec<&str> =
                PART.split('&').map(|pair| if pair.starts_with(name) { odd } else { pair }).collect();
            assert!(matches!(said(&query.join("&")).as_deref(), Ok([Said::Message(_)])), "{odd}");
        }
    }

    #[test]
    fn what_is_odd_is_refused_or_noted() {
        let said = |query: &str| decode(&Parameters::of(&heard(query))).map(|told| told.said);

        assert!(matches!(said("").as_deref(), Ok([Said::Other { .. }])));
        assert!(matches!(said("messageId=1&status=odd").as_deref(), Ok([Said::Other { .. }])));
        assert!(matches!(
            said("messageId=1&msisdn=4915550012345&to=4930555000&type=binary&data=00").as_deref(),
            Ok([Said::Other { .. }])
        ));
        assert!(said("messageId=1&msisdn=<x>&to=4930555000&text=a").is_err());
        assert!(said("messageId=1&msisdn=4915550012345&to=4930555000").is_err());
    }
}
