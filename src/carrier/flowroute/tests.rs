//! Polling Flowroute's list of messages, and what its receipts say.

use super::ENTRY;
use crate::carrier::dialect::{Answer, AskStep, Known, Question, Said};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// 20 November 2026, noon.
const NOON: Timestamp = Timestamp(1_795_176_000_000);

fn asked(question: &Question, answers: &[Answer]) -> Result<AskStep, SendError> {
    let settings = json!({ "access_key": "12345678", "secret_key": "secret-key" });
    let dialect = (ENTRY.build)(settings.as_object().expect("an object")).expect("good");
    dialect.ask(question, answers).expect("it can be asked")
}

fn answered(body: &Value) -> Answer {
    http::Response::new(body.to_string().into())
}

#[test]
fn the_list_tells_texts_with_their_files_and_what_became_of_ours() {
    let question = Question::Inbox { since: NOON };
    let inbound = json!({ "type": "message", "id": "mdr2-1",
        "attributes": { "body": "", "direction": "inbound", "from": "15550100123", "to": "15550100999", "timestamp": "2026-11-20T12:00:02Z" },
        "relationships": { "media": { "data": [{ "type": "media", "id": "f1" }] } } });
    let ours = json!({ "type": "message", "id": "mdr2-2",
        "attributes": { "direction": "outbound", "status": "delivered", "timestamp": "2026-11-20T12:00:01Z" } });
    let file = |id: &str| json!({ "type": "media", "id": id, "attributes": { "url": format!("https://mms.example.com/{id}"), "mime_type": "image/png" } });
    let body = json!({ "data": [inbound, ours], "included": [file("f1"), file("f2")] });

    let known = asked(&question, &[answered(&body)]);
    let Ok(AskStep::Known(Known::Inbox { said, up_to })) = known else { panic!("{known:?}") };
    assert!(matches!(&said[0], Said::DeliveryReport(report) if report.state == DeliveryState::Delivered), "{said:?}");
    let Said::Message(read) = &said[1] else { panic!("{said:?}") };
    assert_eq!((read.media.len(), read.media[0].location.as_str()), (1, "https://mms.example.com/f1"));
    assert_eq!(up_to, Timestamp(NOON.0 + 2000));
}

#[test]
fn the_highest_level_of_the_receipts_is_the_state() {
    let receipt =
        |level: u8, status: &str| json!({ "level": level, "status": status, "status_code_description": status });
    let body = |receipts: &[Value]| {
        answered(
            &json!({ "data": { "id": "mdr2-1", "attributes": { "status": "sent", "delivery_receipts": receipts } } }),
        )
    };
    let question = Question::Status { carrier_id: "mdr2-1".into() };
    for (receipts, state) in [
        (vec![], DeliveryState::Sent),
        (vec![receipt(1, "message buffered")], DeliveryState::Sent),
        (vec![receipt(2, "delivered"), receipt(1, "message buffered")], DeliveryState::Delivered),
    ] {
        let known = asked(&question, &[body(&receipts)]);
        assert!(matches!(&known, Ok(AskStep::Known(Known::State(report))) if report.state == state), "{known:?}");
    }
}
