//! Bandwidth: nothing is signed; the caller knows a user and a password of ours.

use super::{Case, HOOK, Report, What, heard};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use depesche::carrier::dialect::Heard;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "bandwidth",
    settings: || {
        json!({
            "account_id": "9900000", "username": "api-user", "password": "canary-api-password",
            "application_id": "93de2206-9669-4e07-948d-329f4b722ee2", "callback_user": "depesche",
            "callback_password": "canary-callback-password",
        })
    },
    webhook: |what| Some(bandwidth(what)),
    signature: Some("authorization"),
    signs_body: false,
    report: Report { reason: Some("number_invalid"), ..Case::USUAL.report },
    without: &["no_credit", "opted_out"],
    ..Case::USUAL
}];

fn bandwidth(what: What) -> Heard {
    let (kind, direction) = match what {
        What::Message => ("message-received", "in"),
        What::Report => ("message-failed", "out"),
        What::Unknown => ("message-teleported", "out"),
    };
    let mut event = json!({
        "type": kind, "time": "2026-11-18T11:06:40.000Z", "description": "x", "to": "+4930555000",
        "message": {
            "id": "1661365814859loidf7mcwd4qacn7", "owner": "+4930555000", "direction": direction, "segmentCount": 1,
            "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2", "time": "2026-11-18T11:06:40.666Z",
            "to": ["+4930555000"], "from": "+4915550012345", "text": "Grüße & 1+1=2",
        },
    });
    if what == What::Report {
        event["errorCode"] = 4406.into();
        event["message"]["tag"] = "ref-1".into();
    }
    let token = STANDARD.encode("depesche:canary-callback-password");
    let headers = [("authorization", format!("Basic {token}"))];
    heard(HOOK, "application/json; charset=utf-8", &headers, json!([event]).to_string())
}
