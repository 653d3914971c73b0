//! What Bandwidth can be asked: are the credentials good, what became of a message, a message's file.

use super::{Bandwidth, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::http::{self, good_json};
use crate::carrier::incoming::Shelf;
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::{Reason, ReasonCode};
use ::http::Method;

impl Bandwidth {
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            return Ok(AskStep::Call(self.call(Method::GET, "/media")?.bare()));
        };
        match answer.status().is_success() {
            true => Ok(AskStep::Known(Known::CredentialsGood(format!(
                "Account {}: user and password are good.",
                self.account_id
            )))),
            false => Err(errors::of(answer)),
        }
    }

    /// The state of one message: the list, with this one alone.
    pub(super) fn ask_status(&self, carrier_id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let path = http::with_query("/messages", "messageId", carrier_id);
            return Ok(AskStep::Call(self.call(Method::GET, &path)?.bare()));
        };
        let body = good_json(answer, errors::of)?;
        let rows = body["messages"].as_array().ok_or_else(|| http::unreadable(answer))?;
        let Some(row) = rows.iter().find(|row| row["messageId"] == carrier_id) else {
            let reason = Reason::of(ReasonCode::CarrierRefused).coded("404");
            return Err(SendError::Rejected { reason: reason.saying("Bandwidth does not know this message") });
        };
        let state = match row["messageStatus"].as_str() {
            Some("QUEUED" | "SENDING" | "SENT" | "ACCEPTED") => DeliveryState::Sent,
            Some("DELIVERED") => DeliveryState::Delivered,
            Some("FAILED" | "UNDELIVERED") => DeliveryState::Undelivered,
            _ => return Err(http::unreadable(answer)),
        };
        let reason = || errors::of_delivery(&row["errorCode"], None);
        Ok(AskStep::Known(Known::State(codes::report(Some(carrier_id.to_owned()), None, state, reason))))
    }

    /// Files need our credentials, for two days.
    pub(super) fn ask_media(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let shelf = Shelf { base_url: &self.base_url, hosts: &[".bandwidth.com"] };
        shelf.fetch(location, |call| self.signed_in(call), answers, errors::of)
    }
}
