//! As much SIP as phones under load need: headers out of a message, the answer to it, and digest (RFC 2617, MD5).

use md5::{Digest, Md5};

/// Who a phone is.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: String,
    pub password: Option<String>,
}

/// What a server asked, to be answered again and again with a growing count.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// `Authorization` or `Proxy-Authorization`.
    header: &'static str,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    count: u32,
}

impl Challenge {
    /// The challenge in a 401 or 407.
    pub fn of(response: &str) -> Option<Challenge> {
        let (value, header) = match header(response, "WWW-Authenticate") {
            Some(value) => (value, "Authorization"),
            None => (header(response, "Proxy-Authenticate")?, "Proxy-Authorization"),
        };
        let quoted = |name: &str| {
            let (_, rest) = value.split_once(&format!("{name}=\""))?;
            rest.split('"').next().map(str::to_owned)
        };
        Some(Challenge { header, realm: quoted("realm")?, nonce: quoted("nonce")?, opaque: quoted("opaque"), count: 0 })
    }

    /// The header line that answers it.
    pub fn answer(&mut self, account: &Account, method: &str, uri: &str) -> String {
        self.count += 1;
        let (user, realm, nonce, nc) = (&account.user, &self.realm, &self.nonce, format!("{:08x}", self.count));
        let password = account.password.as_deref().unwrap_or_default();
        let cnonce = "0a4f113b";
        let ha1 = md5_hex(&format!("{user}:{realm}:{password}"));
        let ha2 = md5_hex(&format!("{method}:{uri}"));
        let response = md5_hex(&format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"));
        let opaque = self.opaque.as_ref().map(|opaque| format!(", opaque=\"{opaque}\"")).unwrap_or_default();
        format!(
            "{}: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm=MD5, qop=auth, nc={nc}, cnonce=\"{cnonce}\"{opaque}\r\n",
            self.header
        )
    }
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

/// The value of the first header of this name; full names only, as both servers write them.
pub fn header<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    let head = message.split("\r\n\r\n").next()?;
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim_end().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The status of a response.
pub fn status(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// A plain 200 to a request.
pub fn ok_to(request: &str) -> String {
    let mut answer = String::with_capacity(512);
    answer.push_str("SIP/2.0 200 OK\r\n");
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    for line in head.split("\r\n").skip(1) {
        let Some((name, _)) = line.split_once(':') else { continue };
        let copied = ["Via", "From", "To", "Call-ID", "CSeq"].iter().any(|copied| name.eq_ignore_ascii_case(copied));
        if copied {
            answer.push_str(line);
            if name.eq_ignore_ascii_case("To") && !line.contains(";tag=") {
                answer.push_str(";tag=phone");
            }
            answer.push_str("\r\n");
        }
    }
    answer.push_str("Content-Length: 0\r\n\r\n");
    answer
}
