//! Small tools the dialects share for speaking HTTP: building calls, reading answers, judging a bare status.
//! Nothing here knows a carrier, and nothing here touches a socket.

use crate::carrier::dialect::{Answer, Heard, Request};
use crate::carrier::sign::sha256_hex;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// The longest pause a carrier may ask us for.
const RETRY_AFTER_MAX_S: u64 = 3600;
const ID_CHARS_MAX: usize = 200;
/// Parameters read from one webhook.
const PARAMETERS_MAX: usize = 500;

/// A call under construction: method, address, credentials, then the body.
pub struct Call {
    request: Request,
}

impl Call {
    /// A call to `url`, which the dialect's settings have already checked.
    pub fn new(method: Method, url: &str) -> Result<Call, SendError> {
        let uri: http::Uri =
            url.parse().map_err(|_| unusable("the address of the call cannot be used: check the trunk's address"))?;
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(Call { request })
    }

    /// HTTP Basic credentials.
    pub fn basic(self, user: &str, password: &str) -> Result<Call, SendError> {
        self.authorization(&format!("Basic {}", basic_token(user, password)))
    }

    /// A bearer token.
    pub fn bearer(self, token: &str) -> Result<Call, SendError> {
        self.authorization(&format!("Bearer {token}"))
    }

    /// Credentials in the carrier's own form: `App key`, `AccessKey key`.
    pub fn authorization(mut self, value: &str) -> Result<Call, SendError> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| unusable("the credentials hold a character that cannot be sent: enter them again"))?;
        value.set_sensitive(true);
        self.request.headers_mut().insert(AUTHORIZATION, value);
        Ok(self)
    }

    /// One more header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Call, SendError> {
        let value = HeaderValue::from_str(value).map_err(|_| unusable("a header cannot be written"))?;
        self.request.headers_mut().insert(name, value);
        Ok(self)
    }

    /// With a form as its body.
    pub fn form(mut self, pairs: &[(&str, String)]) -> Request {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"));
        *self.request.body_mut() = Bytes::from(body);
        self.request
    }

    /// With JSON as its body.
    pub fn json(self, value: &Value) -> Request {
        self.json_as("application/json", value)
    }

    /// With JSON as its body, under a name of its own (`application/vnd.api+json`).
    pub fn json_as(mut self, content_type: &'static str, value: &Value) -> Request {
        self.request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        *self.request.body_mut() = Bytes::from(value.to_string());
        self.request
    }

    /// With fields and one file as its body (RFC 7578). The boundary comes from the file, so that it cannot stand in it.
    pub fn multipart(mut self, fields: &[(&str, &str)], file: FilePart<'_>) -> Result<Request, SendError> {
        let boundary = sha256_hex(file.bytes);
        let mut body = Vec::with_capacity(file.bytes.len() + 600);
        for (name, value) in fields {
            let part = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n",
                one_line(value)
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            file.field,
            one_line(file.name).replace(['"', '\\'], "_"),
            one_line(file.media_type)
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file.bytes);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        *self.request.body_mut() = Bytes::from(body);
        self.header(CONTENT_TYPE, &format!("multipart/form-data; boundary={boundary}")).map(Call::bare)
    }

    /// Without a body.
    pub fn bare(self) -> Request {
        self.request
    }
}

/// A file in a multipart body.
pub struct FilePart<'a> {
    /// The name of its field.
    pub field: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// What it is.
    pub media_type: &'a str,
    /// The file.
    pub bytes: &'a [u8],
}

/// Nothing in a part's head may begin a line of its own.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// What stands behind `Basic` in an Authorization header.
pub fn basic_token(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

/// `url` with one more query parameter; a fragment has no meaning here and is not looked for.
pub fn with_query(url: &str, key: &str, value: &str) -> String {
    let pair = form_urlencoded::Serializer::new(String::new()).append_pair(key, value).finish();
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{pair}")
}

/// The first value of a query parameter of `url`, decoded.
pub fn query_value(url: &str, key: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// The body of an answer, if it is JSON.
pub fn json_of(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(answer.body()).ok()
}

/// A text, or a number written as text; an empty one counts as none.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An id from a body: not longer than an id can be.
pub fn id_of(value: &Value) -> Option<String> {
    text_of(value).filter(|id| id.chars().count() <= ID_CHARS_MAX)
}

/// An id as one piece of an address's path.
pub fn path_piece(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20").replace('.', "%2E")
}

/// The body of a good answer to a question, else what the answer means.
pub fn good_json(answer: &Answer, refused: fn(&Answer) -> SendError) -> Result<Value, SendError> {
    if !answer.status().is_success() {
        return Err(refused(answer));
    }
    json_of(answer).filter(|body| body.is_object() || body.is_array()).ok_or_else(|| unreadable(answer))
}

/// "Thank you", as most carriers want to hear it: 200 with this body.
pub fn thanks(body: &'static str) -> Answer {
    Answer::new(Bytes::from_static(body.as_bytes()))
}

/// A webhook's parameters wherever the account's settings put them: query, form, or one flat JSON object.
pub fn parameters(request: &Heard) -> Vec<(String, String)> {
    let query = request.url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let mut all: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let kind = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.trim_start().to_ascii_lowercase().starts_with("application/json") {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let pairs = body.as_object().into_iter().flatten();
        all.extend(pairs.filter_map(|(name, value)| Some((name.clone(), flat(value)?))));
    } else {
        all.extend(form_urlencoded::parse(&request.body).into_owned());
    }
    all.truncate(PARAMETERS_MAX);
    all
}

fn flat(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// How long the carrier asks us to wait, in seconds, at most an hour.
///
/// The other form of Retry-After, a date, would need a clock that agrees with the carrier's: it counts as not said.
pub fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_S)))
}

/// The first characters of an answer's body, for an operator to read.
pub fn glimpse(answer: &Answer) -> String {
    let head = &answer.body()[..answer.body().len().min(400)];
    let text: String = String::from_utf8_lossy(head).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text: Vec<&str> = text.split_whitespace().collect();
    text.join(" ").chars().take(120).collect()
}

/// An answer nobody can read: the message may have been taken.
pub fn unreadable(answer: &Answer) -> SendError {
    let status = answer.status();
    SendError::Unreadable { why: format!("the carrier answered {status} with: {}", glimpse(answer)) }
}

/// What a status means where the body says nothing better.
pub fn by_status(answer: &Answer) -> SendError {
    let status = answer.status();
    let coded = |code| Reason::of(code).coded(status.as_str()).saying(&glimpse(answer));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            SendError::Misconfigured { reason: coded(ReasonCode::CredentialsRefused) }
        }
        StatusCode::PAYMENT_REQUIRED => SendError::NoCredit { reason: coded(ReasonCode::NoCredit) },
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            let why = format!("nothing answers at this address ({status}): check the trunk's address and account");
            SendError::Misconfigured {
                reason: Reason::of(ReasonCode::CarrierRefused).coded(status.as_str()).saying(&why),
            }
        }
        StatusCode::TOO_MANY_REQUESTS => SendError::Throttled { retry_after: retry_after(answer) },
        StatusCode::PAYLOAD_TOO_LARGE => SendError::Rejected { reason: coded(ReasonCode::TextTooLong) },
        // 408: the server gave up before it had the whole request. 503: it says that it does not work on it.
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            SendError::Unreachable { why: format!("the carrier answered {status}") }
        }
        status if status.is_client_error() => SendError::Rejected { reason: coded(ReasonCode::CarrierRefused) },
        status if status.is_redirection() => {
            let target = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
            let why = format!("the carrier sends us to {target}: correct the trunk's address");
            SendError::Misconfigured {
                reason: Reason::of(ReasonCode::CarrierRefused).coded(status.as_str()).saying(&why),
            }
        }
        _ => unreadable(answer),
    }
}

/// The trunk's settings lead to a call that cannot be made.
fn unusable(why: &str) -> SendError {
    SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).saying(why) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: Option<(&'static str, &str)>, body: &str) -> Answer {
        let mut answer = http::Response::builder().status(status);
        if let Some((name, value)) = header {
            answer = answer.header(name, value);
        }
        answer.body(Bytes::from(body.to_owned())).expect("a good answer")
    }

    #[test]
    fn a_status_decides_what_happens_next() {
        for (status, word) in [
            (401, "Misconfigured"),
            (403, "Misconfigured"),
            (402, "NoCredit"),
            (404, "Misconfigured"),
            (302, "Misconfigured"),
            (400, "Rejected"),
            (422, "Rejected"),
            (408, "Unreachable"),
            (503, "Unreachable"),
            (429, "Throttled"),
            (500, "Unreadable"),
            (502, "Unreadable"),
            (504, "Unreadable"),
            (200, "Unreadable"),
        ] {
            let error = format!("{:?}", by_status(&answer(status, None, "<html>")));

            assert!(error.starts_with(word), "{status}: {error}");
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_bounded() {
        let wait = |value| retry_after(&answer(429, Some(("retry-after", value)), ""));

        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("999999"), Some(Duration::from_secs(3600)));
        assert_eq!(wait("Fri, 20 Nov 2026 12:00:00 GMT"), None);
        assert_eq!(wait("-1"), None);
    }

    #[test]
    fn a_file_s_name_cannot_add_a_line_to_its_part() {
        let file = FilePart { field: "file", name: "a\"\r\nX: 1.jpg", media_type: "image/jpeg", bytes: b"\xff\xd8" };
        let call = Call::new(Method::POST, "https://a.example/media").expect("an address");
        let request = call.multipart(&[("type", "image/jpeg")], file).expect("written");
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let kind = request.headers()[CONTENT_TYPE].to_str().expect("text");
        let boundary = kind.split_once("boundary=").expect("a boundary").1;

        assert!(body.contains("filename=\"a_X: 1.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"), "{body}");
        assert!(body.starts_with(&format!("--{boundary}\r\n")) && body.ends_with(&format!("--{boundary}--\r\n")));
    }

    #[test]
    fn what_came_is_shown_on_one_short_line() {
        let shown = glimpse(&answer(500, None, &format!("<html>\r\n\x1b[31m  oops{}", "x".repeat(1000))));

        assert!(shown.starts_with("<html> [31m oopsx"), "{shown}");
        assert_eq!(shown.chars().count(), 120);
    }

    #[test]
    fn a_query_parameter_is_added_and_found_again() {
        let url = with_query("https://pbx.example.com/hook/k?a=1", "reference", "r&1");

        assert_eq!(url, "https://pbx.example.com/hook/k?a=1&reference=r%261");
        assert_eq!(query_value(&url, "reference").as_deref(), Some("r&1"));
        assert_eq!(query_value(&url, "b"), None);
    }

    #[test]
    fn parameters_are_found_wherever_they_stand() {
        let heard = |url: &str, kind: &'static str, body: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            let body = Bytes::from(body.to_owned());
            parameters(&Heard { method: Method::POST, url: url.into(), headers, body, caller: None })
        };
        let one = vec![("a".to_owned(), "ü&1".to_owned())];

        assert_eq!(heard("https://x.example/?a=%C3%BC%261", "text/plain", ""), one);
        assert_eq!(heard("https://x.example/", "application/x-www-form-urlencoded", "a=%C3%BC%261"), one);
        assert_eq!(heard("https://x.example/", "application/json", r#"{"a":"ü&1","b":{"c":1}}"#), one);
        assert_eq!(heard("https://x.example/", "application/json", "[["), vec![]);
    }

    #[test]
    fn an_id_stays_one_piece_of_a_path() {
        assert_eq!(path_piece("../a b?c#d"), "%2E%2E%2Fa%20b%3Fc%23d");
        assert_eq!(id_of(&serde_json::json!(7)).as_deref(), Some("7"));
        assert_eq!(id_of(&Value::from("x".repeat(201))), None);
    }
}
