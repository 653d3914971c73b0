//! Takes secrets out of what is kept about an exchange: known ones wherever they stand and in whatever writing,
//! and unknown ones where secrets usually stand (headers, query and form keys, JSON keys, user info in addresses).

use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What stands where a secret stood.
const BLOT: &str = "***";
/// A "secret" shorter than this would blot out half the text, and guards nothing.
const SECRET_CHARS_MIN: usize = 4;

/// The secrets of a trunk in every writing they may have on the wire: made once, used for every record.
pub struct Blotter {
    /// The longest first, so that no rest of one remains.
    writings: Vec<String>,
}

impl Blotter {
    /// For these secrets.
    pub fn of(secrets: &[String]) -> Blotter {
        Blotter { writings: writings(secrets) }
    }

    /// A text (a head, a body, a whole exchange) without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.write(text, &mut out);
        out
    }

    /// The same, behind what is there already.
    pub fn write(&self, text: &str, out: &mut String) {
        let mut known = Cow::Borrowed(text);
        for written in self.writings.iter().filter(|written| !written.is_empty()) {
            if known.contains(written.as_str()) {
                known = Cow::Owned(known.replace(written.as_str(), BLOT));
            }
        }
        for line in known.split_inclusive('\n') {
            redact_line(line, out);
        }
    }

    /// The value of a header without secrets, behind what is there already.
    pub fn write_header(&self, name: &HeaderName, value: &HeaderValue, out: &mut String) {
        if value.is_sensitive() || guarded_header(name.as_str()) {
            out.push_str(BLOT);
        } else {
            self.write(&String::from_utf8_lossy(value.as_bytes()), out);
        }
    }
}

/// A text without secrets; see [`Blotter`].
pub fn redact(text: &str, secrets: &[String]) -> String {
    Blotter::of(secrets).text(text)
}

/// Headers without secrets; see [`Blotter`].
pub fn redact_headers(headers: &HeaderMap, secrets: &[String]) -> Vec<(String, String)> {
    let blotter = Blotter::of(secrets);
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let mut shown = String::new();
        blotter.write_header(name, value, &mut shown);
        (name.as_str().to_owned(), shown)
    };
    headers.iter().map(shown).collect()
}

/// Every way a secret may be written on the wire, the longest first, so that no rest of one remains.
fn writings(secrets: &[String]) -> Vec<String> {
    let mut all = BTreeSet::new();
    for secret in secrets.iter().filter(|secret| secret.chars().count() >= SECRET_CHARS_MIN) {
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::Value::from(secret.as_str()).to_string();
        all.insert(form.replace('+', "%20"));
        all.insert(lower_escapes(&form));
        all.insert(form);
        all.insert(json.trim_matches('"').to_owned());
        all.insert(secret.clone());
    }
    let mut all: Vec<String> = all.into_iter().collect();
    all.sort_by_key(|written| std::cmp::Reverse(written.len()));
    all
}

/// `%2B` as `%2b`: both are in use.
fn lower_escapes(form: &str) -> String {
    let mut pieces = form.split('%');
    let head = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(head, |so_far, piece| so_far + "%" + &lower_head(piece))
}

fn lower_head(piece: &str) -> String {
    piece.chars().enumerate().map(|(at, c)| if at < 2 { c.to_ascii_lowercase() } else { c }).collect()
}

/// One line: a guarded header loses its value, else the usual places are looked through.
fn redact_line(line: &str, out: &mut String) {
    if let Some((name, _)) = line.split_once(':')
        && guarded_header(name)
    {
        let end = &line[line.trim_end_matches(['\r', '\n']).len()..];
        for piece in [name, ": ", BLOT, end] {
            out.push_str(piece);
        }
    } else if line.contains("://") {
        let mut pairs = String::with_capacity(line.len());
        redact_pairs(line, &mut pairs);
        out.push_str(&redact_user_info(&pairs));
    } else if line.contains(['=', ':']) {
        redact_pairs(line, out);
    } else {
        out.push_str(line);
    }
}

/// Headers whose value is a secret or proves one.
fn guarded_header(name: &str) -> bool {
    let name = name.trim();
    // Most headers are none of these: they are told apart by their first letter.
    if !name.starts_with(['a', 'A', 'c', 'C', 'm', 'M', 'p', 'P', 's', 'S', 't', 'T', 'w', 'W', 'x', 'X']) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let named =
        ["authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate", "x-api-key", "apikey"];
    named.contains(&name.as_str())
        || name.contains("-signature") && !name.contains(' ')
        || (name.starts_with("x-") || name.starts_with("webhook-"))
            && ["signature", "token", "secret", "api-key", "auth"].iter().any(|word| name.contains(word))
            && !name.contains(' ')
}

/// Keys whose value is a secret, in queries, forms and JSON.
fn guarded_key(key: &str) -> bool {
    if key.is_empty() {
        return false;
    }
    let plain = key.chars().filter(char::is_ascii_alphanumeric);
    let key: String = plain.map(|letter| letter.to_ascii_lowercase()).collect();
    matches!(key.as_str(), "key" | "sig" | "pwd" | "pass" | "auth" | "jwt" | "hash")
        || ["password", "passwd", "secret", "token", "apikey", "signature", "authorization", "credential"]
            .iter()
            .any(|word| key.ends_with(word))
}

/// `key=value` and `"key":"value"` with a guarded key.
fn redact_pairs(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, from_joint) = rest.split_at(at);
        let (joint, after) = from_joint.split_at(1);
        out.push_str(before);
        out.push_str(joint);
        rest = after;
        if guarded_key(key_before(before, joint)) {
            rest = skip_value(after, joint, out);
        }
    }
    out.push_str(rest);
}

/// The key that ends right before a `=` or a `:` (quoted there).
fn key_before<'a>(before: &'a str, joint: &str) -> &'a str {
    if joint == ":" {
        let Some(open) = before.trim_end().strip_suffix('"') else { return "" };
        return open.rsplit('"').next().unwrap_or_default();
    }
    before.rsplit(['?', '&', ';', ' ', '"', '\'', ',', '{', '\n']).next().unwrap_or_default()
}

/// Writes the blot for a value at the head of `after` and returns what follows the value.
fn skip_value<'a>(after: &'a str, joint: &str, out: &mut String) -> &'a str {
    let end = if joint == "=" {
        after.find(['&', ';', ' ', '"', '\'', '<', '\r', '\n', ',']).unwrap_or(after.len())
    } else {
        let open = after.find('"').filter(|at| after[..*at].trim().is_empty());
        let Some(open) = open else { return after };
        out.push_str(&after[..=open]);
        let value = &after[open + 1..];
        out.push_str(BLOT);
        return &value[closing_quote(value)..];
    };
    if end > 0 {
        out.push_str(BLOT);
    }
    &after[end..]
}

/// Where a JSON string ends.
fn closing_quote(value: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return at,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    value.len()
}

/// `scheme://user:password@host` as `scheme://***@host`.
fn redact_user_info(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(['/', '?', '#', ' ', '"', '\'', '<', '\r', '\n']).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(host) => {
                out.push_str(BLOT);
                &after[host..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_is_blotted_out_in_every_writing() {
        let secret = "c/an+a ry=\"Ü".to_owned();
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let json = serde_json::json!({ "note": secret }).to_string();
        let text = format!("{secret}\n{form}\n{}\n{}\n{json}", form.replace('+', "%20"), lower_escapes(&form));

        let clean = redact(&text, &[secret]);

        assert_eq!(clean, "***\n***\n***\n***\n{\"note\":\"***\"}");
    }

    #[test]
    fn secrets_nobody_named_are_found_where_secrets_stand() {
        for (dirty, clean) in [
            ("Authorization: Basic QUM6c2VjcmV0\r\nHost: a\r\n", "Authorization: ***\r\nHost: a\r\n"),
            ("cookie: login=abc", "cookie: ***"),
            ("X-Twilio-Signature: abc=\n", "X-Twilio-Signature: ***\n"),
            ("x-signature-256: sha256=ab", "x-signature-256: ***"),
            ("GET /a?to=%2B1&api_key=k1&x=2 HTTP/1.1", "GET /a?to=%2B1&api_key=***&x=2 HTTP/1.1"),
            ("AuthToken=abc&Body=token+of+love", "AuthToken=***&Body=token+of+love"),
            (r#"{"access_token": "a\"b","n":1}"#, r#"{"access_token": "***","n":1}"#),
            ("see https://joe:pw@api.example.com/x", "see https://***@api.example.com/x"),
            ("Body=my+key%3D5&To=1", "Body=my+key%3D5&To=1"),
            (r#"{"text":"the token is here"}"#, r#"{"text":"the token is here"}"#),
        ] {
            assert_eq!(redact(dirty, &[]), clean);
        }
    }

    #[test]
    fn a_sensitive_header_is_never_shown() {
        let mut headers = HeaderMap::new();
        let mut value = http::HeaderValue::from_static("visible");
        value.set_sensitive(true);
        headers.insert("x-odd", value);
        headers.insert("host", http::HeaderValue::from_static("s3cret.example"));

        let shown = redact_headers(&headers, &["s3cret".to_owned()]);

        assert!(shown.contains(&("x-odd".into(), "***".into())));
        assert!(shown.contains(&("host".into(), "***.example".into())));
    }

    #[test]
    fn odd_texts_neither_panic_nor_loop() {
        for odd in ["", "=", ":", "://", "://@", "\"key\":", "\"key\":\"", "key=", "a://b@", "\"token\":\"\\", "é=ü:@"]
        {
            let _ = redact(odd, &["é".repeat(5)]);
        }
    }
}
