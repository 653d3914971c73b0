//! One HTTP/1.1 connection to a peer, and the few that wait for their next call.
//! A line knows exactly whether anything of the present request has left the house: on that rests whether a text
//! may be sent again.

use crate::net::dial::{LineKey, Stream};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::task::AbortOnDropHandle;

/// A response head larger than this is refused.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// A line is not reused for longer: a name may have moved to another address.
const LINE_AGE_MAX: Duration = Duration::from_secs(300);
/// How long a line may take to be ready again after its response. Real time: it is our own task that we wait for.
const SETTLE_MAX: Duration = Duration::from_millis(50);

/// What stands between a request and the wire: quiet, until its first byte is handed to the transport.
#[derive(Default)]
struct Tap(AtomicU8);

const QUIET: u8 = 0;
const SPOKEN: u8 = 1;
const SEALED: u8 = 2;

impl Tap {
    /// Before each write. False if the tap was sealed: then nothing may go out any more.
    fn open(&self) -> bool {
        self.0.compare_exchange(QUIET, SPOKEN, Ordering::AcqRel, Ordering::Acquire) != Err(SEALED)
    }

    /// Closes it for good, if nothing went out yet: from here on nothing ever will. Returns whether it could.
    fn seal(&self) -> bool {
        self.0.compare_exchange(QUIET, SEALED, Ordering::AcqRel, Ordering::Acquire) != Err(SPOKEN)
    }
}

/// An open connection. Dropping it closes it.
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
    tap: Arc<Tap>,
    opened: Duration,
    idle_until: Duration,
    _driver: AbortOnDropHandle<()>,
}

impl Line {
    /// A line over a fresh connection. `now` is monotonic.
    pub async fn open(stream: Box<dyn Stream>, now: Duration) -> Result<Line, String> {
        let tap = Arc::new(Tap::default());
        let tapped = TokioIo::new(Tapped { stream, tap: tap.clone() });
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .handshake(tapped)
            .await
            .map_err(|error| error.to_string())?;
        let driver = tokio::spawn(async move {
            // What goes wrong is told to whoever waits for the response.
            let _ = driver.await;
        });
        Ok(Line { sender, tap, opened: now, idle_until: now, _driver: AbortOnDropHandle::new(driver) })
    }

    /// Sends `request` and waits for the head of its response; else says why there is none.
    pub async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        self.tap.0.store(QUIET, Ordering::Release);
        self.sender.try_send_request(request).await.map_err(|error| in_words(error.error()))
    }

    /// After an exchange without response: whether nothing of the request left the house, nor ever will.
    pub fn nothing_left(&self) -> bool {
        self.tap.seal()
    }
}

/// hyper's own words and the cause behind them; no URL is in either.
pub(super) fn in_words(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The connections that wait for their next call, a few for each target.
pub(super) struct Lines {
    idle: Mutex<HashMap<LineKey, Vec<Line>>>,
    per_target_max: usize,
    idle_max: Duration,
}

impl Lines {
    pub fn new(per_target_max: usize, idle_max: Duration) -> Lines {
        Lines { idle: Mutex::default(), per_target_max, idle_max }
    }

    /// The line that was used last and is still good. `now` is monotonic.
    pub fn take(&self, key: &LineKey, now: Duration) -> Option<Line> {
        let mut idle = self.idle.lock().expect("no code under this lock panics");
        let waiting = idle.get_mut(key)?;
        while let Some(line) = waiting.pop() {
            if now < line.idle_until && now < line.opened + LINE_AGE_MAX && line.sender.is_ready() {
                return Some(line);
            }
        }
        None
    }

    /// Keeps a line after a whole response, if its peer wants that too.
    pub async fn keep(&self, key: LineKey, mut line: Line, headers: &HeaderMap, now: Duration) {
        let settled = tokio::time::timeout(SETTLE_MAX, line.sender.ready()).await;
        let idle_for = self.idle_max.min(peer_waits(headers).unwrap_or(Duration::MAX));
        if !matches!(settled, Ok(Ok(()))) || idle_for.is_zero() {
            return;
        }
        line.idle_until = now + idle_for;
        let mut idle = self.idle.lock().expect("no code under this lock panics");
        for waiting in idle.values_mut() {
            waiting.retain(|line| now < line.idle_until && !line.sender.is_closed());
        }
        idle.retain(|_, waiting| !waiting.is_empty());
        let waiting = idle.entry(key).or_default();
        if waiting.len() < self.per_target_max {
            waiting.push(line);
        }
    }
}

/// How long the peer says it keeps the line (`Keep-Alive: timeout=5`), less a second for the way.
fn peer_waits(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = value.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?;
    Some(Duration::from_secs(seconds.trim().parse::<u64>().ok()?.saturating_sub(1)))
}

/// A stream whose first write opens the tap.
struct Tapped {
    stream: Box<dyn Stream>,
    tap: Arc<Tap>,
}

impl AsyncRead for Tapped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.tap.open() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::io::AsyncReadExt;

    #[test]
    fn a_sealed_tap_lets_nothing_out_and_an_open_one_cannot_be_sealed() {
        let quiet = Tap::default();
        assert!(quiet.seal() && quiet.seal());
        assert!(!quiet.open());

        let spoken = Tap::default();
        assert!(spoken.open() && spoken.open());
        assert!(!spoken.seal());
    }

    #[test]
    fn a_peer_that_says_how_long_it_waits_is_believed() {
        let with = |value: &str| {
            HeaderMap::from_iter([(http::header::HeaderName::from_static("keep-alive"), value.parse().unwrap())])
        };

        assert_eq!(peer_waits(&with("timeout=5, max=100")), Some(Duration::from_secs(4)));
        assert_eq!(peer_waits(&with("timeout=0")), Some(Duration::ZERO));
        assert_eq!(peer_waits(&with("max=100")), None);
    }

    fn request() -> Request<Full<Bytes>> {
        Request::post("/").header("Host", "a").body(Full::from("a text")).unwrap()
    }

    #[tokio::test]
    async fn a_line_whose_peer_was_gone_before_the_first_byte_sent_nothing() {
        for kept_for in [Duration::ZERO, Duration::from_millis(20)] {
            let (ours, theirs) = tokio::io::duplex(1000);
            let mut line = Line::open(Box::new(ours), Duration::ZERO).await.unwrap();
            line.sender.ready().await.unwrap();
            drop(theirs);
            tokio::time::sleep(kept_for).await;

            assert!(line.exchange(request()).await.is_err());
            assert!(line.nothing_left(), "its end had come before we spoke");
        }
    }

    #[tokio::test]
    async fn what_was_called_unsent_is_never_sent_later() {
        let (ours, mut theirs) = tokio::io::duplex(1000);
        let mut line = Line::open(Box::new(ours), Duration::ZERO).await.unwrap();
        let tap = line.tap.clone();
        let mut exchange = Box::pin(line.exchange(request()));
        assert!((&mut exchange).now_or_never().is_none(), "handed to the driver, which had no turn yet");

        assert!(tap.seal());

        let ended = tokio::time::timeout(Duration::from_secs(1), exchange).await.expect("the driver gives up at once");
        assert!(ended.is_err());
        drop(line);
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).await.unwrap();
        assert!(heard.is_empty());
    }
}
