//! MessageBird's old API: a token with the hashes of address and body; reports come by GET.

use super::{Case, HOOK, NOW, Report, What, heard};
use bytes::Bytes;
use depesche::carrier::dialect::Heard;
use depesche::carrier::{jwt, sign};
use http::Method;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "messagebird",
    settings: || json!({ "access_key": "canary-access-key", "signing_key": "canary-signing-key", "signing_key_2": "canary-signing-key-2" }),
    webhook: |what| Some(messagebird(what)),
    signature: Some("messagebird-signature-jwt"),
    signs_url: true,
    signs_time: true,
    report: Report { reason: Some("opted_out"), carrier_id: Some("f28b0ba4"), ..Case::USUAL.report },
    without: &["opted_out"],
    ..Case::USUAL
}];

fn messagebird(what: What) -> Heard {
    let pairs: &[(&str, &str)] = match what {
        What::Message => &[
            ("id", "a1b2"),
            ("recipient", "4930555000"),
            ("originator", "4915550012345"),
            ("body", "Grüße & 1+1=2"),
            ("createdDatetime", "2026-11-18T11:06:40+00:00"),
        ],
        What::Report => &[
            ("id", "f28b0ba4"),
            ("reference", "ref-1"),
            ("recipient", "4915550012345"),
            ("status", "delivery_failed"),
            ("statusErrorCode", "103"),
        ],
        What::Unknown => &[("event", "something-new")],
    };
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let report = what == What::Report;
    let (url, body) = if report { (format!("{HOOK}?{form}"), String::new()) } else { (HOOK.to_owned(), form) };
    let mut claims = json!({
        "iss": "MessageBird", "nbf": NOW.as_seconds(), "jti": "e92c5c7d", "url_hash": sign::sha256_hex(url.as_bytes()),
    });
    if !report {
        claims["payload_hash"] = sign::sha256_hex(body.as_bytes()).into();
    }
    let token = jwt::signed(&claims, b"canary-signing-key-2");
    let headers = [("messagebird-signature-jwt", token)];
    let request = heard(&url, "application/x-www-form-urlencoded", &headers, body);
    if report { Heard { method: Method::GET, body: Bytes::new(), ..request } } else { request }
}
