//! Bandwidth and Plivo against what they and others wrote: an OpenAPI document and sample webhooks; more of Twilio's calls.

use super::{answered, asked, build, folder, message, recipe, sent, twilio, webhook};
use crate::openapi::{Document, Verdict};
use depesche::carrier::dialect::{
    Answer, Carrier, Heard, OutboundMedia, OutboundMessage, Question, Request, Said, Step,
};
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::rich::{Place, Rich, TemplateUse, Variable};
use depesche::domain::time::Timestamp;
use serde_json::json;
use std::path::Path;

fn bandwidth() -> Box<dyn Carrier> {
    build(
        "bandwidth",
        &json!({
            "account_id": "9900000", "username": "api-user", "password": "secret-0123", "callback_user": "cbuser",
            "callback_password": "cbpass_made_up", "application_id": "93de2206-9669-4e07-948d-329f4b722ee2",
        }),
    )
}

fn fits(document: &Document, what: &str, request: &Request) {
    match document.check(request) {
        Verdict::Fits => {}
        Verdict::NotThere => panic!("{what}: {} is not in the document", request.uri()),
        Verdict::Wrong(why) => panic!("{what}: {why}"),
    }
}

fn file(url: Option<&str>) -> OutboundMedia {
    OutboundMedia {
        url: url.map(str::to_owned),
        bytes: "a picture".into(),
        media_type: "image/jpeg".into(),
        file_name: "a.jpg".into(),
    }
}

fn next(dialect: &dyn Carrier, message: &OutboundMessage, answers: &[Answer]) -> Request {
    match dialect.next(message, answers).expect("a good message") {
        Step::Upload(request) | Step::Call(request) => request,
        Step::Done(_) => panic!("nothing is done without a call"),
    }
}

#[test]
fn every_call_to_bandwidth_fits_its_openapi_document() {
    let Some(folder) = folder("DEPESCHE_CARRIER_SPECS", "calls against Bandwidth's OpenAPI document") else { return };
    let text = std::fs::read_to_string(folder.join("bandwidth-messaging.yml")).expect("the document is there");
    let document = Document::read_yaml(&text);
    let dialect = bandwidth();
    let sms = message(ChannelKind::Sms, "+4915550012345");
    let link = OutboundMessage { media: vec![file(Some("https://pbx.example.com/media/1"))], ..sms.clone() };
    let upload = OutboundMessage { media: vec![file(None)], ..sms.clone() };
    let uploaded = answered(204, &json!(""));

    fits(&document, "a text", &sent(&*dialect, &sms));
    fits(&document, "a picture by link", &sent(&*dialect, &link));
    fits(&document, "an upload", &sent(&*dialect, &upload));
    fits(&document, "a picture uploaded before", &next(&*dialect, &upload, &[uploaded]));
    fits(&document, "credentials", &asked(&*dialect, &Question::Credentials, &[]));
    fits(&document, "a state", &asked(&*dialect, &Question::Status { carrier_id: "1589228074636lm4k2je".into() }, &[]));
}

#[test]
fn what_else_is_said_to_twilio_fits_its_openapi_document() {
    let Some(folder) = folder("DEPESCHE_CARRIER_SPECS", "more calls against Twilio's OpenAPI document") else { return };
    let text = std::fs::read_to_string(folder.join("twilio-messages.json")).expect("the document is there");
    let document = Document::read(&text);
    let dialect = twilio(&json!({}));
    let whatsapp = message(ChannelKind::WhatsApp, "+4915550012345");
    let place = Place { latitude: 52.5, longitude: 13.4, name: Some("Office".into()), address: None };
    let template = TemplateUse {
        name: "order_update HX0123456789abcdef0123456789abcdef".into(),
        language: "en".into(),
        header: None,
        body: vec![Variable { name: None, value: "42".into() }],
        buttons: Vec::new(),
    };
    let picture = OutboundMessage { media: vec![file(Some("https://pbx.example.com/media/1"))], ..whatsapp.clone() };
    let inbox = Question::Inbox { since: Timestamp(1_795_000_000_000) };
    let mms = json!({ "messages": [{
        "sid": "MM0123456789abcdef0123456789abcdef", "direction": "inbound", "num_media": "1", "body": "",
        "date_created": "Fri, 20 Nov 2026 12:00:00 +0000", "from": "+15550100123", "to": "+15550100999",
    }] });

    fits(&document, "a picture", &sent(&*dialect, &picture));
    fits(
        &document,
        "a place",
        &sent(&*dialect, &OutboundMessage { rich: Some(Rich::Location(place)), ..whatsapp.clone() }),
    );
    fits(
        &document,
        "a template",
        &sent(&*dialect, &OutboundMessage { rich: Some(Rich::Template(template)), ..whatsapp }),
    );
    fits(&document, "the inbox", &asked(&*dialect, &inbox, &[]));
    fits(&document, "a message's files", &asked(&*dialect, &inbox, &[answered(200, &mms)]));

    let text = std::fs::read_to_string(folder.join("twilio-content.json")).expect("the document is there");
    fits(&Document::read(&text), "templates", &asked(&*dialect, &Question::Templates, &[]));
}

/// Each sample of a carrier is understood, by its name; where the body is signed, not with one more field.
fn samples(folder: &Path, carrier: &str, dialect: &dyn Carrier, body_is_signed: bool) -> usize {
    let mut heard = 0;
    for file in std::fs::read_dir(folder.join(carrier)).expect("samples") {
        let file = file.expect("a file").path();
        let (request, name) =
            (webhook(&file), file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned());
        let told = dialect.hear(&request, Timestamp(0)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        match (name.as_str(), &told.said[0]) {
            (_, Said::Message(message)) if name.starts_with("inbound") => {
                assert_eq!(!message.media.is_empty(), name.contains("media"), "{name}");
                assert!(!message.text.is_empty(), "{name}");
            }
            (_, Said::DeliveryReport(report)) => {
                let wanted = match () {
                    () if name.contains("-delivered") => DeliveryState::Delivered,
                    () if name.contains("sending") => DeliveryState::Sent,
                    () => DeliveryState::Undelivered,
                };
                assert_eq!(report.state, wanted, "{name}");
                assert_eq!(report.reason.is_some(), wanted == DeliveryState::Undelivered, "{name}");
            }
            (_, said) => panic!("{name}: {said:?}"),
        }
        let forged = Heard { body: [&request.body[..], b"&a=1"].concat().into(), ..request.clone() };
        assert!(!body_is_signed || dialect.hear(&forged, Timestamp(0)).is_err(), "{name}: a changed body is refused");
        heard += 1;
    }
    heard
}

#[test]
fn sample_webhooks_of_bandwidth_and_plivo_are_verified_and_understood() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "Bandwidth's and Plivo's sample webhooks") else { return };
    let page = std::fs::read_to_string(folder.join("SIGNING.md")).expect("the recipes are there");
    let (_, page) = page.split_once("## Plivo").expect("a recipe");
    let plivo = build("plivo", &json!({ "auth_id": "MAXXXXXXXXXXXXXXXXXX", "auth_token": recipe(page, "auth token") }));
    assert!(samples(&folder, "plivo", &*plivo, true) >= 4);
    assert!(samples(&folder, "bandwidth", &*bandwidth(), false) >= 5);
}
