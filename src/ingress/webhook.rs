//! The carriers' door: `/hook/{key}`. The key finds the trunk, the trunk's dialect verifies and reads, a flow files it,
//! and only then the carrier hears its 200. What is refused is counted and forgotten; what cannot be stored now is
//! answered with 503, so that the carrier sends it again.

use crate::carrier::dialect::{Answer, Heard, Refusal};
use crate::domain::id::TrunkId;
use crate::egress::channel_log::{self, Span};
use crate::egress::switchboard::{Switchboard, TrunkLine};
use crate::egress::trunk_test::KNOCK;
use crate::flow::desk::Desk;
use crate::flow::webhook;
use crate::ingress::remind::{Remind, Tally};
use crate::net::forwarded::{ClientAddr, ClientScheme};
use crate::sip::digest::nonce::Network;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::middleware::map_response;
use axum::routing::any;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// No carrier sends more: media comes as an address.
const BODY_BYTES_MAX: usize = 1 << 20;
/// Requests with keys that do not exist, a minute, from one address.
const GUESSES_MAX: u32 = 30;
/// When a carrier may come again if nothing can be stored.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");
/// What every answer of this door carries: it is never to be shown, kept or framed.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// The carriers' door; clones are the same.
#[derive(Clone)]
pub struct WebhookDoor(Arc<Inner>);

struct Inner {
    desk: Desk,
    switchboard: Switchboard,
    refused_by_source: Tally<Network>,
    said: Remind<(TrunkId, &'static str)>,
    taken: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
    put_off: AtomicU64,
}

/// What has happened at this door since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookFigures {
    /// Verified, read and stored.
    pub taken: u64,
    /// Forged, stale or unreadable.
    pub refused: u64,
    /// With a key that leads nowhere.
    pub unknown: u64,
    /// Answered with 503.
    pub put_off: u64,
}

impl WebhookDoor {
    /// For these trunks.
    pub fn new(desk: Desk, switchboard: Switchboard) -> WebhookDoor {
        WebhookDoor(Arc::new(Inner {
            desk,
            switchboard,
            refused_by_source: Tally::new(GUESSES_MAX),
            said: Remind::default(),
            taken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            put_off: AtomicU64::new(0),
        }))
    }

    /// The routes of the public listener. Everything else is not found.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/hook/{key}", any(hook))
            .route("/hook/{key}/{*rest}", any(hook_and_more))
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(map_response(with_headers))
            .with_state(self.clone())
    }

    /// A webhook of a simulated carrier, by the same way as any other; false if it should come again.
    pub async fn deliver(&self, trunk: TrunkId, heard: Heard) -> bool {
        let Some(line) = self.0.switchboard.trunk(trunk) else { return true };
        self.0.take_in(&line, heard).await.status() != StatusCode::SERVICE_UNAVAILABLE
    }

    /// What has happened at this door since the start.
    pub fn figures(&self) -> WebhookFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Inner { taken, refused, unknown, put_off, .. } = &*self.0;
        WebhookFigures { taken: read(taken), refused: read(refused), unknown: read(unknown), put_off: read(put_off) }
    }
}

async fn hook(State(door): State<WebhookDoor>, Path(key): Path<String>, request: Request<Body>) -> Response<Body> {
    door.0.answer(&key, request).await
}

async fn hook_and_more(
    State(door): State<WebhookDoor>,
    Path((key, _)): Path<(String, String)>,
    request: Request<Body>,
) -> Response<Body> {
    door.0.answer(&key, request).await
}

async fn with_headers(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Inner {
    async fn answer(&self, key: &str, request: Request<Body>) -> Response<Body> {
        let now = self.desk.clock.monotonic();
        let source = Network::of(source(&request));
        let known = self.switchboard.by_webhook_key(key);
        if let Some(word) = knock(&request).filter(|_| self.switchboard.is_webhook_key(key)) {
            return we_are_here(word);
        }
        if known.is_none() && self.switchboard.is_webhook_key(key) {
            // Switched off, or its settings cannot be used: what is said now is wanted when that is mended, and a carrier
            // repeats no 404.
            count(&self.put_off);
            return put_off().map(Body::from);
        }
        // Whoever knows a key is heard, however much nonsense its address has sent: behind a shared proxy a carrier
        // must not be shut out by others.
        let Some(line) = known.filter(|_| matches!(*request.method(), Method::GET | Method::POST)) else {
            count(&self.unknown);
            let left = self.refused_by_source.too_many(&source, now);
            self.refused_by_source.count(source, now);
            return match left {
                None => empty(StatusCode::NOT_FOUND),
                Some(left) => {
                    let mut answer = empty(StatusCode::TOO_MANY_REQUESTS);
                    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
                    answer
                }
            };
        };
        let heard = match self.read(&line, request).await {
            Ok(heard) => heard,
            Err(status) => return empty(status),
        };
        let answer = self.take_in(&line, heard).await;
        if answer.status().is_client_error() {
            self.refused_by_source.count(source, now);
        }
        answer.map(Body::from)
    }

    async fn read(&self, line: &TrunkLine, request: Request<Body>) -> Result<Heard, StatusCode> {
        let url = self.url_as_called(line, &request);
        let caller = Some(source(&request));
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        Ok(Heard { method: head.method, url, headers: head.headers, body, caller })
    }

    /// The address as the carrier called it, which some sign: our public address, else what the request says of itself.
    fn url_as_called(&self, line: &TrunkLine, request: &Request<Body>) -> String {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        if let Some(base) = self.switchboard.public_base_url(line) {
            return format!("{base}{path}");
        }
        let scheme = match request.extensions().get::<ClientScheme>() {
            Some(ClientScheme::Https) => "https",
            _ => "http",
        };
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("{scheme}://{host}{path}")
    }

    /// Verifies, reads, stores, and says what the carrier is to be answered.
    async fn take_in(&self, line: &TrunkLine, heard: Heard) -> Answer {
        let (at, begun) = (self.desk.now(), self.desk.clock.monotonic());
        let told = match line.hear(&heard, at) {
            Ok(told) => told,
            Err(refusal) => return self.refuse(line, &heard, Span { at, took: Duration::ZERO }, &refusal).await,
        };
        let span = Span { at, took: self.desk.clock.monotonic().saturating_sub(begun) };
        let exchange = channel_log::webhook(line.id, span, &heard, &told.answer, line.blotter());
        match webhook::take(&self.desk, line.id, told.said, exchange).await {
            Ok(()) => {
                count(&self.taken);
                told.answer
            }
            Err(error) => {
                count(&self.put_off);
                if self.said.is_due((line.id, "put off"), self.desk.clock.monotonic()) {
                    tracing::error!(trunk.id = %line.id, %error, "Trunk {}: a webhook cannot be stored now: {error}; the carrier is asked to send it again", line.name);
                }
                put_off()
            }
        }
    }

    async fn refuse(&self, line: &TrunkLine, heard: &Heard, span: Span, refusal: &Refusal) -> Answer {
        count(&self.refused);
        let kind = match refusal {
            Refusal::Unsigned(_) => "unsigned",
            Refusal::Forged(_) => "forged",
            Refusal::Stale(_) => "stale",
            Refusal::Unreadable(_) => "unreadable",
        };
        let mut answer = Answer::new(Bytes::new());
        *answer.status_mut() = refusal.status();
        // What was said is not told: it may be anybody's words. An unreadable one is signed well. Of each kind one a minute.
        if self.said.is_due((line.id, kind), self.desk.clock.monotonic()) {
            let why = refusal.to_string();
            let exchange = channel_log::refused_webhook(line.id, span, heard, &answer, &why, line.blotter());
            if let Err(error) = webhook::keep_refused(&self.desk, exchange).await {
                tracing::warn!(%error, "A refused webhook cannot be kept in the channel log: {error}");
            }
            match refusal {
                Refusal::Unreadable(_) => {
                    tracing::warn!(trunk.id = %line.id, "Trunk {}: a webhook was signed well but is not readable", line.name);
                }
                other => {
                    tracing::warn!(trunk.id = %line.id, "Trunk {}: a webhook was refused: {other}", line.name);
                }
            }
        }
        answer
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn source(request: &Request<Body>) -> IpAddr {
    let known = request.extensions().get::<ClientAddr>().map(|client| client.0);
    known.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// A test of a trunk asks whether this door is ours.
fn knock(request: &Request<Body>) -> Option<HeaderValue> {
    let word = request.headers().get(KNOCK).filter(|word| word.len() == 32)?;
    word.as_bytes().iter().all(u8::is_ascii_hexdigit).then(|| word.clone())
}

fn we_are_here(word: HeaderValue) -> Response<Body> {
    let mut response = empty(StatusCode::NO_CONTENT);
    response.headers_mut().insert(KNOCK, word);
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn put_off() -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    let mut answer = Answer::new(Bytes::new());
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    *answer.headers_mut() = headers;
    answer
}
