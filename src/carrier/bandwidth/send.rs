//! Sending through Bandwidth: files that have no address are uploaded first, then one call with JSON.

use super::{Bandwidth, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMedia, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::Method;
use ::http::header::CONTENT_TYPE;
use serde_json::json;

impl Bandwidth {
    /// An upload for each file without an address, then the message.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        outgoing::plain(message, &self.limits)?;
        let uploads: Vec<(usize, &OutboundMedia)> =
            message.media.iter().enumerate().filter(|(_, file)| file.url.is_none()).collect();
        let (uploaded, sent) = answers.split_at(answers.len().min(uploads.len()));
        if let Some(answer) = uploaded.iter().find(|answer| !answer.status().is_success()) {
            return Err(outgoing::not_uploaded(errors::of(answer)));
        }
        if let Some((at, file)) = uploads.get(answers.len()) {
            return self.upload(message, *at, file).map(Step::Upload);
        }
        let Some(answer) = sent.last() else { return self.send_call(message).map(Step::Call) };
        let body = http::good_json(answer, errors::of)?;
        let id = http::id_of(&body["id"]).ok_or_else(|| http::unreadable(answer))?;
        let segments = body["segmentCount"].as_u64().and_then(|count| u32::try_from(count).ok());
        Ok(Step::Done(Accepted::of(id, segments)))
    }

    fn upload(&self, message: &OutboundMessage, at: usize, file: &OutboundMedia) -> Result<Request, SendError> {
        let call = self.call(Method::PUT, &media_path(message, at, file))?.header(CONTENT_TYPE, &file.media_type)?;
        let mut request = call.bare();
        *request.body_mut() = file.bytes.clone();
        Ok(request)
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        let (from, to) = outgoing::ends(message, spelling::plus)?;
        // The tag comes back with each report: also for a message whose answer was never seen.
        let mut body =
            json!({ "applicationId": self.application_id, "to": [to], "from": from, "tag": message.reference });
        if !message.text.is_empty() {
            body["text"] = message.text.as_str().into();
        }
        if !message.media.is_empty() {
            let files = message.media.iter().enumerate();
            let files =
                files.map(|(at, file)| file.url.clone().unwrap_or_else(|| self.url(&media_path(message, at, file))));
            body["media"] = files.collect::<Vec<_>>().into();
        }
        Ok(self.call(Method::POST, "/messages")?.json(&body))
    }
}

/// Where an uploaded file of ours is: the same on every try, so that a repeated upload replaces the first.
fn media_path(message: &OutboundMessage, at: usize, file: &OutboundMedia) -> String {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).take(60).collect::<String>();
    let ending = file.file_name.rsplit_once('.').map(|(_, ending)| plain(ending)).unwrap_or_default();
    let ending = if ending.is_empty() || ending.len() > 5 { "bin".to_owned() } else { ending };
    format!("/media/{}-{at}.{ending}", plain(&message.reference))
}
