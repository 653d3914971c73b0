//! The general SMS API: signed with a shared secret and the time.

use super::{Case, HOOK, NOW, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "generic",
    settings: || {
        json!({
            "send_url": "https://sms.example.com/v1/messages", "api_key": "canary-api-key",
            "webhook_secret": "canary-webhook-secret-1", "webhook_secret_2": "canary-webhook-secret-2",
            "check_url": "https://sms.example.com/v1/account", "status_url": "https://sms.example.com/v1/messages/{id}",
            "lookup_url": "https://sms.example.com/v1/messages?reference={reference}",
            "upload_url": "https://sms.example.com/v1/media",
        })
    },
    webhook: |what| Some(general(what, "canary-webhook-secret-2")),
    signature: Some("x-signature-256"),
    signs_url: false,
    signs_time: true,
    uploaded: r#"{"data":{"id":"file-77"}}"#,
    ..Case::USUAL
}];

pub fn general(what: What, secret: &str) -> Heard {
    let body = match what {
        What::Message => json!({
            "event": "message.received", "id": "in-1", "from": "+4915550012345", "to": "+4930555000", "text": "Grüße & 1+1=2",
        }),
        What::Report => json!({
            "event": "message.status", "id": "m-1", "reference": "ref-1", "status": "undelivered", "error": { "code": "landline" },
        }),
        What::Unknown => json!({ "event": "number.ported", "id": "x" }),
    };
    let timestamp = NOW.as_seconds().to_string();
    let signature = signature_of(secret, &timestamp, &body.to_string());
    heard(HOOK, "application/json", &[("x-timestamp", timestamp), ("x-signature-256", signature)], body.to_string())
}

/// The signature of the general SMS API, written down a second time.
fn signature_of(secret: &str, timestamp: &str, body: &str) -> String {
    let text = format!("{timestamp}.{body}");
    format!("sha256={}", hex::encode(sign::hmac_sha256(secret.as_bytes(), &[text.as_bytes()])))
}
