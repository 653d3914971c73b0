//! What Bird can be asked: a message's state, and its log of what went out and came in.

use super::{Bird, errors, hear};
use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, OutboundMessage, Question, Said};
use crate::carrier::http::{self, id_of};
use crate::carrier::listing::{self, DOUBT, PAGES_MAX};
use crate::carrier::{moments, spelling};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

const PATH: &str = "/v1/sms/messages";
const PAGE_SIZE: usize = 100;

impl Bird {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            _ => return None,
        })
    }

    fn get(&self, rest: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, &format!("{PATH}{rest}"))?.bare()))
    }

    fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("?limit=1") };
        http::good_json(answer, errors::of)?;
        Ok(AskStep::Known(Known::CredentialsGood("Bird accepts the API key.".into())))
    }

    fn ask_status(&self, id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&format!("/{}", http::path_piece(id))) };
        if answer.status() == StatusCode::NOT_FOUND {
            let reason = Reason::of(ReasonCode::CarrierRefused).coded("404").saying("Bird does not know this message");
            return Err(SendError::Rejected { reason });
        }
        let body = http::good_json(answer, errors::of)?;
        match hear::report(body["status"].as_str().unwrap_or_default(), &body, &body["id"]) {
            Ok(Said::DeliveryReport(report)) if report.carrier_id.as_deref() == Some(id) => {
                Ok(AskStep::Known(Known::State(report)))
            }
            _ => Err(http::unreadable(answer)),
        }
    }

    /// Among those to this peer, by our reference.
    fn ask_taken(&self, message: &OutboundMessage, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let to = http::path_piece(spelling::plus(&message.to).unwrap_or_default());
            let from = moments::rfc3339(since.minus(DOUBT));
            return self.get(&format!("?direction=outbound&to={to}&created_after={from}&limit={PAGE_SIZE}"));
        };
        let body = http::good_json(answer, errors::of)?;
        let rows = body["data"].as_array().ok_or_else(|| http::unreadable(answer))?;
        let ours = rows.iter().find(|row| row["metadata"]["reference"] == message.reference.as_str());
        let id = ours.and_then(|row| id_of(&row["id"])).ok_or_else(listing::not_shown)?;
        Ok(AskStep::Known(Known::Taken(Accepted::of(id, None))))
    }

    /// A second earlier than asked: whether `created_after` takes in the moment itself is not said.
    fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let mut rows = Vec::new();
        let mut cursor = None;
        for answer in answers {
            let body = http::good_json(answer, errors::of)?;
            rows.extend(body["data"].as_array().ok_or_else(|| http::unreadable(answer))?.iter().cloned());
            cursor = body["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                let read = |row: &Value| hear::message(row, &row["id"]);
                return Ok(AskStep::Known(listing::inbox(rows, since, "created_at", read)));
            }
        }
        if answers.len() >= PAGES_MAX {
            return Err(listing::too_long());
        }
        let from = moments::rfc3339(since.minus(std::time::Duration::from_secs(1)));
        let after = cursor.map(|cursor| format!("&starting_after={}", http::path_piece(&cursor))).unwrap_or_default();
        self.get(&format!("?direction=inbound&created_after={from}&limit={PAGE_SIZE}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::Carrier;
    use serde_json::json;

    #[test]
    fn the_inbox_follows_the_cursor_to_its_end() {
        let settings = json!({ "api_key": "bk_eu1_abcdef", "webhook_secret": "whsec_c2VjcmV0LXNlY3JldA==" });
        let dialect = Bird::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let question = Question::Inbox { since: Timestamp::from_seconds(1_795_000_000) };
        let page = |id: &str, cursor: Option<&str>| -> Answer {
            let row = json!({ "id": id, "from": "+4915550012345", "to": "+4930555000", "text": "hi", "created_at": "2026-11-18T11:06:41Z" });
            ::http::Response::new(json!({ "data": [row], "next_cursor": cursor }).to_string().into())
        };

        let Some(Ok(AskStep::Call(next))) = dialect.ask(&question, &[page("sms_2", Some("c/1"))]) else {
            panic!("no page")
        };
        assert_eq!(
            next.uri().to_string(),
            "https://eu1.platform.bird.com/v1/sms/messages?direction=inbound&created_after=2026-11-18T11:06:39Z&limit=100&starting_after=c%2F1"
        );
        let all = dialect.ask(&question, &[page("sms_2", Some("c/1")), page("sms_1", None)]);
        let Some(Ok(AskStep::Known(Known::Inbox { said, .. }))) = all else { panic!("no inbox") };
        assert!(matches!(&said[..], [Said::Message(one), Said::Message(_)] if one.carrier_id == "sms_1"));
    }
}
