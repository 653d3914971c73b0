//! What seven can be asked: credit, a message's state, its journal of what went out and came in, its webhooks.

use super::{Seven, errors};
use crate::carrier::dialect::{
    Accepted, Answer, AskStep, InboundMessage, Known, OutboundMessage, Question, Request, Said,
};
use crate::carrier::http::{self, id_of, text_of};
use crate::carrier::{codes, moments, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::Method;
use serde_json::Value;
use std::time::Duration;

/// Less than this, in euros, is about to end.
const LOW_EUR: f64 = 5.0;
/// Entries of the journal in one answer.
const JOURNAL_LIMIT: usize = 100;
const PAGES_MAX: usize = 20;
const DAY: Duration = Duration::from_secs(86_400);
/// How far the journal's clock may stand before UTC.
const ZONE: Duration = Duration::from_secs(7200);

impl Seven {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        let call = match question {
            Question::Credentials | Question::Credit => self.get("/balance"),
            Question::Status { carrier_id } => self.get(&format!("/status?msg_id={}", http::path_piece(carrier_id))),
            Question::Callback { .. } => self.get("/hooks"),
            Question::Taken { message, .. } => {
                let to = spelling::digits(&message.to).unwrap_or_default();
                self.get(&format!("/journal/outbound?to={}&limit={JOURNAL_LIMIT}", http::path_piece(to)))
            }
            Question::Inbox { since } => return Some(self.ask_inbox(*since, answers)),
            _ => return None,
        };
        let Some(answer) = answers.last() else { return Some(call.map(AskStep::Call)) };
        Some(good(answer).and_then(|body| self.known(question, &body, answer)).map(AskStep::Known))
    }

    fn get(&self, path: &str) -> Result<Request, SendError> {
        Ok(self.call(Method::GET, path)?.bare())
    }

    /// The journal page by page, from a day before: its times have no zone, and what was here is known by its id.
    fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let mut rows = Vec::new();
        for answer in answers {
            let body = good(answer)?;
            let page = body.as_array().ok_or_else(|| http::unreadable(answer))?;
            rows.extend(page.iter().take(JOURNAL_LIMIT).cloned());
            if page.len() < JOURNAL_LIMIT {
                return Ok(AskStep::Known(inbox(&rows, since)));
            }
        }
        if answers.len() >= PAGES_MAX {
            return Ok(AskStep::Known(inbox(&rows, since)));
        }
        let from = &moments::rfc3339(since.minus(DAY))[..10];
        let offset = answers.len() * JOURNAL_LIMIT;
        self.get(&format!("/journal/inbound?date_from={from}&limit={JOURNAL_LIMIT}&offset={offset}")).map(AskStep::Call)
    }

    fn known(&self, question: &Question, body: &Value, answer: &Answer) -> Result<Known, SendError> {
        let unreadable = || http::unreadable(answer);
        match question {
            Question::Credentials => Ok(Known::CredentialsGood("seven accepts the API key.".into())),
            Question::Credit => {
                let amount = body["amount"].as_f64().ok_or_else(unreadable)?;
                let currency = body["currency"].as_str().unwrap_or("EUR");
                Ok(Known::Credit { says: format!("{amount:.2} {currency}"), low: amount < LOW_EUR })
            }
            Question::Status { carrier_id } => status(body, carrier_id).ok_or_else(unreadable)?,
            Question::Callback { url, .. } => Ok(callback(body, url)),
            Question::Taken { message, .. } => taken(body.as_array().ok_or_else(unreadable)?, message),
            _ => Err(unreadable()),
        }
    }
}

/// A list or an object; a bare number is an error code.
fn good(answer: &Answer) -> Result<Value, SendError> {
    let refused = |answer: &Answer| codes::judged(answer, None);
    if !answer.status().is_success() {
        return Err(refused(answer));
    }
    let body = http::json_of(answer).unwrap_or_default();
    match text_of(&body).or_else(|| text_of(&body["success"])) {
        Some(code) if !body["data"].is_array() => Err(errors::of_code(&code, None)),
        _ => http::good_json(answer, refused),
    }
}

fn status(body: &Value, carrier_id: &str) -> Option<Result<Known, SendError>> {
    // One list, or a list in a list, as the vendor's document says.
    let rows = body.as_array()?.iter().flat_map(|row| row.as_array().map_or(std::slice::from_ref(row), Vec::as_slice));
    let row = rows.into_iter().find(|row| text_of(&row["id"]).as_deref() == Some(carrier_id));
    let Some(row) = row else {
        let reason = Reason::of(ReasonCode::CarrierRefused).saying("seven does not know this message");
        return Some(Err(SendError::Rejected { reason }));
    };
    let word = row["status"].as_str()?;
    let state = errors::state_of(word)?;
    let id = Some(carrier_id.to_owned());
    Some(Ok(Known::State(codes::report(id, None, state, || errors::reason_of(word)))))
}

/// One of the account's webhooks must bring inbound texts to us.
fn callback(body: &Value, url: &str) -> Known {
    let rows = body["hooks"].as_array().or(body["data"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let hooks = rows.iter().map(|row| if row["hooks"].is_object() { &row["hooks"] } else { row });
    let inbound: Vec<&Value> =
        hooks.filter(|hook| matches!(hook["event_type"].as_str(), Some("sms_mo" | "all"))).collect();
    if inbound.iter().any(|hook| hook["target_url"] == url && hook["enabled"] != false) {
        return Known::CallbackFits;
    }
    Known::CallbackDiffers(inbound.first().and_then(|hook| hook["target_url"].as_str()).map(str::to_owned))
}

/// Our reference stands in the journal; that it does not yet is no proof.
fn taken(rows: &[Value], message: &OutboundMessage) -> Result<Known, SendError> {
    let ours = rows.iter().find(|row| row["foreign_id"] == message.reference.as_str());
    let id = ours.and_then(|row| id_of(&row["id"]));
    id.map(|id| Known::Taken(Accepted::of(id, None))).ok_or_else(|| SendError::Unreadable {
        why: "seven's journal does not show the message, which proves nothing".into(),
    })
}

/// What the journal lists, the oldest first.
fn inbox(rows: &[Value], since: Timestamp) -> Known {
    let read = |row: &Value| {
        let number = |name: &str| spelling::from_digits(&text_of(&row[name])?).ok();
        let text = row["text"].as_str()?;
        Some(InboundMessage::text(ChannelKind::Sms, &id_of(&row["id"])?, number("from")?, number("to")?, text))
    };
    // The newest stands first.
    let said: Vec<Said> = rows.iter().rev().filter_map(read).map(Said::Message).collect();
    let newest = rows.iter().filter_map(|row| moments::read(row["timestamp"].as_str()?)).max();
    Known::Inbox { said, up_to: newest.map_or(since, |newest| since.max(newest.minus(ZONE))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::Carrier;
    use crate::domain::address::Address;
    use crate::domain::delivery::DeliveryState;
    use serde_json::json;

    fn asked(question: &Question, body: &Value) -> Result<Known, SendError> {
        let settings = json!({ "api_key": "api-key-1", "signatures": "no" });
        let dialect = Seven::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let Some(Ok(AskStep::Call(_))) = dialect.ask(question, &[]) else { panic!("no call") };
        let answer = ::http::Response::new(body.to_string().into());
        match dialect.ask(question, &[answer]).expect("it can be asked")? {
            AskStep::Known(known) => Ok(known),
            AskStep::Call(_) | AskStep::File { .. } => panic!("one call is enough"),
        }
    }

    #[test]
    fn each_question_is_answered_from_one_call() {
        let number = Address::parse("+4930555000").expect("a number");
        let peer = Address::parse("+4915550012345").expect("a number");
        let message = OutboundMessage::text("ref-1", ChannelKind::Sms, number.clone(), peer, "hi");
        let url = "https://pbx.example.com/hook/k".to_owned();
        let callback = Question::Callback { kind: ChannelKind::Sms, number, url: url.clone() };
        let taken = Question::Taken { message, since: Timestamp(0) };
        let inbox = Question::Inbox { since: Timestamp(7) };
        let state = Question::Status { carrier_id: "77".into() };

        assert_eq!(
            asked(&Question::Credit, &json!({ "amount": 3.5, "currency": "EUR" })),
            Ok(Known::Credit { says: "3.50 EUR".into(), low: true })
        );
        assert!(matches!(asked(&Question::Credentials, &json!(900)), Err(SendError::Misconfigured { .. })));
        let found = asked(&state, &json!([{ "id": "77", "status": "DELIVERED" }]));
        assert!(matches!(found, Ok(Known::State(report)) if report.state == DeliveryState::Delivered));
        assert!(matches!(asked(&state, &json!([])), Err(SendError::Rejected { .. })));
        assert_eq!(
            asked(&callback, &json!({ "success": true, "hooks": [{ "event_type": "sms_mo", "target_url": url }] })),
            Ok(Known::CallbackFits)
        );
        assert_eq!(asked(&callback, &json!({ "data": [] })), Ok(Known::CallbackDiffers(None)));
        assert!(
            matches!(asked(&taken, &json!([{ "id": "9", "foreign_id": "ref-1" }])), Ok(Known::Taken(of)) if of.carrier_id == "9")
        );
        assert!(matches!(asked(&taken, &json!([])), Err(SendError::Unreadable { .. })));
        let rows = json!([{ "id": "2", "from": "4915550012345", "to": "4930555000", "text": "b" }, { "id": "1", "from": "4915550012345", "to": "4930555000", "text": "a" }]);
        let Ok(Known::Inbox { said, up_to: Timestamp(7) }) = asked(&inbox, &rows) else { panic!("no inbox") };
        assert!(matches!(&said[0], Said::Message(first) if first.carrier_id == "1"));
    }
}
