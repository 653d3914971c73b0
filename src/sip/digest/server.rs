//! The asking side: challenges requests and judges the answers. Two steps, so that the caller can look the user
//! up in between; a user who does not exist costs the same time and gets the same answer as one who does (T24).

use crate::sip::digest::guesses::{Guesses, Patience};
use crate::sip::digest::hash::{Algorithm, Ha1, Protection, Question, response};
use crate::sip::digest::header::{Door, Scheme};
use crate::sip::digest::nonce::{Known, Mint, Network};
use crate::sip::digest::replay::Uses;
use crate::sip::message::address::quote;
use crate::sip::message::{Request, Response, Uri};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use subtle::{Choice, ConstantTimeEq};

/// How we ask.
#[derive(Clone, Debug)]
pub struct Settings {
    pub realm: String,
    /// A phone that comes back with an older nonce gets a new one and tries again.
    pub nonce_life: Duration,
    /// How many nonces in use are remembered, to see a count that comes twice.
    pub nonces_max: usize,
    /// Take answers in the form of RFC 2069, without nonce counts: only for gateways that know no other.
    pub without_qop: bool,
    pub patience: Patience,
}

impl Settings {
    pub fn new(realm: &str) -> Settings {
        Settings {
            realm: realm.to_owned(),
            nonce_life: Duration::from_secs(300),
            nonces_max: 20_000,
            without_qop: false,
            patience: Patience::default(),
        }
    }
}

/// Who may come in. One for the whole daemon; all times are monotonic.
pub struct Authenticator {
    settings: Settings,
    mint: Mint,
    opaque: String,
    /// What the answers of users who do not exist are compared with.
    nobody: Ha1,
    memory: Mutex<Memory>,
}

struct Memory {
    uses: Uses,
    guesses: Guesses,
}

/// An answer to a challenge of ours that is worth checking: look up the user, then have it judged.
#[derive(Debug)]
pub struct Claim {
    user: String,
    network: Network,
    algorithm: Algorithm,
    algorithms: Vec<Algorithm>,
    nonce: String,
    known: Known,
    /// Count as sent, as a number, and the client's nonce; None for RFC 2069.
    counted: Option<(String, u32, String)>,
    method: String,
    uri: String,
    response: String,
}

impl Claim {
    /// Who the sender says it is.
    pub fn user(&self) -> &str {
        &self.user
    }
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It brings no answer to a challenge of ours: the usual first request.
    NotAnswered,
    /// Its nonce is too old, from before the start, or from elsewhere.
    StaleNonce,
    /// Its nonce count was used before, though the password is right.
    Replayed,
    /// Wrong password, or no such user: counted as a guess.
    WrongAnswer,
}

/// The answer to a request that is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Ask (again): the values of the challenge headers.
    Ask { why: Why, challenges: Vec<String> },
    /// The answer cannot be read, or was made for another request.
    Unreadable(&'static str),
    /// Too many wrong answers from there.
    ShutOut { for_s: u64 },
}

/// What an answer is measured by, in SIP and in HTTP.
struct Asked<'a> {
    /// Every header that may hold an answer.
    answers: Vec<&'a str>,
    method: &'a str,
    /// Whether an answer made for this URI was made for the request.
    is_for_it: &'a dyn Fn(&str) -> bool,
}

impl Refusal {
    /// 401 or 407 with challenges, 400 with the reason, or 503 with Retry-After.
    pub fn answer(&self, request: &Request) -> Response {
        match self {
            Refusal::Ask { challenges, .. } => {
                let door = Door::for_request(&request.method);
                challenges.iter().fold(Response::to(request, door.status()), |response, challenge| {
                    response.with(door.challenge_header(), challenge)
                })
            }
            Refusal::Unreadable(why) => {
                Response::to(request, 400).with("Warning", format!("399 depesche {}", quote(why)))
            }
            Refusal::ShutOut { for_s } => Response::to(request, 503).with("Retry-After", for_s.to_string()),
        }
    }
}

const USER_BYTES_MAX: usize = 256;

impl Authenticator {
    pub fn new(settings: Settings) -> Authenticator {
        let uses = Uses::new(settings.nonces_max, settings.nonce_life);
        let guesses = Guesses::new(settings.patience);
        let mint = Mint::new(settings.nonce_life);
        let mut chance = [0; 20];
        getrandom::fill(&mut chance).expect("the system's random source answers");
        let nobody = Ha1::new("", &settings.realm, &hex::encode(&chance[4..]));
        let opaque = hex::encode(&chance[..4]);
        Authenticator { settings, mint, opaque, nobody, memory: Mutex::new(Memory { uses, guesses }) }
    }

    pub fn realm(&self) -> &str {
        &self.settings.realm
    }

    /// Reads the request's answer, if it brings one. `algorithms` are what this sender may use, and is asked for
    /// in this order: MD5 alone unless its setting says otherwise (baresip 1.0 gives up when it sees SHA-256).
    pub fn hear(
        &self,
        request: &Request,
        from: IpAddr,
        algorithms: &[Algorithm],
        now: Duration,
    ) -> Result<Claim, Refusal> {
        // Whichever door it was asked at: some phones answer at the one they registered at.
        let lines = [Door::Server, Door::Proxy].map(|door| request.headers.get_all(door.answer_header()));
        let asked = Asked {
            answers: lines.into_iter().flatten().collect(),
            method: request.method.as_str(),
            is_for_it: &|uri| same_resource(uri, &request.uri),
        };
        self.hear_asked(&asked, from, algorithms, now)
    }

    /// The same of an HTTP request (RFC 7616): its `Authorization` headers, method, and path with query.
    pub fn hear_http(
        &self,
        (answers, method, path): (Vec<&str>, &str, &str),
        from: IpAddr,
        algorithms: &[Algorithm],
        now: Duration,
    ) -> Result<Claim, Refusal> {
        let asked = Asked { answers, method, is_for_it: &|uri| uri == path };
        self.hear_asked(&asked, from, algorithms, now)
    }

    fn hear_asked(
        &self,
        asked: &Asked<'_>,
        from: IpAddr,
        algorithms: &[Algorithm],
        now: Duration,
    ) -> Result<Claim, Refusal> {
        let network = Network::of(from);
        let ask = |why| self.ask(why, network, algorithms, now);
        let Some(answer) = self.answer_in(&asked.answers).map_err(Refusal::Unreadable)? else {
            return Err(ask(Why::NotAnswered));
        };
        let field =
            |name| answer.get(name).ok_or(Refusal::Unreadable("the answer lacks username, nonce, uri or response"));
        let (user, nonce, uri, response) = (field("username")?, field("nonce")?, field("uri")?, field("response")?);
        if user.len() > USER_BYTES_MAX {
            return Err(Refusal::Unreadable("the username is too long"));
        }
        if let Some(left) = self.memory().guesses.shut_out(network, user, now) {
            return Err(shut_out(left));
        }
        let Some(algorithm) = Algorithm::named(answer.get("algorithm")).filter(|named| algorithms.contains(named))
        else {
            return Err(ask(Why::NotAnswered));
        };
        // A nonce that is not ours is stale whatever the password: it is no way to try passwords uncounted,
        // and no way to have a forged source address shut out.
        let Some(known) = self.mint.know(nonce, network, now) else {
            return Err(ask(Why::StaleNonce));
        };
        if !(asked.is_for_it)(uri) {
            return Err(Refusal::Unreadable("the answer was made for another URI"));
        }
        let counted = counted(&answer).map_err(Refusal::Unreadable)?;
        if counted.is_none() && !self.settings.without_qop {
            return Err(ask(Why::NotAnswered));
        }
        Ok(Claim {
            user: user.to_owned(),
            network,
            algorithm,
            algorithms: algorithms.to_vec(),
            nonce: nonce.to_owned(),
            known,
            counted,
            method: asked.method.to_owned(),
            uri: uri.to_owned(),
            response: response.to_ascii_lowercase(),
        })
    }

    /// Judges an answer by what is kept of the user's password; None for a user who does not exist. Returns the user.
    pub fn judge(&self, claim: Claim, ha1: Option<&Ha1>, now: Duration) -> Result<String, Refusal> {
        let right = self.is_right(&claim, ha1);
        let mut memory = self.memory();
        // Asked again: guesses that were under way together all count, and none gets through after the last.
        if let Some(left) = memory.guesses.shut_out(claim.network, &claim.user, now) {
            return Err(shut_out(left));
        }
        let ask = |why| self.ask(why, claim.network, &claim.algorithms, now);
        if !right {
            memory.guesses.wrong(claim.network, &claim.user, now);
            return Err(ask(Why::WrongAnswer));
        }
        if !memory.uses.note(&claim.known, claim.counted.as_ref().map(|(_, count, _)| *count), now) {
            return Err(ask(Why::Replayed));
        }
        memory.guesses.right(claim.network, &claim.user, now);
        Ok(claim.user)
    }

    /// Both steps, for callers who have the passwords at hand.
    pub fn check(
        &self,
        request: &Request,
        from: IpAddr,
        algorithms: &[Algorithm],
        now: Duration,
        look_up: impl FnOnce(&str) -> Option<Ha1>,
    ) -> Result<String, Refusal> {
        let claim = self.hear(request, from, algorithms, now)?;
        let ha1 = look_up(claim.user());
        self.judge(claim, ha1.as_ref(), now)
    }

    fn is_right(&self, claim: &Claim, ha1: Option<&Ha1>) -> bool {
        let known = ha1.and_then(|ha1| ha1.of(claim.algorithm));
        let ha1 = known.or(self.nobody.of(claim.algorithm)).unwrap_or_default();
        let protection = match &claim.counted {
            Some((nc, _, cnonce)) => Protection::Auth { nc, cnonce },
            None => Protection::None,
        };
        let Claim { algorithm, nonce, method, uri, .. } = claim;
        let expected = response(ha1, &Question { algorithm: *algorithm, nonce, protection, method, uri, body: b"" });
        let equal = expected.as_bytes().ct_eq(claim.response.as_bytes());
        (equal & Choice::from(u8::from(known.is_some()))).into()
    }

    fn ask(&self, why: Why, network: Network, algorithms: &[Algorithm], now: Duration) -> Refusal {
        let nonce = self.mint.make(network, now);
        let stale = if matches!(why, Why::StaleNonce | Why::Replayed) { ", stale=true" } else { "" };
        let (realm, opaque) = (quote(&self.settings.realm), &self.opaque);
        let challenge = |algorithm: &Algorithm| {
            let algorithm = algorithm.as_str();
            format!(
                "Digest realm={realm}, nonce=\"{nonce}\", opaque=\"{opaque}\"{stale}, algorithm={algorithm}, qop=\"auth\""
            )
        };
        Refusal::Ask { why, challenges: algorithms.iter().map(challenge).collect() }
    }

    /// The answer for our realm; a request may bring some for others too.
    fn answer_in(&self, lines: &[&str]) -> Result<Option<Scheme>, &'static str> {
        for line in lines {
            let ours = |scheme: &Scheme| scheme.is_digest() && scheme.get("realm") == Some(&self.settings.realm);
            if let Some(scheme) = Scheme::parse_all(line)?.into_iter().find(ours) {
                return Ok(Some(scheme));
            }
        }
        Ok(None)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("nothing under this lock panics")
    }
}

fn shut_out(left: Duration) -> Refusal {
    Refusal::ShutOut { for_s: left.as_secs().max(1) }
}

/// The nonce count and the client's nonce, where the answer has a qop: eight hexadecimal digits (RFC 7616 3.4),
/// not a decimal number, which stacks have got wrong.
fn counted(answer: &Scheme) -> Result<Option<(String, u32, String)>, &'static str> {
    let Some(qop) = answer.get("qop") else { return Ok(None) };
    if !qop.eq_ignore_ascii_case("auth") {
        return Err("the answer has a qop that was not asked for");
    }
    let (Some(nc), Some(cnonce)) = (answer.get("nc"), answer.get("cnonce")) else {
        return Err("the answer lacks nc or cnonce");
    };
    if nc.len() != 8 || !nc.bytes().all(|byte| byte.is_ascii_hexdigit()) || cnonce.is_empty() {
        return Err("nc is not eight hexadecimal digits, or cnonce is empty");
    }
    let count = u32::from_str_radix(nc, 16).map_err(|_| "nc is no number")?;
    Ok(Some((nc.to_owned(), count, cnonce.to_owned())))
}

/// Whether an answer made for `uri` belongs to a request for `requested`: the same scheme, user, host and port.
/// Parameters may differ: phones leave `;transport=` out of the one or the other. Gateways and SIPp name no user, and
/// for host and port the place they send to; the answer is then bound to its method and count alone.
fn same_resource(uri: &str, requested: &Uri) -> bool {
    let Ok(uri) = uri.parse::<Uri>() else { return false };
    if uri.scheme != requested.scheme {
        return false;
    }
    let same_host = uri.host.eq_ignore_ascii_case(&requested.host);
    if uri.user.is_none() && (same_host && uri.port.is_some() || uri.host_ip().is_some()) {
        return true;
    }
    let port = |uri: &Uri| uri.port.filter(|port| *port != 5060);
    same_host && uri.user_decoded() == requested.user_decoded() && port(&uri) == port(requested)
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
