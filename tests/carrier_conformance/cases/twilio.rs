//! Twilio: signed with the auth token, or with a shared key of its own.

use super::{Case, HOOK, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

const SID: &str = "SM0123456789abcdef0123456789abcdef";

pub const CASES: &[Case] = &[
    Case {
        name: "twilio",
        settings: || {
            json!({
                "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "canary-auth-token-1",
                "auth_token_2": "canary-auth-token-2", "api_key_sid": "SK0123456789abcdef0123456789abcdef",
                "api_key_secret": "canary-api-key-secret",
            })
        },
        webhook: |what| Some(twilio(what, None)),
        signature: Some("x-twilio-signature"),
        signs_url: true,
        signs_time: false,
        ..Case::USUAL
    },
    Case {
        name: "twilio",
        settings: || {
            json!({
                "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "canary-auth-token-1",
                "shared_key_id": "webhooks_key_1", "shared_key_secret": "canary-shared-key-secret",
            })
        },
        webhook: |what| Some(twilio(what, Some("canary-shared-key-secret"))),
        signature: Some("x-twilio-signature"),
        signs_url: true,
        signs_time: false,
        ..Case::USUAL
    },
];

fn twilio(what: What, shared_key: Option<&str>) -> Heard {
    let mut pairs = match what {
        What::Message => {
            vec![("From", "+4915550012345"), ("To", "+4930555000"), ("Body", "Grüße & 1+1=2"), ("NumMedia", "0")]
        }
        What::Report => vec![("MessageStatus", "undelivered"), ("ErrorCode", "30006"), ("To", "+4915550012345")],
        What::Unknown => vec![("EventType", "onConversationAdded"), ("ConversationSid", "CH0")],
    };
    pairs.push(("MessageSid", SID));
    pairs.push(("AccountSid", "AC0123456789abcdef0123456789abcdef"));
    let url = format!("{HOOK}?reference=ref-1");
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    let text = sorted.iter().fold(url.clone(), |text, (name, value)| text + name + value);
    let mut headers = Vec::new();
    let mac = match shared_key {
        Some(key) => {
            headers.push(("x-twilio-webhooks-signature-settings", "key=webhooks_key_1,algorithm=HMAC_SHA256".into()));
            sign::hmac_sha256(key.as_bytes(), &[text.as_bytes()])
        }
        None => sign::hmac_sha1(b"canary-auth-token-2", &[text.as_bytes()]),
    };
    headers.push(("x-twilio-signature", STANDARD.encode(mac)));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    heard(&url, "application/x-www-form-urlencoded; charset=UTF-8", &headers, body)
}
