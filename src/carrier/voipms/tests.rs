//! Polling and the question "did you take it", as VoIP.ms answers them.

use super::ENTRY;
use crate::carrier::dialect::{Answer, AskStep, Carrier, Known, OutboundMessage, Question, Said};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// 20 November 2026, noon.
const NOON: Timestamp = Timestamp(1_795_176_000_000);

fn dialect() -> Box<dyn Carrier> {
    let settings = json!({ "api_username": "pbx@example.com", "api_password": "password" });
    (ENTRY.build)(settings.as_object().expect("an object")).expect("good")
}

fn answered(body: &Value) -> Answer {
    http::Response::new(body.to_string().into())
}

fn asked(question: &Question, answers: &[Answer]) -> Result<AskStep, SendError> {
    dialect().ask(question, answers).expect("it can be asked")
}

fn row(id: u32, date: &str, text: &str) -> Value {
    json!({ "id": id.to_string(), "date": date, "did": "5550100999", "contact": "5550100123", "message": text })
}

#[test]
fn both_lists_are_read_and_nothing_older_is_told() {
    let question = Question::Inbox { since: NOON };
    let Ok(AskStep::Call(call)) = asked(&question, &[]) else { panic!("a call") };
    let body = String::from_utf8_lossy(call.body()).into_owned();
    assert!(body.contains("method=getSMS&type=1&from=2026-11-19&") && body.contains("timezone=0"), "{body}");
    assert!(!call.uri().to_string().contains("password"), "addresses end up in logs");

    let sms = answered(&json!({ "status": "success", "sms": [
        row(3, "2026-11-20 12:00:07", "new"), row(2, "2026-11-20 12:00:00", "same second"), row(1, "2026-11-20 11:59:59", "old"),
    ] }));
    let none = answered(&json!({ "status": "no_mms" }));
    let Ok(AskStep::Known(Known::Inbox { said, up_to })) = asked(&question, &[sms, none]) else { panic!("an inbox") };
    let ids: Vec<&str> = said
        .iter()
        .map(|said| match said {
            Said::Message(read) => read.carrier_id.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((ids, up_to), (vec!["sms-2", "sms-3"], Timestamp(NOON.0 + 7000)));
}

#[test]
fn an_error_in_a_list_is_no_empty_list() {
    let refused = answered(&json!({ "status": "ip_not_enabled" }));
    let none = answered(&json!({ "status": "no_mms" }));

    let known = asked(&Question::Inbox { since: NOON }, &[refused, none]);
    assert!(matches!(known, Err(SendError::Misconfigured { .. })), "{known:?}");
}

#[test]
fn a_text_that_is_listed_was_taken() {
    let address = |text| Address::parse(text).expect("a number");
    let message =
        OutboundMessage::text("r1", ChannelKind::Sms, address("+15550100999"), address("+15550100123"), "hello");
    let question = Question::Taken { message, since: NOON };
    let listed = answered(&json!({ "status": "success", "sms": [row(9, "2026-11-20 12:00:01", "hello")] }));
    let none = answered(&json!({ "status": "no_sms" }));

    let known = asked(&question, &[listed]);
    assert!(matches!(&known, Ok(AskStep::Known(Known::Taken(taken))) if taken.carrier_id == "sms-9"), "{known:?}");
    assert!(matches!(asked(&question, &[none]), Ok(AskStep::Known(Known::NotTaken))));
}
