//! Who is really asking, when a proxy stands in between (T26). Headers are believed only from a configured proxy, and
//! only back to the first hop that is none: whatever is further left, anybody may have written.

use crate::net::network::Network;
use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

/// Longer chains than this are not walked.
const HOPS_MAX: usize = 32;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The client's address, in each request's extensions. Never an IPv4 address in IPv6 clothes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddr(pub IpAddr);

/// How the client itself speaks, in each request's extensions: a proxy may end TLS before us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientScheme {
    Http,
    Https,
}

/// Which header the proxy writes. The other one goes through most proxies untouched: a client could write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Whom to believe, and what.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    pub networks: Vec<Network>,
    pub header: ProxyHeader,
}

impl Proxies {
    /// Whether `addr` is one of our proxies.
    pub fn include(&self, addr: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(addr))
    }

    /// Who asks, and how, given who is connected to us (with TLS or without) and what the headers say.
    pub fn origin(&self, peer: IpAddr, over_tls: bool, headers: &HeaderMap) -> (ClientAddr, ClientScheme) {
        let peer = peer.to_canonical();
        let direct = if over_tls { ClientScheme::Https } else { ClientScheme::Http };
        if !self.include(peer) {
            return (ClientAddr(peer), direct);
        }
        let (hops, scheme) = match self.header {
            ProxyHeader::XForwardedFor => (elements(headers, X_FORWARDED_FOR), last(headers, X_FORWARDED_PROTO)),
            ProxyHeader::Forwarded => {
                let hops = elements(headers, http::header::FORWARDED);
                let scheme = hops.last().and_then(|hop| parameter(hop, "proto"));
                (hops.iter().map(|hop| parameter(hop, "for").unwrap_or_default()).collect(), scheme)
            }
        };
        let scheme = match scheme.map(|scheme| scheme.to_ascii_lowercase()).as_deref() {
            Some("https") => ClientScheme::Https,
            Some("http") => ClientScheme::Http,
            _ => direct,
        };
        (ClientAddr(self.first_stranger(peer, &hops)), scheme)
    }

    /// From the right: the first hop that is no proxy of ours. What cannot be read ends the walk at who vouched for it.
    fn first_stranger(&self, peer: IpAddr, hops: &[&str]) -> IpAddr {
        let mut vouched = peer;
        for hop in hops.iter().rev().take(HOPS_MAX) {
            let Some(addr) = address(hop) else { break };
            vouched = addr;
            if !self.include(addr) {
                break;
            }
        }
        vouched
    }
}

/// The comma-separated elements of all lines of one header, in order.
fn elements(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    let lines = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("unreadable"));
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

fn last(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    elements(headers, name).pop()
}

/// One parameter of a `Forwarded` element (`for="[2001:db8::1]:4711";proto=https`).
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_matches('"'))
}

/// An address with or without port and brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let addr = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|addr| addr.ip()))?;
    Some(IpAddr::to_canonical(&addr))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn proxies(header: ProxyHeader) -> Proxies {
        Proxies { networks: vec!["10.0.0.0/24".parse().unwrap()], header }
    }

    fn origin(header: ProxyHeader, peer: &str, lines: &[(&'static str, &str)]) -> (String, ClientScheme) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let (addr, scheme) = proxies(header).origin(peer.parse().unwrap(), false, &headers);
        (addr.0.to_string(), scheme)
    }

    #[test]
    fn a_strangers_headers_are_not_believed() {
        let lines = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=1.2.3.4"), ("x-forwarded-proto", "https")];
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            assert_eq!(origin(header, "203.0.113.9", &lines), ("203.0.113.9".into(), ClientScheme::Http));
        }
    }

    #[test]
    fn behind_a_proxy_the_rightmost_stranger_asks() {
        for (line, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
            ("1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("203.0.113.9:5060", "203.0.113.9"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("10.0.0.7, 10.0.0.2", "10.0.0.7"),
            ("1.2.3.4, garbage", PROXY),
            ("1.2.3.4, garbage, 10.0.0.2", "10.0.0.2"),
            ("", PROXY),
        ] {
            assert_eq!(origin(ProxyHeader::XForwardedFor, PROXY, &[("x-forwarded-for", line)]).0, expected, "{line}");
        }
        let two_lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(origin(ProxyHeader::XForwardedFor, PROXY, &two_lines).0, "203.0.113.9");
    }

    #[test]
    fn the_header_a_proxy_does_not_write_is_not_believed_from_it_either() {
        let forged = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=1.2.3.4;proto=https")];
        assert_eq!(origin(ProxyHeader::XForwardedFor, PROXY, &forged), ("203.0.113.9".into(), ClientScheme::Http));

        let forged = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=203.0.113.9"), ("x-forwarded-proto", "https")];
        assert_eq!(origin(ProxyHeader::Forwarded, PROXY, &forged), ("203.0.113.9".into(), ClientScheme::Http));
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        let line = [("forwarded", r#"for=1.2.3.4, For="[2001:db8:cafe::17]:4711";proto=HTTPS;by=10.0.0.1"#)];

        assert_eq!(origin(ProxyHeader::Forwarded, PROXY, &line), ("2001:db8:cafe::17".into(), ClientScheme::Https));
        assert_eq!(origin(ProxyHeader::Forwarded, PROXY, &[("forwarded", "for=_hidden;proto=https")]).0, PROXY);
    }
}
