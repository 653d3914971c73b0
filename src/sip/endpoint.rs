//! The SIP endpoint: sends requests and returns their answers, hands requests to the application and keeps its
//! answers for whoever asks again. It joins sockets, transactions and clock; what messages mean is not known here.

mod client;
mod server;
mod table;

pub use client::{LongOverUdp, SendFailure};
pub use server::Incoming;

use super::message::uri::ip_host;
use super::message::{FlowId, Hop, Request, Response, Source, Uri};
use super::transaction::Timers;
use super::transport::{Bound, Bounds, Handler, Listen, ListenError, Listening, Path, Tls, Transports};
use super::wire::{Malformed, Message};
use crate::clock::Clock;
use std::collections::HashMap;
use std::hash::RandomState;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use table::Table;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::debug;

#[derive(Clone)]
pub struct EndpointSettings {
    pub listen: Vec<Listen>,
    /// The certificate for TLS listeners.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// What is believed of those we connect to over TLS.
    pub tls_client: Arc<rustls::ClientConfig>,
    /// User-Agent in our requests, Server in our answers.
    pub user_agent: String,
    /// The name or address peers know us by, IPv6 in brackets; without it, Via names the address we send from.
    pub public_host: Option<String>,
    /// Option tags (RFC 3261 19.2) that a request may Require of us.
    pub supported: Vec<String>,
    pub timers: Timers,
    pub bounds: Bounds,
}

impl EndpointSettings {
    /// Listens on these, with everything else as usual and nobody believed over TLS.
    pub fn new(listen: Vec<Listen>) -> EndpointSettings {
        EndpointSettings {
            listen,
            tls: None,
            tls_client: nobody_believed(),
            user_agent: "Depesche".to_owned(),
            public_host: None,
            supported: vec!["path".to_owned()],
            timers: Timers::default(),
            bounds: Bounds::default(),
        }
    }
}

/// A client side that trusts no certificate: what TLS is until the configuration says whom to believe.
fn nobody_believed() -> Arc<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring speaks the versions of TLS that rustls calls safe");
    Arc::new(config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

#[derive(Debug, thiserror::Error)]
pub enum SipError {
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// What has happened since the start, and what is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub received: u64,
    pub malformed: u64,
    /// Requests that we answered ourselves: unknown methods, schemes, extensions, and 503 when busy.
    pub refused: u64,
    /// Datagrams dropped unread because their sender was over its limit.
    pub dropped: u64,
    /// Requests that came again.
    pub repeated: u64,
    pub sent: u64,
    pub retransmitted: u64,
    pub waiting_for_us: usize,
    pub waiting_for_peers: usize,
    pub answers_kept: usize,
    pub connections: usize,
}

#[derive(Default)]
struct Counters {
    received: AtomicU64,
    malformed: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    repeated: AtomicU64,
    sent: AtomicU64,
    retransmitted: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Cheap to clone; when the last clone is dropped, its tasks end.
#[derive(Clone)]
pub struct Endpoint {
    core: Arc<Core>,
    _stop: Arc<DropGuard>,
}

/// What the endpoint's tasks and its users share.
struct Core {
    user_agent: String,
    public_host: Option<String>,
    supported: Vec<String>,
    clock: Clock,
    transports: Transports,
    table: Mutex<Table>,
    /// Rings when the timer task must look before it meant to.
    earlier: Notify,
    application: mpsc::Sender<Incoming>,
    keys: RandomState,
    branches: AtomicU64,
    own_addresses: Mutex<HashMap<IpAddr, IpAddr>>,
    /// Peers that lately took no TCP: until when that is believed, and how it failed.
    without_tcp: Mutex<HashMap<SocketAddr, (Duration, ErrorKind)>>,
    counters: Counters,
    is_closing: AtomicBool,
}

/// The timer task looks no more often than this, however dense the deadlines are.
const TIMER_GRAIN: Duration = Duration::from_millis(5);

/// A phone that takes no TCP is asked again after this: until then, a long text fails at once.
const WITHOUT_TCP_FOR: Duration = Duration::from_secs(300);
const WITHOUT_TCP_MAX: usize = 4096;

/// Addresses of ours remembered by whom they reach.
const OWN_ADDRESSES_MAX: usize = 1024;

impl Endpoint {
    /// Binds every listener and starts. Requests come out of the receiver; one that is not answered gets a 500.
    pub async fn start(
        settings: EndpointSettings,
        clock: Clock,
    ) -> Result<(Endpoint, mpsc::Receiver<Incoming>), SipError> {
        let stop = CancellationToken::new();
        let mut bound = Bound::bind(&settings.listen, settings.tls.is_some())?;
        let tls = Tls { server: settings.tls, client: settings.tls_client };
        let transports = Transports::new(&mut bound, tls, &settings.bounds, clock.clone(), stop.clone());
        let (application, incoming) = mpsc::channel(settings.bounds.queue_max.max(1));
        let core = Arc::new(Core {
            user_agent: settings.user_agent,
            public_host: settings.public_host,
            supported: settings.supported,
            table: Mutex::new(Table::new(settings.timers, &settings.bounds)),
            clock,
            transports,
            earlier: Notify::new(),
            application,
            keys: RandomState::new(),
            branches: AtomicU64::new(0),
            own_addresses: Mutex::default(),
            without_tcp: Mutex::default(),
            counters: Counters::default(),
            is_closing: AtomicBool::new(false),
        });
        Transports::run(bound, &core);
        tokio::spawn(keep_time(core.clone(), stop.clone()));
        Ok((Endpoint { core, _stop: Arc::new(stop.drop_guard()) }, incoming))
    }

    /// Sends a request to a hop, runs its client transaction, and returns the final response. Adds Via,
    /// Max-Forwards, User-Agent and Content-Length. What is longer than 1300 bytes goes over TCP, or not at all.
    pub async fn send(&self, request: Request, hop: Hop) -> Result<Response, SendFailure> {
        self.send_with(request, hop, LongOverUdp::Never).await
    }

    /// The same, with a word on what may happen where a long message finds no TCP (RFC 3261 18.1.1).
    pub async fn send_with(&self, request: Request, hop: Hop, long: LongOverUdp) -> Result<Response, SendFailure> {
        client::send(&self.core, request, hop, long).await
    }

    /// Where it listens, with the ports that port 0 became.
    pub fn listening(&self) -> Vec<Listening> {
        self.core.transports.listening().to_vec()
    }

    /// Addresses whose messages are not counted against `per_source_per_s`: the PBX, trunks. Replaces the last list.
    pub fn trust(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        self.core.transports.pace.trust(addresses);
    }

    /// Whether a flow still leads anywhere: a connection that is open, or a UDP socket of this process.
    pub fn is_open(&self, flow: FlowId) -> bool {
        let connections = &self.core.transports.connections;
        let sockets = self.core.transports.udp_count();
        connections.number(flow).is_some_and(|number| number < sockets) || connections.get(flow).is_some()
    }

    pub fn figures(&self) -> Figures {
        let Counters { received, malformed, refused, dropped, repeated, sent, retransmitted } = &self.core.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (waiting_for_us, waiting_for_peers, answers_kept) = self.core.table().sizes();
        Figures {
            received: read(received),
            malformed: read(malformed),
            refused: read(refused),
            dropped: read(dropped),
            repeated: read(repeated),
            sent: read(sent),
            retransmitted: read(retransmitted),
            waiting_for_us,
            waiting_for_peers,
            answers_kept,
            connections: self.core.transports.connections.count(),
        }
    }

    /// Sends nothing new, refuses new requests with 503, waits for what is going on, then closes every socket.
    pub async fn shutdown(&self, within: Duration) {
        self.core.is_closing.store(true, Ordering::Relaxed);
        // In real time: a stopped clock must not stop the shutdown.
        let finish = async {
            while self.core.table().is_busy() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(within, finish).await;
        self.core.transports.stop().await;
        self.core.table().abandon_all();
    }
}

impl Core {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("nothing panics while it holds the table")
    }

    fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// `host[:port]` for the Via of a request over this path.
    fn sent_by(&self, path: &Path) -> Option<String> {
        let local = path.local()?;
        let transport = path.transport();
        let listens = self
            .transports
            .listening()
            .iter()
            .find(|l| l.transport == transport && l.addr.is_ipv4() == local.is_ipv4());
        let port = listens.map_or(local.port(), |listening| listening.addr.port());
        let host = match &self.public_host {
            Some(host) => host.clone(),
            None if local.ip().is_unspecified() => ip_host(self.own_address_towards(path.peer_ip())?),
            None => ip_host(local.ip()),
        };
        Some(format!("{host}:{port}"))
    }

    /// The address the system would send from.
    fn own_address_towards(&self, peer: IpAddr) -> Option<IpAddr> {
        let mut known = self.own_addresses.lock().expect("nothing panics while it holds the addresses");
        if let Some(own) = known.get(&peer) {
            return Some(*own);
        }
        let any = if peer.is_ipv4() { IpAddr::V4([0; 4].into()) } else { IpAddr::V6([0; 16].into()) };
        let probe = UdpSocket::bind((any, 0)).ok()?;
        probe.connect((peer, 9)).ok()?; // sends nothing: it asks the routing table
        let own = probe.local_addr().ok()?.ip();
        if known.len() >= OWN_ADDRESSES_MAX {
            known.clear();
        }
        known.insert(peer, own);
        Some(own)
    }

    fn without_tcp(&self, peer: SocketAddr) -> Option<ErrorKind> {
        let known = self.without_tcp.lock().expect("nothing panics while it holds the list");
        known.get(&peer).filter(|(until, _)| *until > self.clock.monotonic()).map(|(_, why)| *why)
    }

    fn note_without_tcp(&self, peer: SocketAddr, why: ErrorKind) {
        let now = self.clock.monotonic();
        let mut known = self.without_tcp.lock().expect("nothing panics while it holds the list");
        if known.len() >= WITHOUT_TCP_MAX {
            known.retain(|_, (until, _)| *until > now);
        }
        if known.len() < WITHOUT_TCP_MAX {
            known.insert(peer, (now + WITHOUT_TCP_FOR, why));
        }
    }

    /// Whether a URI names this endpoint.
    fn is_ours(&self, uri: &Uri, source: &Source) -> bool {
        let is_our_port = |l: &Listening| uri.port.unwrap_or(l.transport.default_port()) == l.addr.port();
        if !uri.is_sip() || !self.transports.listening().iter().any(is_our_port) {
            return false;
        }
        let ip = uri.host_ip();
        let is_our_address = |l: &Listening| ip.is_some_and(|ip| ip == l.addr.ip() || ip == source.local.ip());
        self.public_host.as_ref().is_some_and(|host| host.eq_ignore_ascii_case(&uri.host))
            || self.transports.listening().iter().any(is_our_address)
    }
}

impl AsRef<Transports> for Core {
    fn as_ref(&self) -> &Transports {
        &self.transports
    }
}

impl Handler for Core {
    fn heard(self: &Arc<Self>, what: Result<Message, Malformed>, source: Source, bytes: usize) {
        count(&self.counters.received);
        match what {
            Ok(Message::Request { request, via }) => server::on_request(self, request, via, source, bytes),
            Ok(Message::Response { response, via, cseq }) => client::on_response(self, response, &via, &cseq),
            Err(malformed) => {
                count(&self.counters.malformed);
                debug!(source = %source.addr, why = %malformed.why, "A malformed message was refused");
                if let Some(answer) = malformed.answer {
                    server::refuse_malformed(self, *answer, source, bytes);
                }
            }
        }
    }

    fn dropped(&self) {
        count(&self.counters.dropped);
    }

    fn closed(&self, flow: FlowId) {
        self.table().lose(flow);
    }
}

/// Runs all timers: one task, whatever the number of transactions.
async fn keep_time(core: Arc<Core>, stop: CancellationToken) {
    let mut not_before = Duration::ZERO;
    loop {
        let wake_at = core.table().arm().map(|due| due.max(not_before));
        let due = async {
            match wake_at {
                Some(wake_at) => core.clock.sleep_until_monotonic(wake_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = core.earlier.notified() => {}
            () = due => {}
        }
        let now = core.clock.monotonic();
        let again = core.table().tick(now);
        for (path, bytes) in again {
            count(&core.counters.retransmitted);
            path.send_now(bytes);
        }
        not_before = now + TIMER_GRAIN;
    }
}
