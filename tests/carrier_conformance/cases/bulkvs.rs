//! BulkVS: nothing is signed; texts and receipts come to one webhook.

use super::{Case, HOOK, Report, What, heard};
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "bulkvs",
    settings: || json!({ "username": "pbx@example.com", "token": "canary-token" }),
    webhook: |what| {
        let body = match what {
            What::Message => json!({ "From": "15550100123", "To": ["15550100999"], "Message": "Grüße & 1+1=2" }),
            What::Report => json!({
                "RefId": "b7e1c1", "From": "15550100999", "To": ["15550100123"], "DeliveryReceipt": true,
                "Message": "id:b7e1c1 sub:001 dlvrd:000 submit date:2611181106 done date:2611181106 stat:UNDELIV err:021 text:",
            }),
            What::Unknown => json!({ "Event": "number.ported" }),
        };
        Some(heard(&format!("{HOOK}?reference=ref-1"), "application/json", &[], body.to_string()))
    },
    peer: "+15550100123",
    number: "+15550100999",
    report: Report { carrier_id: Some("b7e1c1"), reason: Some("carrier_gave_up"), ..Case::USUAL.report },
    repeats_within_s: 10,
    ..Case::USUAL
}];
