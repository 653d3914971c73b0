//! What Flowroute can be asked: credentials and numbers, one message, and its list of messages.

use super::{Flowroute, errors, hear};
use crate::carrier::dialect::{Answer, AskStep, DeliveryReport, Known, OutboundMessage, Request, Said};
use crate::carrier::taken::{DOUBT, Listed, doubt, judge};
use crate::carrier::{http, moments, outgoing, spelling};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

const PAGE_SIZE: usize = 100;
const PAGES_MAX: usize = 10;

impl Flowroute {
    /// The list of our numbers needs the same key.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            return Ok(AskStep::Call(self.call(Method::GET, "/v2/numbers?limit=1")?.bare()));
        };
        http::good_json(answer, errors::of)?;
        Ok(AskStep::Known(Known::CredentialsGood("Flowroute accepts the access key and its secret.".into())))
    }

    /// A number of ours is in the account.
    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let digits = spelling::digits(number).unwrap_or_default();
        let Some(answer) = answers.last() else {
            let path = format!("/v2/numbers/{}", http::path_piece(digits));
            return Ok(AskStep::Call(self.call(Method::GET, &path)?.bare()));
        };
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(AskStep::Known(Known::SenderBad(format!("Flowroute has no number {digits} in this account."))));
        }
        let body = http::good_json(answer, errors::of)?;
        let kind = body["data"]["attributes"]["number_type"].as_str().unwrap_or("ordinary");
        Ok(AskStep::Known(Known::SenderGood(format!("The number is in the account ({kind})."))))
    }

    /// The last receipt of a message, else that Flowroute has it.
    pub(super) fn ask_status(&self, id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let path = format!("/v2.2/messages/{}", http::path_piece(id));
            return Ok(AskStep::Call(self.call(Method::GET, &path)?.bare()));
        };
        let body = http::good_json(answer, errors::of)?;
        let data = &body["data"];
        if http::id_of(&data["id"]).as_deref() != Some(id) {
            return Err(http::unreadable(answer));
        }
        let receipts = data["attributes"]["delivery_receipts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let last = receipts.iter().max_by_key(|receipt| receipt["level"].as_i64());
        let told = last.and_then(hear::state).or_else(|| hear::state(&data["attributes"]));
        let (state, reason) = told.ok_or_else(|| http::unreadable(answer))?;
        let report = DeliveryReport { carrier_id: Some(id.to_owned()), reference: None, state, reason };
        Ok(AskStep::Known(Known::State(report)))
    }

    /// Looks for the message among all since then: there is no key to look by.
    pub(super) fn ask_taken(
        &self,
        message: &OutboundMessage,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let rows = match self.listed(since.minus(DOUBT), answers)? {
            Page::Next(request) => return Ok(AskStep::Call(request)),
            Page::All(rows) => rows,
        };
        let (_, to) = outgoing::ends(message, spelling::digits)?;
        let mut listed = Vec::new();
        for row in rows.iter().map(|(row, _)| row).filter(|row| is_to(row, to)) {
            listed.push(read(row).ok_or_else(|| doubt("the list cannot be read"))?);
        }
        judge(&listed, &message.text, since).map(AskStep::Known)
    }

    /// What came in since then, and what became of ours.
    pub(super) fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let rows = match self.listed(since, answers)? {
            Page::Next(request) => return Ok(AskStep::Call(request)),
            Page::All(rows) => rows,
        };
        let mut said: Vec<(Timestamp, Said)> = Vec::new();
        for (row, included) in &rows {
            let made = moment(row).unwrap_or(since);
            if row["attributes"]["direction"] == "inbound" {
                let told = hear::message(row, included).map(Said::Message);
                said.push((made, told.unwrap_or_else(|why| Said::Other { what: format!("unreadable: {why}") })));
            } else if let (Some(id), Some((state, reason))) = (http::id_of(&row["id"]), hear::state(&row["attributes"]))
            {
                let report = DeliveryReport { carrier_id: Some(id), reference: None, state, reason };
                said.push((made, Said::DeliveryReport(report)));
            }
        }
        said.sort_by_key(|(made, _)| *made);
        let up_to = said.iter().map(|(made, _)| *made).fold(since, Timestamp::max);
        Ok(AskStep::Known(Known::Inbox { said: said.into_iter().map(|(_, said)| said).collect(), up_to }))
    }

    /// All messages since a moment, page by page.
    fn listed(&self, since: Timestamp, answers: &[Answer]) -> Result<Page, SendError> {
        let mut rows = Vec::new();
        let mut full = true;
        for answer in answers {
            let body = http::good_json(answer, errors::of)?;
            let page = body["data"].as_array().ok_or_else(|| http::unreadable(answer))?;
            full = page.len() >= PAGE_SIZE;
            rows.extend(page.iter().map(|row| (row.clone(), body["included"].clone())));
        }
        match (full, answers.len()) {
            (false, _) => Ok(Page::All(rows)),
            (true, PAGES_MAX..) => Err(doubt("there are too many messages to look through")),
            (true, pages) => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair("start_date", &moments::rfc3339(since));
                query.append_pair("limit", &PAGE_SIZE.to_string());
                query.append_pair("offset", &(pages * PAGE_SIZE).to_string());
                let path = format!("/v2.2/messages?{}", query.finish());
                Ok(Page::Next(self.call(Method::GET, &path)?.bare()))
            }
        }
    }
}

/// How far the list has been read.
#[expect(clippy::large_enum_variant, reason = "it lives for one step")]
enum Page {
    Next(Request),
    /// Each message, and the files told beside it.
    All(Vec<(Value, Value)>),
}

fn is_to(row: &Value, to: &str) -> bool {
    let told = &row["attributes"];
    told["direction"] != "inbound" && told["to"].as_str().is_some_and(|number| number.trim_start_matches('+') == to)
}

fn moment(row: &Value) -> Option<Timestamp> {
    moments::read(row["attributes"]["timestamp"].as_str()?)
}

fn read(row: &Value) -> Option<Listed> {
    let text = row["attributes"]["body"].as_str().unwrap_or_default().to_owned();
    Some(Listed { id: http::id_of(&row["id"])?, text, made: moment(row)?, segments: None })
}
