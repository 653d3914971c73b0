//! Texts over SIP trunks and GSM gateways: a MESSAGE to a server of theirs, or to where a gateway registered here.
//! What was certainly not taken is refused; what may have been taken is unknown, never guessed.

use crate::carrier::dialect::{Known, OutboundMessage, Question};
use crate::carrier::sip_trunk::{SipTransport, SipTrunk, Verdict, verdict};
use crate::clock::Clock;
use crate::domain::delivery::SendError;
use crate::domain::exchange::Exchange;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::egress::channel_log::{self, Span};
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::phone_way::{Failed, Letter, Way, with_password};
use crate::egress::registration::{Account, Registration, keep_registered};
use crate::egress::switchboard::TrunkLine;
use crate::sip::digest::client::Credentials;
use crate::sip::endpoint::{Endpoint, LongOverUdp, SendFailure};
use crate::sip::message::{Hop, Method, NameAddr, Response, Transport, Uri, random_token};
use crate::sip::registrar::binding::Binding;
use crate::sip::resolve::{Resolver, literal};
use crate::sip::text::write;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// How often it is looked which trunks want a registration.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a gateway has to answer whether it is there.
const PING_WITHIN: Duration = Duration::from_secs(5);
/// Places one message may be tried at.
const HOPS_MAX: usize = 16;

/// All SIP trunks' way out; clones are the same.
#[derive(Clone)]
pub struct SipTrunks(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    /// Made when the first name is looked up: most houses have no trunk with a name, and it is not small.
    resolver: OnceLock<Result<Resolver, String>>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    registrations: HashMap<TrunkId, Registration>,
    /// Where gateways that register here are.
    bindings: HashMap<TrunkId, Vec<Binding>>,
}

/// The user of our Contact at a trunk we register at: who calls it must have it from there. It stays the same over
/// restarts, so that what was registered before one still leads here.
pub fn contact_user(webhook_key: &str) -> String {
    let digest = Sha256::digest(format!("sip contact {webhook_key}"));
    format!("d{}", hex::encode(&digest[..12]))
}

impl SipTrunks {
    /// Over this endpoint.
    pub fn new(endpoint: Endpoint, clock: Clock) -> SipTrunks {
        SipTrunks(Arc::new(Inner { endpoint, resolver: OnceLock::new(), clock, state: Mutex::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nothing panics under this lock")
    }

    /// From now on a gateway that registers here is at these places.
    pub fn set_bindings(&self, trunk: TrunkId, bindings: Vec<Binding>) {
        self.state().bindings.insert(trunk, bindings);
    }

    /// How our registration at a trunk stands.
    pub fn registration(&self, trunk: TrunkId) -> Registration {
        self.state().registrations.get(&trunk).cloned().unwrap_or(Registration::NotWanted)
    }

    /// Hands a message over, part by part.
    pub(super) async fn send(
        &self,
        line: &TrunkLine,
        sip: &SipTrunk,
        message: &OutboundMessage,
        about: MessageId,
    ) -> Tried {
        let refused = |error| Tried { outcome: Outcome::Refused(error), exchanges: Vec::new() };
        let outgoing = match sip.outgoing(message) {
            Ok(outgoing) => outgoing,
            Err(error) => return refused(error),
        };
        let way = match self.way(line, sip, &outgoing.to_user).await {
            Ok(way) => way,
            Err(why) => return refused(SendError::Unreachable { why }),
        };
        let count = outgoing.parts.len();
        let mut exchanges = Vec::new();
        for (at, part) in outgoing.parts.iter().enumerate() {
            let Some((content_type, body)) = write::text(part) else {
                return refused(SendError::Rejected { reason: Reason::of(ReasonCode::TextEmpty) });
            };
            // The last part has the message's own reference, so that its receipt speaks for all.
            let last = at + 1 == count;
            let letter = Letter {
                method: Method::Message,
                from: NameAddr::new(Uri::sip(&outgoing.from_user, &sip.domain, None)),
                to: NameAddr::new(way.uri.clone()),
                call_id: if last { message.reference.clone() } else { format!("{}-p{}", message.reference, at + 1) },
                cseq: 1,
                headers: Vec::new(),
                content_type,
                body,
            };
            let (end, said) = self.carry(line.id, &way, &letter, Some(about)).await;
            exchanges.extend(said);
            let outcome = match end {
                Verdict::Taken => continue,
                Verdict::Refused(error) if at == 0 => Outcome::Refused(error),
                Verdict::Refused(error) => {
                    let why = format!("{at} of {count} parts were taken, then: {}", error.reason().code.english());
                    Outcome::Unknown { why }
                }
                Verdict::Unknown(why) => Outcome::Unknown { why },
            };
            return Tried { outcome, exchanges };
        }
        let segments = if sip.one_sms_each { u32::try_from(count).ok() } else { None };
        Tried {
            outcome: Outcome::Taken { carrier_id: Some(message.reference.clone()), segments, parts: Vec::new() },
            exchanges,
        }
    }

    /// One MESSAGE at the first place that answers; the next only where the one before certainly did not take it.
    async fn carry(
        &self,
        trunk: TrunkId,
        way: &Way,
        letter: &Letter,
        about: Option<MessageId>,
    ) -> (Verdict, Vec<Exchange>) {
        let mut exchanges = Vec::new();
        let mut end = Verdict::Refused(SendError::Unreachable { why: "no place to send to is known".into() });
        for hop in &way.hops {
            let clock = &self.0.clock;
            let (at, begun) = (clock.now(), clock.monotonic());
            let (request, result) =
                with_password(&self.0.endpoint, way, letter, hop, LongOverUdp::IfTcpIsRefused).await;
            let span = Span { at, took: clock.monotonic().saturating_sub(begun) };
            let said = result.as_ref().map_err(|failed| failed.status());
            let mut exchange = channel_log::sip_trunk(trunk, about, span, &request, said);
            let go_on;
            (end, go_on) = meaning(&result);
            exchange.outcome = format!("over {hop}: {}", in_a_few_words(&end));
            exchanges.push(exchange);
            if !go_on {
                break;
            }
        }
        (end, exchanges)
    }

    /// The way to a number over this trunk, or why there is none now.
    async fn way(&self, line: &TrunkLine, sip: &SipTrunk, to_user: &str) -> Result<Way, String> {
        let credentials = credentials(sip);
        let mut uri = Uri::sip(to_user, &sip.domain, None);
        if sip.user_phone {
            uri.params.set("user", "phone");
        }
        if !sip.servers.is_empty() {
            let hops = self.hops(sip).await?;
            return Ok(Way {
                uri,
                route: Vec::new(),
                hops,
                credentials,
                fails_over: true,
                trunk_secret: None,
                takes_files: None,
            });
        }
        let now = self.0.clock.now();
        let bindings = self.state().bindings.get(&line.id).cloned().unwrap_or_default();
        let live = bindings.into_iter().rfind(|binding| !binding.is_expired(now));
        let binding = live.ok_or("the gateway is not registered here: check its user, password and server there")?;
        // Its own address, with the number as the user: the gateway dials what the request names.
        if let Some(contact) = binding.request_uri() {
            uri.host = contact.host;
            uri.port = contact.port;
        }
        let route = binding.path.iter().map(|uri| format!("<{uri}>")).collect();
        Ok(Way {
            uri,
            route,
            hops: binding.hops(),
            credentials,
            fails_over: true,
            trunk_secret: None,
            takes_files: None,
        })
    }

    /// Every place its servers are at now.
    async fn hops(&self, sip: &SipTrunk) -> Result<Vec<Hop>, String> {
        let (mut hops, mut why) = (Vec::new(), String::new());
        for (host, port) in &sip.servers {
            let mut uri = Uri::sip("", host, *port);
            uri.params.set("transport", transport(sip.transport).as_str());
            match self.resolve(&uri).await {
                Ok(found) => hops.extend(found),
                Err(error) => why = error,
            }
        }
        hops.truncate(HOPS_MAX);
        if hops.is_empty() { Err(format!("the gateway cannot be found: {why}")) } else { Ok(hops) }
    }

    async fn resolve(&self, uri: &Uri) -> Result<Vec<Hop>, String> {
        if let Some(hop) = literal(uri).map_err(|error| error.to_string())? {
            return Ok(vec![hop]);
        }
        let resolver = self.0.resolver.get_or_init(Resolver::system).as_ref().map_err(String::clone)?;
        resolver.resolve(uri).await.map_err(|error| error.to_string())
    }

    /// The addresses of a trunk's servers: they are not slowed down like strangers.
    pub async fn addresses(&self, sip: &SipTrunk) -> Vec<IpAddr> {
        self.hops(sip).await.map(|hops| hops.iter().map(|hop| hop.addr.ip()).collect()).unwrap_or_default()
    }

    /// What a SIP trunk can be asked: whether it knows us.
    pub(super) async fn ask(
        &self,
        line: &TrunkLine,
        sip: &SipTrunk,
        question: &Question,
    ) -> (Option<Result<Known, SendError>>, Vec<Exchange>) {
        if !matches!(question, Question::Credentials) {
            return (None, Vec::new());
        }
        if sip.register {
            return (Some(self.registered(line, sip)), Vec::new());
        }
        let way = match self.way(line, sip, "").await {
            Ok(way) => way,
            Err(why) => return (Some(Err(SendError::Unreachable { why })), Vec::new()),
        };
        if sip.servers.is_empty() {
            // It proved itself when it registered; not every gateway answers OPTIONS.
            return (Some(Ok(Known::CredentialsGood("The gateway is registered here.".into()))), Vec::new());
        }
        let us = NameAddr::new(Uri::sip(&sip.user, &sip.domain, None));
        let letter = Letter {
            method: Method::Options,
            from: us,
            to: NameAddr::new(way.uri.clone()),
            call_id: random_token() + &random_token(),
            cseq: 1,
            headers: vec![("Accept", "text/plain".to_owned())],
            content_type: "",
            body: Bytes::new(),
        };
        let (known, exchanges) = tokio::select! {
            (_, exchanges) = self.carry(line.id, &way, &letter, None) => (there(&exchanges), exchanges),
            () = self.0.clock.sleep(PING_WITHIN) => {
                let why = format!("the gateway did not answer within {} s", PING_WITHIN.as_secs());
                (Err(SendError::Unreachable { why }), Vec::new())
            }
        };
        (Some(known), exchanges)
    }

    fn registered(&self, line: &TrunkLine, sip: &SipTrunk) -> Result<Known, SendError> {
        match self.registration(line.id) {
            Registration::Registered => {
                Ok(Known::CredentialsGood(format!("Registered at {} as {}.", sip.domain, sip.user)))
            }
            Registration::Failed(why) => {
                Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).saying(&why) })
            }
            Registration::Trying | Registration::NotWanted => {
                Err(SendError::Unreachable { why: "the registration is under way: test again in a few seconds".into() })
            }
        }
    }

    /// Keeps us registered where trunks want it, for as long as it is polled; `lines` gives the trunks as they are now.
    pub async fn stay_registered(&self, lines: impl Fn() -> Vec<Arc<TrunkLine>>) {
        let mut kept: HashMap<TrunkId, (Arc<TrunkLine>, AbortOnDropHandle<()>)> = HashMap::new();
        loop {
            let wanted: Vec<_> =
                lines().into_iter().filter(|line| line.carrier.sip().is_some_and(|sip| sip.register)).collect();
            kept.retain(|_, (line, _)| wanted.iter().any(|one| Arc::ptr_eq(one, line)));
            self.state().registrations.retain(|id, _| kept.contains_key(id));
            for line in wanted {
                kept.entry(line.id).or_insert_with(|| {
                    self.state().registrations.insert(line.id, Registration::Trying);
                    let task = tokio::spawn(keep(self.clone(), Arc::clone(&line)));
                    (line, AbortOnDropHandle::new(task))
                });
            }
            self.0.clock.sleep(LOOK_EVERY).await;
        }
    }

    fn stands(&self, line: &TrunkLine, new: Registration) {
        let mut state = self.state();
        let now = state.registrations.entry(line.id).or_insert(Registration::Trying);
        if *now == new {
            return;
        }
        match &new {
            Registration::Registered => tracing::info!(trunk.id = %line.id, "Registered at trunk {}", line.id),
            Registration::Failed(why) => {
                tracing::warn!(trunk.id = %line.id, "Not registered at trunk {}: {why}; it is tried again", line.id);
            }
            Registration::NotWanted | Registration::Trying => {}
        }
        *now = new;
    }
}

async fn keep(trunks: SipTrunks, line: Arc<TrunkLine>) {
    let Some((sip, credentials)) = line.carrier.sip().and_then(|sip| Some((sip, credentials(sip)?))) else { return };
    let account = Account {
        credentials,
        domain: sip.domain.clone(),
        contact_user: line.contact_user.clone(),
        expires: sip.register_for,
    };
    let Inner { endpoint, clock, .. } = &*trunks.0;
    keep_registered(endpoint, clock, account, || trunks.hops(sip), |new| trunks.stands(&line, new)).await;
}

fn credentials(sip: &SipTrunk) -> Option<Credentials> {
    sip.password.clone().map(|password| Credentials { user: sip.user.clone(), password })
}

fn transport(wanted: SipTransport) -> Transport {
    match wanted {
        SipTransport::Udp => Transport::Udp,
        SipTransport::Tcp => Transport::Tcp,
        SipTransport::Tls => Transport::Tls,
    }
}

/// What an answer or its absence means, and whether the next place may be tried without the text arriving twice.
fn meaning(result: &Result<Response, Failed>) -> (Verdict, bool) {
    match result {
        Ok(response) => {
            let said = response.headers.get("Warning").unwrap_or(&response.reason);
            let wait = response.headers.number("Retry-After").ok().flatten();
            let wait = wait.map(|seconds| Duration::from_secs(u64::from(seconds.min(3600))));
            (verdict(response.status, said, wait), response.status == 503)
        }
        Err(Failed::Password(why)) => {
            let reason = Reason::of(ReasonCode::CredentialsRefused).coded("401").saying(why);
            (Verdict::Refused(SendError::Misconfigured { reason }), false)
        }
        Err(Failed::Sip(failure @ (SendFailure::TimedOut | SendFailure::ConnectionLost))) => {
            (Verdict::Unknown(failure.to_string()), false)
        }
        Err(Failed::Sip(SendFailure::TooLongForUdp)) => {
            (Verdict::Refused(SendError::Rejected { reason: Reason::of(ReasonCode::TextTooLong) }), true)
        }
        Err(Failed::Sip(failure)) => (Verdict::Refused(SendError::Unreachable { why: failure.to_string() }), true),
    }
}

/// Whether somebody answered: any answer shows that it is there, and a refused password that it does not know us.
fn there(exchanges: &[Exchange]) -> Result<Known, SendError> {
    let status = exchanges.last().map_or("not sent", |last| last.status.as_str());
    match status.parse::<u16>() {
        Ok(401 | 403 | 407) => {
            Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).coded(status) })
        }
        Ok(_) => Ok(Known::CredentialsGood(format!("The gateway answers ({status})."))),
        Err(_) => Err(SendError::Unreachable { why: format!("the gateway did not answer: {status}") }),
    }
}

fn in_a_few_words(end: &Verdict) -> String {
    match end {
        Verdict::Taken => "taken".into(),
        Verdict::Refused(error) => error.reason().code.english().into(),
        Verdict::Unknown(why) => format!("{why}: it may have been taken"),
    }
}
