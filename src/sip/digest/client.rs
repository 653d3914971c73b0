//! The answering side: to a PBX or a SIP trunk that asks who we are. Takes the strongest challenge it can answer,
//! answers later requests without being asked, and knows a wrong password from a nonce that grew old.

use crate::domain::secret::Secret;
use crate::sip::digest::hash::{Algorithm, Protection, Question, ha1, response};
use crate::sip::digest::header::{Door, Scheme};
use crate::sip::message::address::quote;
use crate::sip::message::{Request, Response, random_token};

/// What we show when asked.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: String,
    pub password: Secret,
}

/// One peer's challenges and our answers. One for each account at each peer.
#[derive(Debug)]
pub struct Client {
    credentials: Credentials,
    answering: Option<Answering>,
    stale_in_a_row: u32,
}

/// Why there is no use in trying again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GaveUp {
    #[error(
        "it answered {0} without a challenge we can answer (digest with MD5, SHA-256 or SHA-512-256); see its settings"
    )]
    NothingToAnswer(u16),
    #[error("it refused the user name or the password for realm {realm:?}; check both")]
    WrongPassword { realm: String },
    #[error("it called each of our answers stale; its nonces end before they arrive")]
    AlwaysStale,
}

#[derive(Debug)]
struct Answering {
    door: Door,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As the challenge wrote it; left out of the answer where the challenge left it out.
    named: Option<String>,
    algorithm: Algorithm,
    quality: Quality,
    cnonce: String,
    /// How many answers were given to this nonce.
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quality {
    None,
    Auth,
    AuthInt,
}

const STALE_MAX: u32 = 3;

impl Client {
    pub fn new(credentials: Credentials) -> Client {
        Client { credentials, answering: None, stale_in_a_row: 0 }
    }

    /// Takes in a 401 or 407. Ok: authorize the request and send it again, with the next CSeq.
    pub fn challenged(&mut self, response: &Response) -> Result<(), GaveUp> {
        let door = if response.status == 407 { Door::Proxy } else { Door::Server };
        let challenges = response.headers.get_all(door.challenge_header());
        let schemes = challenges.filter_map(|line| Scheme::parse_all(line).ok()).flatten();
        let best = schemes.filter_map(|scheme| Answering::to(door, &scheme)).max_by_key(|(new, _)| new.algorithm);
        let (new, stale) = best.ok_or(GaveUp::NothingToAnswer(response.status))?;
        let before = self.answering.take();
        let refused = before.filter(|old| old.count == 1 && old.door == door && old.realm == new.realm);
        match (refused, stale) {
            // The first answer to a fresh nonce was refused, and not for the nonce: trying again helps nobody.
            (Some(old), false) => return Err(GaveUp::WrongPassword { realm: old.realm }),
            (Some(_), true) if self.stale_in_a_row == STALE_MAX => return Err(GaveUp::AlwaysStale),
            (Some(_), true) => self.stale_in_a_row += 1,
            // An older nonce that serves no more, said or unsaid.
            (None, _) => self.stale_in_a_row = 0,
        }
        self.answering = Some(new);
        Ok(())
    }

    /// Puts our answer into a request; does nothing before the first challenge.
    pub fn authorize(&mut self, request: &mut Request) {
        let Some(answering) = &mut self.answering else { return };
        answering.count = answering.count.saturating_add(1);
        let value = answering.answer(&self.credentials, request);
        request.headers.set(answering.door.answer_header(), value);
    }
}

impl Answering {
    /// Makes ready to answer a challenge; also says whether it is there only because the last nonce was stale.
    fn to(door: Door, challenge: &Scheme) -> Option<(Answering, bool)> {
        let named = challenge.get("algorithm").map(str::to_owned);
        let algorithm = Algorithm::named(named.as_deref()).filter(|_| challenge.is_digest())?;
        let quality = match challenge.get("qop") {
            None => Quality::None,
            Some(offer) => {
                let offers = |word: &str| offer.split(',').any(|quality| quality.trim().eq_ignore_ascii_case(word));
                let integrity = offers("auth-int").then_some(Quality::AuthInt);
                if offers("auth") { Some(Quality::Auth) } else { integrity }?
            }
        };
        let answering = Answering {
            door,
            realm: challenge.get("realm")?.to_owned(),
            nonce: challenge.get("nonce")?.to_owned(),
            opaque: challenge.get("opaque").map(str::to_owned),
            named,
            algorithm,
            quality,
            cnonce: random_token(),
            count: 0,
        };
        Some((answering, challenge.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"))))
    }

    fn answer(&self, credentials: &Credentials, request: &Request) -> String {
        let (nc, cnonce) = (format!("{:08x}", self.count), self.cnonce.as_str());
        let (uri, user) = (request.uri.to_string(), &credentials.user);
        let (protection, qop) = match self.quality {
            Quality::None => (Protection::None, None),
            Quality::Auth => (Protection::Auth { nc: &nc, cnonce }, Some("auth")),
            Quality::AuthInt => (Protection::AuthInt { nc: &nc, cnonce }, Some("auth-int")),
        };
        let ha1 = ha1(self.algorithm, user, &self.realm, credentials.password.expose());
        let question = Question {
            algorithm: self.algorithm,
            nonce: &self.nonce,
            protection,
            method: request.method.as_str(),
            uri: &uri,
            body: &request.body,
        };
        let response = response(&ha1, &question);
        let (user, realm, nonce, uri) = (quote(user), quote(&self.realm), quote(&self.nonce), quote(&uri));
        let mut value =
            format!("Digest username={user}, realm={realm}, nonce={nonce}, uri={uri}, response=\"{response}\"");
        if let Some(named) = &self.named {
            value.push_str(&format!(", algorithm={named}"));
        }
        if let Some(qop) = qop {
            value.push_str(&format!(", qop={qop}, nc={nc}, cnonce={}", quote(cnonce)));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque={}", quote(opaque)));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Method, Uri};

    fn client() -> Client {
        Client::new(Credentials { user: "1001".into(), password: Secret::new("secret") })
    }

    fn request() -> Request {
        Request::new(Method::Register, Uri::sip("", "pbx.example.com", None))
    }

    fn challenge(status: u16, lines: &[&str]) -> Response {
        let door = if status == 407 { Door::Proxy } else { Door::Server };
        lines
            .iter()
            .fold(Response::to(&request(), status), |response, line| response.with(door.challenge_header(), *line))
    }

    fn answer(client: &mut Client, header: &str) -> Scheme {
        let mut request = request();
        client.authorize(&mut request);
        Scheme::parse_all(request.headers.get(header).expect("an answer")).expect("well-formed").remove(0)
    }

    #[test]
    fn the_strongest_challenge_is_answered_and_its_words_come_back() {
        let mut client = client();
        let lines = [
            "Digest realm=\"a\", nonce=\"1\", qop=\"auth\"",
            "Digest realm=\"a \\\"b\\\"\", nonce=\"2\", algorithm=SHA-256, opaque=\"o\", qop=\"auth-int, auth\"",
            "Digest realm=\"a\", nonce=\"3\", algorithm=WHIRLPOOL, qop=\"auth\"",
            "Basic realm=\"a\"",
        ];

        client.challenged(&challenge(407, &lines)).expect("there is one to answer");
        let answer = answer(&mut client, "Proxy-Authorization");

        assert_eq!(
            (answer.get("nonce"), answer.get("algorithm"), answer.get("qop")),
            (Some("2"), Some("SHA-256"), Some("auth"))
        );
        assert_eq!(
            (answer.get("realm"), answer.get("opaque"), answer.get("nc")),
            (Some("a \"b\""), Some("o"), Some("00000001"))
        );
        assert_eq!(answer.get("uri"), Some("sip:pbx.example.com"));
    }

    #[test]
    fn counts_go_up_in_hexadecimal() {
        let mut client = client();
        client.challenged(&challenge(401, &["Digest realm=\"a\", nonce=\"1\", qop=\"auth\""])).expect("answerable");

        let counts: Vec<_> =
            (0..11).map(|_| answer(&mut client, "Authorization").get("nc").expect("a count").to_owned()).collect();

        assert_eq!((counts[1].as_str(), counts[10].as_str()), ("00000002", "0000000b"));
    }

    #[test]
    fn a_challenge_without_qop_is_answered_without_counts() {
        let mut client = client();
        client.challenged(&challenge(401, &["Digest realm=\"a\", nonce=\"1\""])).expect("answerable");

        let answer = answer(&mut client, "Authorization");

        assert_eq!((answer.get("qop"), answer.get("nc"), answer.get("algorithm")), (None, None, None));
        let ha1 = ha1(Algorithm::Md5, "1001", "a", "secret");
        let question = Question {
            algorithm: Algorithm::Md5,
            nonce: "1",
            protection: Protection::None,
            method: "REGISTER",
            uri: "sip:pbx.example.com",
            body: b"",
        };
        assert_eq!(answer.get("response"), Some(response(&ha1, &question).as_str()));
    }

    #[test]
    fn a_wrong_password_is_told_from_an_old_nonce() {
        let fresh = |nonce: &str, stale: &str| {
            challenge(401, &[&format!("Digest realm=\"a\", nonce=\"{nonce}\", qop=\"auth\"{stale}")])
        };
        let mut client = client();
        client.challenged(&fresh("1", "")).expect("the first");
        answer(&mut client, "Authorization");
        client.challenged(&fresh("2", ", stale=TRUE")).expect("the nonce was old");
        answer(&mut client, "Authorization");
        answer(&mut client, "Authorization");
        client.challenged(&fresh("3", "")).expect("a nonce that served before grew old, unsaid");
        answer(&mut client, "Authorization");

        let end = client.challenged(&fresh("4", ""));

        assert_eq!(end, Err(GaveUp::WrongPassword { realm: "a".into() }));
        client.challenged(&fresh("5", "")).expect("later, anew");
    }

    #[test]
    fn a_peer_that_calls_all_stale_is_given_up() {
        let mut client = client();
        let stale = challenge(401, &["Digest realm=\"a\", nonce=\"1\", stale=true"]);

        let tries = (0..10).take_while(|_| {
            let taken = client.challenged(&stale).is_ok();
            client.authorize(&mut request());
            taken
        });

        assert_eq!(tries.count(), 4);
    }

    #[test]
    fn what_cannot_be_answered_is_said() {
        for lines in [
            &[][..],
            &["Basic realm=\"a\""],
            &["Digest realm=\"a\""],
            &["Digest realm=\"a\", nonce=\"1\", qop=\"x\""],
            &["\""],
        ] {
            assert_eq!(client().challenged(&challenge(401, lines)), Err(GaveUp::NothingToAnswer(401)), "{lines:?}");
        }
    }

    #[test]
    fn the_password_is_not_printed() {
        assert!(!format!("{:?}", client()).contains("secret"));
    }
}
