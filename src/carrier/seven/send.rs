//! Sending through seven: one form; success and error both come as 200.

use super::{Seven, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http::{self, Call, id_of, text_of};
use crate::carrier::{codes, outgoing, spelling};
use crate::domain::delivery::SendError;
use ::http::{HeaderName, Method};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Seven {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => taken(answer).map(Step::Done),
            Some(answer) => Err(codes::judged(answer, None)),
        }
    }

    pub(super) fn call(&self, method: Method, path: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}{path}", self.base_url))?.header(API_KEY, self.api_key.expose())
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        // seven chooses the encoding by the text itself, and says which.
        let form = [
            ("to", to.to_owned()),
            ("from", from.to_owned()),
            ("text", message.text.clone()),
            ("foreign_id", message.reference.clone()),
        ];
        Ok(self.call(Method::POST, "/sms")?.form(&form))
    }
}

/// "100" and one message that went well, else what was wrong.
fn taken(answer: &Answer) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    // Where the key is wrong the answer is a bare number.
    let code = text_of(&body["success"]).or_else(|| text_of(&body)).ok_or_else(|| http::unreadable(answer))?;
    let row = &body["messages"][0];
    if code != "100" && !(code == "101" && row.is_object()) {
        return Err(errors::of_code(&code, row["error_text"].as_str()));
    }
    if row["success"] == false {
        let code = text_of(&row["error"]).unwrap_or(code);
        return Err(errors::of_code(&code, row["error_text"].as_str()));
    }
    let id = id_of(&row["id"]).ok_or_else(|| http::unreadable(answer))?;
    let parts = row["parts"].as_u64().and_then(|count| u32::try_from(count).ok());
    Ok(Accepted::of(id, parts))
}
