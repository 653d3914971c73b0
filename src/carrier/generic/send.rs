//! Sending and asking over the general SMS API.

use super::{FILE_NAME, Generic, errors, hear};
use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, OutboundMedia, OutboundMessage, Request, Step};
use crate::carrier::http::{self, Call, path_piece, text_of};
use crate::carrier::incoming::Shelf;
use crate::carrier::outgoing;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::header::CONTENT_TYPE;
use ::http::{HeaderName, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Generic {
    /// An upload for each file without an address, then the message; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        let (uploads, uploaded, sent) = outgoing::uploads(message, answers);
        let ids = uploaded.iter().map(uploaded_id).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = uploads.get(answers.len()) {
            outgoing::fits(message, &self.limits)?;
            return self.upload(file).map(Step::Upload);
        }
        match sent.last() {
            None => self.send_call(message, ids).map(Step::Call),
            Some(answer) if answer.status().is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                accepted(&body).map(Step::Done).ok_or_else(|| http::unreadable(answer))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }

    /// The file alone, its type and name in the head.
    fn upload(&self, file: &OutboundMedia) -> Result<Request, SendError> {
        let url = self.upload_url.as_deref().ok_or_else(outgoing::no_address)?;
        let name = utf8_percent_encode(&file.file_name, NON_ALPHANUMERIC).to_string();
        let call = Call::new(Method::POST, url)?.bearer(self.api_key.expose())?;
        let mut request = call.header(CONTENT_TYPE, &file.media_type)?.header(FILE_NAME, &name)?.bare();
        *request.body_mut() = file.bytes.clone();
        Ok(request)
    }

    fn send_call(&self, message: &OutboundMessage, ids: Vec<String>) -> Result<Request, SendError> {
        outgoing::fits(message, &self.limits)?;
        let mut body = json!({
            "from": message.from.as_str(),
            "to": message.to.as_str(),
            "text": message.text,
            "channel": message.kind.as_str(),
            "reference": message.reference,
        });
        if !message.media.is_empty() {
            let mut ids = ids.into_iter();
            body["media"] = message.media.iter().map(|file| written(file, &mut ids)).collect();
        }
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

    /// The file a peer's message brought: our key goes to the provider's own address alone.
    pub(super) fn ask_media(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let shelf = Shelf { base_url: &self.send_url, hosts: &[] };
        shelf.fetch(location, |call| call.bearer(self.api_key.expose()), answers, errors::of)
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

/// A file by its address or by the id of its upload.
fn written(file: &OutboundMedia, ids: &mut impl Iterator<Item = String>) -> Value {
    let mut value = json!({ "type": file.media_type, "name": file.file_name });
    match &file.url {
        Some(url) => value["url"] = url.as_str().into(),
        None => value["id"] = ids.next().into(),
    }
    value
}

fn uploaded_id(answer: &Answer) -> Result<String, SendError> {
    let id = http::json_of(answer).filter(|_| answer.status().is_success());
    let id = id.and_then(|body| http::id_of(&data_of(&body)["id"]));
    id.ok_or_else(|| outgoing::not_uploaded(errors::of(answer)))
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
