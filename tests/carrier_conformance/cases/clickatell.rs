//! Clickatell: signs nothing, but shows the password we gave it.

use super::{Case, HOOK, Report, What, heard};
use depesche::carrier::http::basic_token;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "clickatell",
    settings: || json!({ "api_key": "canary-api-key", "callback_user": "depesche", "callback_password": "canary-callback-password" }),
    webhook: |what| {
        let event = match what {
            What::Message => json!({ "moText": [{
                "channel": "sms", "messageId": "a81ff0fb2ab3479ab6e4ce2c4dfb33a2", "from": "4915550012345",
                "to": "4930555000", "content": "Grüße & 1+1=2", "charset": "UTF-8",
            }] }),
            What::Report => json!({ "messageStatusUpdate": [{
                "channel": "sms", "messageId": "fd496adebb6e422587368077937cfb5d", "clientMessageId": "ref-1",
                "statusCode": 23, "status": "DELIVERY_FAILURE",
            }] }),
            What::Unknown => json!({ "voiceCall": [{}] }),
        };
        let headers = [("authorization", format!("Basic {}", basic_token("depesche", "canary-callback-password")))];
        let body = json!({ "integrationId": "i1", "event": event });
        Some(heard(HOOK, "application/json", &headers, body.to_string()))
    },
    signature: Some("authorization"),
    signs_body: false,
    report: Report {
        carrier_id: Some("fd496adebb6e422587368077937cfb5d"),
        reason: Some("carrier_gave_up"),
        ..Case::USUAL.report
    },
    ..Case::USUAL
}];
