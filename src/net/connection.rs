//! One connection from its first byte to its end: TLS, requests one after the other, and the three ways to be too slow
//! (a head that does not end, silence after an answer, an answer nobody reads).

use crate::net::dial::Stream;
use crate::net::door::Door;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Serves a connection until it ends, is too slow, or the door has drained.
pub(super) async fn attend(door: Arc<Door>, socket: TcpStream, peer: IpAddr) {
    let _ = socket.set_nodelay(true); // only slower without
    let Some(tls) = door.settings.tls.clone() else { return speak(door, socket, peer).await };
    let handshake = TlsAcceptor::from(tls).accept(socket);
    // A client that fails here (a scanner, a phone that does not trust us) has nothing to tell us.
    if let Ok(Ok(stream)) = tokio::time::timeout(door.settings.header_max, handshake).await {
        speak(door, stream, peer).await;
    }
}

async fn speak(door: Arc<Door>, stream: impl Stream, peer: IpAddr) {
    let settings = &door.settings;
    let vitals = Arc::new(Vitals::new());
    let service = service_fn({
        let (door, vitals) = (door.clone(), vitals.clone());
        move |request| {
            let (door, busy) = (door.clone(), Busy::new(&vitals));
            async move { Ok::<_, Infallible>(door.pass(request, peer, busy).await) }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Ours (Vitals) tell a slow head from an idle client; hyper's stands behind them.
        .header_read_timeout(settings.header_max.max(settings.idle_max) * 2)
        .max_buf_size(settings.header_bytes_max)
        .max_header_size(settings.header_bytes_max) // exact; the buffer alone is not
        .serve_connection(TokioIo::new(Watched { stream, vitals: vitals.clone() }), service);
    let mut connection = pin!(connection);
    let mut too_slow = pin!(vitals.too_slow(Patience {
        header_max: settings.header_max,
        idle_max: settings.idle_max,
        unread_max: settings.unread_max,
    }));
    let mut draining = pin!(door.draining.cancelled());
    let mut told = false;
    loop {
        tokio::select! {
            // Errors of a connection are its client's affair: a reset, nonsense, a head too large (hyper answers 431).
            _ = connection.as_mut() => return,
            () = too_slow.as_mut() => return,
            () = draining.as_mut(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

struct Patience {
    header_max: Duration,
    idle_max: Duration,
    unread_max: Duration,
}

/// What a connection is doing, and since when.
struct Vitals {
    opened: Instant,
    phase: AtomicU8,
    since_ms: AtomicU64,
    /// When the client ceased to read, plus one; 0 while it reads.
    unread_since_ms: AtomicU64,
}

const HEADER: u8 = 0;
const SERVING: u8 = 1;
const IDLE: u8 = 2;

impl Vitals {
    fn new() -> Vitals {
        Vitals {
            opened: Instant::now(),
            phase: AtomicU8::new(HEADER),
            since_ms: AtomicU64::new(0),
            unread_since_ms: AtomicU64::new(0),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn enter(&self, phase: u8) {
        self.since_ms.store(self.now_ms(), Ordering::Relaxed);
        self.phase.store(phase, Ordering::Release);
    }

    /// Ends when the client is too slow. Looks only now and then: exact to a quarter.
    async fn too_slow(&self, patience: Patience) {
        let shortest = patience.header_max.min(patience.idle_max).min(patience.unread_max);
        let look_every = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(5));
        loop {
            tokio::time::sleep(look_every).await;
            let now = self.now_ms();
            let limit = match self.phase.load(Ordering::Acquire) {
                HEADER => patience.header_max,
                IDLE => patience.idle_max,
                _ => Duration::MAX,
            };
            let waited = now.saturating_sub(self.since_ms.load(Ordering::Relaxed));
            let unread_since = self.unread_since_ms.load(Ordering::Relaxed);
            let unread = if unread_since == 0 { 0 } else { (now + 1).saturating_sub(unread_since) };
            if Duration::from_millis(waited) > limit || Duration::from_millis(unread) > patience.unread_max {
                return;
            }
        }
    }
}

/// A request in work; dropped with the last byte of its answer.
pub(super) struct Busy(Arc<Vitals>);

impl Busy {
    fn new(vitals: &Arc<Vitals>) -> Busy {
        vitals.enter(SERVING);
        Busy(vitals.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.enter(IDLE);
    }
}

/// A stream that keeps its vitals.
struct Watched<S> {
    stream: S,
    vitals: Arc<Vitals>,
}

impl<S> Watched<S> {
    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        let unread = &self.vitals.unread_since_ms;
        if written.is_ready() {
            unread.store(0, Ordering::Relaxed);
        } else if unread.load(Ordering::Relaxed) == 0 {
            unread.store(self.vitals.now_ms() + 1, Ordering::Relaxed);
        }
        written
    }
}

impl<S: Stream> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.vitals.phase.load(Ordering::Acquire) == IDLE {
            self.vitals.enter(HEADER);
        }
        read
    }
}

impl<S: Stream> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
