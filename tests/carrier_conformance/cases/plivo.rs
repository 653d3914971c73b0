//! Plivo: signature V3 over address, query, form and nonce.

use super::{Case, HOOK, Report, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "plivo",
    settings: || {
        json!({
            "auth_id": "MAXXXXXXXXXXXXXXXXXX", "auth_token": "canary-auth-token-1", "auth_token_2": "canary-auth-token-2",
        })
    },
    webhook: |what| Some(plivo(what)),
    signature: Some("x-plivo-signature-v3"),
    signs_url: true,
    report: Report { reason: Some("number_invalid"), ..Case::USUAL.report },
    without: &["opted_out"],
    uploaded: r#"{"objects":[{"media_id":"file-77","status_code":201}]}"#,
    ..Case::USUAL
}];

fn plivo(what: What) -> Heard {
    let mut pairs = match what {
        What::Message => vec![("Text", "Grüße & 1+1=2"), ("Type", "sms"), ("Units", "1"), ("MessageIntent", "")],
        What::Report => vec![("Status", "undelivered"), ("ErrorCode", "50"), ("Sequence", "3")],
        What::Unknown => vec![("CallUUID", "x"), ("CallStatus", "ringing")],
    };
    if what != What::Unknown {
        pairs.push(("MessageUUID", "5b40a428-bfc7-4daf-9d06-726c558bf3b8"));
    }
    pairs.push(("From", "4915550012345"));
    pairs.push(("To", "4930555000"));
    let nonce = "20261118110640";
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    let form: String = sorted.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let text = format!("{HOOK}?reference=ref-1.{form}.{nonce}");
    let signature = STANDARD.encode(sign::hmac_sha256(b"canary-auth-token-2", &[text.as_bytes()]));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let headers = [("x-plivo-signature-v3", signature), ("x-plivo-signature-v3-nonce", nonce.to_owned())];
    heard(&format!("{HOOK}?reference=ref-1"), "application/x-www-form-urlencoded", &headers, body)
}
