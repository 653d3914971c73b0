//! SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966), read strictly and written as they were read.
//! Other schemes are kept as text, so that they can be refused with 416.

use super::address::Params;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    Other(String),
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        })
    }
}

/// A URI. `tel:` has its number in `user` and no host; another scheme has its text in `host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    pub scheme: Scheme,
    /// As written, escapes and all; see [`Uri::user_decoded`].
    pub user: Option<String>,
    pub password: Option<String>,
    /// A name or an address; IPv6 in its brackets.
    pub host: String,
    pub port: Option<u16>,
    pub params: Params,
    /// What follows `?`, as written.
    pub headers: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a URI we can read: {0}")]
pub struct UriError(pub &'static str);

impl Uri {
    /// `sip:user@host`; the user is escaped where it must be. IPv6 addresses go in brackets.
    pub fn sip(user: &str, host: &str, port: Option<u16>) -> Uri {
        Uri {
            scheme: Scheme::Sip,
            user: (!user.is_empty()).then(|| escape_user(user)),
            password: None,
            host: host.to_owned(),
            port,
            params: Params::new(),
            headers: None,
        }
    }

    /// The user with its escapes undone; None where there is none or it is not UTF-8.
    /// An escaped NUL stays a character of the name and cuts nothing short.
    pub fn user_decoded(&self) -> Option<String> {
        let user = self.user.as_deref()?;
        String::from_utf8(unescape(user)?).ok()
    }

    /// A URI parameter; `Some("")` for one without value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    /// The host as an address, if it is one.
    pub fn host_ip(&self) -> Option<IpAddr> {
        host_ip(&self.host)
    }

    /// sip or sips: a request can be sent there.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }
}

/// The address in `host`, brackets or none.
pub fn host_ip(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// `address` as a SIP host: IPv6 in brackets.
pub fn ip_host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        if text.bytes().any(|b| b <= b' ' || b == 0x7f || matches!(b, b'<' | b'>' | b'"')) {
            return Err(UriError("it holds white space or a character that must be escaped"));
        }
        let (scheme, rest) = text.split_once(':').ok_or(UriError("there is no scheme"))?;
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        {
            return Err(UriError("the scheme is not a word"));
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => sip(Scheme::Sip, rest),
            "sips" => sip(Scheme::Sips, rest),
            "tel" => tel(rest),
            other => Ok(Uri { host: rest.to_owned(), ..bare(Scheme::Other(other.to_owned())) }),
        }
    }
}

fn bare(scheme: Scheme) -> Uri {
    let params = Params::new();
    Uri { scheme, user: None, password: None, host: String::new(), port: None, params, headers: None }
}

fn sip(scheme: Scheme, text: &str) -> Result<Uri, UriError> {
    let (user_part, rest) = match text.split_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, text),
    };
    if rest.contains('@') {
        return Err(UriError("there are two @"));
    }
    let mut uri = bare(scheme);
    if let Some(user_part) = user_part {
        let (user, password) = match user_part.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (user_part, None),
        };
        if user.is_empty() {
            return Err(UriError("the user is empty"));
        }
        if unescape(user).is_none() {
            return Err(UriError("% is not followed by two hexadecimal digits"));
        }
        uri.user = Some(user.to_owned());
        uri.password = password.map(str::to_owned);
    }
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, Some(headers)),
        None => (rest, None),
    };
    uri.headers = headers.map(str::to_owned);
    let (host_port, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
    (uri.host, uri.port) = host_and_port(host_port).ok_or(UriError("the host or port is not one"))?;
    uri.params = Params::read(params).map_err(UriError)?;
    Ok(uri)
}

fn tel(text: &str) -> Result<Uri, UriError> {
    let (number, params) = text.split_at(text.find(';').unwrap_or(text.len()));
    let digits = number.strip_prefix('+').unwrap_or(number);
    let allowed = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'*' | b'#' | b'-' | b'.' | b'(' | b')');
    if digits.is_empty() || !digits.bytes().all(allowed) {
        return Err(UriError("a tel URI holds something that is not a number"));
    }
    Ok(Uri { user: Some(number.to_owned()), params: Params::read(params).map_err(UriError)?, ..bare(Scheme::Tel) })
}

/// `host[:port]`, with IPv6 in brackets; also what a Via's sent-by is made of.
pub(super) fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            inside.parse::<std::net::Ipv6Addr>().ok()?;
            (&text[..inside.len() + 2], if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if host.is_empty() || !(host.starts_with('[') || host.bytes().all(is_name)) {
        return None;
    }
    let port = match port {
        None => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok().filter(|p| *p > 0)?),
        Some(_) => return None,
    };
    Some((host.to_owned(), port))
}

/// The bytes behind the escapes; None where a `%` is not followed by two hexadecimal digits.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    Some(bytes)
}

/// Escapes all that may not stand in the user part (RFC 3261 25.1: unreserved and user-unreserved stand as they are).
pub fn escape_user(user: &str) -> String {
    let mut escaped = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scheme.fmt(f)?;
        f.write_str(":")?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                f.write_str(":")?;
                f.write_str(password)?;
            }
            if self.is_sip() {
                f.write_str("@")?;
            }
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)?;
        match &self.headers {
            Some(headers) => write!(f, "?{headers}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_written_as_it_was_read() {
        for text in [
            "sip:1001@pbx.example.com",
            "sips:1001:secret@pbx.example.com:5061;transport=tls;ob",
            "sip:[2001:db8::1]:5070",
            "sip:%75se%72@example.com?Subject=hi",
            "sip:user;par=u%40example.net@example.com",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
            "tel:+15550100;phone-context=example.com",
            "soap.beep://192.0.2.103:3002",
        ] {
            assert_eq!(text.parse::<Uri>().map(|uri| uri.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_not_a_uri_is_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@example.com",
            "sip:a@b@c",
            "sip:user@exa mple.com",
            "<sip:user@example.com>",
            "sip:user@example.com:0",
            "sip:user@example.com:65536",
            "sip:user@example.com:+5",
            "sip:user@[::1",
            "sip:user@[::zz]",
            "sip:us%4@example.com",
            "sip:us%+4@example.com",
            "sip:user@example.com;;lr",
            "sip:user@example.com\u{0}",
            "tel:",
            "tel:+1 555",
            "1sip:user@example.com",
        ] {
            assert!(text.parse::<Uri>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn an_escaped_nul_cuts_no_name_short() {
        let uri: Uri = "sip:null-%00-null@example.com".parse().unwrap();

        assert_eq!(uri.user_decoded().as_deref(), Some("null-\0-null"));
    }

    #[test]
    fn any_user_can_be_written_and_read_back() {
        let uri = Uri::sip("sips:user@example.com #7 ü", "example.net", None);

        let read: Uri = uri.to_string().parse().unwrap();

        assert_eq!(read.user_decoded().as_deref(), Some("sips:user@example.com #7 ü"));
        assert_eq!(read.host, "example.net");
    }
}
