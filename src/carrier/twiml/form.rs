//! A webhook as a form: in the body, in the address of a GET, or as one flat JSON object.

use crate::carrier::dialect::{Answer, Heard};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::Value;

/// Fields read from one webhook.
const FIELDS_MAX: usize = 500;

/// Whether the body is a form.
pub fn is_form(request: &Heard) -> bool {
    is(request, "application/x-www-form-urlencoded")
}

fn is(request: &Heard, wanted: &str) -> bool {
    let kind = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// The fields of a webhook, wherever the account's settings put them.
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads a form, or the query of a GET.
    pub fn of(request: &Heard) -> Form {
        let source: &[u8] = match request.method {
            Method::GET => request.url.split_once('?').map_or(&[], |(_, query)| query.as_bytes()),
            _ if is_form(request) => &request.body,
            _ => &[],
        };
        Form { pairs: form_urlencoded::parse(source).into_owned().take(FIELDS_MAX).collect() }
    }

    /// Reads a form, the query of a GET, or a JSON object of texts and numbers.
    pub fn or_json(request: &Heard) -> Form {
        if request.method == Method::GET || !is(request, "application/json") {
            return Form::of(request);
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let pairs = body.as_object().into_iter().flatten();
        let pairs = pairs.filter_map(|(name, value)| Some((name.clone(), text(value)?)));
        Form { pairs: pairs.take(FIELDS_MAX).collect() }
    }

    /// The first value of a field, if it is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The names of the first fields, to say what an unknown webhook was.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.pairs.iter().take(5).map(|(name, _)| name.as_str()).collect();
        names.join(", ").chars().take(180).collect()
    }

    /// The state of a message of ours, where this is about one.
    pub fn status(&self) -> Option<&str> {
        let status = self.get("MessageStatus").or(self.get("SmsStatus"))?;
        (!matches!(status, "received" | "receiving")).then_some(status)
    }
}

/// "Thank you, nothing to answer": a reply of ours goes through the outbox.
pub fn empty_twiml() -> Answer {
    let mut answer = Answer::new(Bytes::from_static(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>"));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    answer
}
