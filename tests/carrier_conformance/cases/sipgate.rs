//! sipgate: no webhook tells of texts, and nothing is reported.

use super::Case;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "sipgate",
    settings: || json!({ "token_id": "token-ABC123", "token": "canary-token", "sms_id": "s0" }),
    without: &["opted_out"],
    ..Case::USUAL
}];
