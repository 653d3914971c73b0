//! What goes over the simulator's imaginary wire: messages in, answers and reports out.

use super::files::CustomerFile;
use super::world::{Simulated, SimulatedAnswer};
use crate::carrier::dialect::{Answer, Request};
use crate::carrier::generic::FILE_NAME;
use crate::carrier::http::text_of;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::time::Duration;

/// A message as it arrives here.
pub(super) struct Letter {
    pub from: Address,
    pub to: Address,
    pub text: String,
    pub kind: ChannelKind,
    pub reference: String,
    /// Ids of files that were uploaded before.
    pub files: Vec<String>,
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
            files: body["media"].as_array().into_iter().flatten().filter_map(|file| text_of(&file["id"])).collect(),
        })
    }
}

/// A file as it is uploaded here: the body alone, its type and name in the head.
pub(super) fn uploaded(request: &Request) -> CustomerFile {
    let header = |name: &HeaderName, otherwise: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or(otherwise).to_owned()
    };
    let name = percent_decode_str(&header(&FILE_NAME, "file")).decode_utf8_lossy().into_owned();
    CustomerFile { media_type: header(&CONTENT_TYPE, "application/octet-stream"), name, bytes: request.body().clone() }
}

/// A file as it is fetched from here.
pub(super) fn fetched(file: &CustomerFile) -> SimulatedAnswer {
    let mut answer = Answer::new(file.bytes.clone());
    if let Ok(kind) = HeaderValue::from_str(&file.media_type) {
        answer.headers_mut().insert(CONTENT_TYPE, kind);
    }
    SimulatedAnswer { what: Simulated::Answer(answer), after: Duration::ZERO }
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = Answer::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
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
