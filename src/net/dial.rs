//! From a URL to a connection: who may be called at all, one look-up, the address it gave, TLS.
//! What is checked is what is connected to: between the check and the connection no name is looked up again.

use crate::clock::Clock;
use crate::net::network::{AllowPrivate, in_the_house, not_public};
use http::Uri;
use http::uri::Scheme;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;

/// More addresses than this of one name are not tried.
const ADDRESSES_MAX: usize = 8;
/// A dead address holds up the next one no longer than this.
const ADDRESS_WAIT_MAX: Duration = Duration::from_secs(3);

/// Who knows the addresses of a host. Tests put their own in its place.
#[async_trait::async_trait]
pub trait Lookup: Send + Sync {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own look-up: `/etc/hosts`, DNS, whatever this machine uses.
pub struct SystemLookup {
    slots: Arc<Semaphore>,
}

impl Default for SystemLookup {
    /// Each look-up holds a thread until it ends: a dead DNS server must not take them all.
    fn default() -> SystemLookup {
        SystemLookup { slots: Arc::new(Semaphore::new(16)) }
    }
}

#[async_trait::async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let slot = self.slots.clone().acquire_owned().await.map_err(io::Error::other)?;
        let host = host.to_owned();
        // Its own task: the slot stays taken for as long as the thread, even when nobody waits any more.
        let found = tokio::spawn(async move {
            let found = tokio::net::lookup_host((host, 0)).await.map(|list| list.map(|addr| addr.ip()).collect());
            drop(slot);
            found
        });
        found.await.map_err(io::Error::other)?
    }
}

/// Where a request goes: scheme, host and port. Connections are kept and shared by it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub tls: bool,
    /// In lower case, without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
}

impl Target {
    /// Of an absolute http or https URL; else why not.
    pub fn of(uri: &Uri) -> Result<Target, String> {
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err("only http:// and https:// can be called".into()),
        };
        let authority = uri.authority().ok_or("the URL names no host")?;
        if authority.as_str().contains('@') {
            return Err("a URL with a user name in it is not called; put credentials into a header".into());
        }
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        if host.is_empty() {
            return Err("the URL names no host".into());
        }
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Target { tls, host, port })
    }

    pub fn has_usual_port(&self) -> bool {
        self.port == if self.tls { 443 } else { 80 }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Who may be called. Where a private place was allowed by name and counts, anything goes; elsewhere, this.
#[derive(Clone)]
pub(super) struct Whom {
    pub allow_private: Arc<AllowPrivate>,
    pub private: bool,
    /// In the house's own networks anything goes, listed or not.
    pub house: bool,
    pub plain_http: bool,
    pub any_port: bool,
}

/// Kept lines are shared among requests to one target under one rule: the address behind a line was checked by it.
pub(super) type LineKey = (Target, [bool; 4]);

impl Whom {
    pub fn key(&self, target: &Target) -> LineKey {
        (target.clone(), [self.private, self.house, self.plain_http, self.any_port])
    }

    fn check(&self, target: &Target, addr: IpAddr) -> Result<(), String> {
        if self.private && self.allow_private.lists(&target.host, addr) {
            return Ok(());
        }
        if self.house && in_the_house(addr) {
            return Ok(());
        }
        if let Some(kind) = not_public(addr) {
            return Err(format!("{target} is at {addr}, a {kind} address; if that is meant, list it in allow_private"));
        }
        if !target.tls && !self.plain_http {
            return Err(format!("{target} would be called without TLS; use https://"));
        }
        if !self.any_port && !target.has_usual_port() {
            return Err(format!("{target}: only the usual ports 80 and 443 are called here"));
        }
        Ok(())
    }
}

/// Why there is no connection. In both cases nothing of a request has left the house.
#[derive(Debug)]
pub(super) enum NoLine {
    Refused(String),
    Failed(String),
}

/// A byte stream, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Dialler {
    pub clock: Clock,
    pub lookup: Arc<dyn Lookup>,
    pub tls: Arc<ClientConfig>,
}

impl Dialler {
    /// Connects to `target` until `deadline` (monotonic), if it may be called.
    pub async fn dial(&self, target: &Target, whom: &Whom, deadline: Duration) -> Result<Box<dyn Stream>, NoLine> {
        let socket = self.socket(target, whom, deadline).await?;
        if !target.tls {
            return Ok(Box::new(socket));
        }
        self.secure(&self.tls, target, socket, deadline).await
    }

    /// The same before any TLS: who may be called is checked as if it were spoken already where `target` wants it.
    pub async fn socket(&self, target: &Target, whom: &Whom, deadline: Duration) -> Result<TcpStream, NoLine> {
        let timed_out = || NoLine::Failed(format!("{target}: no connection in time"));
        let found = self.until(deadline, self.addresses(target)).await.ok_or_else(timed_out)?;
        let found = found.map_err(|error| NoLine::Failed(format!("{target}: no address found: {error}")))?;
        let allowed = permitted(target, whom, found)?;
        let socket = self.connect(target, &allowed, deadline).await?;
        let _ = socket.set_nodelay(true); // only slower without
        Ok(socket)
    }

    /// TLS over a connection: whoever is there proves to be `target`.
    pub async fn secure(
        &self,
        tls: &Arc<ClientConfig>,
        target: &Target,
        socket: impl Stream + 'static,
        deadline: Duration,
    ) -> Result<Box<dyn Stream>, NoLine> {
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| NoLine::Refused(format!("{target}: not a host name that TLS can check")))?;
        let handshake = TlsConnector::from(tls.clone()).connect(name, socket);
        match self.until(deadline, handshake).await {
            None => Err(NoLine::Failed(format!("{target}: no connection in time"))),
            Some(Err(error)) => Err(NoLine::Failed(format!("{target}: TLS: {error}"))),
            Some(Ok(stream)) => Ok(Box::new(stream)),
        }
    }

    async fn addresses(&self, target: &Target) -> io::Result<Vec<IpAddr>> {
        match target.host.parse() {
            Ok(literal) => Ok(vec![literal]),
            Err(_) => self.lookup.addresses(&target.host).await,
        }
    }

    async fn connect(&self, target: &Target, addrs: &[IpAddr], deadline: Duration) -> Result<TcpStream, NoLine> {
        let mut last = String::from("no address found");
        for (at, addr) in addrs.iter().enumerate() {
            let now = self.clock.monotonic();
            let is_last = at + 1 == addrs.len();
            let until = if is_last { deadline } else { deadline.min(now + ADDRESS_WAIT_MAX) };
            match self.until(until, TcpStream::connect(SocketAddr::new(*addr, target.port))).await {
                Some(Ok(socket)) => return Ok(socket),
                Some(Err(error)) => last = format!("{addr}: {error}"),
                None => last = format!("{addr}: no connection in time"),
            }
        }
        Err(NoLine::Failed(format!("{target}: {last}")))
    }

    /// What `work` gives, if it does before `deadline`.
    pub async fn until<T>(&self, deadline: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.clock.sleep_until_monotonic(deadline) => None,
        }
    }
}

/// Of the addresses found, those that may be called; if none, why not.
fn permitted(target: &Target, whom: &Whom, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, NoLine> {
    let mut why = None;
    let mut allowed = Vec::new();
    for addr in found {
        match whom.check(target, addr) {
            Ok(()) if allowed.len() < ADDRESSES_MAX => allowed.push(addr),
            Ok(()) => {}
            Err(refusal) => why = Some(refusal),
        }
    }
    match why {
        Some(why) if allowed.is_empty() => Err(NoLine::Refused(why)),
        None if allowed.is_empty() => Err(NoLine::Failed(format!("{target}: no address found"))),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Result<Target, String> {
        Target::of(&uri.parse().unwrap())
    }

    #[test]
    fn a_target_is_scheme_host_and_port() {
        for (uri, tls, host, port) in [
            ("https://API.example.com/v1?a=b", true, "api.example.com", 443),
            ("http://example.com", false, "example.com", 80),
            ("https://[2001:db8::1]:8443/", true, "2001:db8::1", 8443),
            ("http://192.0.2.1:8080/x", false, "192.0.2.1", 8080),
        ] {
            let target = target(uri).unwrap();
            assert_eq!((target.tls, target.host.as_str(), target.port), (tls, host, port), "{uri}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_not_called() {
        for uri in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "/path",
            "https://user:pw@example.com/",
        ] {
            if let Ok(uri) = uri.parse::<Uri>() {
                assert!(Target::of(&uri).is_err(), "{uri}");
            }
        }
    }
}
