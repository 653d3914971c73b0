//! Vonage's SMS API: the signature is a parameter, so no header is forged here (`hear.rs` forges the parameters).

use super::{Case, HOOK, Report, What, heard};
use depesche::carrier::dialect::Heard;
use depesche::carrier::sign;
use serde_json::json;

pub const CASES: &[Case] = &[Case {
    name: "vonage_sms",
    settings: || json!({ "api_key": "abcd1234", "api_secret": "canary-api-secret", "signature_secret": "canary-signature-secret" }),
    webhook: |what| Some(vonage(what)),
    report: Report { reason: Some("number_invalid"), carrier_id: Some("0A0000001234567C"), ..Case::USUAL.report },
    signs_time: true,
    ..Case::USUAL
}];

fn vonage(what: What) -> Heard {
    let mut pairs = match what {
        What::Message => vec![
            ("msisdn", "4915550012345"),
            ("to", "4930555000"),
            ("messageId", "0A0000000123ABCD1"),
            ("text", "Grüße & 1+1=2"),
            ("type", "unicode"),
            ("keyword", "GRÜSSE"),
        ],
        What::Report => vec![
            ("msisdn", "4915550012345"),
            ("to", "4930555000"),
            ("messageId", "0A0000001234567C"),
            ("status", "failed"),
            ("err-code", "3"),
            ("client-ref", "ref-1"),
        ],
        What::Unknown => vec![("event", "something-new")],
    };
    pairs.extend([("api-key", "abcd1234"), ("timestamp", "1795000000"), ("nonce", "n1")]);
    pairs.sort_unstable();
    let text = pairs
        .iter()
        .fold(String::new(), |text, (name, value)| format!("{text}&{name}={}", value.replace(['&', '='], "_")));
    let sig = hex::encode_upper(sign::hmac_sha256(b"canary-signature-secret", &[text.as_bytes()]));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).append_pair("sig", &sig).finish();
    heard(HOOK, "application/x-www-form-urlencoded", &[], body)
}
