//! Sending: perhaps an upload first, then one JSON, one answer.

use super::{WhatsApp, content, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http::{self, FilePart};
use crate::carrier::{outgoing, spelling};
use crate::domain::address::AddressKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::Method;
use serde_json::{Map, Value, json};

/// Longest id of a message that we keep.
const ID_CHARS_MAX: usize = 300;

impl WhatsApp {
    /// The upload where a file goes by its bytes, then the message.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        outgoing::fits(message, &self.limits)?;
        let Some(media) = message.media.first() else { return self.say(message, None, answers) };
        if let Some(url) = &media.url {
            return self.say(message, Some(json!({ "link": url })), answers);
        }
        match answers.split_first() {
            None => self.upload(message).map(Step::Upload),
            Some((uploaded, rest)) => self.say(message, Some(json!({ "id": media_id(uploaded)? })), rest),
        }
    }

    fn upload(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        // What cannot be said is not uploaded first.
        self.body(message, Some(json!({ "id": "0" })))?;
        let media = &message.media[0];
        let path = format!("/{}/media", self.id_of(&message.from)?);
        let file =
            FilePart { field: "file", name: &media.file_name, media_type: &media.media_type, bytes: &media.bytes };
        self.call(Method::POST, &path)?
            .multipart(&[("messaging_product", "whatsapp"), ("type", &media.media_type)], file)
    }

    fn say(&self, message: &OutboundMessage, file: Option<Value>, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => {
                let path = format!("/{}/messages", self.id_of(&message.from)?);
                Ok(Step::Call(self.call(Method::POST, &path)?.json(&self.body(message, file)?)))
            }
            Some(answer) if answer.status().is_success() => accepted(answer).map(Step::Done),
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn body(&self, message: &OutboundMessage, file: Option<Value>) -> Result<Value, SendError> {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("messaging_product", "whatsapp".into());
        put("recipient_type", "individual".into());
        match message.to.kind() {
            AddressKind::WhatsAppUser => put("recipient", message.to.as_str().trim_start_matches("wa:").into()),
            AddressKind::E164 => put("to", spelling::digits(&message.to).into()),
            AddressKind::ShortCode | AddressKind::Alphanumeric => {
                return Err(SendError::Rejected { reason: Reason::of(ReasonCode::NumberInvalid) });
            }
        };
        let (kind, content) = content::of(message, file)?;
        put("type", kind.into());
        put(kind, content);
        if let Some(answered) = message.in_reply_to.as_deref().filter(|_| kind != "reaction") {
            put("context", json!({ "message_id": answered }));
        }
        // Our reference comes back with each report: also for a message whose answer was never seen.
        put("biz_opaque_callback_data", message.reference.as_str().into());
        Ok(body.into())
    }
}

/// The id of an uploaded file. An upload that failed has sent no message: nothing is in doubt.
fn media_id(answer: &Answer) -> Result<String, SendError> {
    let id = http::json_of(answer).and_then(|body| super::inbound::id(&body["id"]));
    if let Some(id) = id.filter(|_| answer.status().is_success()) {
        return Ok(id);
    }
    Err(outgoing::not_uploaded(errors::of(answer)))
}

/// A 200 with the id of the message. It only says that Meta took it; much is refused later, by webhook.
fn accepted(answer: &Answer) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    if body["error"].is_object() {
        return Err(errors::of(answer));
    }
    let id = body["messages"][0]["id"].as_str().filter(|id| !id.is_empty() && id.len() <= ID_CHARS_MAX);
    id.map(|id| Accepted::of(id, None)).ok_or_else(|| http::unreadable(answer))
}
