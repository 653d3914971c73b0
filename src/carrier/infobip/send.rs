//! Sending through Infobip: SMS in one call; MMS with its files by link, or uploaded first.

use super::{Infobip, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMedia, OutboundMessage, Request, Step};
use crate::carrier::http::{self, id_of};
use crate::carrier::{outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

const CONTENT_ID: HeaderName = HeaderName::from_static("x-content-id");
const MEDIA_TYPE: HeaderName = HeaderName::from_static("x-media-type");

impl Infobip {
    /// An upload for each file without a link, then the message; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (uploads, done, last) = outgoing::uploads(message, answers);
        let uploaded = done.iter().map(uploaded_id).collect::<Result<Vec<String>, SendError>>()?;
        match (uploads.get(done.len()), last.last()) {
            (Some(file), _) => self.upload(message, file, done.len()).map(Step::Upload),
            (None, None) => self.send_call(message, &uploaded).map(Step::Call),
            (None, Some(answer)) if answer.status().is_success() => taken(answer, message).map(Step::Done),
            (None, Some(answer)) => Err(errors::of(answer)),
        }
    }

    fn upload(&self, message: &OutboundMessage, file: &OutboundMedia, at: usize) -> Result<Request, SendError> {
        let call = self.call(Method::POST, "/mms/1/content")?;
        let call = call.header(CONTENT_ID, &format!("{}-{at}", message.reference))?;
        let mut request = call.header(MEDIA_TYPE, &file.media_type)?.bare();
        let kind = HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(::http::header::CONTENT_TYPE, kind);
        *request.body_mut() = file.bytes.clone();
        Ok(request)
    }

    fn send_call(&self, message: &OutboundMessage, uploaded: &[String]) -> Result<Request, SendError> {
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        // The message's id is ours: it comes back with each report, and can be asked for.
        let mut one = json!({ "sender": from, "destinations": [{ "to": to, "messageId": message.reference }] });
        let path = if message.media.is_empty() {
            one["content"] = json!({ "text": message.text });
            "/sms/3/messages"
        } else {
            one["content"] = json!({ "messageSegments": segments(message, uploaded) });
            "/mms/2/messages"
        };
        if let Some(span) = message.valid_for {
            let minutes = span.as_secs().div_ceil(60).clamp(1, 2880);
            one["options"] = json!({ "validityPeriod": { "amount": minutes, "timeUnit": "MINUTES" } });
        }
        if let Some(url) = &message.report_url {
            let delivery = json!({ "url": url, "intermediateReport": true });
            one["webhooks"] = json!({
                "delivery": delivery, "contentType": "application/json", "callbackData": message.reference,
            });
        }
        Ok(self.call(Method::POST, path)?.json(&json!({ "messages": [one] })))
    }
}

fn segments(message: &OutboundMessage, uploaded: &[String]) -> Vec<Value> {
    let mut uploaded = uploaded.iter();
    let file = |file: &OutboundMedia| match &file.url {
        Some(url) => json!({ "type": "LINK", "contentType": file.media_type, "contentUrl": url }),
        None => json!({ "type": "UPLOADED_REFERENCE", "uploadedContentId": uploaded.next() }),
    };
    let mut all: Vec<Value> = message.media.iter().map(file).collect();
    if !message.text.is_empty() {
        all.push(json!({ "type": "TEXT", "text": message.text }));
    }
    all
}

fn uploaded_id(answer: &Answer) -> Result<String, SendError> {
    let id = http::json_of(answer).filter(|_| answer.status().is_success());
    id.and_then(|body| id_of(&body["uploadedContentId"])).ok_or_else(|| outgoing::not_uploaded(errors::of(answer)))
}

fn taken(answer: &Answer, message: &OutboundMessage) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    let row = &body["messages"][0];
    let group = row["status"]["groupName"].as_str().ok_or_else(|| http::unreadable(answer))?;
    let segments = row["details"]["messageCount"].as_u64().and_then(|count| u32::try_from(count).ok());
    // Our own id again: this very message was taken before.
    let again = row["status"]["name"] == "REJECTED_DUPLICATE_MESSAGE_ID";
    if matches!(group, "REJECTED" | "UNDELIVERABLE" | "EXPIRED") && !again {
        return Err(errors::of_status(&row["status"]));
    }
    let id = id_of(&row["messageId"]).or_else(|| again.then(|| message.reference.clone()));
    id.map(|id| Accepted::of(id, segments)).ok_or_else(|| http::unreadable(answer))
}
