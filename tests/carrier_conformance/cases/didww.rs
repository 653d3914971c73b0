//! DIDWW: texts come from its address with our secret in a header; reports prove nothing but an id.

use super::{Case, HOOK, Report, What, heard};
use depesche::carrier::dialect::Heard;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "didww",
    settings: || json!({ "username": "out-trunk", "password": "canary-password", "header_secret": "canary-header-secret" }),
    webhook: |what| {
        let body = match what {
            What::Message => json!({
                "id": "d2b8e7a0-0000-4000-8000-000000000001", "from": "4915550012345", "to": "4930555000",
                "text_b64": "R3LDvMOfZSAmIDErMT0y", "time": "Wed, 18 Nov 2026 11:06:40 GMT",
            }),
            What::Report => json!({ "data": {
                "type": "outbound_message_callbacks", "id": "d2b8e7a0-0000-4000-8000-000000000003",
                "attributes": { "status": "Routing error", "code_id": 2, "fragments_sent": 0, "price": 0 },
            } }),
            What::Unknown => json!({ "data": { "type": "number_event", "id": "x", "attributes": {} } }),
        };
        let headers = [("x-trunk-secret", "canary-header-secret".to_owned())];
        let caller = Some([46, 19, 209, 214].into());
        Some(Heard { caller, ..heard(HOOK, "application/vnd.api+json", &headers, body.to_string()) })
    },
    report: Report {
        reference: None,
        carrier_id: Some("d2b8e7a0-0000-4000-8000-000000000003"),
        reason: Some("carrier_gave_up"),
        ..Case::USUAL.report
    },
    ..Case::USUAL
}];
