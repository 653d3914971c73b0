//! Telnyx: signed with Ed25519 over the time and the body.

use super::{Case, HOOK, NOW, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "telnyx",
    settings: || {
        json!({
            "api_key": "canary-telnyx-key-1", "public_key": STANDARD.encode(key().public_key().as_ref()),
            "messaging_profile_id": "16fd2706-8baf-433b-82eb-8c7fada847da",
        })
    },
    webhook: |what| Some(telnyx(what)),
    signature: Some("telnyx-signature-ed25519"),
    signs_url: false,
    signs_time: true,
    ..Case::USUAL
}];

fn key() -> Ed25519KeyPair {
    let seed: Vec<u8> = (0..32).collect();
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed")
}

fn telnyx(what: What) -> Heard {
    let end = |number: &str, status: &str| json!({ "phone_number": number, "status": status, "carrier": "", "line_type": "Wireless" });
    let (event, payload) = match what {
        What::Message => (
            "message.received",
            json!({
                "id": "84cca175-9755-4859-b67f-4730d7f58aa3", "direction": "inbound", "type": "SMS", "record_type": "message",
                "from": end("+4915550012345", ""), "to": [end("+4930555000", "webhook_delivered")], "text": "Grüße & 1+1=2",
                "media": [], "parts": 1, "received_at": "2026-11-18T11:06:40.000Z",
            }),
        ),
        What::Report => (
            "message.finalized",
            json!({
                "id": "834f3d53-8a3c-4aa0-a733-7f2d682a72df", "direction": "outbound", "type": "SMS", "record_type": "message",
                "from": end("+4930555000", ""), "to": [end("+4915550012345", "delivery_failed")], "text": "x",
                "webhook_url": format!("{HOOK}?reference=ref-1"),
                "errors": [{ "code": "40001", "title": "Not routable", "detail": "The number is a landline." }],
            }),
        ),
        What::Unknown => ("10dlc.brand.update", json!({ "brandId": "x" })),
    };
    let body = json!({
        "data": {
            "event_type": event, "id": "b301ed3f-1490-491f-995f-6e64e69674d4", "occurred_at": "2026-11-18T11:06:40.000Z",
            "payload": payload, "record_type": "event",
        },
        "meta": { "attempt": 1, "delivered_to": HOOK },
    })
    .to_string();
    let timestamp = NOW.as_seconds().to_string();
    let signature = STANDARD.encode(key().sign(format!("{timestamp}|{body}").as_bytes()).as_ref());
    heard(HOOK, "application/json", &[("telnyx-timestamp", timestamp), ("telnyx-signature-ed25519", signature)], body)
}
