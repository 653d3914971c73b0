//! What every request passes on its way to a route and back: who asks, how much, for how long, and what if it panics.

use crate::net::connection::Busy;
use crate::net::server::ServerSettings;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use http_body_util::Limited;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tower::ServiceExt;
use tracing::error;

/// A listener's rules and the routes behind it.
pub(super) struct Door {
    pub settings: ServerSettings,
    pub draining: CancellationToken,
    router: Router,
}

/// Whether a path is one of these: `*` stands for one part, such as an id.
fn is_path(known: &str, path: &str) -> bool {
    let (mut known, mut parts) = (known.split('/'), path.split('/'));
    loop {
        match (known.next(), parts.next()) {
            (None, None) => return true,
            (Some("*"), Some(part)) if !part.is_empty() => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

impl Door {
    pub fn new(settings: ServerSettings, router: Router, draining: CancellationToken) -> Door {
        // The door's own limit holds for every route; axum's for its extractors would come in between.
        Door { settings, draining, router: router.layer(DefaultBodyLimit::disable()) }
    }

    /// One request and its answer. `busy` marks the connection as serving until the answer's last byte.
    pub async fn pass(&self, request: Request<Incoming>, peer: IpAddr, busy: Busy) -> Response<Answer> {
        let bounds = self.bounds(request.uri().path());
        let response = match announced_too_large(&request, bounds.0) {
            true => problem(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large"),
            false => self.answer(self.admit(request, peer, bounds.0), bounds.1).await,
        };
        let is_stream = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let end = is_stream.then(|| Box::pin(self.draining.clone().cancelled_owned()));
        response.map(|body| Answer { body, end, _busy: busy })
    }

    /// How large a request may be, and how long it may take.
    fn bounds(&self, path: &str) -> (usize, Duration) {
        let files = self.settings.files.as_ref().filter(|files| files.paths.iter().any(|known| is_path(known, path)));
        files.map_or((self.settings.body_bytes_max, self.settings.request_max), |files| {
            (files.body_bytes_max, files.request_max)
        })
    }

    fn admit(&self, request: Request<Incoming>, peer: IpAddr, body_bytes_max: usize) -> Request<Body> {
        let mut request = request.map(|body| Body::new(Limited::new(body, body_bytes_max)));
        let over_tls = self.settings.tls.is_some();
        let (addr, scheme) = self.settings.proxies.origin(peer, over_tls, request.headers());
        request.extensions_mut().insert(addr);
        request.extensions_mut().insert(scheme);
        request
    }

    /// Asks the routes. Neither path nor body goes into the log: paths of webhooks are secrets.
    async fn answer(&self, request: Request<Body>, request_max: Duration) -> Response<Body> {
        let answering = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(request_max, answering).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_)) => {
                error!(listener = self.settings.name, "A request handler panicked; its client got a 500");
                problem(StatusCode::INTERNAL_SERVER_ERROR, "This request ran into a fault of ours; it was noted")
            }
            Err(_) => {
                let mut late = problem(StatusCode::SERVICE_UNAVAILABLE, "The request did not end in time");
                late.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
                late
            }
        }
    }
}

fn announced_too_large(request: &Request<Incoming>, body_bytes_max: usize) -> bool {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    announced.is_some_and(|length: u64| length > body_bytes_max as u64)
}

/// An error of the door itself as RFC 9457 wants it. `detail` holds no quotes.
fn problem(status: StatusCode, detail: &'static str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or_default();
    let status_code = status.as_u16();
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::SERVICE_UNAVAILABLE => "busy",
        _ => "internal",
    };
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{status_code},"code":"{code}","detail":"{detail}"}}"#
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// The body of an answer. A stream of events, which has no end of its own, ends when the door drains.
pub(super) struct Answer {
    body: Body,
    end: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _busy: Busy,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.end.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
