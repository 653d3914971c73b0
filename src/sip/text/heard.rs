//! What a MESSAGE said, and why one was not taken. Values only; `read` makes them.

use crate::sip::text::cpim::Cpim;
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
    RcsFile(RcsFile),
    /// A file sent as the body itself (Twinkle). Its type and name are what the phone claims.
    BinaryFile {
        media_type: String,
        file_name: Option<String>,
        bytes: Vec<u8>,
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
}
