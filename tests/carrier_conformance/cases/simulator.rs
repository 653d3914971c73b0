//! The simulated carrier speaks the general SMS API.

use super::Case;
use super::generic::general;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "simulator",
    settings: || json!({ "secret": "canary-simulator-secret" }),
    webhook: |what| Some(general(what, "canary-simulator-secret")),
    signature: Some("x-signature-256"),
    signs_url: false,
    signs_time: true,
    uploaded: r#"{"data":{"id":"file-77"}}"#,
    ..Case::USUAL
}];
