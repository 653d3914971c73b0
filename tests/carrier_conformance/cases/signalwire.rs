//! SignalWire: a form signed as TwiML has it, and a raw JSON body signed in hexadecimal.

use super::{Case, HOOK, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::{Value, json};

const SID: &str = "0a059168-ead0-41af-9d1f-343dae832527";
const PROJECT: &str = "ea108133-d6b3-407c-9536-9fad8a929a6a";

pub const CASES: &[Case] = &[
    Case { webhook: |what| Some(form(what)), ..SIGNALWIRE },
    // Reports in JSON; what it hears is checked in the same way.
    Case { webhook: |what| (what == What::Report).then(|| json_body(what)), ..SIGNALWIRE },
];

const SIGNALWIRE: Case = Case {
    name: "signalwire",
    settings: || {
        json!({
            "base_url": "https://example.signalwire.com", "project_id": PROJECT, "api_token": "canary-api-token-1",
            "signing_key": "canary-signing-key-1", "signing_key_2": "canary-signing-key-2",
        })
    },
    signature: Some("x-signalwire-signature"),
    signs_url: true,
    ..Case::USUAL
};

fn pairs(what: What) -> Vec<(&'static str, &'static str)> {
    let mut pairs = match what {
        What::Message => {
            vec![("From", "+4915550012345"), ("To", "+4930555000"), ("Body", "Grüße & 1+1=2"), ("NumMedia", "0")]
        }
        What::Report => vec![("MessageStatus", "undelivered"), ("ErrorCode", "30006"), ("To", "+4915550012345")],
        What::Unknown => vec![("CallStatus", "ringing"), ("CallSid", "x")],
    };
    pairs.push(("MessageSid", SID));
    pairs.push(("AccountSid", PROJECT));
    pairs
}

fn form(what: What) -> Heard {
    let (pairs, url) = (pairs(what), format!("{HOOK}?reference=ref-1"));
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    let text = sorted.iter().fold(url.clone(), |text, (name, value)| text + name + value);
    let mac = STANDARD.encode(sign::hmac_sha1(b"canary-signing-key-2", &[text.as_bytes()]));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    heard(&url, "application/x-www-form-urlencoded", &[("x-signalwire-signature", mac)], body)
}

fn json_body(what: What) -> Heard {
    let url = format!("{HOOK}?reference=ref-1");
    let body = pairs(what).into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    let body = Value::Object(body.collect()).to_string();
    let mac = hex::encode(sign::hmac_sha1(b"canary-signing-key-1", &[url.as_bytes(), body.as_bytes()]));
    heard(&url, "application/json", &[("x-signalwire-signature", mac)], body)
}
