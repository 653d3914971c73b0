//! The one HTTPS client of the house: `call` for a carrier's API, `pour` and `fetch` (fetch.rs) for files.
//! Every call has an end in time and size, none reaches a private place unless allowed, and every failure says whether
//! the request may have been received. It follows no redirect and never decompresses.

use crate::clock::Clock;
use crate::net::body::{self, Body, Cut, PourError, Sink};
use crate::net::dial::{Dialler, LineKey, NoLine, Target, Whom};
use crate::net::line::{Line, Lines, in_words};
use crate::net::network::AllowPrivate;
use bytes::Bytes;
use http::header::{HOST, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::ClientConfig;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use crate::net::dial::{Lookup, SystemLookup};

const AGENT: &str = concat!("Depesche/", env!("CARGO_PKG_VERSION"));
/// Targets whose number of calls is counted; beyond it, those without a call are forgotten.
const TARGETS_MAX: usize = 1024;

/// The bounds of the client. [`ClientSettings::new`] has good ones.
#[derive(Clone)]
pub struct ClientSettings {
    /// From [`crate::net::tls::client`].
    pub tls: Arc<ClientConfig>,
    pub lookup: Arc<dyn Lookup>,
    /// Private places that may be called all the same, also without TLS and on any port.
    pub allow_private: AllowPrivate,
    /// Whether `call` may go to public addresses without TLS. Credentials would cross the Internet in the open.
    pub allow_plain_http: bool,
    /// Look-up, connection and TLS handshake together.
    pub connect_max: Duration,
    pub limits: CallLimits,
    /// Calls at one time; more wait, within their own time.
    pub calls_max: usize,
    /// Calls at one time to one host and port, so that a dead carrier does not hold up the others.
    pub calls_per_target_max: usize,
    /// Connections kept for the next call to the same host and port.
    pub idle_per_target_max: usize,
    /// How long they are kept. Short: a peer that closes at the moment we speak leaves the call without an answer.
    pub idle_max: Duration,
}

impl ClientSettings {
    pub fn new(tls: Arc<ClientConfig>) -> ClientSettings {
        ClientSettings {
            tls,
            lookup: Arc::new(SystemLookup::default()),
            allow_private: AllowPrivate::default(),
            allow_plain_http: false,
            connect_max: Duration::from_secs(10),
            limits: CallLimits { total_max: Duration::from_secs(30), body_bytes_max: 1 << 20 },
            calls_max: 64,
            calls_per_target_max: 16,
            idle_per_target_max: 16,
            idle_max: Duration::from_secs(4),
        }
    }
}

/// The bounds of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// From the wait for a slot to the last byte of the response.
    pub total_max: Duration,
    /// Of the response's body.
    pub body_bytes_max: usize,
}

/// Where a file may be fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// From wherever the settings allow, private places among them: the address stands in a trunk's settings.
    Settings,
    /// The same, and from the house's own networks without being listed, on any port and without TLS: an administrator
    /// named a server of the house, such as its directory. This machine and the link stay closed unless listed.
    House,
    /// From the public internet alone, over https and its usual port: somebody outside named the address.
    Public,
}

/// Why a call has no response. What decides for a text is [`CallError::certainly_not_sent`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// We did not want to: a private address, a wrong URL, plain http. Nothing was sent.
    #[error("not called: {0}")]
    Refused(String),
    /// We could not: no address, no connection, no TLS, no slot in time. Not one byte of the request was sent.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request, or a part of it, went out, and no whole response came back. The peer may have acted on it.
    /// `status` is known where the response broke off after its head.
    #[error("no answer: {why}")]
    NoAnswer { why: String, status: Option<StatusCode> },
    /// A response came that is larger than we read. The peer has acted on the request.
    #[error("the response (status {status}) is larger than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize, status: StatusCode },
}

impl CallError {
    /// Whether the peer certainly saw nothing of the request, so that it may be sent again.
    pub fn certainly_not_sent(&self) -> bool {
        matches!(self, CallError::Refused(_) | CallError::NotSent(_))
    }
}

impl From<NoLine> for CallError {
    fn from(why: NoLine) -> CallError {
        match why {
            NoLine::Refused(why) => CallError::Refused(why),
            NoLine::Failed(why) => CallError::NotSent(why),
        }
    }
}

/// The client; clones share its connections and bounds.
#[derive(Clone)]
pub struct HttpClient {
    house: Arc<Inner>,
}

struct Inner {
    dialler: Dialler,
    settings: ClientSettings,
    allow_private: Arc<AllowPrivate>,
    lines: Lines,
    slots: Arc<Semaphore>,
    slots_by_target: Mutex<HashMap<Target, Arc<Semaphore>>>,
}

impl HttpClient {
    /// Time-outs follow `clock`.
    pub fn new(settings: ClientSettings, clock: Clock) -> HttpClient {
        let mut tls = ClientConfig::clone(&settings.tls);
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let house = Inner {
            dialler: Dialler { clock, lookup: settings.lookup.clone(), tls: Arc::new(tls) },
            allow_private: Arc::new(settings.allow_private.clone()),
            lines: Lines::new(settings.idle_per_target_max, settings.idle_max),
            slots: Arc::new(Semaphore::new(settings.calls_max)),
            slots_by_target: Mutex::default(),
            settings,
        };
        HttpClient { house: Arc::new(house) }
    }

    /// Sends `request` (its URI absolute) once and returns the whole response, whatever its status.
    /// Redirects are responses like any other: a text is never posted to a place nobody configured.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, CallError> {
        self.call_within(request, self.house.settings.limits).await
    }

    /// [`HttpClient::call`] with bounds of its own.
    pub async fn call_within(&self, request: Request<Bytes>, limits: CallLimits) -> Result<Response<Bytes>, CallError> {
        let deadline = self.monotonic().saturating_add(limits.total_max);
        self.open(request, &self.trusted(), deadline).await?.read(limits.body_bytes_max).await
    }

    /// [`HttpClient::call_within`] to a place that may be reached so.
    pub async fn call_at(
        &self,
        request: Request<Bytes>,
        reach: Reach,
        limits: CallLimits,
    ) -> Result<Response<Bytes>, CallError> {
        let deadline = self.monotonic().saturating_add(limits.total_max);
        self.open(request, &self.at(reach), deadline).await?.read(limits.body_bytes_max).await
    }

    /// For a call to an address that was named by whoever `reach` stands for.
    pub(super) fn at(&self, reach: Reach) -> Whom {
        match reach {
            Reach::Settings => self.trusted(),
            Reach::House => Whom { house: true, ..self.trusted() },
            Reach::Public => self.named(reach),
        }
    }

    /// What connections are made with.
    pub(super) fn dialler(&self) -> &Dialler {
        &self.house.dialler
    }

    /// How TLS is spoken where the protocol is not HTTP.
    pub(super) fn bare_tls(&self) -> &Arc<ClientConfig> {
        &self.house.settings.tls
    }

    /// For a call to an address of the settings.
    fn trusted(&self) -> Whom {
        self.whom(Reach::Settings, self.house.settings.allow_plain_http, true)
    }

    /// For a call to an address that a message named.
    pub(super) fn named(&self, reach: Reach) -> Whom {
        self.whom(reach, false, false)
    }

    fn whom(&self, reach: Reach, plain_http: bool, any_port: bool) -> Whom {
        let allow_private = self.house.allow_private.clone();
        Whom { allow_private, private: reach != Reach::Public, house: false, plain_http, any_port }
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.house.dialler.clock.monotonic()
    }

    /// The bounds of a [`HttpClient::call`].
    pub fn limits(&self) -> CallLimits {
        self.house.settings.limits
    }

    /// [`HttpClient::call`], but a good answer's body goes into `sink` as it comes, `bytes_max` at most.
    pub async fn pour<S: Sink>(
        &self,
        request: Request<Bytes>,
        reach: Reach,
        total_max: Duration,
        bytes_max: u64,
        sink: &mut S,
    ) -> Result<Response<Body>, PourError<S::Error>> {
        let deadline = self.monotonic().saturating_add(total_max);
        self.open(request, &self.at(reach), deadline).await?.pour(bytes_max, sink).await
    }

    /// One request, one response's head. A line that was kept and is found dead before it took a byte is replaced once by
    /// a fresh one; so is one that died without a word under a GET or HEAD (RFC 9110 9.2.2). Nothing else is repeated.
    pub(super) async fn open(
        &self,
        request: Request<Bytes>,
        whom: &Whom,
        deadline: Duration,
    ) -> Result<Opened, CallError> {
        let house = &self.house;
        let target = Target::of(request.uri()).map_err(CallError::Refused)?;
        let request = on_the_wire(request, &target)?;
        let may_repeat = matches!(*request.method(), Method::GET | Method::HEAD);
        let slots = house.slots_for(&target, deadline).await?;

        // Lets the drivers of kept lines see what their peers closed meanwhile.
        tokio::task::yield_now().await;
        let key = whom.key(&target);
        let opened = |(line, response)| Opened {
            house: house.clone(),
            key: key.clone(),
            line,
            response,
            deadline,
            _slots: slots,
        };
        if let Some(line) = house.lines.take(&key, self.monotonic()) {
            match house.on_line(line, &target, &request, deadline).await {
                Err(NotDone { error: CallError::NotSent(_), by_time: false }) => {}
                Err(NotDone { error: CallError::NoAnswer { .. }, by_time: false }) if may_repeat => {}
                done => return done.map(opened).map_err(|not| not.error),
            }
        }
        let connected_by = deadline.min(self.monotonic().saturating_add(house.settings.connect_max));
        let stream = house.dialler.dial(&target, whom, connected_by).await?;
        let line =
            Line::open(stream, self.monotonic()).await.map_err(|why| CallError::NotSent(format!("{target}: {why}")))?;
        house.on_line(line, &target, &request, deadline).await.map(opened).map_err(|not| not.error)
    }
}

/// A response whose head came; its body is still on the line.
pub(super) struct Opened {
    house: Arc<Inner>,
    key: LineKey,
    line: Line,
    response: Response<Incoming>,
    deadline: Duration,
    _slots: [OwnedSemaphorePermit; 2],
}

impl Opened {
    /// The whole response.
    pub async fn read(mut self, bytes_max: usize) -> Result<Response<Bytes>, CallError> {
        let reading = body::keep(self.response.body_mut(), bytes_max);
        let read = match self.house.dialler.until(self.deadline, reading).await {
            Some(Ok(bytes)) => bytes,
            Some(Err(Cut::Sink(never))) => match never {},
            Some(Err(Cut::TooLarge)) => return Err(self.too_large(bytes_max)),
            Some(Err(Cut::Lost(error))) => return Err(self.broke_off(&in_words(&error))),
            None => return Err(self.broke_off("no whole response in time")),
        };
        Ok(self.done(read).await)
    }

    /// A good response's body into the sink, any other's into memory.
    pub async fn pour<S: Sink>(mut self, bytes_max: u64, sink: &mut S) -> Result<Response<Body>, PourError<S::Error>> {
        if !body::is_poured(&self.response) {
            let kept_bytes_max = self.house.settings.limits.body_bytes_max;
            return Ok(self.read(kept_bytes_max).await?.map(Body::Kept));
        }
        let pouring = body::pour(self.response.body_mut(), bytes_max, sink);
        let poured = match self.house.dialler.until(self.deadline, pouring).await {
            Some(Ok(bytes)) => bytes,
            Some(Err(Cut::Sink(error))) => return Err(PourError::Sink(error)),
            Some(Err(Cut::TooLarge)) => {
                return Err(self.too_large(usize::try_from(bytes_max).unwrap_or(usize::MAX)).into());
            }
            Some(Err(Cut::Lost(error))) => return Err(self.broke_off(&in_words(&error)).into()),
            None => return Err(self.broke_off("no whole response in time").into()),
        };
        Ok(self.done(Body::Poured(poured)).await)
    }

    fn too_large(&self, limit_bytes: usize) -> CallError {
        CallError::TooLarge { limit_bytes, status: self.response.status() }
    }

    fn broke_off(&self, why: &str) -> CallError {
        CallError::NoAnswer { why: format!("{}: {why}", self.key.0), status: Some(self.response.status()) }
    }

    /// The line is free for its next call.
    async fn done<T>(self, body: T) -> Response<T> {
        let (head, _) = self.response.into_parts();
        let now = self.house.dialler.clock.monotonic();
        self.house.lines.keep(self.key, self.line, &head.headers, now).await;
        Response::from_parts(head, body)
    }
}

/// An exchange without response, and whether it was our own time limit that ended it.
struct NotDone {
    error: CallError,
    by_time: bool,
}

impl Inner {
    async fn on_line(
        &self,
        mut line: Line,
        target: &Target,
        request: &Request<Full<Bytes>>,
        deadline: Duration,
    ) -> Result<(Line, Response<Incoming>), NotDone> {
        let (why, by_time) = match self.dialler.until(deadline, line.exchange(request.clone())).await {
            Some(Ok(response)) => return Ok((line, response)),
            Some(Err(why)) => (format!("{target}: {why}"), false),
            None => (format!("{target}: no whole response in time"), true),
        };
        let error =
            if line.nothing_left() { CallError::NotSent(why) } else { CallError::NoAnswer { why, status: None } };
        Err(NotDone { error, by_time })
    }

    /// Waits for its turn: first at the target, then in the house.
    async fn slots_for(&self, target: &Target, deadline: Duration) -> Result<[OwnedSemaphorePermit; 2], CallError> {
        let here = {
            let mut all = self.slots_by_target.lock().expect("no code under this lock panics");
            if all.len() >= TARGETS_MAX {
                all.retain(|_, slots| Arc::strong_count(slots) > 1);
            }
            let fresh = || Arc::new(Semaphore::new(self.settings.calls_per_target_max));
            all.entry(target.clone()).or_insert_with(fresh).clone()
        };
        let both = async {
            Ok::<_, tokio::sync::AcquireError>([here.acquire_owned().await?, self.slots.clone().acquire_owned().await?])
        };
        match self.dialler.until(deadline, both).await {
            Some(slots) => Ok(slots.expect("these semaphores are never closed")),
            None => Err(CallError::NotSent(format!("{target}: too many calls at one time, this one's time ran out"))),
        }
    }
}

/// The request as HTTP/1.1 sends it: path only, with Host and an agent.
fn on_the_wire(request: Request<Bytes>, target: &Target) -> Result<Request<Full<Bytes>>, CallError> {
    let (mut head, body) = request.into_parts();
    let mut host = target.to_string();
    if target.has_usual_port() {
        host.truncate(host.rfind(':').unwrap_or(host.len()));
    }
    let host = HeaderValue::try_from(host).map_err(|_| CallError::Refused(format!("{target}: no host name")))?;
    head.headers.insert(HOST, host);
    head.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    head.uri = head.uri.path_and_query().map_or(Uri::from_static("/"), |path| Uri::from(path.clone()));
    head.version = Version::HTTP_11;
    Ok(Request::from_parts(head, Full::new(body)))
}
