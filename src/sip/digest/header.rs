//! WWW-Authenticate, Authorization and their Proxy forms: a scheme, and `name=value` pairs.
//! A name that comes twice, a quote that does not end: refused, since two readers could differ.

use crate::sip::message::Method;
use crate::sip::message::address::{is_token, split_list};

const PARAMETERS_MAX: usize = 32;
const VALUE_BYTES_MAX: usize = 2048;

/// Which pair of headers is used: a server's 401, or a proxy's 407.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Server,
    Proxy,
}

impl Door {
    /// Phones register with us, as with a server. What they write is for somebody beyond us, as with a proxy: SIPp's
    /// scenarios and old gateways know 407 alone there, and all others know both.
    pub fn for_request(method: &Method) -> Door {
        if *method == Method::Message { Door::Proxy } else { Door::Server }
    }

    pub fn status(self) -> u16 {
        if self == Door::Server { 401 } else { 407 }
    }

    pub fn challenge_header(self) -> &'static str {
        if self == Door::Server { "WWW-Authenticate" } else { "Proxy-Authenticate" }
    }

    pub fn answer_header(self) -> &'static str {
        if self == Door::Server { "Authorization" } else { "Proxy-Authorization" }
    }
}

/// One challenge, or one set of credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    pub name: String,
    parameters: Vec<(String, String)>,
}

impl Scheme {
    /// Reads a header value; several challenges may stand in one, as in HTTP.
    pub fn parse_all(value: &str) -> Result<Vec<Scheme>, &'static str> {
        let mut schemes: Vec<Scheme> = Vec::new();
        for item in split_list(value).filter(|item| !item.is_empty()) {
            let (mut left, text) = item.split_once('=').unwrap_or((item, ""));
            if let Some((name, parameter)) = left.trim().split_once([' ', '\t']) {
                if !is_token(name) {
                    return Err("the scheme is not a word");
                }
                schemes.push(Scheme { name: name.to_owned(), parameters: Vec::new() });
                left = parameter;
            }
            let scheme = schemes.last_mut().ok_or("there is no scheme")?;
            scheme.add(left.trim(), text.trim())?;
        }
        Ok(schemes)
    }

    fn add(&mut self, name: &str, text: &str) -> Result<(), &'static str> {
        if !is_token(name) {
            return Err("a parameter has no proper name");
        }
        if self.parameters.len() == PARAMETERS_MAX {
            return Err("there are too many parameters");
        }
        if self.get(name).is_some() {
            return Err("a parameter is there twice");
        }
        self.parameters.push((name.to_ascii_lowercase(), value(text)?));
        Ok(())
    }

    /// A parameter by its name, without its quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn is_digest(&self) -> bool {
        self.name.eq_ignore_ascii_case("Digest")
    }
}

fn value(text: &str) -> Result<String, &'static str> {
    if text.len() > VALUE_BYTES_MAX {
        return Err("a parameter is too long");
    }
    let Some(inside) = text.strip_prefix('"') else {
        let bare = !text.is_empty() && !text.contains(['"', ' ', '\t']);
        return if bare { Ok(text.to_owned()) } else { Err("a parameter has no proper value") };
    };
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    loop {
        match chars.next() {
            Some('"') if chars.as_str().is_empty() => return Ok(plain),
            Some('\\') => plain.push(chars.next().ok_or("a quoted string does not end")?),
            Some('"') | None => return Err("a quoted string does not end where it should"),
            Some(other) => plain.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn several_challenges_in_one_line_are_told_apart() {
        let line = "Digest realm=\"a, \\\"b\\\"\",nonce=\"x=y,z\" , qop=\"auth,auth-int\",algorithm=MD5, Basic realm=\"c\", Digest realm = d";

        let schemes = Scheme::parse_all(line).expect("well-formed");

        assert_eq!(
            schemes.iter().map(|scheme| scheme.name.as_str()).collect::<Vec<_>>(),
            ["Digest", "Basic", "Digest"]
        );
        assert_eq!(schemes[0].get("Realm"), Some("a, \"b\""));
        assert_eq!((schemes[0].get("nonce"), schemes[0].get("qop")), (Some("x=y,z"), Some("auth,auth-int")));
        assert_eq!((schemes[2].get("realm"), schemes[2].get("nonce")), (Some("d"), None));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for line in [
            "realm=\"a\"",
            "Digest realm=\"a\", realm=\"b\"",
            "Digest realm=\"a",
            "Digest realm=\"a\"b",
            "Digest realm=\"a\"b\"",
            "Digest realm=",
            "Digest =x",
            "Digest",
            "Dig\"est realm=x",
            "Digest nc=1 2",
        ] {
            assert!(Scheme::parse_all(line).is_err(), "{line} was taken");
        }
        assert!(Scheme::parse_all(&format!("Digest a=\"{}\"", "x".repeat(3000))).is_err());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(line in "\\PC{0,200}", likely in "(Digest |[a-z]{1,3}|[=,\"\\\\ <>]){0,60}") {
            let _ = (Scheme::parse_all(&line), Scheme::parse_all(&likely));
        }
    }
}
