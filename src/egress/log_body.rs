//! What of a body may stand in the channel log: words, and of a file only its size.

use crate::domain::exchange::KEPT_BYTES_MAX;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Of a body, how much is looked through: more is never kept, and a secret is never cut in half within what is.
const LOOKED_AT_BYTES_MAX: usize = 8 * KEPT_BYTES_MAX;
/// What begins a file that stands in a form (a data URI, RFC 2397), as it is and as forms write it.
const FILE_BEGINS: [&str; 2] = [";base64,", "%3Bbase64%2C"];

/// The body of a call of ours.
pub(super) fn of_call(headers: &HeaderMap, body: &[u8]) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_words = kind.is_empty() || ["json", "form-urlencoded", "xml"].iter().any(|word| kind.contains(word));
    match () {
        () if body.is_empty() => String::new(),
        () if kind.starts_with("multipart/") => up_to_the_file(body),
        () if is_words => without_files(&readable(body)),
        () => format!("({} bytes of {kind})", body.len()),
    }
}

/// The head of any other body as text; what is no text is only counted.
pub(super) fn readable(body: &[u8]) -> String {
    let head = &body[..body.len().min(LOOKED_AT_BYTES_MAX)];
    match std::str::from_utf8(head) {
        Ok(text) if !text.contains('\0') => text.to_owned(),
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(&head[..error.valid_up_to()]).into_owned(),
        _ => format!("({} bytes that are no text)", body.len()),
    }
}

/// The fields of a multipart body and the head of its file, which comes last (see carrier/http.rs).
fn up_to_the_file(body: &[u8]) -> String {
    let head = String::from_utf8_lossy(&body[..body.len().min(KEPT_BYTES_MAX)]);
    let end = head.find("filename=").and_then(|at| Some(at + head[at..].find("\r\n\r\n")?)).unwrap_or(0);
    format!("{}\n\n({} bytes with the file)", &head[..end], body.len())
}

fn without_files(text: &str) -> String {
    let mut left = text;
    let mut out = String::with_capacity(text.len());
    while let Some(at) = FILE_BEGINS.iter().filter_map(|begin| Some(left.find(begin)? + begin.len())).min() {
        let (before, file) = left.split_at(at);
        let is_file = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '%');
        let end = file.find(|c| !is_file(c)).unwrap_or(file.len());
        out.push_str(before);
        out.push_str("(a file)");
        left = &file[end..];
    }
    out.push_str(left);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::http::{Call, FilePart};
    use http::Method;

    #[test]
    fn a_file_is_never_written_down_whatever_carries_it() {
        let call = || Call::new(Method::POST, "https://api.example.com/media").expect("an address");
        let card = b"BEGIN:VCARD secret words END:VCARD";
        let part = FilePart { field: "file", name: "card.vcf", media_type: "text/vcard", bytes: card };
        let multipart = call().multipart(&[("type", "text/vcard")], part).expect("written");
        let form = call().form(&[("media1", "data:text/vcard;base64,QkVHSU4+/w==".into()), ("did", "555".into())]);
        let json = call().json(&serde_json::json!({ "media": "data:image/png;base64,QkVHSU4+/w==", "text": "hello" }));
        let mut raw = call().header(CONTENT_TYPE, "text/vcard").expect("a header").bare();
        *raw.body_mut() = bytes::Bytes::from_static(card);

        let log = |request: &crate::carrier::dialect::Request| of_call(request.headers(), request.body());
        for (request, shown) in [
            (&multipart, "Content-Type: text/vcard"),
            (&form, "%3Bbase64%2C(a file)&did=555"),
            (&json, "\"data:image/png;base64,(a file)\",\"text\":\"hello\""),
            (&raw, "(34 bytes of text/vcard)"),
        ] {
            let log = log(request);
            assert!(log.contains(shown), "{log}");
            assert!(!log.contains("secret words") && !log.contains("QkVHSU4"), "{log}");
        }
        assert_eq!(of_call(&HeaderMap::new(), b"{\"text\":\"hello\"}"), "{\"text\":\"hello\"}");
    }
}
