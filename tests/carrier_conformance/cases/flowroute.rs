//! Flowroute: nothing is signed.

use super::{Case, HOOK, Report, What, heard};
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "flowroute",
    settings: || json!({ "access_key": "12345678", "secret_key": "canary-secret-key" }),
    webhook: |what| {
        let data = match what {
            What::Message => json!({
                "type": "message", "id": "mdr2-46f83880acac11e7a3b4fad1c4ab7f20",
                "attributes": {
                    "body": "Grüße & 1+1=2", "direction": "inbound", "from": "15550100123", "to": "15550100999",
                    "is_mms": false, "timestamp": "2026-11-18T11:06:40.000Z",
                },
            }),
            What::Report => json!({
                "type": "delivery_receipt", "id": "mdr2-46f83880acac11e7a3b4fad1c4ab7f21",
                "attributes": {
                    "body": "", "level": 2, "status": "undeliverable", "status_code": "1105",
                    "status_code_description": "Destination is a landline", "timestamp": "2026-11-18T11:06:40.000Z",
                },
            }),
            What::Unknown => json!({ "type": "number_order", "id": "x", "attributes": {} }),
        };
        let url = format!("{HOOK}?reference=ref-1");
        Some(heard(&url, "application/vnd.api+json", &[], json!({ "data": data }).to_string()))
    },
    peer: "+15550100123",
    number: "+15550100999",
    report: Report { carrier_id: Some("mdr2-46f83880acac11e7a3b4fad1c4ab7f21"), ..Case::USUAL.report },
    ..Case::USUAL
}];
