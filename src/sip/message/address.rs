//! The parts headers are made of: parameters, name-addr (From, To, Contact, Route) and Via.
//! Strict where a second reading would be possible; white space is taken wherever RFC 3261 25.1 takes it.

use super::uri::{Uri, host_and_port};
use std::fmt;
use std::str::FromStr;

/// `;name=value` pairs in their order, as written; names are case-blind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    pub fn new() -> Params {
        Params::default()
    }

    /// The value as written (quotes and all); `Some("")` for a parameter without one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// The value with its quotes and escapes undone.
    pub fn get_unquoted(&self, name: &str) -> Option<String> {
        self.get(name).map(unquote)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a parameter; the caller quotes a value that is not a token. An empty value is written without `=`.
    pub fn set(&mut self, name: &str, value: &str) {
        let value = (!value.is_empty()).then(|| value.to_owned());
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(known) => known.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads `*( ; name [ = value ] )`, white space allowed around `;` and `=`.
    pub(super) fn read(text: &str) -> Result<Params, &'static str> {
        let mut params = Params::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let after = rest.strip_prefix(';').ok_or("something other than ; follows")?;
            let end = outside_quotes(after, b";").ok_or("a quoted string does not end")?;
            let (name, value) = match after[..end].split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (after[..end].trim(), None),
            };
            if name.is_empty() || !name.bytes().all(is_param_char) {
                return Err("a parameter has no proper name");
            }
            if let Some(value) = value
                && !is_param_value(value)
            {
                return Err("a parameter has no proper value");
            }
            params.0.push((name.to_owned(), value.map(str::to_owned)));
            rest = after[end..].trim_start();
        }
        Ok(params)
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            f.write_str(";")?;
            f.write_str(name)?;
            if let Some(value) = value {
                f.write_str("=")?;
                f.write_str(value)?;
            }
        }
        Ok(())
    }
}

/// The characters of a token (RFC 3261 25.1).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

/// Token characters, and those URI parameters have beyond them.
fn is_param_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || b"-.!%*_+`'~[]/:&$()".contains(&b)
}

/// A token, host, or quoted string. Names like Jabber's put `=`, `@` or `#` in there: harmless, and taken.
fn is_param_value(value: &str) -> bool {
    match value.strip_prefix('"') {
        Some(rest) => quoted_end(rest) == Some(rest.len()),
        None => !value.is_empty() && value.bytes().all(|b| is_param_char(b) || b"=@#?{}|^".contains(&b)),
    }
}

/// Where the quoted string that begins before `text` has its end: one past the closing quote.
fn quoted_end(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()?),
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The first of `stops` outside quotes, or the end; None where a quoted string does not end.
fn outside_quotes(text: &str, stops: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if stops.contains(&bytes[at]) {
            return Some(at);
        }
        at += 1;
        if bytes[at - 1] == b'"' {
            at += quoted_end(&text[at..])?;
        }
    }
    Some(at)
}

/// A comma-separated header in its parts; commas in quotes and in angle brackets divide nothing.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = list_item_end(text);
        rest = text.get(end + 1..);
        Some(text[..end].trim())
    })
}

fn list_item_end(text: &str) -> usize {
    let mut at = 0;
    while let Some(stop) = text.get(at..).and_then(|rest| outside_quotes(rest, b",<")) {
        at += stop;
        if text.as_bytes().get(at) != Some(&b'<') {
            return at;
        }
        match text[at..].find('>') {
            Some(close) => at += close,
            None => return text.len(),
        }
    }
    text.len()
}

/// A quoted string without its quotes and escapes; anything else as it stands.
pub fn unquote(text: &str) -> String {
    let Some(inside) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// A quoted string; line ends and other controls become spaces, so that no header can be smuggled in.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(if c.is_control() { ' ' } else { c });
    }
    quoted.push('"');
    quoted
}

/// `"display" <uri>;params`, or `uri;params` (RFC 3261 20.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// Without its quotes and escapes.
    pub display: Option<String>,
    pub uri: Uri,
    pub params: Params,
}

impl NameAddr {
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr { display: None, uri, params: Params::new() }
    }

    pub fn with_display(mut self, display: &str) -> NameAddr {
        self.display = (!display.is_empty()).then(|| display.to_owned());
        self
    }

    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// A header parameter; `Some("")` for one without value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }
}

impl FromStr for NameAddr {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<NameAddr, &'static str> {
        let text = text.trim();
        let open = outside_quotes(text, b"<").ok_or("a quoted name does not end")?;
        if open == text.len() {
            return addr_spec(text);
        }
        let before = text[..open].trim();
        let display = match before.strip_prefix('"') {
            Some(rest) if quoted_end(rest) == Some(rest.len()) => unquote(before),
            None if !before.contains('"') => before.to_owned(),
            _ => return Err("something stands beside the quoted name"),
        };
        let (uri, after) = text[open + 1..].split_once('>').ok_or("< is not closed")?;
        let uri = uri.parse::<Uri>().map_err(|e| e.0)?;
        let display = (!display.is_empty()).then_some(display);
        Ok(NameAddr { display, uri, params: Params::read(after)? })
    }
}

/// Without angle brackets, what follows `;` belongs to the header, and `?` or `,` may not stand at all.
fn addr_spec(text: &str) -> Result<NameAddr, &'static str> {
    let host_at = text.find('@').unwrap_or(0);
    let split = text[host_at..].find(';').map_or(text.len(), |semicolon| host_at + semicolon);
    let (uri, params) = text.split_at(split);
    if uri.contains([',', '?']) {
        return Err("a URI with , or ? must stand in <>");
    }
    let uri = uri.trim_end().parse::<Uri>().map_err(|e| e.0)?;
    Ok(NameAddr { display: None, uri, params: Params::read(params)? })
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            f.write_str(&quote(display))?;
            f.write_str(" ")?;
        }
        f.write_str("<")?;
        self.uri.fmt(f)?;
        f.write_str(">")?;
        self.params.fmt(f)
    }
}

/// One hop of the way a request has come (RFC 3261 20.42, RFC 3581).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// As written: also transports we do not speak.
    pub transport: String,
    pub host: String,
    pub port: Option<u16>,
    pub params: Params,
}

impl Via {
    /// The branch, if it has the magic cookie of RFC 3261 and something behind it; else the rules of RFC 2543 hold.
    pub fn branch(&self) -> Option<&str> {
        let branch = self.params.get("branch")?;
        let (cookie, rest) = branch.split_at_checked(7)?;
        (cookie.eq_ignore_ascii_case("z9hG4bK") && !rest.is_empty()).then_some(branch)
    }

    /// `host[:port]` in lower case: the sent-by half of a transaction's key.
    pub fn sent_by(&self) -> String {
        let host = self.host.to_ascii_lowercase();
        match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }
}

impl FromStr for Via {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Via, &'static str> {
        let (protocol, rest) = text.split_once('/').ok_or("there is no protocol")?;
        let (version, rest) = rest.split_once('/').ok_or("there is no version")?;
        if !protocol.trim().eq_ignore_ascii_case("SIP") || version.trim() != "2.0" {
            return Err("it is not SIP/2.0");
        }
        let rest = rest.trim();
        let (transport, rest) = rest.split_once([' ', '\t']).ok_or("there is no sent-by")?;
        if !is_token(transport) {
            return Err("the transport is not a word");
        }
        let (sent_by, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let sent_by: String = sent_by.split_ascii_whitespace().collect();
        let (host, port) = host_and_port(&sent_by).ok_or("the sent-by is not a host")?;
        Ok(Via { transport: transport.to_owned(), host, port, params: Params::read(params)? })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> NameAddr {
        text.parse().unwrap_or_else(|why| panic!("{text:?} was refused: {why}"))
    }

    #[test]
    fn a_quoted_name_may_hold_what_else_would_divide() {
        let from = addr(r#" "J \"R\"; <Rosenberg>, \\" <sip:jdrosen@example.com> ; tag = 98asjd8"#);

        assert_eq!(from.display.as_deref(), Some(r#"J "R"; <Rosenberg>, \"#));
        assert_eq!(from.uri.user.as_deref(), Some("jdrosen"));
        assert_eq!(from.tag(), Some("98asjd8"));
        assert_eq!(addr(&from.to_string()), from);
    }

    #[test]
    fn without_brackets_parameters_belong_to_the_header() {
        let to = addr("sip:user;par=u%40example.net@example.com;tag=7");

        assert_eq!(to.uri.user.as_deref(), Some("user;par=u%40example.net"));
        assert!(to.uri.params.is_empty());
        assert_eq!(to.tag(), Some("7"));
    }

    #[test]
    fn tel_and_bracketed_hosts_are_addresses_too() {
        assert_eq!(addr("<tel:+15550100>;tag=a").uri.user.as_deref(), Some("+15550100"));
        assert_eq!(addr("<sip:1001@[2001:db8::7]:5062;transport=tcp>").uri.port, Some(5062));
        assert_eq!(addr("caller<sip:caller@example.com>;tag=323").display.as_deref(), Some("caller"));
    }

    #[test]
    fn what_reads_two_ways_is_refused() {
        for text in [
            r#""Mr. J. User <sip:j.user@example.com>"#,
            r#""Watson, Thomas" < sip:t.watson@example.org >"#,
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "<sip:a@example.com>, <sip:b@example.com>",
            "<sip:a@example.com",
            r#""a" b <sip:a@example.com>"#,
            "<sip:joe@example.org>;;;;",
            r#"<sip:a@example.com>;x="open"#,
            "",
        ] {
            assert!(text.parse::<NameAddr>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn commas_in_quotes_and_brackets_divide_nothing() {
        let parts: Vec<_> = split_list(r#""a,b" <sip:a,b@example.com>;q=1 , <sip:c@example.com>, "#).collect();

        assert_eq!(parts, [r#""a,b" <sip:a,b@example.com>;q=1"#, "<sip:c@example.com>", ""]);
    }

    #[test]
    fn a_via_may_be_full_of_white_space() {
        let via: Via =
            "SIP  / 2.0  / TCP     spindle.example.com   :  5061 ;  branch  =   z9hG4bK9ikj8".parse().unwrap();

        assert_eq!((via.host.as_str(), via.port), ("spindle.example.com", Some(5061)));
        assert_eq!(via.branch(), Some("z9hG4bK9ikj8"));
        assert_eq!(via.to_string(), "SIP/2.0/TCP spindle.example.com:5061;branch=z9hG4bK9ikj8");
    }

    #[test]
    fn a_branch_without_the_cookie_or_with_nothing_behind_it_is_none() {
        for (text, branch) in [
            ("SIP/2.0/UDP [::1]:5060;branch=z9hG4bK", None),
            ("SIP/2.0/UDP 192.0.2.1;branch=390skdjuw", None),
            ("SIP/2.0/UDP 192.0.2.1", None),
            ("SIP/2.0/UDP 192.0.2.1;branch=Z9HG4BKx", Some("Z9HG4BKx")),
        ] {
            assert_eq!(text.parse::<Via>().unwrap().branch(), branch, "{text}");
        }
    }

    #[test]
    fn a_line_end_in_a_name_smuggles_no_header() {
        assert_eq!(quote("a\r\nVia: x\"\\"), r#""a  Via: x\"\\""#);
    }
}
