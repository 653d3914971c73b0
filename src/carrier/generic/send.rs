//! Sending and asking over the general SMS API.

use super::{Generic, errors, hear};
use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, OutboundMessage, Request, Step};
use crate::carrier::http::{self, Call, path_piece, text_of};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::{HeaderName, Method, StatusCode};
use serde_json::{Value, json};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Generic {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                accepted(&body).map(Step::Done).ok_or_else(|| http::unreadable(answer))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        if message.text.is_empty() {
            return Err(SendError::Rejected { reason: Reason::of(ReasonCode::TextEmpty) });
        }
        if message.text.chars().count() > self.limits.text_chars_max {
            return Err(SendError::Rejected { reason: Reason::of(ReasonCode::TextTooLong) });
        }
        let mut body = json!({
            "from": message.from.as_str(),
            "to": message.to.as_str(),
            "text": message.text,
            "channel": message.kind.as_str(),
            "reference": message.reference,
        });
        if let Some(url) = &message.report_url {
            body["report_url"] = Value::from(url.as_str());
        }
        if let Some(span) = message.valid_for {
            body["valid_for_s"] = Value::from(span.as_secs().max(1));
        }
        let call = Call::new(Method::POST, &self.send_url)?.bearer(self.api_key.expose())?;
        Ok(call.header(IDEMPOTENCY_KEY, &message.reference)?.json(&body))
    }

    fn get(&self, url: &str) -> Result<Request, SendError> {
        Ok(Call::new(Method::GET, url)?.bearer(self.api_key.expose())?.bare())
    }

    /// 200: the key is good.
    pub(super) fn ask_credentials(&self, url: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        match answers.last() {
            None => self.get(url).map(AskStep::Call),
            Some(answer) if answer.status().is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                let account = text_of(&body["account"]).map(|name| format!(" Account: {name}."));
                let sentence = format!("The provider accepts the API key.{}", account.unwrap_or_default());
                Ok(AskStep::Known(Known::CredentialsGood(sentence)))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }

    /// The state of one message by the provider's id.
    pub(super) fn ask_status(&self, url: &str, id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            return self.get(&url.replace("{id}", &path_piece(id))).map(AskStep::Call);
        };
        match answer.status() {
            StatusCode::NOT_FOUND => Err(SendError::Rejected {
                reason: Reason::of(ReasonCode::CarrierRefused)
                    .coded("404")
                    .saying("the provider does not know this message"),
            }),
            status if status.is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                let report = hear::report(data_of(&body)).filter(|report| report.carrier_id.as_deref() == Some(id));
                report.map(|report| AskStep::Known(Known::State(report))).ok_or_else(|| http::unreadable(answer))
            }
            _ => Err(errors::of(answer)),
        }
    }

    /// Whether a message with our reference is there. 404 is the provider's word that it is not.
    pub(super) fn ask_taken(
        &self,
        url: &str,
        message: &OutboundMessage,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            return self.get(&url.replace("{reference}", &path_piece(&message.reference))).map(AskStep::Call);
        };
        match answer.status() {
            // Only a 404 that speaks our contract counts: one from a proxy or a wrong path would lead to a second text.
            StatusCode::NOT_FOUND => {
                let body = http::json_of(answer).unwrap_or_default();
                let said = text_of(&body["error"]["code"]).or_else(|| text_of(&body["error"]));
                let sure = said.as_deref() == Some("not_found");
                if sure { Ok(AskStep::Known(Known::NotTaken)) } else { Err(http::unreadable(answer)) }
            }
            status if status.is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                let ours =
                    text_of(&data_of(&body)["reference"]).is_some_and(|reference| reference == message.reference);
                let taken = accepted(&body).filter(|_| ours);
                taken.map(|accepted| AskStep::Known(Known::Taken(accepted))).ok_or_else(|| http::unreadable(answer))
            }
            _ => Err(errors::of(answer)),
        }
    }
}

/// `{"data": {...}}`, or the object itself.
fn data_of(body: &Value) -> &Value {
    if body["data"].is_object() { &body["data"] } else { body }
}

fn accepted(body: &Value) -> Option<Accepted> {
    let data = data_of(body);
    let segments = data["segments"].as_u64().and_then(|count| u32::try_from(count).ok());
    text_of(&data["id"]).map(|carrier_id| Accepted::of(carrier_id, segments))
}
