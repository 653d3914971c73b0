//! Polling at Telnyx: the detail records name the messages, each is then read by its id; a few with each question.

use super::{Telnyx, errors, hear};
use crate::carrier::dialect::{Answer, AskStep, Known, Said};
use crate::carrier::http::{good_json, id_of, path_piece, unreadable};
use crate::carrier::moments;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

/// Messages read with one question: one call each, behind the list.
const EACH_TIME: usize = 4;

/// What the detail records tell of a message.
struct Record {
    id: String,
    made: Timestamp,
}

impl Telnyx {
    /// Inbound messages since then, oldest first. What is left over comes with the next question.
    pub(super) fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(list) = answers.first() else {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("filter[record_type]", "messaging").append_pair("filter[direction]", "inbound");
            query.append_pair("filter[created_at][gte]", &moments::rfc3339(since));
            query.append_pair("sort", "created_at").append_pair("page[size]", "50");
            let call = self.call(Method::GET, &format!("/detail_records?{}", query.finish()))?;
            return Ok(AskStep::Call(call.bare()));
        };
        let records = records(list, since)?;
        let wanted = &records[..records.len().min(EACH_TIME)];
        if let Some(record) = wanted.get(answers.len() - 1) {
            let call = self.call(Method::GET, &format!("/messages/{}", path_piece(&record.id)))?;
            return Ok(AskStep::Call(call.bare()));
        }
        let mut said = Vec::new();
        for answer in &answers[1..] {
            // Telnyx keeps messages ten days: one that is gone is no reason never to get past it.
            if answer.status() != StatusCode::NOT_FOUND {
                let body = good_json(answer, errors::of)?;
                said.extend(
                    hear::received(&body["data"]).unwrap_or_else(|why| vec![Said::Other { what: why.to_string() }]),
                );
            }
        }
        // Behind the last one read; where there was none, from the same moment again.
        let up_to = wanted.last().map_or(since, |record| Timestamp(record.made.0 + 1));
        Ok(AskStep::Known(Known::Inbox { said, up_to }))
    }
}

fn records(answer: &Answer, since: Timestamp) -> Result<Vec<Record>, SendError> {
    let body = good_json(answer, errors::of)?;
    let rows = body["data"].as_array().ok_or_else(|| unreadable(answer))?;
    let read = |row: &Value| {
        let made = moments::read(row["created_at"].as_str()?)?;
        Some(Record { id: id_of(&row["uuid"]).or_else(|| id_of(&row["id"]))?, made })
    };
    let mut records: Vec<Record> = rows.iter().filter_map(read).filter(|record| record.made >= since).collect();
    records.sort_by_key(|record| record.made);
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::Settings;
    use serde_json::json;

    fn answer(body: &Value) -> Answer {
        ::http::Response::builder().status(200).body(body.to_string().into()).expect("an answer")
    }

    #[test]
    fn messages_are_read_a_few_at_a_time_and_none_twice() {
        let settings: Settings = serde_json::from_value(json!({
            "api_key": "KEY0123456789abcdef", "public_key": "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
        }))
        .expect("settings");
        let telnyx = Telnyx::from_settings(&settings).expect("good");
        let since = Timestamp::from_seconds(1_795_000_000);
        let at = |n: i64| since.plus(std::time::Duration::from_millis(10 * u64::try_from(n).expect("small")));
        let stamp = |n: i64| jiff::Timestamp::from_millisecond(at(n).0).expect("a moment").to_string();
        let row = |n: i64| json!({ "uuid": format!("m{n}"), "created_at": stamp(n) });
        // Out of order, and one from before.
        let list = answer(
            &json!({ "data": [row(3), row(1), row(2), row(5), row(4), { "uuid": "old", "created_at": "2020-01-01T00:00:00Z" }] }),
        );
        let message = |n: i64| {
            answer(&json!({ "data": {
                "id": format!("m{n}"), "direction": "inbound", "type": "SMS", "text": format!("text {n}"),
                "from": { "phone_number": "+15550100123" }, "to": [{ "phone_number": "+15550100999" }],
            } }))
        };
        let mut answers = vec![list];
        for n in 1..=4 {
            let Ok(AskStep::Call(call)) = telnyx.ask_inbox(since, &answers) else { panic!("a call for message {n}") };
            assert!(call.uri().path().ends_with(&format!("/messages/m{n}")));
            answers.push(message(n));
        }

        let Ok(AskStep::Known(Known::Inbox { said, up_to })) = telnyx.ask_inbox(since, &answers) else {
            panic!("done")
        };
        assert_eq!((said.len(), up_to), (4, Timestamp(at(4).0 + 1)));
        let Ok(AskStep::Known(Known::Inbox { said, up_to })) =
            telnyx.ask_inbox(since, &[answer(&json!({ "data": [] }))])
        else {
            panic!("done")
        };
        assert_eq!((said.len(), up_to), (0, since));
    }
}
