//! How phones and the PBX reach us, and how we reach them.

use crate::config::http::{Certificate, address, certificate, network, seconds};
use crate::config::secret::{Surroundings, secret};
use crate::config::sheet::Section;
use crate::domain::secret::Secret;
use crate::net::network::Network;
use std::net::SocketAddr;
use std::time::Duration;

/// SIP.
#[derive(Clone, Debug, PartialEq)]
pub struct Sip {
    /// Who keeps the registrations.
    pub mode: Mode,
    /// UDP listeners.
    pub udp: Vec<SocketAddr>,
    /// TCP listeners.
    pub tcp: Vec<SocketAddr>,
    /// TLS listeners.
    pub tls: Vec<SocketAddr>,
    /// The owner's certificate for TLS; `None`: one made on first start.
    pub certificate: Option<Certificate>,
    /// The domain of our extensions; `None`: any of our own addresses will do.
    pub domain: Option<String>,
    /// The realm of digest authentication. Stored passwords hang on it.
    pub realm: String,
    /// The host we name ourselves by, behind NAT; `None`: the address a packet leaves from.
    pub public_host: Option<String>,
    /// Digest algorithms offered, best first.
    pub digest_algorithms: Vec<DigestAlgorithm>,
    /// Whether answers without nonce counts are taken (RFC 2069).
    pub digest_without_qop: bool,
    /// How long a nonce may be used.
    pub nonce_lifetime: Duration,
    /// Registrations: how long they last.
    pub expires: Expires,
    /// Places an extension can be registered at.
    pub bindings_per_extension_max: usize,
    /// How often phones that let a text wait are asked whether they are there; zero: never.
    pub roll_call: Duration,
    /// How many of them in a second.
    pub roll_call_per_s: u32,
    /// RFC 3261's timers.
    pub timers: Timers,
    /// What a flood meets.
    pub bounds: Bounds,
}

/// Who keeps the registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// We do: phones register here.
    Registrar,
    /// A PBX does, and we are its peer.
    Pbx,
}

/// What digests are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// RFC 2617: what every phone can do.
    Md5,
    /// RFC 8760.
    Sha256,
}

/// How long a registration lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expires {
    /// Asking for less is answered with 423.
    pub min: Duration,
    /// When the phone does not ask.
    pub default: Duration,
    /// Asking for more gets this.
    pub max: Duration,
}

/// RFC 3261 17.1.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Round trip.
    pub t1: Duration,
    /// Longest retransmission interval.
    pub t2: Duration,
    /// How long a packet can live in the network.
    pub t4: Duration,
}

/// What a flood meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one SIP message.
    pub message_bytes_max: usize,
    /// Transactions at a time.
    pub transactions_max: usize,
    /// TCP and TLS connections at a time.
    pub connections_max: usize,
    /// TCP and TLS connections at a time from one address.
    pub connections_per_address_max: usize,
    /// Requests per second from one address.
    pub requests_per_source_s: u32,
    /// Wrong passwords in ten minutes before an address has to wait.
    pub failures_per_source_max: u32,
}

/// The PBX as our peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Pbx {
    /// Where it is, tried in this order.
    pub addresses: Vec<PbxAddress>,
    /// What is spoken to it.
    pub transport: PbxTransport,
    /// The domain of its extensions; `None`: the address.
    pub domain: Option<String>,
    /// Our name at the PBX; empty where it knows us by address.
    pub user: String,
    /// The password to it.
    pub password: Secret,
    /// What we show it in X-Trunk over TCP and TLS; empty: nothing.
    pub trunk_secret: Secret,
    /// Whether we register there.
    pub register: bool,
    /// How long such a registration lasts.
    pub register_expires: Duration,
    /// How often it is asked whether it is there; zero: never.
    pub keepalive: Duration,
    /// Networks whose From is believed without a digest.
    pub trusted: Vec<Network>,
}

/// A host with the port, if one was written: without one, DNS may say (RFC 3263).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PbxAddress {
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    /// The port, if written.
    pub port: Option<u16>,
}

/// What is spoken to the PBX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PbxTransport {
    /// UDP, and TCP for what is too long.
    Udp,
    /// TCP
    Tcp,
    /// TLS
    Tls,
}

pub(super) fn sip(section: &mut Section<'_, '_>, around: &Surroundings) -> Sip {
    let sip = Sip {
        mode: section.choice("mode", &[("registrar", Mode::Registrar), ("pbx", Mode::Pbx)]),
        udp: section.list("udp", &["0.0.0.0:5060"], address),
        tcp: section.list("tcp", &["0.0.0.0:5060"], address),
        tls: section.list("tls", &["0.0.0.0:5061"], address),
        certificate: certificate(section, around),
        domain: section.parsed("domain", "", host),
        realm: section.parsed("realm", "depesche", realm),
        public_host: section.parsed("public_host", "", host),
        digest_algorithms: section.list("digest_algorithms", &["MD5"], algorithm),
        digest_without_qop: section.flag("digest_without_qop", false),
        nonce_lifetime: seconds(section.number("nonce_lifetime_s", 300, 10..=86_400)),
        expires: expires(section),
        bindings_per_extension_max: count(section.number("bindings_per_extension_max", 10, 1..=100)),
        roll_call: seconds(section.number("roll_call_s", 30, 0..=3600)),
        roll_call_per_s: small(section.number("roll_call_per_s", 5, 1..=100)),
        timers: timers(section),
        bounds: bounds(section),
    };
    if sip.udp.is_empty() && sip.tcp.is_empty() && sip.tls.is_empty() {
        section.refuse("udp", "no phone could reach us: udp, tcp and tls are all empty", "name at least one address");
    }
    if sip.digest_algorithms.is_empty() {
        section.refuse("digest_algorithms", "no phone could prove who it is", "write [\"MD5\"], or leave the line out");
    }
    sip
}

fn expires(section: &mut Section<'_, '_>) -> Expires {
    let expires = Expires {
        min: seconds(section.number("expires_min_s", 60, 1..=86_400)),
        default: seconds(section.number("expires_default_s", 600, 1..=86_400)),
        max: seconds(section.number("expires_max_s", 3600, 1..=604_800)),
    };
    if !(expires.min <= expires.default && expires.default <= expires.max) {
        let what = "it does not lie between expires_min_s and expires_max_s";
        section.refuse("expires_default_s", what, "make min <= default <= max");
    }
    expires
}

fn timers(section: &mut Section<'_, '_>) -> Timers {
    let timers = Timers {
        t1: Duration::from_millis(section.number("t1_ms", 500, 10..=10_000)),
        t2: Duration::from_millis(section.number("t2_ms", 4000, 10..=60_000)),
        t4: Duration::from_millis(section.number("t4_ms", 5000, 10..=60_000)),
    };
    if timers.t2 < timers.t1 {
        section.refuse(
            "t2_ms",
            "it is shorter than t1_ms",
            "retransmissions start at t1 and double up to t2: make it longer",
        );
    }
    timers
}

fn bounds(section: &mut Section<'_, '_>) -> Bounds {
    Bounds {
        message_bytes_max: count(section.number("message_bytes_max", 262_144, 2048..=16_777_216)),
        transactions_max: count(section.number("transactions_max", 32_768, 100..=1_000_000)),
        connections_max: count(section.number("connections_max", 4096, 1..=100_000)),
        connections_per_address_max: count(section.number("connections_per_address_max", 256, 1..=100_000)),
        requests_per_source_s: small(section.number("requests_per_source_s", 2000, 1..=100_000)),
        failures_per_source_max: small(section.number("failures_per_source_max", 20, 1..=10_000)),
    }
}

pub(super) fn pbx(section: &mut Section<'_, '_>, mode: Mode, around: &Surroundings) -> Pbx {
    let pbx = Pbx {
        addresses: section.list("addresses", &[], pbx_address),
        transport: section
            .choice("transport", &[("udp", PbxTransport::Udp), ("tcp", PbxTransport::Tcp), ("tls", PbxTransport::Tls)]),
        domain: section.parsed("domain", "", host),
        user: section.text("user", ""),
        password: secret(section, "password", "password_file", "DEPESCHE_SIP_PBX_PASSWORD", around),
        trunk_secret: secret(section, "trunk_secret", "trunk_secret_file", "DEPESCHE_SIP_PBX_TRUNK_SECRET", around),
        register: section.flag("register", false),
        register_expires: seconds(section.number("register_expires_s", 600, 60..=86_400)),
        keepalive: seconds(section.number("keepalive_s", 60, 0..=3600)),
        trusted: section.list("trusted", &["127.0.0.1/32", "::1/128"], network),
    };
    if mode == Mode::Pbx && pbx.addresses.is_empty() && !section.refused("addresses") {
        section.refuse("addresses", "sip.mode is pbx, but no PBX is named", "write its address: [\"192.0.2.10:5060\"]");
    }
    let nameless = pbx.user.is_empty() || pbx.password.is_empty();
    if pbx.register && nameless && !section.refused("password_file") {
        section.refuse("register", "nobody registers without a name and a password", "set user and password_file");
    }
    if pbx.user.is_empty() && !pbx.password.is_empty() {
        let key = if section.says("password_file") { "password_file" } else { "password" };
        section.refuse(key, "a password without a user", "set user as well");
    }
    pbx
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("the bounds fit")
}

fn count(number: u64) -> usize {
    usize::try_from(number).expect("the bounds fit")
}

fn algorithm(text: &str) -> Result<DigestAlgorithm, String> {
    match text {
        "MD5" => Ok(DigestAlgorithm::Md5),
        "SHA-256" => Ok(DigestAlgorithm::Sha256),
        _ => Err(format!("{text:?} is no digest algorithm; write \"MD5\" or \"SHA-256\"")),
    }
}

fn realm(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['"', '\\']) || text.chars().any(char::is_control) {
        return Err("a realm is a short text without quotes; write for example \"depesche\"".to_owned());
    }
    Ok(text.to_owned())
}

/// A host name or an address; empty means none.
fn host(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match url::Host::parse(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(_) => {
            Err(format!("{text:?} is no host; write a name or an address alone, like sip.example.com or [2001:db8::7]"))
        }
    }
}

fn pbx_address(text: &str) -> Result<PbxAddress, String> {
    let wrong =
        || format!("{text:?} is no address of a PBX; write 192.0.2.10:5060, [2001:db8::7]:5060 or pbx.example.com");
    if let Ok(ip) = text.parse::<std::net::IpAddr>() {
        return Ok(PbxAddress { host: ip.to_string(), port: None });
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port.parse().map_err(|_| wrong())?)),
        _ => (text, None),
    };
    match url::Host::parse(name) {
        Ok(url::Host::Ipv6(ip)) => Ok(PbxAddress { host: ip.to_string(), port }),
        Ok(host) => Ok(PbxAddress { host: host.to_string(), port }),
        Err(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pbx_is_named_with_or_without_a_port() {
        let named = |text: &str| pbx_address(text).map(|pbx| (pbx.host, pbx.port));

        assert_eq!(named("192.0.2.10:5060"), Ok(("192.0.2.10".to_owned(), Some(5060))));
        assert_eq!(named("pbx.example.com"), Ok(("pbx.example.com".to_owned(), None)));
        assert_eq!(named("[2001:db8::7]:5070"), Ok(("2001:db8::7".to_owned(), Some(5070))));
        assert_eq!(named("2001:db8::7"), Ok(("2001:db8::7".to_owned(), None)));
        assert!(named("sip:pbx.example.com").is_err());
        assert!(named("pbx.example.com:99999").is_err());
    }
}
