//! Writes an exchange down for the channel log, secrets removed. Values only: whoever tried it keeps it with the result.
//! An operator reads here what the wire said; so texts and numbers stay, and everything that opens a door goes.

use crate::carrier::dialect::{Answer, Heard, Request};
use crate::carrier::redact::Blotter;
use crate::domain::exchange::{Exchange, KEPT_BYTES_MAX, Purpose};
use crate::domain::id::{ExtensionId, MessageId, TrunkId};
use crate::domain::message::Direction;
use crate::domain::time::Timestamp;
use crate::egress::log_body::{of_call, readable};
use crate::sip::message::{self as sip, Headers};
use http::HeaderMap;
use std::time::Duration;

/// SIP headers that prove who we or the phones are.
const SIP_GUARDED: [&str; 5] =
    ["Authorization", "Proxy-Authorization", "WWW-Authenticate", "Proxy-Authenticate", "X-Trunk"];

/// Room for the headers of what is kept; they seldom need more, and a text that grows is copied each time.
const HEAD_BYTES: usize = 768;

/// When something was begun and how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// How a call to a carrier ended, for its record.
#[derive(Clone, Copy, Debug)]
pub enum Ended<'a> {
    /// With this answer.
    Answered(&'a Answer),
    /// Without one: a word for the status (`not sent`, `no answer`), and why.
    Not(&'static str, &'a str),
}

/// A call to a carrier.
pub fn call(
    purpose: Purpose,
    trunk: TrunkId,
    message: Option<MessageId>,
    span: Span,
    request: &Request,
    ended: Ended<'_>,
    blotter: &Blotter,
) -> Exchange {
    let head = format!("{} {}", request.method(), request.uri());
    let (good, status, answer) = match ended {
        Ended::Answered(answer) => {
            (is_good(answer.status()), answer.status().as_str().to_owned(), answer_text(answer, blotter))
        }
        Ended::Not(status, why) => (false, status.to_owned(), blotter.text(why)),
    };
    Exchange {
        at: span.at,
        trunk: Some(trunk),
        extension: None,
        message,
        delivery: None,
        direction: Direction::Out,
        purpose,
        took: span.took,
        status,
        good,
        outcome: String::new(),
        request: http_text(&head, request.headers(), &of_call(request.headers(), request.body()), blotter),
        answer,
    }
}

/// A webhook, and what it will be answered.
pub fn webhook(trunk: TrunkId, span: Span, heard: &Heard, answer: &Answer, blotter: &Blotter) -> Exchange {
    let head = format!("{} {}", heard.method, heard.url);
    Exchange {
        at: span.at,
        trunk: Some(trunk),
        extension: None,
        message: None,
        delivery: None,
        direction: Direction::In,
        purpose: Purpose::Webhook,
        took: span.took,
        status: answer.status().as_str().to_owned(),
        good: is_good(answer.status()),
        outcome: String::new(),
        request: http_text(&head, &heard.headers, &readable(&heard.body), blotter),
        answer: answer_text(answer, blotter),
    }
}

/// A webhook that was refused, and why. Its words may be anybody's, so only its head is kept, and of its body the size.
pub fn refused_webhook(
    trunk: TrunkId,
    span: Span,
    heard: &Heard,
    answer: &Answer,
    why: &str,
    blotter: &Blotter,
) -> Exchange {
    let bodiless = Heard { body: bytes::Bytes::new(), ..heard.clone() };
    let kept = webhook(trunk, span, &bodiless, answer, blotter);
    let unbelieved = format!("({} bytes that were not believed)", heard.body.len());
    let request = with_body(kept.request, |text| text.push_str(&unbelieved));
    Exchange { request, outcome: format!("refused: {}", blotter.text(why)), good: false, ..kept }
}

fn is_good(status: http::StatusCode) -> bool {
    status.is_success() || status.is_redirection() || status.is_informational()
}

/// A SIP request of ours to a phone or the PBX; without a response, `status` says why there is none.
pub fn sip(
    extension: ExtensionId,
    message: Option<MessageId>,
    span: Span,
    request: &sip::Request,
    ended: Result<&sip::Response, &str>,
) -> Exchange {
    Exchange { extension: Some(extension), ..sip_out(message, span, request, ended) }
}

/// A SIP request of ours to a SIP trunk.
pub fn sip_trunk(
    trunk: TrunkId,
    message: Option<MessageId>,
    span: Span,
    request: &sip::Request,
    ended: Result<&sip::Response, &str>,
) -> Exchange {
    Exchange { trunk: Some(trunk), ..sip_out(message, span, request, ended) }
}

/// A MESSAGE from a SIP trunk, which will be answered with `status`.
pub fn sip_heard(trunk: TrunkId, span: Span, request: &sip::Request, status: u16) -> Exchange {
    let head = format!("{} {} SIP/2.0", request.method, request.uri);
    Exchange {
        at: span.at,
        trunk: Some(trunk),
        extension: None,
        message: None,
        delivery: None,
        direction: Direction::In,
        purpose: Purpose::Sip,
        took: span.took,
        status: status.to_string(),
        good: status < 300 || matches!(status, 401 | 407),
        outcome: String::new(),
        request: sip_text(&head, &request.headers, &request.body),
        answer: format!("SIP/2.0 {status} {}\n", sip::reason_phrase(status)),
    }
}

fn sip_out(
    message: Option<MessageId>,
    span: Span,
    request: &sip::Request,
    ended: Result<&sip::Response, &str>,
) -> Exchange {
    let head = format!("{} {} SIP/2.0", request.method, request.uri);
    let (good, status, answer) = match ended {
        Ok(response) => {
            let head = format!("SIP/2.0 {} {}", response.status, response.reason);
            // To be asked for the password is no failure.
            let good = response.status < 300 || matches!(response.status, 401 | 407);
            (good, response.status.to_string(), sip_text(&head, &response.headers, &response.body))
        }
        Err(why) => (false, why.to_owned(), String::new()),
    };
    Exchange {
        at: span.at,
        trunk: None,
        extension: None,
        message,
        delivery: None,
        direction: Direction::Out,
        purpose: Purpose::Sip,
        took: span.took,
        status,
        good,
        outcome: String::new(),
        request: sip_text(&head, &request.headers, &request.body),
        answer,
    }
}

fn answer_text(answer: &Answer, blotter: &Blotter) -> String {
    let reason = answer.status().canonical_reason().unwrap_or_default();
    let head = format!("{} {reason}", answer.status().as_str());
    http_text(head.trim_end(), answer.headers(), &readable(answer.body()), blotter)
}

fn http_text(head: &str, headers: &HeaderMap, body: &str, blotter: &Blotter) -> String {
    let mut text = String::with_capacity(HEAD_BYTES + head.len() + body.len());
    blotter.write(head, &mut text);
    text.push('\n');
    for (name, value) in headers {
        text.push_str(name.as_str());
        text.push_str(": ");
        blotter.write_header(name, value, &mut text);
        text.push('\n');
    }
    with_body(text, |text| blotter.write(body, text))
}

fn sip_text(head: &str, headers: &Headers, body: &[u8]) -> String {
    let mut text = String::with_capacity(HEAD_BYTES + head.len() + body.len());
    text.push_str(head);
    text.push('\n');
    for (name, value) in headers.iter() {
        let guarded = SIP_GUARDED.iter().any(|guarded| guarded.eq_ignore_ascii_case(name));
        for piece in [name, ": ", if guarded { "***" } else { value }, "\n"] {
            text.push_str(piece);
        }
    }
    with_body(text, |text| text.push_str(&readable(body)))
}

fn with_body(mut text: String, write_body: impl FnOnce(&mut String)) -> String {
    text.push('\n');
    let before = text.len();
    write_body(&mut text);
    if text.len() == before {
        text.pop();
    }
    text.truncate(text.floor_char_boundary(KEPT_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Method, NameAddr};
    use bytes::Bytes;

    const SPAN: Span = Span { at: Timestamp(1_000), took: Duration::from_millis(12) };

    fn request() -> Request {
        http::Request::post("https://api.example.com/messages?token=tok-123456")
            .header("authorization", "Bearer tok-123456")
            .body(Bytes::from_static(
                b"{\"text\":\"hello\",\"report_url\":\"https://pbx.example.com/hook/hook-key-1\"}",
            ))
            .expect("a good request")
    }

    #[test]
    fn a_record_of_a_call_shows_the_text_and_no_secret() {
        let secrets = ["tok-123456".to_owned(), "hook-key-1".to_owned()];
        let answer =
            http::Response::builder().status(201).body(Bytes::from_static(b"{\"echo\":\"tok-123456\"}")).expect("good");

        let kept =
            call(Purpose::Send, TrunkId(1), None, SPAN, &request(), Ended::Answered(&answer), &Blotter::of(&secrets));

        assert_eq!((kept.status.as_str(), kept.took), ("201", SPAN.took));
        assert!(kept.request.contains("\"text\":\"hello\""), "{}", kept.request);
        for secret in &secrets {
            assert!(!kept.request.contains(secret.as_str()), "{}", kept.request);
            assert!(!kept.answer.contains(secret.as_str()), "{}", kept.answer);
        }
    }

    #[test]
    fn a_call_without_an_answer_says_why() {
        let ended = Ended::Not("not sent", "connection refused");

        let kept = call(Purpose::Send, TrunkId(1), Some(MessageId(2)), SPAN, &request(), ended, &Blotter::of(&[]));

        assert_eq!((kept.status.as_str(), kept.answer.as_str()), ("not sent", "connection refused"));
    }

    #[test]
    fn a_record_is_bounded_and_holds_no_bytes_that_are_no_text() {
        let mut long = request();
        *long.body_mut() = Bytes::from("é".repeat(200_000));
        let mut binary = request();
        *binary.body_mut() = Bytes::from_static(&[0xff, 0xd8, 0, 1]);

        let kept = |request| {
            call(Purpose::Send, TrunkId(1), None, SPAN, request, Ended::Not("timeout", ""), &Blotter::of(&[])).request
        };

        assert!(kept(&long).len() <= KEPT_BYTES_MAX);
        assert!(kept(&long).ends_with('é'));
        assert!(kept(&binary).ends_with("(4 bytes that are no text)"));
    }

    #[test]
    fn a_record_of_a_sip_request_hides_what_proves_who_we_are() {
        let peer: NameAddr = "<sip:1001@pbx.example.com>".parse().expect("good");
        let request = sip::Request::out_of_dialog(Method::Message, peer.uri.clone(), &peer, &peer, "id", 1)
            .with("Proxy-Authorization", "Digest username=\"depesche\", response=\"5ec7e7\"")
            .with_body("text/plain", "hello");
        let response = sip::Response::to(&request, 407).with("Proxy-Authenticate", "Digest nonce=\"n0nce\"");

        let kept = sip(ExtensionId(1), None, SPAN, &request, Ok(&response));

        assert_eq!(kept.status, "407");
        assert!(kept.request.ends_with("\n\nhello"));
        assert!(!kept.request.contains("5ec7e7") && !kept.answer.contains("n0nce"));
    }
}
