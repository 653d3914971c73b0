//! Vonage, seven.io and Sinch against what they and others wrote: OpenAPI documents and sample webhooks.

use super::{answered, asked, build, folder, message, recipe, sent, webhook};
use crate::openapi::{Document, Verdict};
use depesche::carrier::dialect::{Carrier, Heard, InboundMessage, Question, Refusal, Request, Said};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::time::Timestamp;
use serde_json::json;
use std::path::Path;

/// When the samples are signed.
const SIGNED: Timestamp = Timestamp(1_795_000_000_000);

fn vonage_sms(secret: &str) -> Box<dyn Carrier> {
    build("vonage_sms", &json!({ "api_key": "abcd1234", "api_secret": "secret-0123", "signature_secret": secret }))
}

fn vonage(secret: &str) -> Box<dyn Carrier> {
    build("vonage", &json!({ "api_key": "abcd1234", "api_secret": "secret-0123", "signature_secret": secret }))
}

fn seven(secret: &str) -> Box<dyn Carrier> {
    build("seven", &json!({ "api_key": "key-0123456789", "signing_secret": secret }))
}

fn sinch(secret: &str) -> Box<dyn Carrier> {
    build("sinch", &json!({ "service_plan_id": "plan1", "api_token": "token-0123", "webhook_secret": secret }))
}

fn fits(document: &Document, what: &str, request: &Request) {
    match document.check(request) {
        Verdict::Fits => {}
        Verdict::NotThere => panic!("{what}: {} is not in the document", request.uri()),
        Verdict::Wrong(why) => panic!("{what}: {why}"),
    }
}

#[test]
fn every_text_to_vonage_fits_its_openapi_document() {
    let Some(folder) = folder("DEPESCHE_CARRIER_SPECS", "calls against Vonage's OpenAPI document") else { return };
    let text = std::fs::read_to_string(folder.join("vonage-sms.yml")).expect("the document is there");
    let document = Document::read_yaml(&text);
    let dialect = vonage_sms("made-up-secret");
    let mut unicode = message(ChannelKind::Sms, "+4915550012345");
    unicode.text = "Привет 😀".into();

    fits(&document, "a text", &sent(&*dialect, &message(ChannelKind::Sms, "+4915550012345")));
    fits(&document, "a text that is not GSM-7", &sent(&*dialect, &unicode));
}

#[test]
fn every_call_to_seven_fits_its_openapi_document() {
    let Some(folder) = folder("DEPESCHE_CARRIER_SPECS", "calls against seven.io's OpenAPI document") else { return };
    let text = std::fs::read_to_string(folder.join("seven-io.json")).expect("the document is there");
    let document = Document::read(&text);
    let dialect = seven("made-up-secret");
    let (kind, number) = (ChannelKind::Sms, Address::parse("+4930555000").expect("a number"));
    let url = "https://pbx.example.com/hook/k3y".to_owned();
    let sms = message(kind, "+4915550012345");

    fits(&document, "a text", &sent(&*dialect, &sms));
    let full = answered(200, &json!(vec![json!({ "id": "1" }); 100]));
    for (question, answers) in [
        (Question::Credentials, vec![]),
        (Question::Credit, vec![]),
        (Question::Status { carrier_id: "77229318510".into() }, vec![]),
        (Question::Callback { kind, number, url }, vec![]),
        (Question::Taken { message: sms, since: SIGNED }, vec![]),
        (Question::Inbox { since: SIGNED }, vec![]),
        (Question::Inbox { since: SIGNED }, vec![full]),
    ] {
        fits(&document, &format!("{question:?}"), &asked(&*dialect, &question, &answers));
    }
}

/// The samples of one carrier, by name.
fn samples(folder: &Path, carrier: &str) -> Vec<(String, Heard)> {
    let files = std::fs::read_dir(folder.join(carrier)).expect("samples");
    let mut all: Vec<(String, Heard)> = files
        .map(|file| {
            let file = file.expect("a file").path();
            (file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned(), webhook(&file))
        })
        .collect();
    all.sort_by(|one, next| one.0.cmp(&next.0));
    all
}

/// Each sample is understood, and refused with one more byte in its body or its address.
fn heard(dialect: &dyn Carrier, name: &str, request: &Heard) -> Said {
    let told = dialect.hear(request, SIGNED).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    let forged = Heard { body: [&request.body[..], b"&a=1"].concat().into(), ..request.clone() };
    assert!(dialect.hear(&forged, SIGNED).is_err(), "{name}: a changed body is refused");
    let late = Timestamp::from_seconds(SIGNED.as_seconds() + 301);
    assert!(matches!(dialect.hear(request, late), Err(Refusal::Stale(301))), "{name}: an old one is refused");
    told.said.into_iter().next().expect("it says something")
}

fn state(said: &Said) -> Option<DeliveryState> {
    match said {
        Said::DeliveryReport(report) => Some(report.state),
        _ => None,
    }
}

fn text(said: &Said) -> Option<&InboundMessage> {
    match said {
        Said::Message(message) => Some(message),
        Said::Part(part) => Some(&part.message),
        _ => None,
    }
}

#[test]
fn sample_webhooks_of_vonage_are_verified_and_understood() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "Vonage's sample webhooks") else { return };
    let page = std::fs::read_to_string(folder.join("SIGNING.md")).expect("the recipes are there");
    let secret = recipe(&page, "signature secret");
    let (sms, messages) = (vonage_sms(secret), vonage(secret));
    for (name, request) in samples(&folder, "vonage") {
        let dialect = if name.starts_with("messages-") { &messages } else { &sms };
        let said = heard(&**dialect, &name, &request);
        match name.as_str() {
            "sms-inbound-text" => assert_eq!(text(&said).map(|it| it.text.as_str()), Some("a=b & Grüße"), "{name}"),
            "sms-inbound-part-2-of-3" => {
                assert!(matches!(&said, Said::Part(part) if (part.number, part.total) == (2, 3)), "{name}: {said:?}");
            }
            "messages-inbound-mms-image" => assert_eq!(text(&said).map(|it| it.media.len()), Some(1), "{name}"),
            name if name.contains("inbound") => assert!(text(&said).is_some(), "{name}: {said:?}"),
            name if name.ends_with("delivered") => assert_eq!(state(&said), Some(DeliveryState::Delivered), "{name}"),
            name => assert_eq!(state(&said), Some(DeliveryState::Undelivered), "{name}"),
        }
    }
}

#[test]
fn sample_webhooks_of_seven_are_verified_and_understood() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "seven.io's sample webhooks") else { return };
    let page = std::fs::read_to_string(folder.join("SIGNING.md")).expect("the recipes are there");
    let signed = seven(recipe(&page, "signing secret"));
    let unsigned = build("seven", &json!({ "api_key": "key-0123456789", "signatures": "no" }));
    for (name, request) in samples(&folder, "seven") {
        let said = if request.header("x-signature").is_some() {
            heard(&*signed, &name, &request)
        } else {
            assert!(matches!(signed.hear(&request, SIGNED), Err(Refusal::Unsigned(_))), "{name}");
            unsigned.hear(&request, SIGNED).expect(&name).said.remove(0)
        };
        match name.as_str() {
            "inbound-text" => assert_eq!(text(&said).map(|it| it.text.as_str()), Some("Hallo"), "{name}"),
            "dlr-notdelivered" => assert_eq!(state(&said), Some(DeliveryState::Undelivered), "{name}"),
            name => assert_eq!(state(&said), Some(DeliveryState::Delivered), "{name}"),
        }
    }
}

#[test]
fn sample_webhooks_of_sinch_are_verified_and_understood() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "Sinch's sample webhooks") else { return };
    let dialect = sinch("sinch_secret_made_up");
    for (name, request) in samples(&folder, "sinch") {
        let said = heard(&*dialect, &name, &request);
        match name.as_str() {
            "inbound-media" => assert_eq!(text(&said).map(|it| it.media.len()), Some(1), "{name}"),
            "inbound-text" => assert_eq!(text(&said).map(|it| it.text.as_str()), Some("Hilfe bitte"), "{name}"),
            "dlr-recipient-aborted" => assert_eq!(state(&said), Some(DeliveryState::Undelivered), "{name}"),
            name => assert_eq!(state(&said), Some(DeliveryState::Delivered), "{name}"),
        }
    }
}
