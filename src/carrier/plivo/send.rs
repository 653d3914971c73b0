//! Sending through Plivo: files that have no address are uploaded first, then one call with JSON.

use super::{Plivo, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMedia, OutboundMessage, Request, Step};
use crate::carrier::http::{self, FilePart};
use crate::carrier::{outgoing, spelling};
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use crate::domain::segment::{self, Encoding};
use ::http::Method;
use serde_json::{Value, json};

/// The longest text that is not GSM-7, in characters.
const UNICODE_CHARS_MAX: usize = 737;
/// How long Plivo tries, in seconds.
const EXPIRY_S: std::ops::RangeInclusive<u64> = 5..=10_800;

impl Plivo {
    /// An upload for each file without an address, then the message.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (uploads, uploaded, sent) = outgoing::uploads(message, answers);
        let ids = uploaded.iter().map(uploaded_id).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = uploads.get(answers.len()) {
            return self.upload(file).map(Step::Upload);
        }
        let Some(answer) = sent.last() else { return self.send_call(message, ids).map(Step::Call) };
        let body = http::good_json(answer, errors::of)?;
        if let (Some(id), true) = (http::id_of(&body["message_uuid"][0]), body["error"].is_null()) {
            return Ok(Step::Done(Accepted::of(id, None)));
        }
        match body["invalid_number"].as_array() {
            Some(numbers) if !numbers.is_empty() => Err(outgoing::rejected(ReasonCode::NumberInvalid)),
            _ => Err(http::unreadable(answer)),
        }
    }

    fn upload(&self, file: &OutboundMedia) -> Result<Request, SendError> {
        let part = FilePart { field: "file", name: &file.file_name, media_type: &file.media_type, bytes: &file.bytes };
        self.call(Method::POST, "/Media/")?.multipart(&[], part)
    }

    fn send_call(&self, message: &OutboundMessage, media_ids: Vec<String>) -> Result<Request, SendError> {
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let unicode = segment::count(&message.text).encoding != Encoding::Gsm7;
        if unicode && message.text.chars().count() > UNICODE_CHARS_MAX {
            return Err(outgoing::rejected(ReasonCode::TextTooLong));
        }
        let kind = if message.media.is_empty() { "sms" } else { "mms" };
        let mut body = json!({ "src": from, "dst": to, "type": kind });
        if !message.text.is_empty() {
            body["text"] = message.text.as_str().into();
        }
        let links: Vec<Value> = message.media.iter().filter_map(|file| file.url.as_deref().map(Value::from)).collect();
        if !links.is_empty() {
            body["media_urls"] = links.into();
        }
        if !media_ids.is_empty() {
            body["media_ids"] = media_ids.into();
        }
        if let Some(url) = &message.report_url {
            // Our reference comes back with each report: also for a message whose answer was never seen.
            body["url"] = http::with_query(url, "reference", &message.reference).into();
            body["method"] = "POST".into();
        }
        if let Some(span) = message.valid_for {
            body["message_expiry"] = span.as_secs().clamp(*EXPIRY_S.start(), *EXPIRY_S.end()).into();
        }
        Ok(self.call(Method::POST, "/Message/")?.json(&body))
    }
}

/// The id of an uploaded file.
fn uploaded_id(answer: &Answer) -> Result<String, SendError> {
    let body = http::good_json(answer, errors::of).map_err(outgoing::not_uploaded)?;
    let file = &body["objects"][0];
    http::id_of(&file["media_id"]).ok_or_else(|| match file["error_message"].as_str() {
        Some(why) => outgoing::rejected_saying(ReasonCode::MediaNotTaken, why),
        None => outgoing::not_uploaded(http::unreadable(answer)),
    })
}
