//! TCP and TLS: accepting, dialling, and one task for each connection that reads, writes and keeps time.
//! Whoever opens a connection and says nothing, or half a message, is cut off (T21, T22).

use super::connections::{Connection, PeerKey, Place, Seat};
use super::{Handler, Transports};
use crate::sip::message::{Hop, Source, Transport};
use crate::sip::wire::Malformed;
use crate::sip::wire::frame::{Frame, Framer};
use bytes::{Bytes, BytesMut};
use rustls::pki_types::ServerName;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tracing::{debug, warn};

/// A read asks for no more at once: an idle connection holds this much.
const READ_BYTES: usize = 4096;
/// Queued messages are written together up to about this much.
const WRITE_BYTES: usize = 16 << 10;
/// A peer that does not take what we write is cut off.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// After the last word to a peer that spoke wrongly, its bytes are read away for so long at most.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);
const GOODBYE_BYTES_MAX: usize = 1 << 20;
/// When accepting fails for want of descriptors, those that are open go on; the next try comes after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// A stream over its pace is not read for this long.
const PACE_PAUSE: Duration = Duration::from_millis(100);

pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(1024)?;
    TcpListener::from_std(socket.into())
}

pub async fn listen<H: Handler + AsRef<Transports>>(transport: Transport, listener: TcpListener, handler: Arc<H>) {
    let transports: &Transports = (*handler).as_ref();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = transports.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => match transports.connections.place(peer.ip()) {
                Some(place) => {
                    transports.tasks.spawn(welcome(transport, stream, peer, place, handler.clone()));
                }
                None => debug!(%transport, peer = %peer.ip(), "A connection was refused: there are too many"),
            },
            Err(why) => {
                warn!(%transport, %why, "A connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn welcome<H: Handler + AsRef<Transports>>(
    transport: Transport,
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    handler: Arc<H>,
) {
    let transports: &Transports = (*handler).as_ref();
    let Ok(local) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true);
    if transport == Transport::Tcp {
        let seat = transports.connections.enter(place, transport, (local, peer), None);
        return run(stream, seat, handler).await;
    }
    let server = transports.tls.server.clone().expect("TLS is listened on only with a certificate");
    match within(transports, transports.bounds.message_within, TlsAcceptor::from(server).accept(stream)).await {
        Ok(stream) => {
            let seat = transports.connections.enter(place, transport, (local, peer), None);
            run(stream, seat, handler).await;
        }
        Err(why) => debug!(peer = %peer.ip(), %why, "A TLS handshake failed"),
    }
}

/// Dials a peer and runs the connection in a task of its own.
pub async fn connect<H: Handler + AsRef<Transports>>(hop: &Hop, handler: &Arc<H>) -> io::Result<Arc<Connection>> {
    let transports: &Transports = (**handler).as_ref();
    let limit = transports.bounds.connect_within;
    let full = || io::Error::other("there are too many connections");
    let place = transports.connections.place(hop.addr.ip()).ok_or_else(full)?;
    let stream = within(transports, limit, TcpStream::connect(hop.addr)).await?;
    let _ = stream.set_nodelay(true);
    let ends = (stream.local_addr()?, hop.addr);
    let key: PeerKey = (hop.transport, hop.addr, hop.tls_name.clone());
    let enter = || transports.connections.enter(place, hop.transport, ends, Some(key));
    if hop.transport != Transport::Tls {
        return Ok(spawn(stream, enter(), handler));
    }
    let name = match &hop.tls_name {
        Some(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
        None => ServerName::IpAddress(hop.addr.ip().into()),
    };
    let connector = TlsConnector::from(transports.tls.client.clone());
    let stream = within(transports, limit, connector.connect(name, stream)).await?;
    Ok(spawn(stream, enter(), handler))
}

fn spawn<S, H>(stream: S, seat: Seat, handler: &Arc<H>) -> Arc<Connection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler + AsRef<Transports>,
{
    let connection = seat.connection.clone();
    let transports: &Transports = (**handler).as_ref();
    transports.tasks.spawn(run(stream, seat, handler.clone()));
    connection
}

/// A socket's own patience is counted in real time, whatever the clock of the transactions shows.
async fn within<T>(
    transports: &Transports,
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the peer did not answer in time");
    tokio::select! {
        done = tokio::time::timeout(limit, work) => done.map_err(late)?,
        () = transports.stop.cancelled() => Err(io::Error::other("shutting down")),
    }
}

async fn run<S, H>(stream: S, seat: Seat, handler: Arc<H>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler + AsRef<Transports>,
{
    let flow = seat.connection.flow;
    let transports: &Transports = (*handler).as_ref();
    let mut talk = Talk::new(seat, transports);
    let why = talk.go_on(stream, &handler).await.err();
    debug!(%flow, peer = %talk.seat.connection.peer.ip(), why = why.map(|e| e.to_string()), "A connection has ended");
    drop(talk);
    handler.closed(flow);
}

/// A connection at work.
struct Talk<'a> {
    seat: Seat,
    source: Source,
    transports: &'a Transports,
    framer: Framer,
    bytes: BytesMut,
    /// When the first byte of an unfinished message came.
    amid_since: Option<Duration>,
    opened_at: Duration,
    heard_at: Duration,
    /// Whether a sound message has come: until then, keep-alives keep nothing alive.
    has_spoken: bool,
}

impl<'a> Talk<'a> {
    fn new(seat: Seat, transports: &'a Transports) -> Talk<'a> {
        let Connection { flow, transport, peer, local, .. } = *seat.connection;
        Talk {
            source: Source { transport, addr: peer, local, flow },
            seat,
            transports,
            framer: Framer::new(transports.bounds.message_bytes_max),
            bytes: BytesMut::new(),
            amid_since: None,
            opened_at: transports.clock.monotonic(),
            heard_at: transports.clock.monotonic(),
            has_spoken: false,
        }
    }

    async fn go_on<S: AsyncRead + AsyncWrite + Unpin, H: Handler>(
        &mut self,
        mut stream: S,
        handler: &Arc<H>,
    ) -> io::Result<()> {
        let clock = &self.transports.clock;
        let mut rings_at = self.ends_at();
        let mut alarm = std::pin::pin!(clock.sleep_until_monotonic(rings_at));
        loop {
            self.bytes.reserve(READ_BYTES);
            tokio::select! {
                () = self.transports.stop.cancelled() => break,
                () = self.seat.close.cancelled() => return Err(io::Error::other("the peer does not read what we write")),
                Some(first) = self.seat.written.recv() => self.write(&mut stream, first).await?,
                read = stream.read_buf(&mut self.bytes) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    self.heard_at = clock.monotonic();
                    if let Err(malformed) = self.take(handler).await {
                        handler.heard(Err(malformed), self.source, 0);
                        break;
                    }
                    if self.ends_at() < rings_at {
                        rings_at = self.ends_at();
                        alarm.set(clock.sleep_until_monotonic(rings_at));
                    }
                }
                () = &mut alarm => {
                    if clock.monotonic() >= self.ends_at() {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "nothing whole came in time"));
                    }
                    rings_at = self.ends_at();
                    alarm.set(clock.sleep_until_monotonic(rings_at));
                }
            }
        }
        self.say_last(&mut stream).await
    }

    /// When this connection is cut off if nothing more comes.
    fn ends_at(&self) -> Duration {
        let bounds = &self.transports.bounds;
        match self.amid_since {
            Some(since) => since + bounds.message_within,
            None if self.has_spoken => self.heard_at + bounds.idle,
            None => self.opened_at + bounds.message_within,
        }
    }

    /// Takes all whole messages out of what has come.
    async fn take<H: Handler>(&mut self, handler: &Arc<H>) -> Result<(), Malformed> {
        let mut seen = self.bytes.len();
        while let Some(frame) = self.framer.next(&mut self.bytes)? {
            self.amid_since = None;
            let what = match frame {
                Frame::Ping => {
                    self.seat.connection.queue(Bytes::from_static(b"\r\n"));
                    seen = self.bytes.len();
                    continue;
                }
                Frame::Message(message) => Ok(*message),
                Frame::Refused(malformed) => Err(malformed),
            };
            self.has_spoken = self.has_spoken || what.is_ok();
            self.keep_pace().await;
            handler.heard(what, self.source, seen.saturating_sub(self.bytes.len()));
            seen = self.bytes.len();
        }
        if self.framer.is_amid(&self.bytes) {
            self.amid_since.get_or_insert(self.heard_at);
        }
        let fits = self.seat.hold(self.bytes.len());
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
        if fits {
            Ok(())
        } else {
            Err(Malformed { why: "too much is half received".into(), answer: None, ends_stream: true })
        }
    }

    /// A stream that is over its pace waits; its peer feels it through TCP.
    async fn keep_pace(&self) {
        let Transports { pace, clock, stop, .. } = self.transports;
        while !pace.take(self.source.addr.ip(), clock.monotonic()) && !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(PACE_PAUSE) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn write<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, first: Bytes) -> io::Result<()> {
        let mut bytes = first;
        while let Some(next) = (bytes.len() < WRITE_BYTES).then(|| self.seat.written.try_recv().ok()).flatten() {
            let mut joined = BytesMut::from(bytes);
            joined.extend_from_slice(&next);
            bytes = joined.freeze();
        }
        let write = async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        };
        let deaf = || io::Error::new(io::ErrorKind::TimedOut, "the peer does not read what we write");
        tokio::select! {
            written = tokio::time::timeout(WRITE_WITHIN, write) => written.map_err(|_| deaf())?,
            () = self.seat.close.cancelled() => Err(deaf()),
        }
    }

    /// Writes what is still queued (the 400 to a broken stream), then says goodbye.
    async fn say_last<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> io::Result<()> {
        self.seat.written.close();
        while let Ok(bytes) = self.seat.written.try_recv() {
            self.write(stream, bytes).await?;
        }
        // What the peer has sent meanwhile is read away: unread bytes would turn our goodbye into a reset.
        let goodbye = async {
            stream.shutdown().await?;
            let mut left = GOODBYE_BYTES_MAX;
            while left > 0 && stream.read_buf(&mut self.bytes).await? > 0 {
                left = left.saturating_sub(self.bytes.len());
                self.bytes.clear();
            }
            Ok(())
        };
        tokio::select! {
            said = tokio::time::timeout(GOODBYE_WITHIN, goodbye) => said.unwrap_or(Ok(())),
            () = self.transports.stop.cancelled() => Ok(()),
        }
    }
}
