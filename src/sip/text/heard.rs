//! What a MESSAGE said, and why one was not taken. Values only; `read` makes them.

use crate::sip::message::address::quote;
use crate::sip::message::{Request, Response};
use crate::sip::text::cpim::{Cpim, Wishes};
use crate::sip::text::notice::{RcsFile, Receipt};
use std::borrow::Cow;

/// A body as it came, with the headers that say how to read it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub content_disposition: Option<&'a str>,
    pub bytes: &'a [u8],
}

impl<'a> Body<'a> {
    /// The body of this request, with its headers.
    pub fn of(request: &'a Request) -> Body<'a> {
        Body {
            content_type: request.headers.get("Content-Type"),
            content_encoding: request.headers.get("Content-Encoding"),
            content_disposition: request.headers.get("Content-Disposition"),
            bytes: &request.body,
        }
    }
}

/// What one MESSAGE said. Only `Text`, `Cpim`, `RcsFile` and `BinaryFile` may ever reach a customer (T11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// A text in a frame: its headers say which receipts are wanted. Its From and To prove nothing (T8).
    Cpim {
        text: String,
        frame: Cpim,
    },
    Receipt(Receipt),
    Composing {
        active: bool,
    },
    /// A file on a web server, offered by its address. Not fetched, not checked (T27).
    RcsFile {
        offered: RcsFile,
        /// Of the frame around it, where there was one.
        wishes: Wishes,
    },
    /// A file sent as the body itself (Twinkle). Its type and name are what the phone claims.
    BinaryFile {
        media_type: String,
        file_name: Option<String>,
        bytes: Vec<u8>,
        /// Of the frame around it, where there was one.
        wishes: Wishes,
    },
}

/// How much is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a text, a notice or their frame, unpacked.
    pub text_bytes_max: usize,
    /// Of a file sent as the body; 0 where files are not taken at all.
    pub file_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { text_bytes_max: 32_768, file_bytes_max: 1_048_576 }
    }
}

/// The answer to a body that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// 400, 413, 415 or 488.
    pub status: u16,
    /// In plain words, for a Warning or Reason header and the record; never part of the body.
    pub reason: Cow<'static, str>,
    /// With a 415: the `Accept` header to answer with.
    pub accept: Option<String>,
    /// With a 415 for the encoding: the `Accept-Encoding` header to answer with.
    pub accept_encoding: Option<&'static str>,
}

impl NotTaken {
    pub fn new(status: u16, reason: impl Into<Cow<'static, str>>) -> NotTaken {
        NotTaken { status, reason: reason.into(), accept: None, accept_encoding: None }
    }
    /// The answer to the request this body came with: the status, why, and what would be taken.
    pub fn answer(&self, request: &Request) -> Response {
        let mut response =
            Response::to(request, self.status).with("Warning", format!("399 depesche {}", quote(&self.reason)));
        if let Some(accept) = &self.accept {
            response.headers.push("Accept", accept.as_str());
        }
        if let Some(encodings) = self.accept_encoding {
            response.headers.push("Accept-Encoding", encodings);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Method, Uri};
    use crate::sip::text::read::read;

    #[test]
    fn a_refused_body_is_answered_with_why_and_what_would_be_taken() {
        let request = Request::new(Method::Message, Uri::sip("+15550100", "example.com", None))
            .with_body("text/html", "<b>hi</b>");

        let response = read(Body::of(&request), &Limits::default()).expect_err("HTML is refused").answer(&request);

        assert_eq!(
            (response.status, response.headers.get("Warning")),
            (415, Some("399 depesche \"text/html is not taken here\""))
        );
        assert!(response.headers.get("Accept").expect("a list").starts_with("text/plain, "));
    }
}
