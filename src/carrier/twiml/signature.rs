//! What is signed: the address as the carrier called it, and behind it the fields of a form, sorted.

use crate::carrier::dialect::Heard;
use crate::carrier::sign;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};

/// A hash function over key and parts.
pub type Mac = fn(&[u8], &[&[u8]]) -> Vec<u8>;

/// Whether one of the keys signed address and fields, in any spelling of the address; the signature is in base64.
pub fn fits(given: &str, mac: Mac, keys: &[&str], url: &str, fields: &str) -> bool {
    let mut fits = false;
    for url in spellings(url) {
        for key in keys {
            let wanted = STANDARD.encode(mac(key.as_bytes(), &[url.as_bytes(), fields.as_bytes()]));
            fits |= sign::same(given, &wanted);
        }
    }
    fits
}

/// The fields of a form as they are signed: sorted by name, each different value of a name once, sorted too.
pub fn form_fields(request: &Heard) -> String {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(&request.body) {
        fields.entry(name.into_owned()).or_default().insert(value.into_owned());
    }
    let mut text = String::new();
    for (name, values) in &fields {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    text
}

/// The ways a carrier may have written our address when it signed: as it is, without a port, with the default port.
pub fn spellings(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = match authority.rsplit_once(':') {
        // Not the last colon of a bare IPv6 address, which ends in a bracket.
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if host.len() == authority.len() {
        let port = if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 };
        all.push(format!("{scheme}://{host}:{port}{tail}"));
    } else {
        all.push(format!("{scheme}://{host}{tail}"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_port_may_be_written_or_not() {
        for (url, other) in [
            ("https://a.example/x?y=1", "https://a.example:443/x?y=1"),
            ("http://a.example", "http://a.example:80"),
            ("https://a.example:8443/x", "https://a.example/x"),
            ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x"),
            ("https://[2001:db8::1]:443/x", "https://[2001:db8::1]/x"),
        ] {
            assert_eq!(spellings(url), [url, other]);
        }
    }
}
