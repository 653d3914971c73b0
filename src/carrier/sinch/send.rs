//! Sending through Sinch: a batch with one recipient, as text or with one file.

use super::{Sinch, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http::{self, Call, id_of};
use crate::carrier::{outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::Method;
use serde_json::json;

impl Sinch {
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

    /// A call to `/xms/v1/{plan}{rest}`.
    pub(super) fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        let url = format!("{}/xms/v1/{}{rest}", self.base_url, self.service_plan_id);
        Call::new(method, &url)?.bearer(self.api_token.expose())
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut body = json!({
            "to": [to],
            "from": from,
            // Without this no report comes at all.
            "delivery_report": "per_recipient",
            "client_reference": message.reference,
        });
        match message.media.first() {
            None => {
                body["type"] = "mt_text".into();
                body["body"] = message.text.as_str().into();
            }
            Some(file) => {
                body["type"] = "mt_media".into();
                body["body"] = json!({ "url": outgoing::link(file)? });
                if !message.text.is_empty() {
                    body["body"]["message"] = message.text.as_str().into();
                }
            }
        }
        if let Some(url) = &message.report_url {
            body["callback_url"] = url.as_str().into();
        }
        Ok(self.call(Method::POST, "/batches")?.json(&body))
    }
}
