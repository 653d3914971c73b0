//! Reading a message: the head, then the checks RFC 3261 asks for. A fault ends in a 400 or 505 where the
//! sender can be answered, and in silence where it cannot; never in a guess.

use super::{HEAD_BYTES_MAX, Malformed, Message};
use crate::sip::message::headers::digits;
use crate::sip::message::{CSeq, HeaderError, Headers, Method, NameAddr, Request, Response, Scheme, Uri, Via, address};
use bytes::Bytes;
use std::borrow::Cow;

/// More lines than this in one head are an attack, not a message.
const HEADER_LINES_MAX: usize = 256;

/// Hops a message may have behind it: as many as Max-Forwards usually allows.
const VIAS_MAX: usize = 70;

/// Reads what one UDP datagram holds. Without Content-Length the body is the rest; what follows the body is dropped.
pub fn read_datagram(datagram: &Bytes) -> Result<Message, Malformed> {
    let start = leading_line_ends(datagram);
    let message = datagram.slice(start..);
    let (head, body_at) = match head_end(&message) {
        Some(end) => (Head::read(&message[..end - 4])?, end),
        None => {
            let mut head = Head::read(message.strip_suffix(b"\r\n").unwrap_or(&message))?;
            head.fault.get_or_insert(Fault::bad("the empty line behind the headers is missing"));
            (head, message.len())
        }
    };
    let body = message.slice(body_at..);
    let head = head.sound()?;
    let length = head.length.unwrap_or(body.len());
    if length > body.len() {
        return Err(head.refuse(Fault::bad("the body is shorter than Content-Length says")));
    }
    head.with_body(body.slice(..length))
}

/// How many bytes of empty lines stand before a message (RFC 3261 7.5).
pub(super) fn leading_line_ends(bytes: &[u8]) -> usize {
    bytes.chunks(2).take_while(|pair| *pair == b"\r\n").count() * 2
}

/// Where the head ends, one past its empty line. The one rule for datagrams and streams alike.
pub(super) fn head_end(bytes: &[u8]) -> Option<usize> {
    head_end_from(bytes, 0)
}

/// The same, where the first `seen` bytes are known to hold no end.
pub(super) fn head_end_from(bytes: &[u8], seen: usize) -> Option<usize> {
    let mut at = seen.saturating_sub(3);
    while let Some(found) = bytes.get(at..)?.iter().position(|b| *b == b'\n') {
        at += found + 1;
        if bytes[..at].ends_with(b"\r\n\r\n") {
            return Some(at);
        }
    }
    None
}

/// A status and the words for it.
#[derive(Debug)]
pub(super) struct Fault {
    status: u16,
    why: Cow<'static, str>,
}

impl Fault {
    pub(super) fn bad(why: impl Into<Cow<'static, str>>) -> Fault {
        Fault { status: 400, why: why.into() }
    }

    pub(super) fn too_large() -> Fault {
        Fault { status: 513, why: "the message is larger than we take".into() }
    }
}

impl From<HeaderError> for Fault {
    fn from(error: HeaderError) -> Fault {
        Fault::bad(error.to_string())
    }
}

#[derive(Debug)]
enum Start {
    Request {
        method: Method,
        uri: Result<Uri, &'static str>,
    },
    Response {
        status: u16,
        reason: String,
    },
    /// Not SIP, or not enough of it to know which.
    Unknown,
}

/// The start line and the headers, with the first fault that makes their frame doubtful.
#[derive(Debug)]
pub(super) struct Head {
    start: Start,
    headers: Headers,
    /// Content-Length, if there is one.
    pub(super) length: Option<usize>,
    fault: Option<Fault>,
}

impl Head {
    /// Reads a head without its empty line. `Err` only where there is nothing to answer to.
    pub(super) fn read(bytes: &[u8]) -> Result<Head, Malformed> {
        let (line, lines) = match bytes.windows(2).position(|pair| pair == b"\r\n") {
            Some(end) => (&bytes[..end], &bytes[end + 2..]),
            None => (bytes, &bytes[..0]),
        };
        let (start, mut fault) = read_start(line);
        if matches!(start, Start::Unknown) {
            return Err(Malformed { why: "not a SIP message".into(), answer: None, ends_stream: true });
        }
        let mut headers = Headers::with_capacity(16);
        if bytes.len() > HEAD_BYTES_MAX {
            fault = fault.or(Some(Fault::too_large()));
        }
        let lines_fault = read_lines(&lines[..lines.len().min(HEAD_BYTES_MAX)], &mut headers).err().map(Fault::bad);
        let mut head = Head { start, headers, length: None, fault: fault.or(lines_fault) };
        match head.read_length() {
            Ok(length) => head.length = length,
            Err(why) => drop(head.fault.get_or_insert(why)),
        }
        Ok(head)
    }

    fn read_length(&self) -> Result<Option<usize>, Fault> {
        let Some(text) = self.headers.single("Content-Length")? else { return Ok(None) };
        let length = digits(text).map_err(|why| Fault::bad(format!("Content-Length: {why}")))?;
        usize::try_from(length).map(Some).map_err(|_| Fault::too_large())
    }

    /// Itself, if nothing is wrong with its frame.
    pub(super) fn sound(mut self) -> Result<Head, Malformed> {
        match self.fault.take() {
            None => Ok(self),
            Some(fault) => Err(self.refuse(fault)),
        }
    }

    /// What is said about a message whose frame is wrong: on a stream, nothing after it can be trusted.
    pub(super) fn refuse(&self, fault: Fault) -> Malformed {
        Malformed { ends_stream: true, ..self.complain(fault) }
    }

    fn complain(&self, fault: Fault) -> Malformed {
        let answerable = match &self.start {
            Start::Request { method, .. } => method.as_str() != "ACK" && self.headers.contains("Via"),
            _ => false,
        };
        let answer = answerable.then(|| {
            let answer = Response::from_headers(&self.headers, fault.status);
            Box::new(if fault.status == 400 { answer.with_reason(fault.why.clone()) } else { answer })
        });
        Malformed { why: fault.why, answer, ends_stream: false }
    }

    /// The whole message, once every check has passed.
    pub(super) fn with_body(self, body: Bytes) -> Result<Message, Malformed> {
        match self.check() {
            Err(fault) => Err(self.complain(fault)),
            Ok((via, cseq)) => Ok(match self.start {
                Start::Request { method, uri } => {
                    let uri = uri.expect("a Request-URI that was not one has failed the check");
                    Message::Request { request: Request { method, uri, headers: self.headers, body }, via }
                }
                Start::Response { status, reason } => {
                    Message::Response { response: Response { status, reason, headers: self.headers, body }, via, cseq }
                }
                Start::Unknown => unreachable!("a message that is not SIP has no head"),
            }),
        }
    }

    /// The mandatory headers (RFC 3261 8.1.1) and whatever else must be right before anybody acts on it.
    fn check(&self) -> Result<(Via, CSeq), Fault> {
        let headers = &self.headers;
        let mut vias = headers.vias();
        let via = vias.next().ok_or(Fault::bad("Via: it is missing"))??;
        for (hop, other) in vias.enumerate() {
            other?;
            if hop >= VIAS_MAX {
                return Err(Fault::bad("Via: the request has come too far"));
            }
        }
        let cseq = headers.cseq()?;
        let Start::Request { method, uri } = &self.start else { return Ok((via, cseq)) };
        if cseq.method != *method {
            return Err(Fault::bad("CSeq: its method is not the method of the request"));
        }
        if headers.single("Call-ID")?.is_none_or(|id| id.is_empty() || id.contains(char::is_whitespace)) {
            return Err(Fault::bad("Call-ID: it is missing or holds a space"));
        }
        reachable("From", &headers.from()?)?;
        reachable("To", &headers.to()?)?;
        if headers.max_forwards()?.is_some_and(|hops| hops > 255) {
            return Err(Fault::bad("Max-Forwards: it is above 255"));
        }
        headers.expires()?;
        if *method == Method::Register {
            headers.contacts()?;
        }
        match uri {
            Err(why) => Err(Fault::bad(*why)),
            Ok(uri) if uri.headers.is_some() => Err(Fault::bad("Request-URI: headers may not stand in it")),
            Ok(_) => Ok((via, cseq)),
        }
    }
}

/// People and phones have sip, sips or tel addresses; a web page is not a sender.
fn reachable(name: &str, address: &NameAddr) -> Result<(), Fault> {
    match address.uri.scheme {
        Scheme::Other(_) => Err(Fault::bad(format!("{name}: its URI is of a scheme that we do not speak"))),
        _ => Ok(()),
    }
}

/// The start line, and what is wrong with it. SP is one space, and nothing stands at the end (RFC 3261 7.1).
fn read_start(line: &[u8]) -> (Start, Option<Fault>) {
    let line = String::from_utf8_lossy(line);
    if let Some(rest) = strip_version(&line, ' ') {
        return read_status(rest).map_or((Start::Unknown, None), |start| (start, None));
    }
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let Some(method) = words.next().filter(|method| address::is_token(method)) else { return (Start::Unknown, None) };
    let Some(last) = words.next_back().filter(|last| is_sip_version(last)) else {
        return (Start::Unknown, None);
    };
    let uri = line.trim_matches(' ')[method.len()..].strip_suffix(last).unwrap_or_default().trim_matches(' ');
    let fault = if !last.eq_ignore_ascii_case("SIP/2.0") {
        Some(Fault { status: 505, why: "only SIP/2.0 is spoken here".into() })
    } else if line.len() != method.len() + uri.len() + last.len() + 2 || line.starts_with(' ') {
        Some(Fault::bad("Request-Line: there are more spaces than two"))
    } else {
        None
    };
    (
        Start::Request { method: Method::named(method), uri: uri.parse().map_err(|_| "Request-URI: it is not a URI") },
        fault,
    )
}

fn is_sip_version(word: &str) -> bool {
    word.split_at_checked(4).is_some_and(|(name, version)| name.eq_ignore_ascii_case("SIP/") && !version.is_empty())
}

fn strip_version(line: &str, then: char) -> Option<&str> {
    let (version, rest) = line.split_at_checked(7)?;
    if version.eq_ignore_ascii_case("SIP/2.0") { rest.strip_prefix(then) } else { None }
}

fn read_status(rest: &str) -> Option<Start> {
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = digits(code).ok().filter(|_| code.len() == 3).and_then(|code| u16::try_from(code).ok())?;
    (100..700).contains(&status).then(|| Start::Response { status, reason: reason.to_owned() })
}

/// Reads header lines into `headers`. A line that is wrong is left out and named; the rest is still read,
/// so that the sender can be answered.
fn read_lines(mut lines: &[u8], headers: &mut Headers) -> Result<(), &'static str> {
    let mut fault = Ok(());
    let mut count = 0;
    while !lines.is_empty() {
        let (line, rest) = unfold(lines);
        lines = rest;
        count += 1;
        if count > HEADER_LINES_MAX {
            return Err("there are too many headers");
        }
        match read_line(&line) {
            Ok((name, value)) => headers.push_read(name, Cow::Borrowed(value)),
            Err(why) => fault = fault.and(Err(why)),
        }
    }
    fault
}

fn read_line(line: &[u8]) -> Result<(&str, &[u8]), &'static str> {
    if line.iter().any(|b| matches!(b, b'\r' | b'\n')) {
        return Err("a line end is half of one");
    }
    let colon = line.iter().position(|b| *b == b':').ok_or("a header has no colon")?;
    let name = std::str::from_utf8(line[..colon].trim_ascii_end()).map_err(|_| "a header's name is not a word")?;
    if !address::is_token(name) {
        return Err("a header's name is not a word");
    }
    Ok((name, line[colon + 1..].trim_ascii()))
}

/// The next header with its continuation lines joined by one space each (RFC 3261 7.3.1), and what follows it.
fn unfold(lines: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    let (first, mut rest) = split_line(lines);
    let mut line = Cow::Borrowed(first);
    while let [b' ' | b'\t', ..] = rest {
        let (more, after) = split_line(rest);
        let joined = line.to_mut();
        joined.push(b' ');
        joined.extend_from_slice(more.trim_ascii_start());
        rest = after;
    }
    (line, rest)
}

fn split_line(lines: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(found) = lines[at..].iter().position(|b| *b == b'\n') {
        at += found + 1;
        if at >= 2 && lines[at - 2] == b'\r' {
            return (&lines[..at - 2], &lines[at..]);
        }
    }
    (lines, &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "MESSAGE sip:1001@pbx.example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74bf9\r\n\
        Max-Forwards: 70\r\n\
        From: sip:user1@example.com;tag=49583\r\n\
        To: sip:1001@pbx.example.com\r\n\
        Call-ID: asd88asd77a@1.2.3.4\r\n\
        CSeq: 1 MESSAGE\r\n\
        Content-Type: text/plain\r\n";

    fn read(text: impl Into<Bytes>) -> Result<Message, Malformed> {
        read_datagram(&text.into())
    }

    fn request(bytes: impl Into<Bytes>) -> Request {
        match read(bytes) {
            Ok(Message::Request { request, .. }) => request,
            other => panic!("not taken as a request: {other:?}"),
        }
    }

    /// The status of the answer; 0 for silence.
    fn refused(bytes: impl Into<Bytes>) -> u16 {
        let malformed = read(bytes).expect_err("it was let in");
        malformed.answer.map_or(0, |answer| answer.status)
    }

    #[test]
    fn everyday_messages_of_all_spellings_are_read() {
        for (what, text) in [
            ("as in RFC 3428", format!("{HEAD}Content-Length: 5\r\n\r\nWatso")),
            ("leading line ends", format!("\r\n\r\n{HEAD}Content-Length: 5\r\n\r\nWatso")),
            ("no Content-Length", format!("{HEAD}\r\nWatso")),
            ("compact, spaced, folded", format!("{HEAD}l \t:\r\n 5\r\ns:\r\n\tGr\r\n   uss\r\n\r\nWatso and more")),
            ("two hops in one line", format!("{HEAD}v: SIP/2.0/UDP b, SIP/2.0/TCP [::1]:5061\r\n\r\nWatso")),
        ] {
            assert_eq!(&request(text).body[..], b"Watso", "{what}");
        }
    }

    #[test]
    fn a_binary_body_is_kept_to_the_byte() {
        let body = [0, 255, 13, 10, 13, 10, 128, 1];
        let bytes = [HEAD.as_bytes(), b"\r\n", &body].concat();

        assert_eq!(&request(bytes).body[..], body);
    }

    #[test]
    fn one_latin_byte_in_a_header_destroys_nothing_else() {
        let bytes = [HEAD.as_bytes(), b"Subject: Gr\xfc\xdfe\r\nX-After: kept\r\nContent-Length: 2\r\n\r\nhi"].concat();

        let request = request(bytes);

        assert_eq!(request.headers.get("X-After"), Some("kept"));
        assert_eq!(&request.body[..], b"hi");
    }

    #[test]
    fn an_unknown_method_is_a_request_to_be_refused_by_name() {
        let text = HEAD.replace("MESSAGE", "SUBSCRIBE");

        assert_eq!(request(format!("{text}\r\n")).method, Method::Other("SUBSCRIBE".into()));
    }

    #[test]
    fn faults_that_can_be_answered_are_answered() {
        let line = |line: &str| format!("{HEAD}{line}\r\n\r\nWatso");
        for (what, text, status) in [
            ("body too short", line("Content-Length: 50"), 400),
            ("negative length", line("Content-Length: -1"), 400),
            ("length with a sign", line("Content-Length: +5"), 400),
            ("length of 10^20", line("Content-Length: 100000000000000000000"), 400),
            ("length of 2^64-1", line("Content-Length: 18446744073709551615"), 400),
            ("two lengths", line("Content-Length: 5\r\nl: 4"), 400),
            ("lengths in a list", line("Content-Length: 5, 5"), 400),
            ("an empty length", line("Content-Length:"), 400),
            ("no colon", line("Subject"), 400),
            ("a name of two words", line("Sub ject: x"), 400),
            ("a bare line feed", line("Subject: x\nContent-Length: 0"), 400),
            ("a bare carriage return", line("Subject: x\rContent-Length: 0"), 400),
            ("no empty line", HEAD.to_owned(), 400),
            ("another version", HEAD.replace("com SIP/2.0", "com SIP/7.0") + "\r\n", 505),
            ("another method in CSeq", HEAD.replace("1 MESSAGE", "1 OPTIONS") + "\r\n", 400),
            ("no Call-ID", HEAD.replace("Call-ID", "X") + "\r\n", 400),
            ("no To", HEAD.replace("To:", "X:") + "\r\n", 400),
            ("no From", HEAD.replace("From", "X") + "\r\n", 400),
            ("no CSeq", HEAD.replace("CSeq", "X") + "\r\n", 400),
            ("two To", line("To: sip:1002@pbx.example.com"), 400),
            ("three spaces", HEAD.replace("MESSAGE sip", "MESSAGE  sip") + "\r\n", 400),
            ("a space at the end", HEAD.replace("SIP/2.0\r\nVia", "SIP/2.0 \r\nVia") + "\r\n", 400),
            ("a web page as sender", HEAD.replace("sip:user1", "http://user1") + "\r\n", 400),
            ("a URI that is none", HEAD.replace("MESSAGE sip:", "MESSAGE sip;") + "\r\n", 400),
            ("headers in the Request-URI", HEAD.replace("com SIP/2.0", "com?Route=x SIP/2.0") + "\r\n", 400),
        ] {
            assert_eq!(refused(text), status, "{what}");
        }
    }

    #[test]
    fn what_cannot_or_must_not_be_answered_meets_silence() {
        for (what, text) in [
            ("nothing", String::new()),
            ("an empty line", "\r\n".to_owned()),
            ("HTTP", "GET / HTTP/1.1\r\nVia: SIP/2.0/UDP a\r\n\r\n".to_owned()),
            ("no Via", HEAD.replace("Via", "X") + "\r\n"),
            ("a broken ACK", HEAD.replace("MESSAGE", "ACK") + "Content-Length: -1\r\n\r\n"),
            (
                "a broken response",
                HEAD.replace("MESSAGE sip:1001@pbx.example.com SIP/2.0", "SIP/2.0 200 OK").replace("CSeq", "X"),
            ),
            (
                "a status of eight digits",
                HEAD.replace("MESSAGE sip:1001@pbx.example.com SIP/2.0", "SIP/2.0 4294967301 OK"),
            ),
        ] {
            assert_eq!(refused(text), 0, "{what}");
        }
    }

    #[test]
    fn an_answer_to_a_fault_carries_no_half_line_end() {
        let malformed = read(format!("{HEAD}f: \"a\nRoute: b\" <sip:x@example.com>\r\n\r\n")).unwrap_err();

        let answer = malformed.answer.unwrap();
        assert!(answer.headers.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            drop(read(bytes));
        }

        #[test]
        fn no_change_to_a_message_makes_the_reader_stumble(
            changes in proptest::collection::vec((0..400_usize, any::<u8>(), 0..4_u8), 1..8),
        ) {
            let mut bytes = format!("{HEAD}Content-Length: 5\r\n\r\nWatso").into_bytes();
            for (at, byte, how) in changes {
                let at = at % bytes.len().max(1);
                match how {
                    0 if !bytes.is_empty() => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 => bytes.truncate(at.max(1)),
                    _ => bytes.extend_from_within(at..),
                }
            }
            if let Err(Malformed { answer: Some(answer), .. }) = read(bytes) {
                prop_assert!(answer.headers.iter().all(|(_, value)| !value.contains(['\r', '\n'])));
            }
        }
    }
}
