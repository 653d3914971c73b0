//! What sipgate can be asked: who we are, the balance, an extension's number, and the history of texts.

use super::Sipgate;
use crate::carrier::dialect::{Answer, AskStep, InboundMessage, Known, OutboundMessage, Request, Said};
use crate::carrier::taken::{DOUBT, Listed, doubt, judge};
use crate::carrier::{http, moments, spelling};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use ::http::Method;
use serde_json::Value;

const PAGE_SIZE: usize = 50;
const PAGES_MAX: usize = 20;
/// The balance counts in ten-thousandths; below five the credit is about to end.
const LOW: f64 = 5.0;

impl Sipgate {
    fn get(&self, path: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, path)?.bare()))
    }

    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/authorization/userinfo") };
        let body = http::good_json(answer, http::by_status)?;
        let user = body["sub"].as_str().unwrap_or("unknown");
        Ok(AskStep::Known(Known::CredentialsGood(format!("sipgate accepts the token; it belongs to user {user}."))))
    }

    pub(super) fn ask_credit(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/balance") };
        let body = http::good_json(answer, http::by_status)?;
        let amount = http::text_of(&body["amount"]).and_then(|text| text.parse::<f64>().ok());
        let amount = amount.ok_or_else(|| http::unreadable(answer))? / 10_000.0;
        let currency = body["currency"].as_str().unwrap_or("EUR");
        Ok(AskStep::Known(Known::Credit { says: format!("{amount:.2} {currency}"), low: amount < LOW }))
    }

    /// Who we are, then the extensions of that user: the one we send with must show our number.
    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(first) = answers.first() else { return self.get("/authorization/userinfo") };
        let body = http::good_json(first, http::by_status)?;
        let user = http::id_of(&body["sub"]).ok_or_else(|| http::unreadable(first))?;
        let Some(second) = answers.get(1) else { return self.get(&format!("/{}/sms", http::path_piece(&user))) };
        let body = http::good_json(second, http::by_status)?;
        let items = body["items"].as_array().ok_or_else(|| http::unreadable(second))?;
        let bad = |why: String| Ok(AskStep::Known(Known::SenderBad(why)));
        let Some(id) = self.extension_of(number) else {
            return bad(format!("No SMS extension is set for {number} in this trunk's settings."));
        };
        let Some(item) = items.iter().find(|item| item["id"] == id) else {
            return bad(format!("User {user} has no SMS extension {id}."));
        };
        match item["callerId"].as_str().map(spelling::from_digits) {
            Some(Ok(shown)) if shown != *number => {
                bad(format!("SMS extension {id} sends from {shown}: choose {number} as its sender at sipgate."))
            }
            _ => Ok(AskStep::Known(Known::SenderGood(format!("SMS extension {id} sends for this number.")))),
        }
    }

    /// What came in since then.
    pub(super) fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let rows = match self.history("INCOMING", since, answers)? {
            Page::Next(request) => return Ok(AskStep::Call(request)),
            Page::All(rows) => rows,
        };
        let mut told: Vec<(Timestamp, Said)> = Vec::new();
        for row in &rows {
            let made = moment(row).ok_or_else(|| doubt("a moment in the history cannot be read"))?;
            // The history's moments are whole seconds: what came in the same one is told again, under the same id.
            if made >= Timestamp::from_seconds(since.as_seconds()) {
                let read = message(row).map(Said::Message);
                told.push((made, read.unwrap_or_else(|why| Said::Other { what: format!("unreadable: {why}") })));
            }
        }
        told.sort_by_key(|(made, _)| *made);
        let up_to = told.iter().map(|(made, _)| *made).fold(since, Timestamp::max);
        Ok(AskStep::Known(Known::Inbox { said: told.into_iter().map(|(_, said)| said).collect(), up_to }))
    }

    /// Looks for the message among those that went to this peer.
    pub(super) fn ask_taken(
        &self,
        message: &OutboundMessage,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let rows = match self.history("OUTGOING", since.minus(DOUBT), answers)? {
            Page::Next(request) => return Ok(AskStep::Call(request)),
            Page::All(rows) => rows,
        };
        let ours = |row: &&Value| row["target"].as_str().map(spelling::from_digits) == Some(Ok(message.to.clone()));
        let read = |row: &Value| {
            let text = row["smsContent"].as_str().unwrap_or_default().to_owned();
            // The id of the message stays our reference, as if its answer had been seen.
            Some(Listed { id: message.reference.clone(), text, made: moment(row)?, segments: None })
        };
        let listed: Option<Vec<Listed>> = rows.iter().filter(ours).map(read).collect();
        judge(&listed.ok_or_else(|| doubt("the history cannot be read"))?, &message.text, since).map(AskStep::Known)
    }

    /// The history of texts since a moment, page by page.
    fn history(&self, direction: &str, since: Timestamp, answers: &[Answer]) -> Result<Page, SendError> {
        let mut rows = Vec::new();
        let mut full = true;
        for answer in answers {
            let body = http::good_json(answer, http::by_status)?;
            let items = body["items"].as_array().ok_or_else(|| http::unreadable(answer))?;
            full = items.len() >= PAGE_SIZE;
            rows.extend(items.iter().cloned());
        }
        match (full, answers.len()) {
            (false, _) => Ok(Page::All(rows)),
            (true, PAGES_MAX..) => Err(doubt("there are too many messages to look through")),
            (true, pages) => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair("types", "SMS").append_pair("directions", direction);
                query.append_pair("from", &moments::rfc3339(since));
                query.append_pair("limit", &PAGE_SIZE.to_string());
                query.append_pair("offset", &(pages * PAGE_SIZE).to_string());
                Ok(Page::Next(self.call(Method::GET, &format!("/history?{}", query.finish()))?.bare()))
            }
        }
    }
}

/// How far the history has been read.
#[expect(clippy::large_enum_variant, reason = "it lives for one step")]
enum Page {
    Next(Request),
    All(Vec<Value>),
}

fn moment(row: &Value) -> Option<Timestamp> {
    moments::read(row["created"].as_str()?)
}

fn message(row: &Value) -> Result<InboundMessage, String> {
    let id = http::id_of(&row["id"]).ok_or("id is missing")?;
    let number = |key: &str| {
        let text = row[key].as_str().ok_or_else(|| format!("{key} is missing"))?;
        spelling::from_digits(text).map_err(|error| format!("{key}: {error}"))
    };
    let text = row["smsContent"].as_str().filter(|text| !text.is_empty()).ok_or("smsContent is missing")?;
    Ok(InboundMessage::text(ChannelKind::Sms, &id, number("source")?, number("target")?, text))
}
