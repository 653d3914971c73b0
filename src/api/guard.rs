//! What stands around every answer of the private door: headers that bind the browser, and the check that a write comes
//! from the portal's own pages (T15, T30, T36).

use crate::api::error::Problem;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, Method};

/// A header of our own: no page of another origin can send it without asking us first, and we never answer that.
const OWN_HEADER: &str = "x-depesche";

/// The policy of the portal, measured to hold with its build (Trusted Types included).
const CSP: &str = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; worker-src 'self'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html portal";

const BOUND: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("x-robots-tag", "noindex, nofollow"),
];

/// Binds the browser on every answer; what is not marked otherwise is never stored. A file says itself that it may do even
/// less: in a sandbox, without any script (T30).
pub async fn bind_browser(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in BOUND {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses writes that do not come from the portal's own pages.
pub async fn refuse_foreign_writes(request: Request, next: Next) -> Response {
    if is_write(request.method()) && !is_own(&request) {
        return Problem::csrf().into_response();
    }
    next.run(request).await
}

fn is_write(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Our own header, and where the browser says whence the request comes: from our own pages or from the user's hand.
fn is_own(request: &Request) -> bool {
    let headers = request.headers();
    let marked = headers.get(OWN_HEADER).is_some_and(|value| !value.is_empty());
    let near = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    marked && near
}
