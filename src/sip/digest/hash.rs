//! The arithmetic of digest (RFC 7616 3.4): algorithms, HA1, and the response.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use std::fmt;

/// What a challenge names. The `-sess` forms are answered where a peer asks for them, never offered by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    Md5,
    Md5Sess,
    Sha256,
    Sha256Sess,
    Sha512_256,
    Sha512_256Sess,
}

impl Algorithm {
    const ALL: [Algorithm; 6] = [
        Algorithm::Md5,
        Algorithm::Md5Sess,
        Algorithm::Sha256,
        Algorithm::Sha256Sess,
        Algorithm::Sha512_256,
        Algorithm::Sha512_256Sess,
    ];

    /// From its name, in any case; a challenge without one means MD5.
    pub fn named(name: Option<&str>) -> Option<Algorithm> {
        let name = name.unwrap_or("MD5");
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Md5Sess => "MD5-sess",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha256Sess => "SHA-256-sess",
            Algorithm::Sha512_256 => "SHA-512-256",
            Algorithm::Sha512_256Sess => "SHA-512-256-sess",
        }
    }

    fn is_session(self) -> bool {
        matches!(self, Algorithm::Md5Sess | Algorithm::Sha256Sess | Algorithm::Sha512_256Sess)
    }

    /// H(data) in hexadecimal.
    fn hash(self, data: &[u8]) -> String {
        match self {
            Algorithm::Md5 | Algorithm::Md5Sess => hex::encode(Md5::digest(data)),
            Algorithm::Sha256 | Algorithm::Sha256Sess => hex::encode(Sha256::digest(data)),
            Algorithm::Sha512_256 | Algorithm::Sha512_256Sess => hex::encode(Sha512_256::digest(data)),
        }
    }
}

/// What a SIP password is kept as: enough to check it for one user in one realm, and as secret as itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    pub md5: String,
    pub sha256: String,
}

impl Ha1 {
    pub fn new(user: &str, realm: &str, password: &str) -> Ha1 {
        Ha1 { md5: ha1(Algorithm::Md5, user, realm, password), sha256: ha1(Algorithm::Sha256, user, realm, password) }
    }

    /// The one an algorithm needs; None where we do not keep it, or where it was never made (empty).
    pub fn of(&self, algorithm: Algorithm) -> Option<&str> {
        let ha1 = match algorithm {
            Algorithm::Md5 => &self.md5,
            Algorithm::Sha256 => &self.sha256,
            _ => return None,
        };
        (!ha1.is_empty()).then_some(ha1.as_str())
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(***)")
    }
}

/// H(user:realm:password).
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> String {
    algorithm.hash(format!("{user}:{realm}:{password}").as_bytes())
}

/// The quality of protection agreed on, with what it brings into the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection<'a> {
    /// RFC 2069: no count, no client nonce.
    None,
    Auth {
        nc: &'a str,
        cnonce: &'a str,
    },
    AuthInt {
        nc: &'a str,
        cnonce: &'a str,
    },
}

/// All that a response depends on beside the password.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub algorithm: Algorithm,
    pub nonce: &'a str,
    pub protection: Protection<'a>,
    pub method: &'a str,
    pub uri: &'a str,
    pub body: &'a [u8],
}

/// The `response` to a question, in hexadecimal.
pub fn response(ha1: &str, question: &Question<'_>) -> String {
    let Question { algorithm, nonce, protection, method, uri, body } = *question;
    let cnonce = match protection {
        Protection::None => "",
        Protection::Auth { cnonce, .. } | Protection::AuthInt { cnonce, .. } => cnonce,
    };
    let session;
    let ha1 = match algorithm.is_session() {
        true => {
            session = algorithm.hash(format!("{ha1}:{nonce}:{cnonce}").as_bytes());
            session.as_str()
        }
        false => ha1,
    };
    let ha2 = match protection {
        Protection::AuthInt { .. } => format!("{method}:{uri}:{}", algorithm.hash(body)),
        _ => format!("{method}:{uri}"),
    };
    let ha2 = algorithm.hash(ha2.as_bytes());
    let data = match protection {
        Protection::None => format!("{ha1}:{nonce}:{ha2}"),
        Protection::Auth { nc, .. } => format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"),
        Protection::AuthInt { nc, .. } => format!("{ha1}:{nonce}:{nc}:{cnonce}:auth-int:{ha2}"),
    };
    algorithm.hash(data.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get<'a>(algorithm: Algorithm, nonce: &'a str, protection: Protection<'a>, uri: &'a str) -> Question<'a> {
        Question { algorithm, nonce, protection, method: "GET", uri, body: b"" }
    }

    #[test]
    fn the_example_of_rfc_2617_comes_out() {
        let ha1 = ha1(Algorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life");
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let auth = Protection::Auth { nc: "00000001", cnonce: "0a4f113b" };

        let with_qop = response(&ha1, &get(Algorithm::Md5, nonce, auth, "/dir/index.html"));
        let without = response(&ha1, &get(Algorithm::Md5, nonce, Protection::None, "/dir/index.html"));

        assert_eq!(with_qop, "6629fae49393a05397450978507c4ef1");
        assert_eq!(without, "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
            let auth = Protection::Auth { nc: "00000001", cnonce };

            assert_eq!(response(&ha1, &get(algorithm, nonce, auth, "/dir/index.html")), expected, "{algorithm:?}");
        }
    }

    /// The value of erratum 4897: the one RFC 7616 3.9.2 prints came from a draft of SHA-512/256.
    #[test]
    fn sha_512_256_is_the_real_one() {
        let ha1 = ha1(Algorithm::Sha512_256, "J\u{e4}s\u{f8}n Doe", "api@example.org", "Secret, or not?");
        let nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK";
        let auth = Protection::Auth { nc: "00000001", cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v" };

        let answer = response(&ha1, &get(Algorithm::Sha512_256, nonce, auth, "/doe.json"));

        assert_eq!(answer, "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    }

    #[test]
    fn the_session_form_hashes_the_nonces_into_ha1() {
        let plain = ha1(Algorithm::Md5, "u", "r", "p");
        let auth = Protection::Auth { nc: "00000001", cnonce: "c" };
        let session = Algorithm::Md5.hash(format!("{plain}:n:c").as_bytes());

        let by_hand = response(&session, &get(Algorithm::Md5, "n", auth, "sip:x"));

        assert_eq!(response(&plain, &get(Algorithm::Md5Sess, "n", auth, "sip:x")), by_hand);
    }

    #[test]
    fn names_are_read_in_any_case_and_none_means_md5() {
        assert_eq!(Algorithm::named(Some("sha-256")), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::named(None), Some(Algorithm::Md5));
        assert_eq!(Algorithm::named(Some("SHA256")), None);
    }

    #[test]
    fn an_ha1_is_not_printed() {
        assert_eq!(format!("{:?}", Ha1::new("1001", "pbx", "secret")), "Ha1(***)");
    }
}
