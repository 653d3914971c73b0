//! Sinch: signed over body, nonce and time where that is set up.

use super::{Case, HOOK, NOW, Report, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

const REPORT: Report =
    Report { reason: Some("number_invalid"), carrier_id: Some("01FC66621XXXXX119Z8PMV1QPR"), ..Case::USUAL.report };

pub const CASES: &[Case] = &[
    Case {
        name: "sinch",
        settings: || {
            json!({
                "service_plan_id": "plan0123456789", "api_token": "canary-api-token",
                "webhook_secret": "canary-webhook-secret", "webhook_secret_2": "canary-webhook-secret-2",
            })
        },
        webhook: |what| Some(sinch(what)),
        signature: Some("x-sinch-webhook-signature"),
        signs_time: true,
        report: REPORT,
        without: &["no_credit", "opted_out"],
        ..Case::USUAL
    },
    Case {
        name: "sinch",
        settings: || json!({ "service_plan_id": "plan0123456789", "api_token": "canary-api-token" }),
        webhook: |what| Some(sinch(what)),
        report: REPORT,
        without: &["no_credit", "opted_out"],
        ..Case::USUAL
    },
];

fn sinch(what: What) -> Heard {
    let body = match what {
        What::Message => json!({
            "type": "mo_text", "id": "01FC66621XXXXX119Z8PMV1QPA", "from": "4915550012345", "to": "4930555000",
            "body": "Grüße & 1+1=2", "received_at": "2026-11-18T11:06:40.000Z",
        }),
        What::Report => json!({
            "type": "recipient_delivery_report_sms", "batch_id": "01FC66621XXXXX119Z8PMV1QPR", "recipient": "4915550012345",
            "code": 402, "status": "Aborted", "at": "2026-11-18T11:06:40.000Z", "client_reference": "ref-1",
        }),
        What::Unknown => json!({ "type": "group_changed" }),
    };
    let (body, nonce, time) = (body.to_string(), "01FJA8B4A7BM43YGWSG9GBV067", NOW.as_seconds().to_string());
    let text = format!("{body}.{nonce}.{time}");
    let signature = STANDARD.encode(sign::hmac_sha256(b"canary-webhook-secret-2", &[text.as_bytes()]));
    let headers = [
        ("x-sinch-webhook-signature", signature),
        ("x-sinch-webhook-signature-algorithm", "HmacSHA256".to_owned()),
        ("x-sinch-webhook-signature-nonce", nonce.to_owned()),
        ("x-sinch-webhook-signature-timestamp", time),
    ];
    heard(HOOK, "application/json", &headers, body)
}
