//! seven.io: signed over time, nonce, method, address and the body's MD5.

use super::{Case, HOOK, NOW, Report, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "seven",
    settings: || json!({ "api_key": "canary-api-key", "signing_secret": "canary-signing-secret" }),
    webhook: |what| Some(seven(what)),
    signature: Some("x-signature"),
    signs_url: true,
    signs_time: true,
    report: Report { reason: Some("carrier_gave_up"), carrier_id: Some("77229318511"), ..Case::USUAL.report },
    without: &["opted_out"],
    ..Case::USUAL
}];

fn seven(what: What) -> Heard {
    let (event, data) = match what {
        What::Message => (
            "sms_mo",
            json!({ "id": "681590", "sender": "4915550012345", "system": "4930555000", "text": "Grüße & 1+1=2", "time": "1795000000" }),
        ),
        What::Report => ("dlr", json!({ "msg_id": "77229318511", "status": "NOTDELIVERED", "foreign_id": "ref-1" })),
        What::Unknown => ("voice_status", json!({ "id": 1 })),
    };
    let body = json!({ "webhook_event": event, "webhook_timestamp": "2026-11-18 12:06:40", "data": data }).to_string();
    let (time, nonce) = (NOW.as_seconds().to_string(), "0123456789abcdef0123456789abcdef");
    let text = format!("{time}\n{nonce}\nPOST\n{HOOK}\n{}", hex::encode(sign::md5(&[body.as_bytes()])));
    let signature = hex::encode(sign::hmac_sha256(b"canary-signing-secret", &[text.as_bytes()]));
    let headers = [("x-timestamp", time), ("x-nonce", nonce.to_owned()), ("x-signature", signature)];
    heard(HOOK, "application/json", &headers, body)
}
