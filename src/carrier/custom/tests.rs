//! Providers described in other ways than the manual's example, and descriptions that are refused.

use super::ENTRY;
use crate::carrier::dialect::{Carrier, Heard, OutboundMessage, Refusal, Said, SettingsError, Step, Told};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

/// A provider of forms: everything in the address, one line of text back, reports by GET with a token.
fn forms(more: &Value) -> Result<Box<dyn Carrier>, SettingsError> {
    let mut settings = json!({
        "send_method": "GET", "body_kind": "none", "spelling": "zeros", "user": "u", "secret": "p&ss word".replace(' ', "+"),
        "send_url": "https://sms.example.com/send?user={{user}}&pw={{secret}}&to={{to}}&text={{text}}&dlr={{report_url}}",
        "success_when": "OK*", "id_at": "OK: *;", "error_at": "ERR *;", "error_codes": "12=number_invalid",
        "hook_kind": "form", "in_id": "id", "in_from": "sender", "in_to": "inbox", "in_text": "msg", "in_media": "files",
        "report_status": "stat", "report_words": "1=delivered; 2=undelivered", "report_id": "mid",
        "signature": "token", "signature_at": "query:token", "hook_secret": "hook-secret-1", "hook_answer": "ACK",
    });
    settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    (ENTRY.build)(settings.as_object().expect("an object"))
}

fn message() -> OutboundMessage {
    let address = |text| Address::parse(text).expect("a number");
    OutboundMessage {
        report_url: Some("https://pbx.example.com/hook/k".into()),
        ..OutboundMessage::text("r1", ChannelKind::Sms, address("+4930555000"), address("+4915550012345"), "1 & 2")
    }
}

fn heard(query: &str) -> Result<Told, Refusal> {
    let url = format!("https://pbx.example.com/hook/k?{query}");
    let heard = Heard { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), caller: None };
    forms(&json!({})).expect("good").hear(&heard, Timestamp(0))
}

#[test]
fn a_provider_of_forms_is_spoken_to_in_the_address_and_read_by_patterns() {
    let dialect = forms(&json!({})).expect("good");
    let Ok(Step::Call(call)) = dialect.next(&message(), &[]) else { panic!("a call") };
    assert_eq!(
        call.uri().to_string(),
        "https://sms.example.com/send?user=u&pw=p%26ss%2Bword&to=004915550012345&text=1%20%26%202\
         &dlr=https%3A%2F%2Fpbx.example.com%2Fhook%2Fk%3Freference%3Dr1"
    );
    let answered = |body: &'static str| {
        let answer = http::Response::new(Bytes::from_static(body.as_bytes()));
        format!("{:?}", dialect.next(&message(), &[answer]))
    };
    assert!(answered("OK: 4711; bye").contains("\"4711\""), "{}", answered("OK: 4711; bye"));
    assert!(answered("ERR 12;").contains("NumberInvalid"), "{}", answered("ERR 12;"));
    assert!(answered("<html>").contains("Unreadable"), "{}", answered("<html>"));
}

#[test]
fn webhooks_in_the_address_are_proved_by_a_token_and_answered_as_told() {
    let text = "token=hook-secret-1&id=7&sender=4915550012345&inbox=4930555000&msg=hi&files=https://a.example/1,https://a.example/2";
    let told = heard(text).expect("good");
    assert!(matches!(&told.said[..], [Said::Message(read)] if read.media.len() == 2 && read.text == "hi"), "{told:?}");
    assert_eq!(told.answer.body().as_ref(), b"ACK");

    let told = heard("token=hook-secret-1&mid=4711&stat=1&reference=r1").expect("good");
    let Said::DeliveryReport(report) = &told.said[0] else { panic!("{told:?}") };
    assert_eq!((report.state, report.reference.as_deref()), (DeliveryState::Delivered, Some("r1")));

    assert!(matches!(heard("token=hook-secret-2&mid=1&stat=1"), Err(Refusal::Forged(_))));
    assert!(matches!(heard("mid=1&stat=1"), Err(Refusal::Unsigned(_))));
}

#[test]
fn each_way_of_signing_is_checked_to_the_byte() {
    use crate::carrier::sign;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let body = "id=7&sender=4915550012345&inbox=4930555000&msg=hi";
    let key = b"hook-secret-1";
    for (hash, coded, mac) in [
        ("sha1", "base64", STANDARD.encode(sign::hmac_sha1(key, &[body.as_bytes()]))),
        ("sha256", "base64", STANDARD.encode(sign::hmac_sha256(key, &[body.as_bytes()]))),
        ("sha512", "hex", hex::encode(sign::hmac_sha512(key, &[body.as_bytes()]))),
    ] {
        let settings =
            json!({ "signature": "hmac", "signature_at": "X-Sig", "signature_hash": hash, "signature_coded": coded });
        let dialect = forms(&settings).expect("good");
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert("x-sig", HeaderValue::from_str(&mac).expect("a header"));
        let body = Bytes::from_static(body.as_bytes());
        let mut heard = Heard { method: Method::POST, url: String::new(), headers, body, caller: None };

        assert!(dialect.hear(&heard, Timestamp(0)).is_ok(), "{hash}");
        heard.body = Bytes::from_static(b"id=8&sender=4915550012345&inbox=4930555000&msg=hi");
        assert!(matches!(dialect.hear(&heard, Timestamp(0)), Err(Refusal::Forged(_))), "{hash}");
    }
}

#[test]
fn a_wrong_description_is_refused_with_the_field() {
    for (key, value, field) in [
        ("send_url", "https://{{to}}.example.com/", "send_url"),
        ("send_url", "https://sms.example.com{{to}}", "send_url"),
        ("send_url", "https://u:p@sms.example.com/{{to}}", "send_url"),
        ("send_url", "ftp://sms.example.com/{{to}}", "send_url"),
        ("send_url", "https://sms.example.com/{{nobody}}", "send_url"),
        ("send_headers", "no colon", "send_headers"),
        ("send_headers", "Host: other.example.com", "send_headers"),
        ("send_body", "{}", "send_body"),
        ("body_kind", "json", "send_body"),
        ("error_codes", "12=banana", "error_codes"),
        ("report_words", "1=gone", "report_words"),
        ("report_words", "", "report_words"),
        ("hook_secret", "", "hook_secret"),
        ("signature", "md5", "signature"),
        ("signature_at", "X Sig", "signature_at"),
        ("sources", "everywhere", "sources"),
    ] {
        let mut settings = serde_json::Map::new();
        settings.insert(key.into(), value.into());
        let error = forms(&Value::Object(settings)).err().unwrap_or_else(|| panic!("{key} = {value} is taken"));

        assert_eq!(error.field, field, "{key} = {value}: {error}");
    }
}
