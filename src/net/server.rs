//! The doors: a listener that serves routes over HTTP/1.1, plain or TLS, with a bound on everything, and ends in good
//! order. What a request meets is in door.rs, what a connection may do in connection.rs.

use crate::net::connection::attend;
use crate::net::door::Door;
use crate::net::forwarded::Proxies;
/// What a door serves; named here so that floors above need not know whose it is.
pub use axum::Router;
use rustls::ServerConfig;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

/// After an error that concerns the machine (no descriptors, no memory), so that it can recover (T44).
const PAUSE: Duration = Duration::from_millis(200);
/// The same trouble is told this often.
const TELL_EVERY: Duration = Duration::from_secs(60);
const BACKLOG: u32 = 1024;

/// The bounds of a listener. [`ServerSettings::new`] has good ones.
#[derive(Clone)]
pub struct ServerSettings {
    /// For the log: `public`, `private`.
    pub name: &'static str,
    /// From [`crate::net::tls::https_server`]; `None` for plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// From the first byte of a request to the end of its head; also the TLS handshake.
    pub header_max: Duration,
    pub header_bytes_max: usize,
    /// Routes may set a lower one.
    pub body_bytes_max: usize,
    /// Where requests bring files: other bounds hold there.
    pub files: Option<FileDoor>,
    /// From the head of a request to the head of its answer. The body of the answer may take longer (live events).
    pub request_max: Duration,
    /// Between the end of an answer and the next request.
    pub idle_max: Duration,
    /// How long a client may leave an answer unread.
    pub unread_max: Duration,
    pub connections_max: usize,
    /// From one IPv4 address or one IPv6 /64. Not for proxies: behind them is everybody.
    pub connections_per_source_max: usize,
    pub proxies: Proxies,
}

impl ServerSettings {
    pub fn new(name: &'static str) -> ServerSettings {
        ServerSettings {
            name,
            tls: None,
            header_max: Duration::from_secs(10),
            header_bytes_max: 32 << 10,
            body_bytes_max: 1 << 20,
            files: None,
            request_max: Duration::from_secs(30),
            idle_max: Duration::from_secs(60),
            unread_max: Duration::from_secs(60),
            connections_max: 1024,
            connections_per_source_max: 128,
            proxies: Proxies::default(),
        }
    }
}

/// The part of a door where requests bring files.
#[derive(Clone, Debug)]
pub struct FileDoor {
    /// The paths that take them.
    pub paths: &'static [&'static str],
    /// Of a request's body.
    pub body_bytes_max: usize,
    /// From its head to the head of its answer; slow lines bring large files, too.
    pub request_max: Duration,
}

/// Why a listener cannot be opened, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {addr}: {error}; {}", remedy(.error))]
pub struct BindError {
    addr: SocketAddr,
    error: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there: stop it (`ss -ltnp` names it) or take another port",
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: take one that `ip addr` shows, or 0.0.0.0"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one or grant it",
        _ => "check the address and port",
    }
}

/// Opens a listener. Port 0 takes any free port; `[::]` takes IPv4 too, as Linux does by default.
pub fn bind(addr: SocketAddr) -> Result<TcpListener, BindError> {
    let open = || {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(addr)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|error| BindError { addr, error })
}

/// Serves `router` on `listener` until `shutdown`, or until what this returns is drained or dropped.
/// Every request carries [`crate::net::forwarded::ClientAddr`] and `ClientScheme` in its extensions.
///
/// # Panics
/// Outside a tokio runtime.
pub fn serve(settings: ServerSettings, listener: TcpListener, router: Router, shutdown: CancellationToken) -> Serving {
    let addr = listener.local_addr().expect("a listener that listens has an address");
    info!(listener = settings.name, %addr, tls = settings.tls.is_some(), "Listening");
    serve_on(settings, addr, listener, router, shutdown)
}

fn serve_on(
    settings: ServerSettings,
    addr: SocketAddr,
    source: impl Accept,
    router: Router,
    shutdown: CancellationToken,
) -> Serving {
    let draining = shutdown.child_token();
    let lobby = Arc::new(Lobby {
        places: Arc::new(Semaphore::new(settings.connections_max)),
        door: Arc::new(Door::new(settings, router, draining.clone())),
        cut: CancellationToken::new(),
        connections: TaskTracker::new(),
        by_source: Mutex::default(),
        counts: Counts::default(),
    });
    let accepting = tokio::spawn(lobby.clone().accept(source));
    Serving { addr, lobby, accepting, draining }
}

/// A listener at work. Dropping it cuts every connection; [`Serving::drain`] ends it politely.
#[must_use = "dropped, it stops to serve"]
pub struct Serving {
    addr: SocketAddr,
    lobby: Arc<Lobby>,
    accepting: tokio::task::JoinHandle<()>,
    draining: CancellationToken,
}

/// How a listener fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoorFigures {
    pub connections_open: usize,
    pub connections_accepted: u64,
    /// Too many from one source.
    pub connections_refused: u64,
}

impl Serving {
    /// Where it really listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn figures(&self) -> DoorFigures {
        DoorFigures {
            connections_open: self.lobby.connections.len(),
            connections_accepted: self.lobby.counts.accepted.load(Ordering::Relaxed),
            connections_refused: self.lobby.counts.refused.load(Ordering::Relaxed),
        }
    }

    /// Ends when no connection is accepted any more: after a shutdown, or by a fault of ours.
    pub async fn ended(&mut self) {
        if !self.accepting.is_finished() {
            let _ = (&mut self.accepting).await;
        }
    }

    /// Accepts nothing more, lets running requests finish and live streams end, and cuts what is left after `within`.
    /// Returns how many connections it had to cut.
    pub async fn drain(mut self, within: Duration) -> usize {
        self.draining.cancel();
        self.ended().await;
        self.lobby.connections.close();
        if tokio::time::timeout(within, self.lobby.connections.wait()).await.is_ok() {
            return 0;
        }
        let left = self.lobby.connections.len();
        self.lobby.cut.cancel();
        self.lobby.connections.wait().await;
        left
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.draining.cancel();
        self.lobby.cut.cancel();
    }
}

/// Where connections come from; a test makes one that fails.
trait Accept: Send + 'static {
    fn accept(&mut self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        TcpListener::accept(self).await
    }
}

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    refused: AtomicU64,
}

/// Between listener and door: how many may be inside.
struct Lobby {
    door: Arc<Door>,
    places: Arc<Semaphore>,
    by_source: Mutex<HashMap<IpAddr, usize>>,
    connections: TaskTracker,
    cut: CancellationToken,
    counts: Counts,
}

impl Lobby {
    /// Accepts until the door drains. No error of one connection or of the machine ends it.
    async fn accept(self: Arc<Lobby>, mut source: impl Accept) {
        let mut trouble = Trouble::default();
        loop {
            let next = async {
                if self.places.available_permits() == 0 {
                    trouble.tell(self.door.settings.name, "all connections are taken; more wait", None);
                }
                let place = self.places.clone().acquire_owned().await.expect("this semaphore is never closed");
                (source.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                () = self.door.draining.cancelled() => return,
                next = next => next,
            };
            match accepted {
                Ok((socket, peer)) => self.welcome(socket, peer.ip(), place, &mut trouble),
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    trouble.tell(self.door.settings.name, "no connection can be accepted now", Some(error));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn welcome(
        self: &Arc<Lobby>,
        socket: TcpStream,
        peer: IpAddr,
        place: tokio::sync::OwnedSemaphorePermit,
        trouble: &mut Trouble,
    ) {
        let Some(guest) = Guest::admit(self, peer) else {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            trouble.tell(self.door.settings.name, "too many connections from one source; more are closed", None);
            return;
        };
        self.counts.accepted.fetch_add(1, Ordering::Relaxed);
        let lobby = self.clone();
        self.connections.spawn(async move {
            tokio::select! {
                () = attend(lobby.door.clone(), socket, peer) => {}
                () = lobby.cut.cancelled() => {}
            }
            drop((guest, place));
        });
    }
}

/// A connection that counts for its source, until it is dropped.
struct Guest {
    lobby: Arc<Lobby>,
    source: Option<IpAddr>,
}

impl Guest {
    fn admit(lobby: &Arc<Lobby>, peer: IpAddr) -> Option<Guest> {
        let settings = &lobby.door.settings;
        if settings.proxies.include(peer) {
            return Some(Guest { lobby: lobby.clone(), source: None });
        }
        let source = source_of(peer);
        let mut by_source = lobby.by_source.lock().expect("no code under this lock panics");
        let inside = by_source.entry(source).or_insert(0);
        if *inside >= settings.connections_per_source_max {
            return None;
        }
        *inside += 1;
        Some(Guest { lobby: lobby.clone(), source: Some(source) })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(source) = self.source else { return };
        let mut by_source = self.lobby.by_source.lock().expect("no code under this lock panics");
        if let Some(inside) = by_source.get_mut(&source) {
            *inside -= 1;
            if *inside == 0 {
                by_source.remove(&source);
            }
        }
    }
}

/// What one subscriber has to itself: an IPv4 address, or an IPv6 /64.
fn source_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(addr) => Ipv6Addr::from_bits(addr.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionAborted | K::ConnectionReset | K::ConnectionRefused | K::Interrupted)
}

/// What to tell the operator, and not a thousand times.
#[derive(Default)]
struct Trouble {
    told: HashMap<&'static str, Instant>,
}

impl Trouble {
    fn tell(&mut self, listener: &'static str, what: &'static str, error: Option<io::Error>) {
        let now = Instant::now();
        if self.told.get(what).is_none_or(|last| now.duration_since(*last) >= TELL_EVERY) {
            self.told.insert(what, now);
            let why = error.map(|error| format!(": {error}")).unwrap_or_default();
            warn!(listener, "Listener {listener}: {what}{why}");
        }
    }
}

/// A listener whose first accepts fail, each with one of these error numbers.
#[cfg(test)]
pub(super) fn serve_with_faults(faults: Vec<i32>, router: Router) -> (SocketAddr, Serving) {
    struct Faulty(std::vec::IntoIter<i32>, TcpListener);

    impl Accept for Faulty {
        async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
            match self.0.next() {
                Some(errno) => Err(io::Error::from_raw_os_error(errno)),
                None => self.1.accept().await,
            }
        }
    }

    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback has a free port");
    let addr = listener.local_addr().expect("a listener that listens has an address");
    let source = Faulty(faults.into_iter(), listener);
    (addr, serve_on(ServerSettings::new("test"), addr, source, router, CancellationToken::new()))
}
