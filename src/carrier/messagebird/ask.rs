//! What MessageBird can be asked: credit, a message's state, its lists of what went out and came in.

use super::{MessageBird, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Accepted, Answer, AskStep, InboundMessage, Known, OutboundMessage, Question};
use crate::carrier::http::{self, Call, id_of, text_of};
use crate::carrier::incoming::Shelf;
use crate::carrier::listing::{self, DOUBT, PAGES_MAX};
use crate::carrier::{moments, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

const PAGE_SIZE: usize = 100;
/// Less than this is about to end, in credits or in a currency.
const LOW: f64 = 5.0;

impl MessageBird {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials | Question::Credit => self.ask_balance(question, answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            Question::Media { location } => {
                let shelf = Shelf { base_url: &self.base_url, hosts: &[".messagebird.com"] };
                let credentials = format!("AccessKey {}", self.access_key.expose());
                shelf.fetch(location, |call: Call| call.authorization(&credentials), answers, errors::of)
            }
            _ => return None,
        })
    }

    fn get(&self, path: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, path)?.bare()))
    }

    fn ask_balance(&self, question: &Question, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/balance") };
        let body = http::good_json(answer, errors::of)?;
        let amount = body["amount"].as_f64().ok_or_else(|| http::unreadable(answer))?;
        let paid_before = body["payment"] == "prepaid";
        Ok(AskStep::Known(match question {
            Question::Credit => {
                let says = format!("{amount:.2} {}", body["type"].as_str().unwrap_or_default());
                Known::Credit { says, low: paid_before && amount < LOW }
            }
            _ => Known::CredentialsGood("MessageBird accepts the access key.".into()),
        }))
    }

    fn ask_status(&self, id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&format!("/messages/{}", http::path_piece(id))) };
        if answer.status() == StatusCode::NOT_FOUND {
            let reason =
                Reason::of(ReasonCode::CarrierRefused).coded("20").saying("MessageBird does not know this message");
            return Err(SendError::Rejected { reason });
        }
        let body = http::good_json(answer, errors::of)?;
        let row = &body["recipients"]["items"][0];
        let word = row["status"].as_str().unwrap_or_default();
        let state = errors::state_of(word).filter(|_| body["id"] == id).ok_or_else(|| http::unreadable(answer))?;
        let code = text_of(&row["statusErrorCode"]);
        let reason = || errors::of_delivery(word, code.as_deref(), row["statusReason"].as_str());
        let reference = id_of(&body["reference"]);
        Ok(AskStep::Known(Known::State(codes::report(Some(id.to_owned()), reference, state, reason))))
    }

    /// Among those to this peer, by our reference.
    fn ask_taken(&self, message: &OutboundMessage, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let to = http::path_piece(spelling::digits(&message.to).unwrap_or_default());
            let from = moments::rfc3339(since.minus(DOUBT));
            return self.get(&format!("/messages?direction=mt&recipient={to}&from={from}&limit={PAGE_SIZE}"));
        };
        let body = http::good_json(answer, errors::of)?;
        let rows = body["items"].as_array().ok_or_else(|| http::unreadable(answer))?;
        let ours = rows.iter().find(|row| row["reference"] == message.reference.as_str());
        let id = ours.and_then(|row| id_of(&row["id"])).ok_or_else(listing::not_shown)?;
        Ok(AskStep::Known(Known::Taken(Accepted::of(id, None))))
    }

    fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let mut rows = Vec::new();
        for answer in answers {
            let body = http::good_json(answer, errors::of)?;
            let page = body["items"].as_array().ok_or_else(|| http::unreadable(answer))?;
            rows.extend(page.iter().cloned());
            if page.len() < PAGE_SIZE {
                // Whatever filter it honoured: only what came in.
                rows.retain(|row| row["direction"] != "mt");
                return Ok(AskStep::Known(listing::inbox(rows, since, "createdDatetime", listed)));
            }
        }
        if answers.len() >= PAGES_MAX {
            return Err(listing::too_long());
        }
        let (from, offset) = (moments::rfc3339(since), answers.len() * PAGE_SIZE);
        self.get(&format!("/messages?direction=mo&from={from}&limit={PAGE_SIZE}&offset={offset}"))
    }
}

fn listed(row: &Value) -> Result<InboundMessage, String> {
    let number = |value: &Value| spelling::from_digits(&text_of(value).ok_or("a number is missing")?);
    let id = id_of(&row["id"]).ok_or("id is missing")?;
    let (from, to) = (number(&row["originator"])?, number(&row["recipients"]["items"][0]["recipient"])?);
    let text = row["body"].as_str().ok_or("body is missing")?;
    let mut message = InboundMessage::text(ChannelKind::Sms, &id, from, to, text);
    message.said_at = row["createdDatetime"].as_str().and_then(moments::read);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::{Carrier, Said};
    use crate::domain::address::Address;
    use crate::domain::delivery::DeliveryState;
    use serde_json::json;

    #[test]
    fn each_question_is_answered_from_one_call() {
        let settings = json!({ "access_key": "access-key-1", "signing_key": "signing-key-1" });
        let dialect = MessageBird::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let number = |text: &str| Address::parse(text).expect("a number");
        let message =
            OutboundMessage::text("ref-1", ChannelKind::Sms, number("+4930555000"), number("+4915550012345"), "hi");
        let asked = |question: &Question, body: Value| {
            let Some(Ok(AskStep::Call(_))) = dialect.ask(question, &[]) else { panic!("no call") };
            match dialect.ask(question, &[::http::Response::new(body.to_string().into())]).expect("it can be asked")? {
                AskStep::Known(known) => Ok(known),
                AskStep::Call(_) | AskStep::File { .. } => panic!("one call is enough"),
            }
        };
        let row = json!({
            "id": "f28b", "reference": "ref-1", "direction": "mo", "originator": "4915550012345", "body": "hi",
            "createdDatetime": "2026-11-18T11:06:40+00:00",
            "recipients": { "items": [{ "recipient": 4_930_555_000_u64, "status": "delivered" }] },
        });
        let taken = Question::Taken { message, since: Timestamp(0) };

        assert_eq!(
            asked(&Question::Credit, json!({ "payment": "prepaid", "type": "euros", "amount": 3 })),
            Ok(Known::Credit { says: "3.00 euros".into(), low: true })
        );
        let found = asked(&Question::Status { carrier_id: "f28b".into() }, row.clone());
        assert!(matches!(found, Ok(Known::State(report)) if report.state == DeliveryState::Delivered));
        assert!(matches!(asked(&taken, json!({ "items": [row] })), Ok(Known::Taken(of)) if of.carrier_id == "f28b"));
        assert!(matches!(asked(&taken, json!({ "items": [] })), Err(SendError::Unreadable { .. })));
        let Ok(Known::Inbox { said, up_to }) =
            asked(&Question::Inbox { since: Timestamp(0) }, json!({ "items": [row] }))
        else {
            panic!("no inbox")
        };
        assert_eq!(up_to, Timestamp::from_seconds(1_795_000_000));
        assert!(matches!(&said[..], [Said::Message(message)] if message.to.as_str() == "+4930555000"));
    }
}
