//! Both HTTP doors, and the one client that calls carriers.

use crate::config::secret::Surroundings;
use crate::config::sheet::{Section, Sheet};
use crate::net::network::{AllowPrivate, Network};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// One HTTP door.
#[derive(Clone, Debug, PartialEq)]
pub struct Http {
    /// The addresses it listens on.
    pub listen: Vec<SocketAddr>,
    /// How it is reached from outside (`https://sms.example.com`), without a slash at the end.
    pub base_url: Option<String>,
    /// When it speaks TLS.
    pub tls: Tls,
    /// The owner's certificate; `None`: one made on first start.
    pub certificate: Option<Certificate>,
    /// Proxies whose word about the client's address is believed.
    pub trusted_proxies: Vec<Network>,
    /// Time for a request's head.
    pub header_timeout: Duration,
    /// Time for a whole request; streams of live events are not meant.
    pub request_timeout: Duration,
    /// Time a connection may rest between requests.
    pub idle_timeout: Duration,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections at a time from one address.
    pub connections_per_address_max: usize,
}

/// When a door speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// On every address but loopback.
    Auto,
    /// Always.
    On,
    /// Never: a proxy on another machine does it.
    Off,
}

impl Tls {
    /// Whether a listener at `address` speaks TLS.
    pub fn at(self, address: SocketAddr) -> bool {
        match self {
            Tls::Auto => !address.ip().is_loopback(),
            Tls::On => true,
            Tls::Off => false,
        }
    }
}

/// A certificate with its key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, the server's own first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Calls to carriers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpClient {
    /// Hosts and networks that may be called though they are private.
    pub allow_private: Vec<String>,
    /// Time to reach the other side.
    pub connect_timeout: Duration,
    /// Time for a whole call.
    pub total_timeout: Duration,
    /// Bytes of an answer.
    pub response_bytes_max: usize,
    /// Further authorities to believe, as PEM.
    pub ca_file: Option<PathBuf>,
}

pub(super) fn http(section: &mut Section<'_, '_>, listen: &'static str, around: &Surroundings) -> Http {
    let count = |number: u64| usize::try_from(number).expect("the bounds fit");
    let door = Http {
        listen: section.list("listen", &[listen], address),
        base_url: section.parsed("base_url", "", base_url),
        tls: section.choice("tls", &[("auto", Tls::Auto), ("on", Tls::On), ("off", Tls::Off)]),
        certificate: certificate(section, around),
        trusted_proxies: section.list("trusted_proxies", &[], network),
        header_timeout: seconds(section.number("header_timeout_s", 10, 1..=300)),
        request_timeout: seconds(section.number("request_timeout_s", 30, 1..=3600)),
        idle_timeout: seconds(section.number("idle_timeout_s", 60, 1..=3600)),
        body_bytes_max: count(section.number("body_bytes_max", 1_048_576, 1024..=104_857_600)),
        connections_max: count(section.number("connections_max", 1024, 1..=100_000)),
        connections_per_address_max: count(section.number("connections_per_address_max", 128, 1..=100_000)),
    };
    if door.listen.is_empty() {
        section.refuse("listen", "nobody could reach this door", "name at least one address, or leave the line out");
    }
    if door.connections_per_address_max > door.connections_max {
        let remedy = "make it smaller than connections_max";
        section.refuse("connections_per_address_max", "one address could take every connection", remedy);
    }
    door
}

pub(super) fn http_client(section: &mut Section<'_, '_>, around: &Surroundings) -> HttpClient {
    let client = HttpClient {
        allow_private: section.list("allow_private", &[], |text| {
            AllowPrivate::parse([text]).map(|_| text.to_owned()).map_err(|error| error.to_string())
        }),
        connect_timeout: seconds(section.number("connect_timeout_s", 10, 1..=120)),
        total_timeout: seconds(section.number("total_timeout_s", 30, 1..=600)),
        response_bytes_max: usize::try_from(section.number("response_bytes_max", 1_048_576, 1024..=104_857_600))
            .expect("the bounds fit"),
        ca_file: file(section, "ca_file", around),
    };
    if client.connect_timeout > client.total_timeout {
        section.refuse("connect_timeout_s", "it is longer than total_timeout_s", "make it the shorter of the two");
    }
    client
}

/// `certificate_file` and `key_file` of a section, both or neither.
pub(super) fn certificate(section: &mut Section<'_, '_>, around: &Surroundings) -> Option<Certificate> {
    let certificate = file(section, "certificate_file", around);
    let key = file(section, "key_file", around);
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Certificate { certificate, key }),
        (Some(_), None) => {
            section.refuse("certificate_file", "a certificate is no use without its key", "set key_file as well");
            None
        }
        (None, Some(_)) => {
            section.refuse("key_file", "a key is no use without its certificate", "set certificate_file as well");
            None
        }
        (None, None) => None,
    }
}

/// A file that must be there now: better refused here than found missing at night.
fn file(section: &mut Section<'_, '_>, key: &'static str, around: &Surroundings) -> Option<PathBuf> {
    let written = section.text(key, "");
    if written.is_empty() {
        return None;
    }
    let path = around.credential(&written);
    if let Err(error) = std::fs::File::open(&path) {
        let what = format!("{} cannot be read: {error}", path.display());
        section.refuse(key, &what, "mend its place and rights, or leave the line out");
    }
    Some(path)
}

pub(super) fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "{text:?} is no address with a port; write 0.0.0.0:5060 (every IPv4 address), [::]:5060 or 192.0.2.7:5060"
        )
    })
}

pub(super) fn network(text: &str) -> Result<Network, String> {
    text.parse().map_err(|error: crate::net::network::NetworkError| error.to_string())
}

pub(super) fn base_url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    const EXAMPLE: &str = "write it like https://sms.example.com";
    let url =
        url::Url::parse(text).map_err(|error| format!("{text:?} is no address of a site ({error}); {EXAMPLE}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("{text:?} is no address of a site; {EXAMPLE}"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("a site's address has no query, fragment or user; {EXAMPLE}"));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// Notes every address that two listeners of one kind want; port 0 means any free one, so it never clashes.
pub(super) fn listeners_clash(sheet: &mut Sheet<'_>, lists: &[(&str, &str, &Vec<SocketAddr>)]) {
    let all: Vec<(&str, &str, SocketAddr)> = lists
        .iter()
        .flat_map(|(section, key, list)| list.iter().map(move |address| (*section, *key, *address)))
        .collect();
    for (at, (section, key, address)) in all.iter().enumerate() {
        let taken = all[..at].iter().find(|(_, _, other)| clash(*address, *other));
        if let Some((other_section, other_key, other)) = taken {
            let what = format!("{address} is already taken by {other_section}.{other_key} ({other})");
            sheet.refuse(section, key, &what, "give one of them another port");
        }
    }
}

fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let same_ip = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && one.is_ipv4() == other.is_ipv4() && same_ip
}
