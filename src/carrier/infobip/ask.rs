//! What Infobip can be asked: credit, and the log of a message by its id, which is ours. (Its inbox hands out each
//! message once and forgets it: a stop in between would lose it, so it is not polled.)

use super::{Infobip, errors, hear};
use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, Question, Request, Said};
use crate::carrier::http::{self, id_of};
use crate::carrier::incoming::Shelf;
use crate::carrier::listing;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::Method;
use serde_json::Value;

/// What a body says to a question; `None`: it cannot be read.
type Reading = fn(&Question, &Value) -> Option<Result<Known, SendError>>;

/// Less than this is about to end, in whatever currency.
const LOW: f64 = 5.0;

impl Infobip {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        let (call, known): (_, Reading) = match question {
            Question::Credentials | Question::Credit => (self.get("/account/1/balance"), account),
            Question::Status { carrier_id } => (self.log_of(carrier_id), state),
            Question::Taken { message, .. } => (self.log_of(&message.reference), taken),
            Question::Media { location } => {
                let shelf = Shelf { base_url: &self.base_url, hosts: &[".infobip.com"] };
                let authorized = |call: http::Call| call.authorization(&format!("App {}", self.api_key.expose()));
                return Some(shelf.fetch(location, authorized, answers, errors::of));
            }
            _ => return None,
        };
        let Some(answer) = answers.last() else { return Some(call.map(AskStep::Call)) };
        let body = match http::good_json(answer, errors::of) {
            Ok(body) => body,
            Err(error) => return Some(Err(error)),
        };
        Some(known(question, &body).unwrap_or_else(|| Err(http::unreadable(answer))).map(AskStep::Known))
    }

    fn get(&self, path: &str) -> Result<Request, SendError> {
        Ok(self.call(Method::GET, path)?.bare())
    }

    fn log_of(&self, id: &str) -> Result<Request, SendError> {
        self.get(&format!("/sms/3/logs?messageId={}&limit=10", http::path_piece(id)))
    }
}

fn account(question: &Question, body: &Value) -> Option<Result<Known, SendError>> {
    let balance = body["balance"].as_f64()?;
    let currency = body["currency"].as_str().unwrap_or_default();
    Some(Ok(match question {
        Question::Credit => Known::Credit { says: format!("{balance:.2} {currency}"), low: balance < LOW },
        _ => Known::CredentialsGood("Infobip accepts the API key.".into()),
    }))
}

fn row_of<'a>(body: &'a Value, id: &str) -> Option<Option<&'a Value>> {
    Some(body["results"].as_array()?.iter().find(|row| row["messageId"] == id))
}

fn state(question: &Question, body: &Value) -> Option<Result<Known, SendError>> {
    let Question::Status { carrier_id } = question else { return None };
    let Some(row) = row_of(body, carrier_id)? else {
        let reason =
            Reason::of(ReasonCode::CarrierRefused).saying("Infobip's log of the last 48 hours does not show it");
        return Some(Err(SendError::Rejected { reason }));
    };
    match hear::report(row) {
        Ok(Said::DeliveryReport(report)) => Some(Ok(Known::State(report))),
        _ => None,
    }
}

fn taken(question: &Question, body: &Value) -> Option<Result<Known, SendError>> {
    let Question::Taken { message, .. } = question else { return None };
    let row = row_of(body, &message.reference)?;
    let id = row.filter(|row| row["status"]["groupName"] != "REJECTED").and_then(|row| id_of(&row["messageId"]));
    Some(id.map(|id| Known::Taken(Accepted::of(id, None))).ok_or_else(listing::not_shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::{Carrier, OutboundMessage};
    use crate::domain::address::Address;
    use crate::domain::channel::ChannelKind;
    use crate::domain::delivery::DeliveryState;
    use crate::domain::time::Timestamp;
    use serde_json::json;

    #[test]
    fn the_log_knows_a_message_by_our_id() {
        let settings =
            json!({ "base_url": "https://x.api.infobip.com", "api_key": "api-key-1", "webhook_auth": "none" });
        let dialect = Infobip::from_settings(settings.as_object().expect("an object")).expect("good settings");
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
        let taken = Question::Taken { message, since: Timestamp(0) };
        let state = Question::Status { carrier_id: "ref-1".into() };
        let row = json!({ "results": [{ "messageId": "ref-1", "status": { "groupName": "PENDING" } }] });

        assert!(matches!(asked(&taken, row.clone()), Ok(Known::Taken(of)) if of.carrier_id == "ref-1"));
        assert!(matches!(asked(&state, row), Ok(Known::State(report)) if report.state == DeliveryState::Sent));
        assert!(matches!(asked(&taken, json!({ "results": [] })), Err(SendError::Unreadable { .. })));
        assert!(matches!(asked(&state, json!({ "results": [] })), Err(SendError::Rejected { .. })));
        assert!(matches!(asked(&state, json!({})), Err(SendError::Unreadable { .. })));
        assert_eq!(
            asked(&Question::Credit, json!({ "balance": 47.79, "currency": "EUR" })),
            Ok(Known::Credit { says: "47.79 EUR".into(), low: false })
        );
    }
}
