//! What goes over the simulator's imaginary wire: messages in, answers and reports out.

use super::world::{Simulated, SimulatedAnswer};
use crate::carrier::dialect::{Answer, Request};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// A message as it arrives here.
pub(super) struct Letter {
    pub from: Address,
    pub to: Address,
    pub text: String,
    pub kind: ChannelKind,
    pub reference: String,
}

impl Letter {
    pub fn read(request: &Request) -> Option<Letter> {
        let body: Value = serde_json::from_slice(request.body()).ok()?;
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        Some(Letter {
            from: Address::parse(&text("from")?).ok()?,
            to: Address::parse(&text("to")?).ok()?,
            text: text("text")?,
            kind: ChannelKind::from_word(&text("channel")?)?,
            reference: text("reference")?,
        })
    }
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Answer::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

pub(super) fn at_once(status: StatusCode, body: &Value) -> SimulatedAnswer {
    SimulatedAnswer { what: Simulated::Answer(answer(status, body)), after: Duration::ZERO }
}

pub(super) fn refusal(status: StatusCode, code: &str) -> SimulatedAnswer {
    at_once(status, &json!({ "error": { "code": code, "message": "as asked for" } }))
}

pub(super) fn wait_two_seconds() -> SimulatedAnswer {
    let mut answer = answer(StatusCode::TOO_MANY_REQUESTS, &json!({ "error": { "code": "throttled" } }));
    answer.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("2"));
    SimulatedAnswer { what: Simulated::Answer(answer), after: Duration::ZERO }
}

pub(super) fn silence() -> SimulatedAnswer {
    SimulatedAnswer { what: Simulated::Silence, after: Duration::ZERO }
}

pub(super) fn report_of(id: &str, reference: &str, status: &str, error: Option<&str>) -> Value {
    let mut report = json!({ "id": id, "reference": reference, "status": status });
    if let Some(code) = error {
        report["error"] = json!({ "code": code });
    }
    report
}
