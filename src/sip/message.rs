//! SIP messages as values of our own: requests, responses, and where they come from and go to.
//! Bytes are not here (`wire.rs`); rsip's types never leave that file.

pub mod address;
pub mod headers;
pub mod uri;

pub use address::{NameAddr, Params, Via};
pub use headers::{CSeq, Contacts, HeaderError, Headers, MediaType};
pub use uri::{Scheme, Uri, UriError};

use bytes::Bytes;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::LazyLock;

/// The methods we serve, and any other by its name. Methods are case-sensitive (RFC 3261 7.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Message,
    Register,
    Options,
    Other(String),
}

impl Method {
    pub fn as_str(&self) -> &str {
        match self {
            Method::Message => "MESSAGE",
            Method::Register => "REGISTER",
            Method::Options => "OPTIONS",
            Method::Other(name) => name,
        }
    }

    /// The method of this name; the caller has made sure that it is a token.
    pub fn named(name: &str) -> Method {
        match name {
            "MESSAGE" => Method::Message,
            "REGISTER" => Method::Register,
            "OPTIONS" => Method::Options,
            _ => Method::Other(name.to_owned()),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What carries a message. WebSocket and SCTP are not spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// As Via and URI parameters spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// From a `transport=` parameter or a Via, in any case.
    pub fn named(name: &str) -> Option<Transport> {
        [Transport::Udp, Transport::Tcp, Transport::Tls].into_iter().find(|t| name.eq_ignore_ascii_case(t.as_str()))
    }

    /// A reliable transport needs no retransmissions and no Timer J or K.
    pub fn is_reliable(self) -> bool {
        self != Transport::Udp
    }

    /// 5060, or 5061 for TLS.
    pub fn default_port(self) -> u16 {
        if self == Transport::Tls { 5061 } else { 5060 }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One way in and out (RFC 5626): a TCP or TLS connection, or the UDP socket a phone speaks to.
/// The upper half differs in each process, so an id kept over a restart matches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for FlowId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<FlowId, Self::Err> {
        u64::from_str_radix(text, 16).map(FlowId)
    }
}

/// Where a message came from, as the socket saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub transport: Transport,
    pub addr: SocketAddr,
    pub local: SocketAddr,
    pub flow: FlowId,
}

/// Where a request goes next, already resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub transport: Transport,
    pub addr: SocketAddr,
    /// The name the peer's certificate must carry (TLS only); without one, its address must be in it.
    pub tls_name: Option<String>,
    /// Reuse this very connection or socket: a phone behind NAT is reached in no other way.
    pub flow: Option<FlowId>,
}

impl Hop {
    /// A plain hop: no TLS name, no flow.
    pub fn new(transport: Transport, addr: SocketAddr) -> Hop {
        Hop { transport, addr, tls_name: None, flow: None }
    }

    /// Back along the way `source` came.
    pub fn back_to(source: &Source) -> Hop {
        Hop { transport: source.transport, addr: source.addr, tls_name: None, flow: Some(source.flow) }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.addr)
    }
}

/// A request. What `wire.rs` has read is checked: the mandatory headers are there and readable.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Headers,
    pub body: Bytes,
}

impl Request {
    /// A request without headers; the endpoint adds Via, Max-Forwards and Content-Length.
    pub fn new(method: Method, uri: Uri) -> Request {
        Request { method, uri, headers: Headers::new(), body: Bytes::new() }
    }

    /// A request outside any dialog, with From (and a new tag), To, Call-ID and CSeq.
    /// The same Call-ID serves all tries of one message, with `cseq` counting up (P1).
    pub fn out_of_dialog(
        method: Method,
        uri: Uri,
        from: &NameAddr,
        to: &NameAddr,
        call_id: &str,
        cseq: u32,
    ) -> Request {
        let mut from = from.clone();
        from.params.set("tag", &random_token());
        let mut request = Request::new(method, uri);
        request.headers.push("From", written(&from));
        request.headers.push("To", written(to));
        request.headers.push("Call-ID", call_id);
        request.headers.push("CSeq", format!("{cseq} {}", request.method));
        request
    }

    /// With this body and its Content-Type.
    pub fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Request {
        self.headers.set("Content-Type", content_type);
        self.body = body.into();
        self
    }

    /// With this header added.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push(name, value);
        self
    }
}

/// Written into room that is there from the beginning: these texts are made for each message.
fn written(value: &impl fmt::Display) -> String {
    use fmt::Write;
    let mut text = String::with_capacity(96);
    let _ = write!(text, "{value}");
    text
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    pub status: u16,
    pub reason: String,
    pub headers: Headers,
    pub body: Bytes,
}

impl Response {
    /// The answer to `request` (RFC 3261 8.2.6): its Via, From, To with a tag of ours, Call-ID and CSeq.
    /// The tag depends on the request alone, so that an answer made twice is the same answer.
    pub fn to(request: &Request, status: u16) -> Response {
        Response::from_headers(&request.headers, status)
    }

    /// The same from whatever headers of a request could be read.
    pub(in crate::sip) fn from_headers(request: &Headers, status: u16) -> Response {
        let mut headers = Headers::with_capacity(8);
        headers.copy_from(request, "Via", usize::MAX);
        for name in ["From", "To", "Call-ID", "CSeq"] {
            headers.copy_from(request, name, 1);
        }
        if status > 100 && headers.to().is_ok_and(|to| to.tag().is_none()) {
            headers.append_to("To", &format!(";tag={}", tag_of(request)));
        }
        Response { status, reason: reason_phrase(status).to_owned(), headers, body: Bytes::new() }
    }

    /// With this reason phrase instead of the usual one.
    pub fn with_reason(mut self, reason: impl Into<String>) -> Response {
        self.reason = reason.into();
        self
    }

    /// With this header added.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Response {
        self.headers.push(name, value);
        self
    }

    /// With this body and its Content-Type.
    pub fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Response {
        self.headers.set("Content-Type", content_type);
        self.body = body.into();
        self
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn is_provisional(&self) -> bool {
        self.status < 200
    }
}

/// 64 random bits in hexadecimal: for tags, branches and Call-IDs (RFC 3261 19.3).
pub fn random_token() -> String {
    let mut bytes = [0; 8];
    crate::os::chance::fill(&mut bytes);
    hex::encode(bytes)
}

fn tag_of(headers: &Headers) -> String {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let mut hasher = KEYS.build_hasher();
    for name in ["Call-ID", "From", "CSeq", "To"] {
        hasher.write(headers.get(name).unwrap_or_default().as_bytes());
        hasher.write_u8(0);
    }
    format!("{:016x}", hasher.finish())
}

/// The usual words for a status (RFC 3261 21 and its extensions).
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        423 => "Interval Too Brief",
        430 => "Flow Failed",
        439 => "First Hop Lacks Outbound Support",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        488 => "Not Acceptable Here",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => match status / 100 {
            1 => "Progress",
            2 => "OK",
            3 => "Redirected",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Request {
        let uri: Uri = "sip:1001@pbx.example.com".parse().unwrap();
        let peer: NameAddr = "<sip:1002@pbx.example.com>".parse().unwrap();
        Request::out_of_dialog(Method::Options, uri, &peer, &peer, "abc", 7)
            .with("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
    }

    #[test]
    fn an_answer_carries_the_requests_own_lines_and_a_tag_of_ours() {
        let request = options();

        let response = Response::to(&request, 404);

        for name in ["Via", "From", "Call-ID", "CSeq"] {
            assert_eq!(response.headers.get(name), request.headers.get(name), "{name}");
        }
        assert!(response.headers.to().unwrap().tag().is_some());
        assert_eq!(response.reason, "Not Found");
        assert_eq!(response, Response::to(&request, 404), "made twice, it is the same answer");
    }

    #[test]
    fn a_tag_the_peer_has_put_is_left_alone() {
        let mut request = options();
        request.headers.set("To", "sip:1001@pbx.example.com;tag=theirs");

        let response = Response::to(&request, 200);

        assert_eq!(response.headers.get("To"), Some("sip:1001@pbx.example.com;tag=theirs"));
    }

    #[test]
    fn a_flow_id_survives_being_written_down() {
        let flow = FlowId(0x0123_4567_89ab_cdef);

        assert_eq!(flow.to_string().parse(), Ok(flow));
    }
}
