//! Vonage's Messages API: a token with the body's hash.

use super::{Case, HOOK, NOW, Report, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::{jwt, sign};
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "vonage",
    settings: || {
        json!({
            "api_key": "abcd1234", "api_secret": "canary-api-secret", "signature_secret": "canary-signature-secret",
            "signature_secret_2": "canary-signature-secret-2",
        })
    },
    webhook: |what| Some(vonage(what)),
    signature: Some("authorization"),
    signs_time: true,
    report: Report {
        reason: Some("number_invalid"),
        carrier_id: Some("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"),
        ..Case::USUAL.report
    },
    ..Case::USUAL
}];

fn vonage(what: What) -> Heard {
    let uuid = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
    let body = match what {
        What::Message => json!({
            "channel": "sms", "message_uuid": uuid, "to": "4930555000",
            "from": "4915550012345", "timestamp": "2026-11-18T11:06:40Z", "message_type": "text", "text": "Grüße & 1+1=2",
        }),
        What::Report => json!({
            "message_uuid": uuid, "to": "4915550012345", "from": "4930555000", "timestamp": "2026-11-18T11:06:40Z",
            "status": "rejected", "channel": "sms", "client_ref": "ref-1",
            "error": { "type": "https://developer.nexmo.com/api-errors/messages-olympus#1190", "title": "1190", "detail": "Absent" },
        }),
        What::Unknown => {
            json!({ "channel": "viber_service", "message_uuid": uuid, "message_type": "text", "text": "x" })
        }
    };
    let body = body.to_string();
    let claims = json!({
        "iat": NOW.as_seconds(), "iss": "Vonage", "api_key": "abcd1234", "payload_hash": sign::sha256_hex(body.as_bytes()),
    });
    let token = jwt::signed(&claims, b"canary-signature-secret-2");
    heard(HOOK, "application/json", &[("authorization", format!("Bearer {token}"))], body)
}
