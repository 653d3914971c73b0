//! What SignalWire can be asked: credentials, a message's state, whether it was taken, what came in, our numbers.

use super::{SignalWire, errors, is_uuid};
use crate::carrier::codes;
use crate::carrier::dialect::{Answer, AskStep, InboundMedia, InboundMessage, Known, OutboundMessage, Said};
use crate::carrier::http::{self, good_json, path_piece};
use crate::carrier::incoming::Shelf;
use crate::carrier::spelling;
use crate::carrier::twiml::ask::{Messages, Step};
use crate::carrier::twiml::list::Row;
use crate::carrier::twiml::state_of;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

impl SignalWire {
    fn get(&self, rest: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, rest)?.bare()))
    }

    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("") };
        let body = good_json(answer, errors::of)?;
        let name = body["friendly_name"].as_str().unwrap_or("without a name");
        match body["status"].as_str() {
            None | Some("active") => {
                Ok(AskStep::Known(Known::CredentialsGood(format!("Project {name}: token is good."))))
            }
            Some(status) => {
                let why = format!("the project {name} is {status}: see the dashboard");
                Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).saying(&why) })
            }
        }
    }

    pub(super) fn ask_status(&self, carrier_id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&format!("/Messages/{}", path_piece(carrier_id))) };
        if answer.status() == StatusCode::NOT_FOUND {
            let reason = Reason::of(ReasonCode::CarrierRefused).coded("404");
            return Err(SendError::Rejected { reason: reason.saying("SignalWire does not know this message") });
        }
        self.lists(|messages| messages.state(carrier_id, answer, errors::of_delivery).map(Step::Known))
    }

    pub(super) fn ask_taken(
        &self,
        message: &OutboundMessage,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let plus = |address| spelling::plus(address).unwrap_or_default();
        let ends = (plus(&message.from), plus(&message.to));
        self.lists(|messages| messages.taken(ends, &message.text, since, answers))
    }

    pub(super) fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        self.lists(|messages| messages.inbox(since, answers, said))
    }

    fn lists(&self, ask: impl FnOnce(&Messages<'_>) -> Result<Step, SendError>) -> Result<AskStep, SendError> {
        let account_path = &self.account_path();
        match ask(&Messages { base_url: &self.base_url, account_path, ending: "", refused: errors::of })? {
            Step::Get(rest) => self.get(&rest),
            Step::Known(known) => Ok(AskStep::Known(known)),
        }
    }

    /// Files are at addresses nobody can guess; below our own space they want our credentials.
    pub(super) fn ask_media(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let shelf = Shelf { base_url: &self.base_url, hosts: &[] };
        let authorized = |call: http::Call| call.basic(&self.project_id, self.api_token.expose());
        shelf.fetch(location, authorized, answers, errors::of)
    }

    fn number(&self, number: &Address) -> Result<AskStep, SendError> {
        self.get(&http::with_query("/IncomingPhoneNumbers", "PhoneNumber", number.as_str()))
    }

    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.number(number) };
        Ok(AskStep::Known(match only(answer)? {
            None => Known::SenderBad(format!("{number} is not a number of this project.")),
            Some(row) if row["capabilities"]["sms"] == false => {
                Known::SenderBad(format!("{number} belongs to this project but cannot send texts."))
            }
            Some(_) => Known::SenderGood(format!("{number} belongs to this project.")),
        }))
    }

    pub(super) fn ask_callback(&self, number: &Address, url: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.number(number) };
        let row = only(answer)?.unwrap_or_default();
        Ok(AskStep::Known(match row["sms_url"].as_str().filter(|there| !there.is_empty()) {
            Some(there) if there == url => Known::CallbackFits,
            there => Known::CallbackDiffers(there.map(str::to_owned)),
        }))
    }
}

/// The only row of a list of numbers, if there is one.
fn only(answer: &Answer) -> Result<Option<Value>, SendError> {
    let body = good_json(answer, errors::of)?;
    let rows = body["incoming_phone_numbers"].as_array().ok_or_else(|| http::unreadable(answer))?;
    Ok(rows.first().cloned())
}

/// A row of the list as a webhook would have said it; `None` for one that nobody can use.
fn said(row: &Row, files: &[InboundMedia]) -> Option<Said> {
    if !is_uuid(&row.sid) {
        return None;
    }
    if !row.inbound {
        let reason = || errors::of_delivery(row.error, None);
        let report = codes::report(Some(row.sid.clone()), None, state_of(&row.status)?, reason);
        return Some(Said::DeliveryReport(report));
    }
    let (from, to) = (Address::parse(&row.from).ok()?, Address::parse(&row.to).ok()?);
    let message = InboundMessage::text(ChannelKind::Sms, &row.sid, from, to, &row.text);
    Some(Said::Message(InboundMessage { media: files.to_vec(), said_at: Some(row.made), ..message }))
}
