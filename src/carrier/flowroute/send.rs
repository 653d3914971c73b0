//! Sending through Flowroute: one flat JSON object, one JSON:API answer.

use super::{Flowroute, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::Method;
use serde_json::{Value, json};

impl Flowroute {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => {
                let body = http::json_of(answer).unwrap_or_default();
                let id = http::id_of(&body["data"]["id"]).ok_or_else(|| http::unreadable(answer))?;
                Ok(Step::Done(Accepted::of(id, None)))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut body = json!({ "from": from, "to": to, "body": message.text });
        if !message.media.is_empty() {
            let links = message.media.iter().map(outgoing::link).collect::<Result<Vec<_>, _>>()?;
            body["media_urls"] = json!(links);
            body["is_mms"] = Value::Bool(true);
        }
        if let Some(url) = &message.report_url {
            body["dlr_callback"] = http::with_query(url, "reference", &message.reference).into();
        }
        Ok(self.call(Method::POST, "/v2.2/messages")?.json(&body))
    }
}
