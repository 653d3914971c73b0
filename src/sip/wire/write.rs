//! Writing a message. Content-Length is always counted here, and bodies leave to the byte as they are.
//! A response is its five echoed headers and a tail: the tail is all that must be kept for a retransmission.

use crate::sip::message::{Headers, Request, Response, Transport};
use bytes::Bytes;

/// What a response has beyond what can be read off its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    pub reason: Box<str>,
    /// The other headers, Content-Length, the empty line and the body.
    pub bytes: Box<[u8]>,
}

const ECHOED: [&str; 5] = ["Via", "From", "To", "Call-ID", "CSeq"];

pub fn request_bytes(request: &Request) -> Bytes {
    let mut out = Vec::with_capacity(512 + request.body.len());
    put(
        &mut out,
        &[request.method.as_str().as_bytes(), b" ", one_word(request.uri.to_string()).as_bytes(), b" SIP/2.0\r\n"],
    );
    put_headers(&mut out, &request.headers, |_| true);
    put_body(&mut out, &request.body);
    out.into()
}

pub fn response_bytes(response: &Response) -> Bytes {
    response_with_tail(response, &response_tail(response))
}

/// The tail of a response.
pub fn response_tail(response: &Response) -> Tail {
    let mut bytes = Vec::with_capacity(64 + response.body.len());
    put_headers(&mut bytes, &response.headers, |name| !ECHOED.contains(&name));
    put_body(&mut bytes, &response.body);
    Tail { reason: one_line(&response.reason).into(), bytes: bytes.into() }
}

/// A response whose echoed headers come from `response` and all else from `tail`.
pub fn response_with_tail(response: &Response, tail: &Tail) -> Bytes {
    let mut out = Vec::with_capacity(384 + tail.bytes.len());
    put(&mut out, &[b"SIP/2.0 ", response.status.to_string().as_bytes(), b" ", tail.reason.as_bytes(), b"\r\n"]);
    put_headers(&mut out, &response.headers, |name| ECHOED.contains(&name));
    out.extend_from_slice(&tail.bytes);
    out.into()
}

/// The Via of a request of ours: `sent_by` is `host[:port]`, IPv6 in brackets. It asks for rport (RFC 3581).
pub fn own_via(transport: Transport, sent_by: &str, branch: &str) -> String {
    use rsip::param::{Branch, Param};
    let transport = match transport {
        Transport::Udp => rsip::Transport::Udp,
        Transport::Tcp => rsip::Transport::Tcp,
        Transport::Tls => rsip::Transport::Tls,
    };
    let host_with_port = rsip::HostWithPort { host: rsip::Host::Domain(sent_by.into()), port: None };
    let params = vec![Param::Branch(Branch::new(branch)), Param::Other("rport".into(), None)];
    let uri = rsip::Uri { host_with_port, ..rsip::Uri::default() };
    rsip::typed::Via { version: rsip::Version::V2, transport, uri, params }.to_string()
}

fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

fn put_headers(out: &mut Vec<u8>, headers: &Headers, wanted: impl Fn(&str) -> bool) {
    for (name, value) in headers.iter_raw() {
        if name != "Content-Length" && wanted(name) {
            put(out, &[name.as_bytes(), b": ", value, b"\r\n"]);
        }
    }
}

fn put_body(out: &mut Vec<u8>, body: &[u8]) {
    put(out, &[b"Content-Length: ", body.len().to_string().as_bytes(), b"\r\n\r\n", body]);
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

/// A URI put together by hand may hold anything: nothing in it ends the line.
fn one_word(text: String) -> String {
    if text.contains(|c: char| c.is_control() || c == ' ') {
        text.replace(|c: char| c.is_control() || c == ' ', "%20")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Message, read_datagram};
    use super::*;
    use crate::sip::message::{Method, NameAddr};

    fn message(body: &[u8]) -> Request {
        let peer: NameAddr = "\"Böb; <x>\" <sip:1002@[2001:db8::2]:5070>".parse().unwrap();
        Request::out_of_dialog(Method::Message, peer.uri.clone(), &peer, &peer, "abc", 7)
            .with("Via", own_via(Transport::Udp, "[2001:db8::1]:5060", "z9hG4bK1"))
            .with_body("application/octet-stream", body.to_vec())
    }

    fn read_request(bytes: &Bytes) -> Request {
        match read_datagram(bytes) {
            Ok(Message::Request { request, .. }) => request,
            other => panic!("not a request: {other:?}"),
        }
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let request = message(&[0, 255, 13, 10, 13, 10, 7]);

        let mut read = read_request(&request_bytes(&request));

        read.headers.remove("Content-Length");
        assert_eq!(read, request);
    }

    #[test]
    fn our_own_via_is_a_via() {
        let via = own_via(Transport::Tls, "[2001:db8::1]:5061", "z9hG4bKabc");

        assert_eq!(via, "SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bKabc;rport");
    }

    #[test]
    fn an_answer_put_together_from_its_tail_is_the_same_answer() {
        let request = message(b"hi");
        let answer =
            Response::to(&request, 401).with("WWW-Authenticate", "Digest realm=\"x\"").with_reason("Who is there");
        let tail = response_tail(&answer);

        let again = response_with_tail(&Response::to(&request, 401), &tail);

        assert_eq!(again, response_bytes(&answer));
    }

    #[test]
    fn a_content_length_of_the_callers_own_does_not_count() {
        let request = message(b"hi").with("Content-Length", "99");

        assert_eq!(&read_request(&request_bytes(&request)).body[..], b"hi");
    }

    #[test]
    fn no_field_put_together_by_hand_ends_a_line() {
        let mut request = message(b"hi");
        request.uri.host = "example.com SIP/2.0\r\nRoute: <sip:evil@example.com>".into();
        let answer = Response::to(&message(b""), 200).with_reason("OK\r\nRoute: x");

        for bytes in [request_bytes(&request), response_bytes(&answer)] {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains("\r\nRoute"), "{text}");
        }
    }
}
