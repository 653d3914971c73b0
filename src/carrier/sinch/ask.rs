//! What Sinch can be asked: credentials, a message's state, whether it took one (by our reference), what came in.

use super::{Sinch, errors, hear};
use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, Question, Request, Said};
use crate::carrier::http::{self, id_of};
use crate::carrier::listing::{self, DOUBT, PAGES_MAX};
use crate::carrier::moments;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

/// The most Sinch puts on a page.
const PAGE_SIZE: usize = 100;

impl Sinch {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Taken { message, since } => self.ask_taken(&message.reference, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            _ => return None,
        })
    }

    fn get(&self, rest: &str) -> Result<AskStep, SendError> {
        let request: Request = self.call(Method::GET, rest)?.bare();
        Ok(AskStep::Call(request))
    }

    fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/batches?page_size=1") };
        http::good_json(answer, errors::of)?;
        let says = format!("Service plan {}: the token is good.", self.service_plan_id);
        Ok(AskStep::Known(Known::CredentialsGood(says)))
    }

    fn ask_status(&self, id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            return self.get(&format!("/batches/{}/delivery_report?type=full", http::path_piece(id)));
        };
        if answer.status() == StatusCode::NOT_FOUND {
            let reason = Reason::of(ReasonCode::CarrierRefused).coded("404").saying("Sinch does not know this batch");
            return Err(SendError::Rejected { reason });
        }
        let body = http::good_json(answer, errors::of)?;
        match hear::report(&body, &body["statuses"][0]) {
            Ok(Said::DeliveryReport(report)) if report.carrier_id.as_deref() == Some(id) => {
                Ok(AskStep::Known(Known::State(report)))
            }
            _ => Err(http::unreadable(answer)),
        }
    }

    /// By our reference. None there proves nothing: the list may lag behind.
    fn ask_taken(&self, reference: &str, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let from = moments::rfc3339(since.minus(DOUBT));
            let reference = http::path_piece(reference);
            return self.get(&format!("/batches?client_reference={reference}&start_date={from}&page_size={PAGE_SIZE}"));
        };
        let body = http::good_json(answer, errors::of)?;
        let rows = body["batches"].as_array().ok_or_else(|| http::unreadable(answer))?;
        let ours = rows.iter().find(|row| row["client_reference"] == reference);
        match ours.and_then(|row| id_of(&row["id"])) {
            Some(id) => Ok(AskStep::Known(Known::Taken(Accepted::of(id, None)))),
            None => Err(listing::not_shown()),
        }
    }

    /// All pages of what came in since then. The newest stands first; a message that comes meanwhile shifts the pages,
    /// so what is seen twice is said once.
    fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let mut rows: Vec<Value> = Vec::new();
        for answer in answers {
            let body = http::good_json(answer, errors::of)?;
            let page = body["inbounds"].as_array().ok_or_else(|| http::unreadable(answer))?;
            rows.extend(page.iter().filter(|row| !row["id"].is_null()).cloned());
            if page.len() < PAGE_SIZE {
                return Ok(AskStep::Known(listing::inbox(rows, since, "received_at", hear::message)));
            }
        }
        if answers.len() >= PAGES_MAX {
            return Err(listing::too_long());
        }
        let from = moments::rfc3339(since);
        self.get(&format!("/inbounds?start_date={from}&page_size={PAGE_SIZE}&page={}", answers.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::{Carrier, OutboundMessage};
    use crate::domain::address::Address;
    use crate::domain::channel::ChannelKind;
    use serde_json::json;

    fn dialect() -> Sinch {
        let settings = json!({ "service_plan_id": "plan1", "api_token": "token-12345" });
        Sinch::from_settings(settings.as_object().expect("an object")).expect("good settings")
    }

    fn answered(body: &Value) -> Answer {
        ::http::Response::new(body.to_string().into())
    }

    fn row(id: usize, at: &str) -> Value {
        json!({ "type": "mo_text", "id": id.to_string(), "from": "4915550012345", "to": "4930555000", "body": "hi", "received_at": at })
    }

    #[test]
    fn the_inbox_is_read_to_its_end_and_each_message_once() {
        let since = Timestamp::from_seconds(1_795_000_000);
        let full: Vec<Value> = (0..100).map(|at| row(200 - at, "2026-11-18T11:07:00.500Z")).collect();
        let question = Question::Inbox { since };
        let first = answered(&json!({ "inbounds": full }));
        let Some(Ok(AskStep::Call(next))) = dialect().ask(&question, std::slice::from_ref(&first)) else {
            panic!("no page")
        };
        assert!(next.uri().to_string().ends_with("/inbounds?start_date=2026-11-18T11:06:40Z&page_size=100&page=1"));
        let last =
            answered(&json!({ "inbounds": [row(101, "2026-11-18T11:07:00Z"), row(100, "2026-11-18T11:06:41Z")] }));

        let Some(Ok(AskStep::Known(Known::Inbox { said, up_to }))) = dialect().ask(&question, &[first, last]) else {
            panic!("no inbox")
        };
        assert_eq!((said.len(), up_to), (101, Timestamp(1_795_000_020_500)));
        assert!(matches!(&said[0], Said::Message(oldest) if oldest.carrier_id == "100"));
    }

    #[test]
    fn only_our_own_reference_counts_as_taken() {
        let address = |text: &str| Address::parse(text).expect("a number");
        let message =
            OutboundMessage::text("ref-1", ChannelKind::Sms, address("+4930555000"), address("+4915550012345"), "hi");
        let question = Question::Taken { message, since: Timestamp(0) };
        let ask =
            |rows: Value| dialect().ask(&question, &[answered(&json!({ "batches": rows }))]).expect("it can be asked");

        assert!(matches!(
            ask(json!([{ "id": "B", "client_reference": "ref-1" }])),
            Ok(AskStep::Known(Known::Taken(_)))
        ));
        for rows in [json!([]), json!([{ "id": "B", "client_reference": "ref-2" }]), json!(5)] {
            assert!(matches!(ask(rows), Err(SendError::Unreadable { .. })));
        }
    }
}
