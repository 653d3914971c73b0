//! Sending through BulkVS: a list of one recipient, whose verdict stands in the answer.

use super::{BulkVs, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::Method;
use serde_json::json;

impl BulkVs {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) => {
                let body = errors::success(answer)?;
                let id = http::id_of(&body["RefId"]).ok_or_else(|| http::unreadable(answer))?;
                Ok(Step::Done(Accepted::of(id, None)))
            }
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut body = json!({ "From": from, "To": [to], "Message": message.text });
        if !message.media.is_empty() {
            body["MediaURLs"] = json!(message.media.iter().map(outgoing::link).collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(url) = &message.report_url {
            body["delivery_status_webhook_url"] = http::with_query(url, "reference", &message.reference).into();
        }
        Ok(self.call(Method::POST, "/messageSend")?.json(&body))
    }
}
