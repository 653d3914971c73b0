//! Any provider by templates: the worked example of the manual, signed in JSON; and one of forms with a shared token.

use super::{Case, HOOK, NOW, Report, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::{Value, json};

const EXAMPLE: &str = include_str!("../../../configs/examples/custom_provider.json");

pub const CASES: &[Case] = &[Case {
    name: "custom",
    settings: || serde_json::from_str::<Value>(EXAMPLE).expect("the example is JSON"),
    webhook: |what| Some(example(what)),
    signature: Some("x-shop-signature"),
    signs_time: true,
    report: Report { carrier_id: Some("m-77"), ..Case::USUAL.report },
    ..Case::USUAL
}];

fn example(what: What) -> Heard {
    let event = match what {
        What::Message => {
            json!({ "type": "mo", "id": "in-1", "from": "4915550012345", "to": "4930555000", "text": "Grüße & 1+1=2" })
        }
        What::Report => json!({ "type": "dlr", "message_id": "m-77", "status": "UNDELIV", "code": 31 }),
        What::Unknown => json!({ "type": "balance", "left": 5 }),
    };
    let body = json!({ "events": [event] }).to_string();
    let stamp = NOW.as_seconds().to_string();
    let mac = sign::hmac_sha256(b"canary-hook-secret", &[format!("{stamp}.{body}").as_bytes()]);
    let headers = [("x-shop-timestamp", stamp), ("x-shop-signature", format!("sha256={}", hex::encode(mac)))];
    heard(&format!("{HOOK}?reference=ref-1"), "application/json", &headers, body)
}
