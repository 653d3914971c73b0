//! WhatsApp by Meta: the raw body is signed with the app's secret.

use super::{Case, HOOK, Report, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use depesche::domain::channel::ChannelKind;
use serde_json::{Value, json};

pub const CASES: &[Case] = &[Case {
    name: "whatsapp",
    settings: || {
        json!({
            "access_token": "canary-access-token", "app_secret": "canary-app-secret", "app_secret_2": "canary-app-secret-2",
            "verify_token": "canary-verify-token", "waba_id": "102290129340398",
            "phone_numbers": "+4930555000=106540352242922",
        })
    },
    webhook: |what| Some(meta(what)),
    signature: Some("x-hub-signature-256"),
    kind: ChannelKind::WhatsApp,
    report: Report { reason: Some("window_closed"), carrier_id: Some("wamid.OUT42"), ..Case::USUAL.report },
    uploaded: r#"{"id":"77"}"#,
    ..Case::USUAL
}];

fn meta(what: What) -> Heard {
    let metadata = json!({ "display_phone_number": "4930555000", "phone_number_id": "106540352242922" });
    let (field, mut value) = match what {
        What::Message => (
            "messages",
            json!({
                "contacts": [{ "profile": { "name": "Erika" }, "wa_id": "4915550012345", "user_id": "DE.1349" }],
                "messages": [{
                    "from": "4915550012345", "from_user_id": "DE.1349", "id": "wamid.IN1", "timestamp": "1795000000",
                    "type": "text", "text": { "body": "Grüße & 1+1=2" },
                }],
            }),
        ),
        What::Report => (
            "messages",
            json!({ "statuses": [{
                "id": "wamid.OUT42", "status": "failed", "timestamp": "1795000000", "recipient_id": "4915550012345",
                "biz_opaque_callback_data": "ref-1", "errors": [{ "code": 131_047, "title": "Re-engagement message" }],
            }] }),
        ),
        What::Unknown => ("flows", json!({ "event": "FLOW_STATUS_CHANGE" })),
    };
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = metadata;
    let body: Value = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "field": field, "value": value }] }],
    });
    let body = body.to_string();
    let signature = hex::encode(sign::hmac_sha256(b"canary-app-secret-2", &[body.as_bytes()]));
    heard(HOOK, "application/json", &[("x-hub-signature-256", format!("sha256={signature}"))], body)
}
