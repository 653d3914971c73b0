//! What Plivo can be asked: credentials and credit, a message's state, a number and where its messages go, a file.

use super::{Plivo, errors, hear};
use crate::carrier::codes;
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::http::{self, good_json, path_piece, text_of};
use crate::carrier::incoming::Shelf;
use crate::carrier::spelling;
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::{Method, StatusCode};

impl Plivo {
    fn get(&self, rest: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, rest)?.bare()))
    }

    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/") };
        let body = good_json(answer, errors::of)?;
        let name = body["name"].as_str().unwrap_or("without a name");
        Ok(AskStep::Known(Known::CredentialsGood(format!("Account {name}: the auth token is good."))))
    }

    pub(super) fn ask_credit(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/") };
        let body = good_json(answer, errors::of)?;
        let credit = text_of(&body["cash_credits"]).and_then(|text| text.parse::<f64>().ok());
        let credit = credit.ok_or_else(|| http::unreadable(answer))?;
        // An account that is billed afterwards, or tops itself up, may stand at nothing.
        let low = credit < 5.0 && body["billing_mode"] != "postpaid" && body["auto_recharge"] != true;
        Ok(AskStep::Known(Known::Credit { says: format!("{credit:.2} USD"), low }))
    }

    pub(super) fn ask_status(&self, carrier_id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&format!("/Message/{}/", path_piece(carrier_id))) };
        if answer.status() == StatusCode::NOT_FOUND {
            let reason = Reason::of(ReasonCode::CarrierRefused).coded("404");
            return Err(SendError::Rejected { reason: reason.saying("Plivo does not know this message") });
        }
        let body = good_json(answer, errors::of)?;
        let state = body["message_state"].as_str().and_then(hear::state_of);
        let state = state.filter(|_| body["message_uuid"] == carrier_id).ok_or_else(|| http::unreadable(answer))?;
        let reason = || errors::of_delivery(text_of(&body["error_code"]).as_deref());
        Ok(AskStep::Known(Known::State(codes::report(Some(carrier_id.to_owned()), None, state, reason))))
    }

    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get(&number_path(number)) };
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(AskStep::Known(Known::SenderBad(format!("{number} is not a number of this account."))));
        }
        let body = good_json(answer, errors::of)?;
        Ok(AskStep::Known(match body["sms_enabled"].as_bool() {
            Some(false) => Known::SenderBad(format!("{number} belongs to this account but cannot send texts.")),
            _ => Known::SenderGood(format!("{number} belongs to this account.")),
        }))
    }

    /// The number's application, then where that sends messages.
    pub(super) fn ask_callback(&self, number: &Address, url: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(first) = answers.first() else { return self.get(&number_path(number)) };
        let body = good_json(first, errors::of)?;
        let application = body["application"].as_str().unwrap_or_default().trim_end_matches('/');
        let Some((_, id)) = application.rsplit_once('/').filter(|(_, id)| id.bytes().all(|b| b.is_ascii_digit()))
        else {
            return Ok(AskStep::Known(Known::CallbackDiffers(None)));
        };
        let Some(answer) = answers.get(1) else { return self.get(&format!("/Application/{id}/")) };
        let body = good_json(answer, errors::of)?;
        Ok(AskStep::Known(match body["message_url"].as_str().filter(|there| !there.is_empty()) {
            Some(there) if there == url => Known::CallbackFits,
            there => Known::CallbackDiffers(there.map(str::to_owned)),
        }))
    }

    /// Files need our credentials where the account asks for them.
    pub(super) fn ask_media(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let shelf = Shelf { base_url: &self.base_url, hosts: &[".plivo.com"] };
        shelf.fetch(location, |call| self.signed_in(call), answers, errors::of)
    }
}

fn number_path(number: &Address) -> String {
    format!("/Number/{}/", path_piece(spelling::digits(number).unwrap_or_default()))
}
