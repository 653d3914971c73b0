//! What Telnyx can be asked: credentials and credit, a message's state, a number and where its messages go.

use super::{Telnyx, errors, hear};
use crate::carrier::dialect::{Answer, AskStep, Known, Said};
use crate::carrier::http::{self, good_json, path_piece};
use crate::carrier::incoming::Shelf;
use crate::carrier::spelling;
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::{Method, StatusCode};

impl Telnyx {
    fn get(&self, path: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, path)?.bare()))
    }

    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/balance") };
        good_json(answer, errors::of)?;
        Ok(AskStep::Known(Known::CredentialsGood("The API key is good.".into())))
    }

    pub(super) fn ask_credit(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/balance") };
        let body = good_json(answer, errors::of)?;
        let text = |key: &str| body["data"][key].as_str().unwrap_or_default();
        // What may be spent: the balance and the credit line.
        let amount = text("available_credit").parse::<f64>().or_else(|_| text("balance").parse());
        let amount = amount.map_err(|_| http::unreadable(answer))?;
        let says = format!("{amount:.2} {}", text("currency"));
        Ok(AskStep::Known(Known::Credit { says: says.trim_end().to_owned(), low: amount < 5.0 }))
    }

    pub(super) fn ask_status(&self, carrier_id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&format!("/messages/{}", path_piece(carrier_id))) };
        if answer.status() == StatusCode::NOT_FOUND {
            let reason =
                Reason::of(ReasonCode::CarrierRefused).coded("404").saying("Telnyx does not know this message");
            return Err(SendError::Rejected { reason });
        }
        let body = good_json(answer, errors::of)?;
        match hear::sent(&body["data"]).ok().and_then(|mut said| said.pop()) {
            Some(Said::DeliveryReport(report)) if report.carrier_id.as_deref() == Some(carrier_id) => {
                Ok(AskStep::Known(Known::State(report)))
            }
            _ => Err(http::unreadable(answer)),
        }
    }

    /// Files are at public addresses.
    pub(super) fn ask_media(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        Shelf { base_url: &self.base_url, hosts: &[] }.fetch(location, Ok, answers, errors::of)
    }

    /// Whether the number is ours and belongs to a messaging profile.
    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&number_path(number)) };
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(AskStep::Known(Known::SenderBad(format!("{number} is not a number of this account."))));
        }
        let body = good_json(answer, errors::of)?;
        Ok(AskStep::Known(match body["data"]["messaging_profile_id"].as_str() {
            Some(_) => Known::SenderGood(format!("{number} belongs to this account and has a messaging profile.")),
            None => Known::SenderBad(format!("{number} has no messaging profile: assign one in the portal.")),
        }))
    }

    /// The number's messaging profile, then where that profile sends what comes in.
    pub(super) fn ask_callback(&self, number: &Address, url: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(first) = answers.first() else { return self.get(&number_path(number)) };
        let body = good_json(first, errors::of)?;
        let Some(profile) = body["data"]["messaging_profile_id"].as_str() else {
            return Ok(AskStep::Known(Known::CallbackDiffers(None)));
        };
        let Some(answer) = answers.get(1) else {
            return self.get(&format!("/messaging_profiles/{}", path_piece(profile)));
        };
        let body = good_json(answer, errors::of)?;
        let there = body["data"]["webhook_url"].as_str().filter(|there| !there.is_empty());
        Ok(AskStep::Known(if there == Some(url) {
            Known::CallbackFits
        } else {
            Known::CallbackDiffers(there.map(str::to_owned))
        }))
    }
}

/// The messaging settings of a number of ours.
fn number_path(number: &Address) -> String {
    let piece = path_piece(spelling::plus(number).unwrap_or_default());
    format!("/phone_numbers/{piece}/messaging")
}
