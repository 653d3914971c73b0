//! Sockets: UDP, TCP and TLS, in and out, over IPv4 and IPv6. Answers go to where the request came from, never
//! to a place it names (no maddr, T13); everything that arrives is counted, paced and bounded before it is read.

pub mod connections;
pub mod pace;
mod stream;
mod udp;

use super::message::{FlowId, Hop, Source, Transport};
use super::wire::{Malformed, Message};
use crate::clock::Clock;
use bytes::Bytes;
use connections::{Connection, Connections};
use pace::Pace;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What to listen on; port 0 takes any free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    pub transport: Transport,
    pub addr: SocketAddr,
}

/// What is listened on, with the port it came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    pub transport: Transport,
    pub addr: SocketAddr,
}

/// How much of everything. Beyond a bound, newcomers are refused and what goes on goes on.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Transactions that wait for an answer, in each direction; beyond it 503 with Retry-After.
    pub transactions_max: usize,
    /// Answers kept for retransmissions (Timer J); beyond it the oldest are forgotten before their time.
    pub answers_max: usize,
    /// What those answers may hold beyond their status, together.
    pub answers_bytes_max: usize,
    /// Requests that wait for the application; beyond it 503 with Retry-After.
    pub queue_max: usize,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    pub message_bytes_max: usize,
    /// What all streams together may hold of messages that have not arrived in full.
    pub stream_bytes_max: usize,
    /// Messages a second from one address (one /64 in IPv6), with as many again at once; see `Endpoint::trust`.
    pub per_source_per_s: u32,
    /// A stream may be silent for so long once a message has come over it, and for `message_within` before.
    pub idle: Duration,
    pub message_within: Duration,
    pub connect_within: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            transactions_max: 32_768,
            answers_max: 400_000,
            answers_bytes_max: 16 << 20,
            queue_max: 1024,
            connections_max: 4096,
            connections_per_address_max: 256,
            message_bytes_max: 256 << 10,
            stream_bytes_max: 32 << 20,
            per_source_per_s: 2000,
            idle: Duration::from_secs(2 * 3600),
            message_within: Duration::from_secs(32),
            connect_within: Duration::from_secs(5),
        }
    }
}

/// Who takes what has arrived. Called from the sockets' own tasks: it must not block.
pub trait Handler: Send + Sync + 'static {
    /// `bytes` is how many the message took on the wire.
    fn heard(self: &Arc<Self>, what: Result<Message, Malformed>, source: Source, bytes: usize);
    /// A datagram over the limit was dropped unread.
    fn dropped(&self);
    /// The connection of this flow has ended.
    fn closed(&self, flow: FlowId);
}

/// TLS for both directions; without a server side, TLS cannot be listened on.
#[derive(Clone)]
pub struct Tls {
    pub server: Option<Arc<rustls::ServerConfig>>,
    pub client: Arc<rustls::ClientConfig>,
}

/// A way to send: a UDP socket and an address, or a connection.
#[derive(Clone)]
pub enum Path {
    Udp { socket: Arc<UdpSocket>, local: SocketAddr, to: SocketAddr },
    Stream(Arc<Connection>),
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen for SIP on {transport} {addr}: {why}")]
pub struct ListenError {
    pub transport: Transport,
    pub addr: SocketAddr,
    pub why: String,
}

fn with_remedy(error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there, often the PBX: stop it (`ss -lnp` names it) or take another port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address: take one that `ip addr` shows, or 0.0.0.0"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE: take a higher one or grant it",
        _ => "check the address and port",
    };
    format!("{error}; {remedy}")
}

struct Udp {
    socket: Arc<UdpSocket>,
    local: SocketAddr,
}

pub struct Transports {
    udp: Vec<Udp>,
    listening: Vec<Listening>,
    pub(super) connections: Arc<Connections>,
    pub(super) pace: Pace,
    tls: Tls,
    clock: Clock,
    bounds: Bounds,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What is bound and not yet listened to.
pub struct Bound {
    udp: Vec<Udp>,
    streams: Vec<(Transport, TcpListener)>,
    listening: Vec<Listening>,
}

impl Bound {
    pub fn bind(listen: &[Listen], with_tls: bool) -> Result<Bound, ListenError> {
        let mut bound = Bound { udp: Vec::new(), streams: Vec::new(), listening: Vec::new() };
        for &Listen { transport, addr } in listen {
            let failed = |why: String| ListenError { transport, addr, why };
            if transport == Transport::Tls && !with_tls {
                return Err(failed("there is no certificate for it".to_owned()));
            }
            let addr = bound.add(transport, addr).map_err(|error| failed(with_remedy(&error)))?;
            bound.listening.push(Listening { transport, addr });
        }
        Ok(bound)
    }

    fn add(&mut self, transport: Transport, addr: SocketAddr) -> io::Result<SocketAddr> {
        if transport == Transport::Udp {
            let socket = Arc::new(udp::bind(addr)?);
            let local = socket.local_addr()?;
            self.udp.push(Udp { socket, local });
            return Ok(local);
        }
        let listener = stream::bind(addr)?;
        let local = listener.local_addr()?;
        self.streams.push((transport, listener));
        Ok(local)
    }
}

impl Transports {
    /// Takes over what is bound; [`Transports::run`] then starts listening.
    pub fn new(bound: &mut Bound, tls: Tls, bounds: &Bounds, clock: Clock, stop: CancellationToken) -> Transports {
        let udp = std::mem::take(&mut bound.udp);
        let connections = Arc::new(Connections::new(u32::try_from(udp.len()).unwrap_or(u32::MAX), bounds));
        Transports {
            udp,
            listening: bound.listening.clone(),
            connections,
            pace: Pace::new(bounds.per_source_per_s),
            tls,
            clock,
            bounds: bounds.clone(),
            stop,
            tasks: TaskTracker::new(),
        }
    }

    /// Spawns a task for each socket.
    pub fn run<H: Handler + AsRef<Transports>>(bound: Bound, handler: &Arc<H>) {
        let this: &Transports = (**handler).as_ref();
        for (number, udp) in (0..).zip(&this.udp) {
            let flow = this.connections.flow(number);
            this.tasks.spawn(udp::listen(udp.socket.clone(), udp.local, flow, handler.clone()));
        }
        for (transport, listener) in bound.streams {
            this.tasks.spawn(stream::listen(transport, listener, handler.clone()));
        }
    }

    pub fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// How many UDP sockets there are: the first flow numbers are theirs.
    pub fn udp_count(&self) -> u32 {
        u32::try_from(self.udp.len()).unwrap_or(u32::MAX)
    }

    /// The way back to where a message came from; None where its connection has ended.
    pub fn back_to(&self, source: &Source) -> Option<Path> {
        match source.transport {
            Transport::Udp => self.udp_path(Some(source.flow), source.addr),
            _ => self.connections.get(source.flow).map(Path::Stream),
        }
    }

    /// The socket of this flow, or the first that speaks the address's family.
    pub fn udp_path(&self, flow: Option<FlowId>, to: SocketAddr) -> Option<Path> {
        let by_flow = flow.and_then(|flow| self.udp.get(usize::try_from(self.connections.number(flow)?).ok()?));
        let fits = |udp: &&Udp| udp.local.is_ipv4() == to.is_ipv4();
        let udp = by_flow.filter(fits).or_else(|| self.udp.iter().find(fits))?;
        Some(Path::Udp { socket: udp.socket.clone(), local: udp.local, to })
    }

    /// A connection to the hop: its flow, one that is open already, or a new one.
    pub async fn stream_path<H: Handler + AsRef<Transports>>(&self, hop: &Hop, handler: &Arc<H>) -> io::Result<Path> {
        if let Some(flow) = hop.flow {
            let gone =
                || io::Error::new(io::ErrorKind::NotConnected, "the connection the peer registered over has ended");
            return self.connections.get(flow).map(Path::Stream).ok_or_else(gone);
        }
        let key = (hop.transport, hop.addr, hop.tls_name.clone());
        if let Some(open) = self.connections.open_to(&key) {
            return Ok(Path::Stream(open));
        }
        // One at a time to each peer: a burst of texts opens one connection, not a hundred.
        let gate = self.connections.gate(&key);
        let _turn = gate.lock().await;
        if let Some(open) = self.connections.open_to(&key) {
            return Ok(Path::Stream(open));
        }
        stream::connect(hop, handler).await.map(Path::Stream)
    }

    /// Stops all tasks and waits until they have ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Path {
    pub fn transport(&self) -> Transport {
        match self {
            Path::Udp { .. } => Transport::Udp,
            Path::Stream(connection) => connection.transport,
        }
    }

    /// Our own end: the address a Via names where nothing better is configured.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Path::Udp { local, .. } => Some(*local),
            Path::Stream(connection) => Some(connection.local),
        }
    }

    pub fn peer_ip(&self) -> IpAddr {
        match self {
            Path::Udp { to, .. } => to.ip(),
            Path::Stream(connection) => connection.peer.ip(),
        }
    }

    pub fn flow(&self) -> Option<FlowId> {
        match self {
            Path::Udp { .. } => None,
            Path::Stream(connection) => Some(connection.flow),
        }
    }

    /// Sends now or not at all: a full UDP buffer is a lost datagram, and retransmissions are made for that.
    pub fn send_now(&self, bytes: Bytes) -> bool {
        match self {
            Path::Udp { socket, to, .. } => socket.try_send_to(&bytes, *to).is_ok(),
            Path::Stream(connection) => connection.queue(bytes),
        }
    }

    /// Sends, waiting for room in the UDP socket's buffer. A stream whose queue is full is not waited for.
    pub async fn send(&self, bytes: Bytes) -> io::Result<()> {
        match self {
            Path::Udp { socket, to, .. } => match socket.try_send_to(&bytes, *to) {
                Err(busy) if busy.kind() == io::ErrorKind::WouldBlock => socket.send_to(&bytes, *to).await.map(drop),
                sent => sent.map(drop),
            },
            Path::Stream(connection) if connection.queue(bytes) => Ok(()),
            Path::Stream(_) => {
                Err(io::Error::new(io::ErrorKind::BrokenPipe, "the connection has ended or takes nothing"))
            }
        }
    }
}
