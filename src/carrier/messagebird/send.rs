//! Sending through MessageBird: one recipient, as SMS or, with files, as MMS.

use super::{MessageBird, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http::{self, id_of};
use crate::carrier::{outgoing, spelling};
use crate::domain::delivery::SendError;
use crate::domain::segment::{Encoding, count};
use ::http::Method;
use serde_json::json;

/// Characters that fit into nine parts of UCS-2.
const UNICODE_CHARS_MAX: usize = 603;

impl MessageBird {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => {
                let id = http::json_of(answer).and_then(|body| id_of(&body["id"]));
                id.map(|id| Step::Done(Accepted::of(id, None))).ok_or_else(|| http::unreadable(answer))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut body = json!({
            "originator": from,
            "recipients": [to],
            // Without a reference no report comes at all.
            "reference": message.reference,
        });
        if !message.text.is_empty() {
            body["body"] = message.text.as_str().into();
        }
        if let Some(url) = &message.report_url {
            body["reportUrl"] = url.as_str().into();
        }
        let path = if message.media.is_empty() {
            let unicode = count(&message.text).encoding == Encoding::Ucs2;
            if unicode && message.text.chars().count() > UNICODE_CHARS_MAX {
                return Err(outgoing::rejected(crate::domain::reason::ReasonCode::TextTooLong));
            }
            // Unasked, MessageBird would drop what is not GSM-7.
            body["datacoding"] = if unicode { "unicode" } else { "plain" }.into();
            if let Some(span) = message.valid_for {
                body["validity"] = span.as_secs().max(1).into();
            }
            "/messages"
        } else {
            let links = message.media.iter().map(outgoing::link).collect::<Result<Vec<&str>, SendError>>()?;
            body["mediaUrls"] = json!(links);
            "/mms"
        };
        Ok(self.call(Method::POST, path)?.json(&body))
    }
}
