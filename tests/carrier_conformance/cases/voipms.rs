//! VoIP.ms: nothing is signed, nothing is reported.

use super::{Case, HOOK, What, heard};
use depesche::carrier::dialect::Heard;
use http::Method;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "voipms",
    settings: || json!({ "api_username": "pbx@example.com", "api_password": "canary-password+1&x=%2" }),
    webhook: |what| match what {
        What::Message => {
            let pairs = [
                ("to", "5550100999"),
                ("from", "5550100123"),
                ("message", "Grüße & 1+1=2"),
                ("files", ""),
                ("id", "23434"),
            ];
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let posted = heard(&format!("{HOOK}?{query}"), "text/plain", &[], String::new());
            Some(Heard { method: Method::GET, ..posted })
        }
        What::Report => None,
        What::Unknown => {
            let body = json!({ "data": { "event_type": "number.ported", "payload": {} } });
            Some(heard(HOOK, "application/json", &[], body.to_string()))
        }
    },
    peer: "+15550100123",
    number: "+15550100999",
    without: &["opted_out"],
    ..Case::USUAL
}];
