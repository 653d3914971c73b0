//! Bytes <-> messages. What arrives is framed, unfolded and checked by our own strict reader before anything
//! else sees it; rsip, which reads everyday messages wrongly, helps only to write what we send ourselves.

pub mod frame;
mod read;
mod write;

pub use read::read_datagram;
pub use write::{Tail, own_via, request_bytes, response_bytes, response_tail, response_with_tail};

use super::message::{CSeq, Request, Response, Via};
use std::borrow::Cow;

/// No head of a message may be longer; on a stream, none may take longer to arrive than the rest of it.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A message that has passed every check, with the parts that were read on the way.
#[derive(Debug)]
pub enum Message {
    Request { request: Request, via: Via },
    Response { response: Response, via: Via, cseq: CSeq },
}

/// Why a message was not let in.
#[derive(Debug)]
pub struct Malformed {
    pub why: Cow<'static, str>,
    /// What to say to its sender, where it was a request and its Via could be read.
    pub answer: Option<Box<Response>>,
    /// On a stream: where the next message begins is unknown, so the connection must end.
    pub ends_stream: bool,
}
