//! The headers of a message: an ordered list, blind to case and compact forms, with typed readers.
//! A value that was not UTF-8 is kept in its own bytes beside its readable form, and leaves as it came.

use super::Method;
use super::address::{NameAddr, Params, Via, is_token, split_list};
use std::borrow::Cow;
use std::str::FromStr;

/// Compact forms (RFC 3261 7.3.3 and its extensions).
const COMPACT: [(&str, &str); 17] = [
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("d", "Request-Disposition"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("j", "Reject-Contact"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", "To"),
    ("u", "Allow-Events"),
    ("v", "Via"),
];

/// Names we meet often: kept without a copy of their own.
const COMMON: [&str; 24] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Allow",
    "Accept",
    "Supported",
    "Expires",
    "Authorization",
    "Proxy-Authorization",
    "Server",
    "Route",
    "Date",
    "Require",
    "Path",
    "WWW-Authenticate",
    "Content-Encoding",
    "Content-Disposition",
];

/// The full name behind a compact form, else the name itself.
pub fn full_name(name: &str) -> &str {
    if name.len() != 1 {
        return name;
    }
    COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)).map_or(name, |(_, full)| full)
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct HeaderError {
    pub name: String,
    pub why: Cow<'static, str>,
}

impl HeaderError {
    pub fn new(name: &str, why: impl Into<Cow<'static, str>>) -> HeaderError {
        HeaderError { name: name.to_owned(), why: why.into() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    name: Cow<'static, str>,
    value: String,
    raw: Option<Box<[u8]>>,
}

/// Headers in their order. Names are compared case-blind and without regard to compact forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

/// `CSeq: number method`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    pub number: u32,
    pub method: Method,
}

/// The Contact headers of a message: `*`, or a list (empty where there is none).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    Star,
    List(Vec<NameAddr>),
}

/// A media type: `essence` is `type/subtype` in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    pub essence: String,
    pub params: Params,
}

impl Headers {
    pub fn new() -> Headers {
        Headers::default()
    }

    pub fn with_capacity(headers: usize) -> Headers {
        Headers(Vec::with_capacity(headers))
    }

    /// The first value of this name.
    pub fn get<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.get_all(name).next()
    }

    /// The value of every header of this name, one for each line.
    pub fn get_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.named(name).map(|header| header.value.as_str())
    }

    /// Every value of this name with comma-separated lines taken apart; empty parts are left out.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.get_all(name).flat_map(split_list).filter(|value| !value.is_empty())
    }

    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether a comma-separated header holds this word, case-blind: `has_token("Supported", "path")`.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name).any(|value| value.eq_ignore_ascii_case(token))
    }

    /// Adds a header behind all others. Line ends in `value` become spaces: a value is never a second header.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(header(name, value.into()));
    }

    /// Adds a header before all others: where a Via or a Route goes.
    pub fn push_front(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(0, header(name, value.into()));
    }

    /// Makes this the only header of its name, at the place of the first.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let new = header(name, value.into());
        match self.0.iter().position(|known| known.name.eq_ignore_ascii_case(&new.name)) {
            None => self.0.push(new),
            Some(at) => {
                let mut place = 0;
                self.0.retain(|known| {
                    place += 1;
                    place <= at + 1 || !known.name.eq_ignore_ascii_case(&new.name)
                });
                self.0[at] = new;
            }
        }
    }

    pub fn remove(&mut self, name: &str) {
        let name = full_name(name);
        self.0.retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (&*header.name, header.value.as_str()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what was read from the wire: unfolded, and in whatever bytes it came.
    pub(in crate::sip) fn push_read(&mut self, name: &str, value: Cow<'_, [u8]>) {
        let name = static_name(name);
        let header = match std::str::from_utf8(&value) {
            Ok(text) => Header { name, value: text.to_owned(), raw: None },
            Err(_) => {
                let text = String::from_utf8_lossy(&value).into_owned();
                Header { name, value: text, raw: Some(value.into_owned().into()) }
            }
        };
        self.0.push(header);
    }

    /// Names and the bytes that go on the wire.
    pub(in crate::sip) fn iter_raw(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|header| (&*header.name, header.raw.as_deref().unwrap_or(header.value.as_bytes())))
    }

    /// Adds up to `most` headers of this name from another message, unchanged.
    pub(super) fn copy_from(&mut self, other: &Headers, name: &str, most: usize) {
        self.0.extend(other.named(name).take(most).cloned());
    }

    /// Adds text to the end of the first header of this name.
    pub(super) fn append_to(&mut self, name: &str, text: &str) {
        if let Some(header) = self.0.iter_mut().find(|header| header.name.eq_ignore_ascii_case(name)) {
            header.value.push_str(text);
            if let Some(raw) = &mut header.raw {
                *raw = [raw, text.as_bytes()].concat().into();
            }
        }
    }

    /// Replaces the first value of a header that may be a list, and leaves the others as they are.
    pub(in crate::sip) fn replace_first_listed(&mut self, name: &str, new: &str) {
        let Some(header) = self.0.iter_mut().find(|header| header.name.eq_ignore_ascii_case(name)) else { return };
        let first = split_list(&header.value).next().unwrap_or_default().len();
        let start = header.value.len() - header.value.trim_start().len();
        header.value.replace_range(start..start + first, new);
        header.raw = None;
    }

    pub(in crate::sip) fn remove_first(&mut self, name: &str) {
        if let Some(at) = self.0.iter().position(|header| header.name.eq_ignore_ascii_case(name)) {
            self.0.remove(at);
        }
    }

    fn named<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a Header> + use<'a, 'n> {
        let name = full_name(name);
        self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(name))
    }

    /// The one value of a header that may be there only once.
    pub fn single<'a>(&'a self, name: &str) -> Result<Option<&'a str>, HeaderError> {
        let mut all = self.get_all(name);
        match (all.next(), all.next()) {
            (value, None) => Ok(value),
            _ => Err(HeaderError::new(name, "it is there more than once")),
        }
    }

    fn mandatory<'a>(&'a self, name: &str) -> Result<&'a str, HeaderError> {
        self.single(name)?.ok_or_else(|| HeaderError::new(name, "it is missing"))
    }

    fn address(&self, name: &str) -> Result<NameAddr, HeaderError> {
        self.mandatory(name)?.parse().map_err(|why: &'static str| HeaderError::new(name, why))
    }

    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.address("From")
    }

    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.address("To")
    }

    /// Call-ID; empty where it is missing, which `wire.rs` does not let in.
    pub fn call_id(&self) -> &str {
        self.get("Call-ID").unwrap_or_default()
    }

    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        let wrong = |why| HeaderError::new("CSeq", why);
        let mut words = self.mandatory("CSeq")?.split_ascii_whitespace();
        let (Some(number), Some(method), None) = (words.next(), words.next(), words.next()) else {
            return Err(wrong("it is not a number and a method"));
        };
        let number = digits(number)
            .ok()
            .filter(|number| *number < 1 << 31)
            .ok_or_else(|| wrong("its number is not below 2^31"))?;
        if !is_token(method) {
            return Err(wrong("its method is not a word"));
        }
        Ok(CSeq { number, method: Method::named(method) })
    }

    /// All hops, the latest first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via, HeaderError>> {
        self.get_all("Via")
            .flat_map(split_list)
            .map(|value| value.parse().map_err(|why: &'static str| HeaderError::new("Via", why)))
    }

    pub fn top_via(&self) -> Result<Via, HeaderError> {
        self.vias().next().unwrap_or_else(|| Err(HeaderError::new("Via", "it is missing")))
    }

    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let values: Vec<_> = self.values("Contact").collect();
        match values.as_slice() {
            ["*"] => Ok(Contacts::Star),
            list => {
                list.iter().map(|value| parse_address("Contact", value)).collect::<Result<_, _>>().map(Contacts::List)
            }
        }
    }

    /// Route, Path, Service-Route and their like.
    pub fn addresses(&self, name: &str) -> Result<Vec<NameAddr>, HeaderError> {
        self.values(name).map(|value| parse_address(name, value)).collect()
    }

    /// Expires in seconds.
    pub fn expires(&self) -> Result<Option<u32>, HeaderError> {
        self.number("Expires")
    }

    pub fn max_forwards(&self) -> Result<Option<u32>, HeaderError> {
        self.number("Max-Forwards")
    }

    /// A header that is one number below 2^32.
    pub fn number(&self, name: &str) -> Result<Option<u32>, HeaderError> {
        self.single(name)?.map(|value| digits(value).map_err(|why| HeaderError::new(name, why))).transpose()
    }

    pub fn content_type(&self) -> Result<Option<MediaType>, HeaderError> {
        let value = self.single("Content-Type")?;
        value.map(|value| value.parse().map_err(|why: &'static str| HeaderError::new("Content-Type", why))).transpose()
    }

    pub fn user_agent(&self) -> Option<&str> {
        self.get("User-Agent")
    }
}

fn header(name: &str, value: String) -> Header {
    let value = if value.contains(['\r', '\n', '\0']) { value.replace(['\r', '\n', '\0'], " ") } else { value };
    debug_assert!(is_token(name), "{name:?} is not the name of a header");
    Header { name: static_name(name), value, raw: None }
}

fn static_name(name: &str) -> Cow<'static, str> {
    let name = full_name(name);
    let known =
        COMMON.iter().chain(COMPACT.iter().map(|(_, full)| full)).find(|known| known.eq_ignore_ascii_case(name));
    known.map_or_else(|| Cow::Owned(name.to_owned()), |known| Cow::Borrowed(*known))
}

fn parse_address(name: &str, value: &str) -> Result<NameAddr, HeaderError> {
    value.parse().map_err(|why: &'static str| HeaderError::new(name, why))
}

/// Digits and nothing else: no sign, no space, below 2^32.
pub(in crate::sip) fn digits(text: &str) -> Result<u32, &'static str> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("it is not a number");
    }
    text.parse().map_err(|_| "its number is too large")
}

impl FromStr for MediaType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<MediaType, &'static str> {
        let (essence, params) = text.split_at(text.find(';').unwrap_or(text.len()));
        let (main, sub) = essence.split_once('/').ok_or("it is not type/subtype")?;
        let (main, sub) = (main.trim(), sub.trim());
        if !is_token(main) || !is_token(sub) {
            return Err("it is not type/subtype");
        }
        Ok(MediaType { essence: format!("{main}/{sub}").to_ascii_lowercase(), params: Params::read(params)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        lines.iter().for_each(|(name, value)| headers.push(name, *value));
        headers
    }

    #[test]
    fn compact_and_oddly_spelled_names_are_the_same_header() {
        let headers = headers(&[("v", "SIP/2.0/UDP a"), ("VIA", "SIP/2.0/UDP b, SIP/2.0/TCP c:5061"), ("i", "x@y")]);

        let hosts: Vec<_> = headers.vias().map(|via| via.unwrap().host).collect();

        assert_eq!(hosts, ["a", "b", "c"]);
        assert_eq!(headers.call_id(), "x@y");
        assert_eq!(headers.get("I"), Some("x@y"));
    }

    #[test]
    fn set_leaves_one_header_at_the_place_of_the_first() {
        let mut headers = headers(&[("To", "a"), ("X", "1"), ("From", "b"), ("x", "2")]);

        headers.set("X", "3");

        let all: Vec<_> = headers.iter().collect();
        assert_eq!(all, [("To", "a"), ("X", "3"), ("From", "b")]);
    }

    #[test]
    fn a_value_is_never_a_second_header() {
        let headers = headers(&[("Subject", "hi\r\nRoute: <sip:evil@example.com>")]);

        assert_eq!(headers.get("Subject"), Some("hi  Route: <sip:evil@example.com>"));
    }

    #[test]
    fn bytes_that_are_not_utf8_leave_as_they_came() {
        let mut headers = Headers::new();
        headers.push_read("Subject", Cow::Borrowed(b"Gr\xfc\xdfe"));

        assert_eq!(headers.get("Subject"), Some("Gr\u{fffd}\u{fffd}e"));
        assert_eq!(headers.iter_raw().next(), Some(("Subject", &b"Gr\xfc\xdfe"[..])));
    }

    #[test]
    fn two_of_what_must_be_one_are_refused() {
        let headers = headers(&[("From", "<sip:a@example.com>"), ("f", "<sip:b@example.com>")]);

        assert_eq!(headers.from().unwrap_err().to_string(), "From: it is there more than once");
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (name, value) in [("Expires", "4294967296"), ("Expires", "-1"), ("Expires", "+1"), ("Expires", "")] {
            assert!(headers(&[(name, value)]).expires().is_err(), "{name}: {value}");
        }
        for value in ["2147483648 MESSAGE", "1", "1 A B", "x MESSAGE", "36893488147419103232 REGISTER", "1 ME\"SSAGE"] {
            assert!(headers(&[("CSeq", value)]).cseq().is_err(), "{value}");
        }
        assert_eq!(headers(&[("CSeq", "0009   MESSAGE")]).cseq(), Ok(CSeq { number: 9, method: Method::Message }));
    }

    #[test]
    fn a_media_type_is_read_in_any_case() {
        let headers = headers(&[("c", "Text/Plain ; charset=\"UTF-8\"")]);

        let media = headers.content_type().unwrap().unwrap();

        assert_eq!(media.essence, "text/plain");
        assert_eq!(media.params.get_unquoted("Charset").as_deref(), Some("UTF-8"));
    }

    #[test]
    fn a_star_is_a_contact_only_alone() {
        assert_eq!(headers(&[("m", "*")]).contacts(), Ok(Contacts::Star));
        assert!(headers(&[("m", "*"), ("m", "<sip:a@example.com>")]).contacts().is_err());
        assert_eq!(headers(&[]).contacts(), Ok(Contacts::List(Vec::new())));
    }
}
