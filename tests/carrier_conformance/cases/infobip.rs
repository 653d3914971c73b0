//! Infobip: Basic as set up by us, or a signature over the body.

use super::{Case, HOOK, Report, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::{http::basic_token, sign};
use serde_json::{Value, json};

pub const CASES: &[Case] = &[
    Case {
        settings: || settings(&[("webhook_user", "depesche"), ("webhook_password", "canary-webhook-password")]),
        webhook: |what| Some(infobip(what)),
        signature: Some("authorization"),
        signs_body: false,
        ..INFOBIP
    },
    Case {
        settings: || {
            settings(&[("webhook_auth", "hmac"), ("hmac_secret", "canary-hmac-secret"), ("hmac_header", "x-signature")])
        },
        webhook: |what| Some(infobip(what)),
        signature: Some("x-signature"),
        ..INFOBIP
    },
];

const INFOBIP: Case = Case {
    name: "infobip",
    report: Report { carrier_id: Some("ref-1"), ..Case::USUAL.report },
    uploaded: r#"{"uploadedContentId":"file-77"}"#,
    ..Case::USUAL
};

fn settings(more: &[(&str, &str)]) -> Value {
    let mut all = json!({ "base_url": "https://x1y2z3.api.infobip.com", "api_key": "canary-api-key" });
    more.iter().for_each(|(key, value)| all[*key] = (*value).into());
    all
}

fn infobip(what: What) -> Heard {
    let body = match what {
        What::Message => json!({
            "results": [{
                "messageId": "in-1", "from": "4915550012345", "to": "4930555000", "text": "Grüße & 1+1=2",
                "cleanText": "Grüße & 1+1=2", "receivedAt": "2026-11-18T11:06:40.000+0000", "smsCount": 1,
            }],
            "messageCount": 1, "pendingMessageCount": 0,
        }),
        What::Report => json!({ "results": [{
            "bulkId": "b-1", "messageId": "ref-1", "to": "4915550012345", "callbackData": "ref-1",
            "status": { "groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED" },
            "error": { "groupId": 1, "groupName": "HANDSET_ERRORS", "id": 11, "name": "EC_TELESERVICE_NOT_PROVISIONED", "permanent": true },
        }] }),
        What::Unknown => json!({ "event": "something-new" }),
    };
    let body = body.to_string();
    let mac = hex::encode(sign::hmac_sha256(b"canary-hmac-secret", &[body.as_bytes()]));
    let basic = format!("Basic {}", basic_token("depesche", "canary-webhook-password"));
    heard(HOOK, "application/json", &[("authorization", basic), ("x-signature", mac)], body)
}
