//! Polling the history of sipgate, and the question "did you take it".

use super::ENTRY;
use crate::carrier::dialect::{Answer, AskStep, Known, OutboundMessage, Question, Said};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use serde_json::{Value, json};

/// 20 November 2026, noon.
const NOON: Timestamp = Timestamp(1_795_176_000_000);

fn asked(question: &Question, answers: &[Answer]) -> Result<AskStep, SendError> {
    let settings = json!({ "token_id": "token-ABC123", "token": "12345678" });
    let dialect = (ENTRY.build)(settings.as_object().expect("an object")).expect("good");
    dialect.ask(question, answers).expect("it can be asked")
}

fn page(rows: &[Value]) -> Answer {
    http::Response::new(json!({ "items": rows, "totalCount": rows.len() }).to_string().into())
}

fn row(id: usize, created: &str, text: &str) -> Value {
    json!({ "id": id.to_string(), "source": "+4915550012345", "target": "+4930555000", "created": created, "smsContent": text })
}

#[test]
fn the_history_is_read_page_by_page_and_told_oldest_first() {
    let question = Question::Inbox { since: NOON };
    let Ok(AskStep::Call(call)) = asked(&question, &[]) else { panic!("a call") };
    assert_eq!(
        call.uri().to_string(),
        "https://api.sipgate.com/v2/history?types=SMS&directions=INCOMING&from=2026-11-20T12%3A00%3A00Z&limit=50&offset=0"
    );
    let full: Vec<Value> = (0..50).map(|at| row(100 + at, "2026-11-20T12:00:05Z", "a")).collect();
    let last = page(&[row(1, "2026-11-20T12:00:00Z", "first"), row(0, "2026-11-20T11:00:00Z", "old")]);
    let Ok(AskStep::Call(second)) = asked(&question, &[page(&full)]) else { panic!("a second call") };
    assert!(second.uri().to_string().ends_with("offset=50"));

    let Ok(AskStep::Known(Known::Inbox { said, up_to })) = asked(&question, &[page(&full), last]) else {
        panic!("known")
    };
    assert!(matches!(&said[0], Said::Message(read) if read.carrier_id == "1" && read.text == "first"), "{said:?}");
    assert_eq!((said.len(), up_to), (51, Timestamp(NOON.0 + 5000)));
}

#[test]
fn what_stands_in_the_history_was_taken_under_our_reference() {
    let address = |text| Address::parse(text).expect("a number");
    let message =
        OutboundMessage::text("r1", ChannelKind::Sms, address("+4915550000001"), address("+4930555000"), "hello");
    let question = Question::Taken { message, since: NOON };

    let known = asked(&question, &[page(&[row(5, "2026-11-20T12:00:03Z", "hello")])]);
    assert!(matches!(&known, Ok(AskStep::Known(Known::Taken(taken))) if taken.carrier_id == "r1"), "{known:?}");
    assert!(matches!(asked(&question, &[page(&[])]), Ok(AskStep::Known(Known::NotTaken))));
}
