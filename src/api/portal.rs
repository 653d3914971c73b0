//! The portal's files, built by `web-portal` and embedded. Without a build there is a note instead, so that a Rust
//! developer needs no Node. Unknown paths answer the portal's page: it has its own addresses.

use crate::api::error::Problem;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

/// `web-portal/dist`: read from the disk in a debug build, part of the binary in a release build.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web-portal/dist"]
#[allow_missing = true]
struct Dist;

/// The page of the portal.
const PAGE: &str = "index.html";
/// Names of files under here carry a hash of their contents.
const HASHED: &str = "assets/";

const NOTE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Depesche</title>\
    <h1>Depesche</h1><p>The daemon runs, but it was built without its portal. Build it and the daemon again: \
    <code>cd web-portal &amp;&amp; npm ci &amp;&amp; npm run build &amp;&amp; cd .. &amp;&amp; cargo build</code>, \
    or simply <code>scripts/run</code>. The API answers under <code>/api/v1</code>.</p></html>";

/// A file of the portal, or its page.
pub async fn portal(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::wrong_method().into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if path.starts_with("api/") || path == "api" {
        return Problem::not_found("path in the API").into_response();
    }
    if let Some(answer) = file(path, request.headers()).filter(|_| !path.is_empty()) {
        return answer;
    }
    // A file that is not there is not a page: a browser must not take HTML for a script.
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    file(PAGE, request.headers()).unwrap_or_else(note)
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    let kind = kind_of(path).filter(|_| !hidden)?;
    let plain = Dist::get(path)?;
    let etag = format!("\"{}\"", hex::encode(&plain.metadata.sha256_hash()[..16]));
    let kept = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kept = if path == PAGE { "no-store" } else { kept };
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if known && path != PAGE {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match brotli(path).filter(|_| takes_brotli(headers)) {
            Some(small) => ([(CONTENT_ENCODING, "br")], small.data).into_response(),
            None => plain.data.into_response(),
        }
    };
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(ETAG, etag);
    }
    Some(response)
}

fn brotli(path: &str) -> Option<EmbeddedFile> {
    Dist::get(&format!("{path}.br"))
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = accepted.flat_map(|line| line.split(','));
    codings.any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = quality.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0);
        name.trim().eq_ignore_ascii_case("br") && !refused
    })
}

/// What a browser may take a file for; files of other kinds are not served.
fn kind_of(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "ogg" => "audio/ogg",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

fn note() -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], NOTE).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_to_who_takes_it() {
        for (accepted, takes) in
            [("gzip, br", true), ("br;q=0", false), ("gzip", false), ("gzip;q=0.5, BR;q=0.9", true)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));

            assert_eq!(takes_brotli(&headers), takes, "{accepted}");
        }
    }
}
