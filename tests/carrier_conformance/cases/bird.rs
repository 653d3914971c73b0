//! Bird: Standard Webhooks.

use super::{Case, HOOK, NOW, Report, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

/// `canary-webhook-key` in Base64.
const SECRET: &str = "whsec_Y2FuYXJ5LXdlYmhvb2sta2V5";

pub const CASES: &[Case] = &[Case {
    name: "bird",
    settings: || json!({ "api_key": "canary-api-key", "webhook_secret": SECRET, "base_url": "https://eu1.platform.bird.com" }),
    webhook: |what| Some(bird(what)),
    signature: Some("webhook-signature"),
    signs_time: true,
    report: Report { carrier_id: Some("sms_01jabcdefghjkmnpqrstvwxyz0"), ..Case::USUAL.report },
    ..Case::USUAL
}];

fn bird(what: What) -> Heard {
    let (event, data) = match what {
        What::Message => (
            "sms.received",
            json!({ "sms_id": "sms_01jabcdefghjkmnpqrstvwxyz9", "from": "+4915550012345", "to": "+4930555000", "text": "Grüße & 1+1=2" }),
        ),
        What::Report => (
            "sms.failed",
            json!({
                "sms_id": "sms_01jabcdefghjkmnpqrstvwxyz0", "to": "+4915550012345", "metadata": { "reference": "ref-1" },
                "error": { "code": "landline_unreachable", "description": "landline", "permanent": true },
            }),
        ),
        What::Unknown => ("contact.created", json!({ "id": "c" })),
    };
    let body = json!({ "type": event, "timestamp": "2026-11-18T11:06:40Z", "data": data }).to_string();
    let time = NOW.as_seconds().to_string();
    let text = format!("msg_1.{time}.{body}");
    let signature = STANDARD.encode(sign::hmac_sha256(b"canary-webhook-key", &[text.as_bytes()]));
    let headers = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", time),
        ("webhook-signature", format!("v1,{signature}")),
    ];
    heard(HOOK, "application/json", &headers, body)
}
