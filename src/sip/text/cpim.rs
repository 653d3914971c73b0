//! `message/cpim` (RFC 3862): a message with headers of its own, around the text. Linphone sends it, and
//! receipts are asked for in it (RFC 5438). Only the frame is read here; the inside is a body like any other.

use std::collections::HashMap;

/// What a message/cpim holds. Its From and To are what the phone claims: they never decide who sent it (T8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpim {
    pub from: Option<String>,
    pub to: Option<String>,
    /// As written, RFC 3339.
    pub date_time: Option<String>,
    /// imdn.Message-ID: what a receipt for this message must name.
    pub message_id: Option<String>,
    pub wishes: Wishes,
}

/// Which receipts the sender asked for (imdn.Disposition-Notification).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub delivered: bool,
    pub failed: bool,
    pub displayed: bool,
}

impl Wishes {
    /// Whether its sender wants to hear that it came.
    pub fn any_good_news(self) -> bool {
        self.delivered || self.displayed
    }
}

/// The frame taken apart: CPIM headers, MIME headers, and the bytes inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    pub cpim: Cpim,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub content_disposition: Option<String>,
    pub transfer_encoding: Option<String>,
    pub body: &'a [u8],
}

/// Not a CPIM message; the text says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCpim(pub &'static str);

const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 8192;
const IMDN: &str = "urn:ietf:params:imdn";

/// Takes the frame apart.
pub fn open(bytes: &[u8]) -> Result<Opened<'_>, BadCpim> {
    let (mut message, mut rest) = headers(bytes)?;
    // Some write the wrapper's own type first, as in RFC 3862's examples of whole MIME objects.
    if message
        .iter()
        .any(|(name, value)| is(name, "content-type") && value.to_ascii_lowercase().contains("message/cpim"))
    {
        (message, rest) = headers(rest)?;
    }
    let (mime, body) = headers(rest)?;
    if mime.is_empty() {
        return Err(BadCpim("it has no headers for the text inside"));
    }
    let body = match mime.iter().find(|(name, _)| is(name, "content-length")) {
        Some((_, length)) => {
            let length: usize = length.trim().parse().map_err(|_| BadCpim("its inner Content-Length is no number"))?;
            body.get(..length).ok_or(BadCpim("its inner Content-Length is more than it holds"))?
        }
        None => body,
    };
    let mime_header = |name| mime.iter().find(|(key, _)| is(key, name)).map(|(_, value)| value.clone());
    Ok(Opened {
        cpim: read_headers(&message),
        content_type: mime_header("content-type"),
        content_encoding: mime_header("content-encoding"),
        content_disposition: mime_header("content-disposition"),
        transfer_encoding: mime_header("content-transfer-encoding"),
        body,
    })
}

type Header = (String, String);

/// Reads headers up to the empty line; returns them unfolded, and what follows.
fn headers(bytes: &[u8]) -> Result<(Vec<Header>, &[u8]), BadCpim> {
    let mut read: Vec<Header> = Vec::new();
    let (mut rest, mut size) = (bytes, 0);
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(BadCpim("its headers do not end with an empty line"));
        };
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        size += line.len();
        if line.is_empty() {
            return Ok((read, rest));
        }
        if size > HEADER_BYTES_MAX || read.len() == HEADERS_MAX {
            return Err(BadCpim("its headers are too long"));
        }
        let line = std::str::from_utf8(line).map_err(|_| BadCpim("its headers are not UTF-8"))?;
        match (line.starts_with([' ', '\t']), read.last_mut()) {
            (true, Some((_, value))) => {
                *value = format!("{value} {}", line.trim()).trim().to_owned();
            }
            (true, None) => return Err(BadCpim("it begins with a continued line")),
            (false, _) => {
                let (name, value) = line.split_once(':').ok_or(BadCpim("a header line has no colon"))?;
                read.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
}

fn read_headers(headers: &[Header]) -> Cpim {
    let mut cpim = Cpim::default();
    // Prefixes are the sender's choice; NS binds them, from there on (RFC 3862, 3.4). Many forget it for imdn.
    let mut spaces: HashMap<&str, &str> = HashMap::from([("imdn", IMDN)]);
    for (name, value) in headers {
        if is(name, "ns") {
            if let Some((prefix, uri)) = namespace(value) {
                spaces.insert(prefix, uri);
            }
            continue;
        }
        let (space, local) = match name.split_once('.') {
            Some((prefix, local)) => (spaces.get(prefix).copied(), local),
            None => (Some(""), name.as_str()),
        };
        match (space, local.to_ascii_lowercase().as_str()) {
            (Some(""), "from") => cpim.from = Some(unescape(value)),
            (Some(""), "to") => cpim.to = Some(unescape(value)),
            (Some(""), "datetime") => cpim.date_time = Some(value.clone()),
            (Some(IMDN), "message-id") => cpim.message_id = Some(value.clone()).filter(|id| !id.is_empty()),
            (Some(IMDN), "disposition-notification") => cpim.wishes = wishes(value),
            _ => {}
        }
    }
    cpim
}

/// `prefix <uri>`, or `<uri>` alone, which renames the space of headers without prefix: we keep that as it is.
fn namespace(value: &str) -> Option<(&str, &str)> {
    let (prefix, uri) = value.split_once('<')?;
    let uri = uri.strip_suffix('>')?;
    let prefix = prefix.trim();
    (!prefix.is_empty()).then_some((prefix, uri))
}

fn wishes(value: &str) -> Wishes {
    let mut wishes = Wishes::default();
    for wish in value.split(',') {
        // Each may carry parameters (RFC 5438, 6.2).
        match wish.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "positive-delivery" => wishes.delivered = true,
            "negative-delivery" => wishes.failed = true,
            "display" => wishes.displayed = true,
            _ => {}
        }
    }
    wishes
}

/// RFC 3862, 2.3.1: `\\`, `\"`, `\'`, `\b \t \n \r` and `\uXXXX`; controls are not wanted here and become spaces.
fn unescape(value: &str) -> String {
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            plain.push(char);
            continue;
        }
        match chars.next() {
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some('b' | 't' | 'n' | 'r') => plain.push(' '),
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

fn is(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINPHONE: &str = "From: <sip:1001@pbx.example.com>\r\nTo: <sip:+15550142@pbx.example.com>\r\n\
        DateTime: 2026-11-20T10:00:00Z\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: Pq7x~Zt\r\n\
        imdn.Disposition-Notification: positive-delivery, negative-delivery, display\r\n\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n\r\nGr\u{fc}\u{df}e";

    #[test]
    fn the_frame_linphone_sends_is_opened() {
        let opened = open(LINPHONE.as_bytes()).expect("well-formed");

        assert_eq!(opened.body, "Gr\u{fc}\u{df}e".as_bytes());
        assert_eq!(opened.content_type.as_deref(), Some("text/plain; charset=utf-8"));
        assert_eq!(opened.cpim.from.as_deref(), Some("<sip:1001@pbx.example.com>"));
        assert_eq!(opened.cpim.message_id.as_deref(), Some("Pq7x~Zt"));
        assert_eq!(opened.cpim.wishes, Wishes { delivered: true, failed: true, displayed: true });
    }

    #[test]
    fn folded_headers_other_prefixes_and_bare_line_ends_are_read() {
        let message = "FROM: Anna \\u00e4 \\\"B\\\"\n <im:anna@example.com>\nNS: r <urn:ietf:params:imdn>\n\
            r.message-id: 7\nr.Disposition-Notification: display;x=y\nNS: o <urn:other>\no.Message-ID: 8\n\n\
            content-type:\n text/plain\n\nhi\n\nthere";

        let opened = open(message.as_bytes()).expect("well-formed");

        assert_eq!(opened.cpim.from.as_deref(), Some("Anna \u{e4} \"B\" <im:anna@example.com>"));
        assert_eq!(opened.cpim.message_id.as_deref(), Some("7"));
        assert_eq!(opened.cpim.wishes, Wishes { displayed: true, ..Wishes::default() });
        assert_eq!((opened.content_type.as_deref(), opened.body), (Some("text/plain"), &b"hi\n\nthere"[..]));
    }

    #[test]
    fn the_wrappers_own_type_may_stand_before_it() {
        let wrapped = format!("Content-type: Message/CPIM\r\n\r\n{LINPHONE}");

        assert_eq!(open(wrapped.as_bytes()), open(LINPHONE.as_bytes()));
    }

    #[test]
    fn what_is_no_cpim_is_refused_with_the_reason() {
        for broken in [
            "",
            "hello",
            "From: x\r\n",
            "From: x\r\n\r\nno headers here",
            "From: x\r\n\r\n\r\nbody",
            " x: y\r\n\r\n",
            "A: b\r\n\r\nContent-Length: 9\r\n\r\nshort",
            "A: b\r\n\r\nContent-Length: -1\r\n\r\nshort",
        ] {
            assert!(open(broken.as_bytes()).is_err(), "{broken:?}");
        }
        assert!(open(format!("A: {}\r\n\r\nB: c\r\n\r\n", "x".repeat(9000)).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300),
                                  text in "(From|NS|imdn.Message-ID|[a-z: <>\\\\u;.\r\n]){0,80}") {
            let _ = open(&bytes);
            let _ = open(text.as_bytes());
        }
    }
}
