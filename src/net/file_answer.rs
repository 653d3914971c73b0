//! A file as an answer: streamed from disk, whole or a range of it (RFC 9110 14), under its true type, and so that no
//! browser makes anything else of it.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use std::io;
use std::io::SeekFrom;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// What is read from disk at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// What every file carries: its type is its type, and if it is opened as a page all the same it may do nothing.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// A file to be answered with.
pub struct FileAnswer {
    /// The open file.
    pub file: File,
    /// How large it is.
    pub bytes: u64,
    /// What it truly is, as in Content-Type.
    pub media_type: &'static str,
    /// What it is called where it is saved.
    pub name: String,
    /// Shown in place; else it is offered for saving. For pictures that were opened and found to be such alone.
    pub inline: bool,
    /// Names its content: the same again is not sent again.
    pub etag: String,
    /// How long whoever asked may keep it.
    pub keep_for: Duration,
}

impl FileAnswer {
    /// The answer to a request for it, with its method and headers.
    pub async fn to(self, method: &Method, asked: &HeaderMap) -> Response<Body> {
        let etag = format!("\"{}\"", self.etag);
        if asked.get(header::IF_NONE_MATCH).is_some_and(|known| names(known, &etag)) {
            return self.head(StatusCode::NOT_MODIFIED, &etag, Body::empty());
        }
        let ranged = asked.get(header::IF_RANGE).is_none_or(|same| same.as_bytes() == etag.as_bytes());
        let range = asked.get(header::RANGE).filter(|_| ranged && method == Method::GET);
        let (status, from, length) = match range.map(|range| Range::read(range, self.bytes)) {
            None | Some(Range::Whole) => (StatusCode::OK, 0, self.bytes),
            Some(Range::Part { from, length }) => (StatusCode::PARTIAL_CONTENT, from, length),
            Some(Range::Nowhere) => {
                let mut answer = self.head(StatusCode::RANGE_NOT_SATISFIABLE, &etag, Body::empty());
                set(answer.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{}", self.bytes));
                return answer;
            }
        };
        let mut answer = self.head(status, &etag, Body::empty());
        let headers = answer.headers_mut();
        set(headers, header::CONTENT_LENGTH, &length.to_string());
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {from}-{}/{}", from + length - 1, self.bytes);
            set(headers, header::CONTENT_RANGE, &range);
        }
        if method != Method::HEAD {
            *answer.body_mut() = Body::from_stream(stream(self.file, from, length));
        }
        answer
    }

    fn head(&self, status: StatusCode, etag: &str, body: Body) -> Response<Body> {
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        set(headers, header::ETAG, etag);
        set(headers, header::CACHE_CONTROL, &format!("private, max-age={}", self.keep_for.as_secs()));
        set(headers, header::CONTENT_DISPOSITION, &disposition(self.inline, &self.name));
        answer
    }
}

/// A small file that is in memory, as an answer.
pub fn whole(bytes: Bytes, media_type: &'static str, name: &str, inline: bool) -> Response<Body> {
    let mut answer = Response::new(Body::from(bytes));
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    set(headers, header::CONTENT_DISPOSITION, &disposition(inline, name));
    answer
}

/// As RFC 6266 has it: a plain name for old readers, the true one beside it (RFC 8187).
pub fn disposition(inline: bool, name: &str) -> String {
    let how = if inline { "inline" } else { "attachment" };
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let whole = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn names(known: &HeaderValue, etag: &str) -> bool {
    known.to_str().is_ok_and(|known| known.split(',').any(|one| matches!(one.trim(), "*") || one.trim() == etag))
}

/// What a Range header asks for. Several ranges at once are answered with the whole, as RFC 9110 14.2 lets us.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    Whole,
    Part { from: u64, length: u64 },
    Nowhere,
}

impl Range {
    fn read(value: &HeaderValue, bytes: u64) -> Range {
        let Some((first, last)) = value
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix("bytes="))
            .filter(|text| !text.contains(','))
            .and_then(|text| text.trim().split_once('-'))
        else {
            return Range::Whole;
        };
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (from, to) = match (first.trim(), number(first), last.trim(), number(last)) {
            ("", _, _, Some(tail)) => (bytes.saturating_sub(tail), bytes),
            (_, Some(from), "", _) => (from, bytes),
            (_, Some(from), _, Some(last)) if from <= last => (from, bytes.min(last.saturating_add(1))),
            _ => return Range::Whole,
        };
        if from >= to { Range::Nowhere } else { Range::Part { from, length: to - from } }
    }
}

/// Reads a part of a file, a piece at a time, as fast as it is taken.
fn stream(file: File, from: u64, length: u64) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    futures_util::stream::try_unfold((file, Some(from), length), |(mut file, seek, left)| async move {
        if let Some(from) = seek.filter(|from| *from > 0) {
            file.seek(SeekFrom::Start(from)).await?;
        }
        if left == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::with_capacity(CHUNK_BYTES.min(usize::try_from(left).unwrap_or(CHUNK_BYTES)));
        let read = (&mut file).take(left.min(CHUNK_BYTES as u64)).read_buf(&mut piece).await?;
        if read == 0 {
            // Shorter than its row says: the reader must not take it for whole.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some((piece.freeze(), (file, None, left - read as u64))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn asked(headers: &[(&str, &str)], method: Method) -> (StatusCode, HeaderMap, Bytes) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789").unwrap();
        let answer = FileAnswer {
            file: File::open(&path).await.unwrap(),
            bytes: 10,
            media_type: "image/png",
            name: "Über \"uns\".png".into(),
            inline: true,
            etag: "abc".into(),
            keep_for: Duration::from_secs(60),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let (head, body) = answer.to(&method, &map).await.into_parts();
        (head.status, head.headers, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn a_file_comes_whole_or_in_the_part_that_was_asked_for() {
        for (range, status, body, told) in [
            ("bytes=2-4", 206, "234", Some("bytes 2-4/10")),
            ("bytes=7-", 206, "789", Some("bytes 7-9/10")),
            ("bytes=-3", 206, "789", Some("bytes 7-9/10")),
            ("bytes=0-999", 206, "0123456789", Some("bytes 0-9/10")),
            ("bytes=10-", 416, "", Some("bytes */10")),
            ("bytes=4-2", 200, "0123456789", None),
            ("bytes=0-1,3-4", 200, "0123456789", None),
            ("lines=1-2", 200, "0123456789", None),
        ] {
            let (got, headers, bytes) = asked(&[("range", range)], Method::GET).await;

            assert_eq!((got.as_u16(), &bytes[..]), (status, body.as_bytes()), "{range}");
            assert_eq!(headers.get("content-range").map(|told| told.to_str().unwrap()), told, "{range}");
        }
        let (status, _, body) = asked(&[("range", "bytes=2-4"), ("if-range", "\"other\"")], Method::GET).await;
        assert_eq!((status.as_u16(), &body[..]), (200, &b"0123456789"[..]), "it changed meanwhile");
    }

    #[tokio::test]
    async fn what_is_known_is_not_sent_again_and_head_sends_nothing() {
        assert_eq!(asked(&[("if-none-match", "\"abc\"")], Method::GET).await.0, StatusCode::NOT_MODIFIED);
        let (status, headers, body) = asked(&[], Method::HEAD).await;
        assert_eq!((status, headers["content-length"].to_str().unwrap(), body.len()), (StatusCode::OK, "10", 0));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(
            disposition(false, "Über \"uns\"\r\n.png"),
            "attachment; filename=\"_ber _uns___.png\"; filename*=UTF-8''%C3%9Cber%20%22uns%22%0D%0A%2Epng"
        );
    }
}
