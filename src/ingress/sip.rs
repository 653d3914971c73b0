//! The SIP door: OPTIONS, REGISTER and MESSAGE from phones or from the PBX. Who asks proves who they are; what they
//! may is decided here and in the flows; a 2xx goes out only when it is on disk. One bad request never ends the loop.

use crate::bus::Numbered;
use crate::domain::event::Event;
use crate::domain::id::ExtensionId;
use crate::egress::phones::Phones;
use crate::egress::switchboard::{Switchboard, TrunkLine};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::ingress::directory::{Directory, Entry};
use crate::ingress::remind::Remind;
use crate::ingress::sip_settings::{DoorMode, SipDoorSettings};
use crate::sip::digest::hash::Ha1;
use crate::sip::digest::header::Door;
use crate::sip::digest::server::{Authenticator, Refusal, Why};
use crate::sip::endpoint::{Endpoint, Incoming};
use crate::sip::message::address::quote;
use crate::sip::message::uri::host_ip;
use crate::sip::message::{Method, NameAddr, Request, Response, Scheme, Source, Transport, Uri};
use crate::sip::text::heard::Limits;
use crate::sip::text::read::accept;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What is taken of texts, and where files are not taken.
pub(super) const LIMITS: Limits = Limits { text_bytes_max: 32_768, file_bytes_max: 0 };
/// When a phone may come again if nothing can be stored.
pub(super) const RETRY_AFTER_S: &str = "10";
/// How long requests under way may take once the door shuts.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// How often the PBX's addresses are looked up again.
const LOOK_UP_EVERY: Duration = Duration::from_secs(300);
/// Two REGISTERs of one phone wait for one another; this many of different phones do not.
const TURNS: usize = 64;

/// The SIP door; clones are the same.
#[derive(Clone)]
pub struct SipDoor(Arc<Room>);

/// What every request here needs at hand.
pub(super) struct Room {
    pub desk: Desk,
    pub directory: Directory,
    pub settings: SipDoorSettings,
    pub switchboard: Switchboard,
    /// Where files from phones go; `None`: none are taken.
    pub files: Option<MediaDesk>,
    pub turns: [Mutex<()>; TURNS],
    pub said: Remind<(&'static str, IpAddr)>,
    authenticator: Authenticator,
    /// What the PBX proves itself with.
    pbx_ha1: Option<Ha1>,
}

/// Who sent a request.
pub(super) enum Sender {
    /// An extension that has proved itself.
    Extension(Entry),
    /// The PBX, which speaks for its extensions.
    Pbx,
    /// A SIP trunk or GSM gateway, which speaks for customers.
    Trunk(Arc<TrunkLine>),
}

/// Somebody who did not prove who they are.
pub(super) struct NotProved {
    /// Asks them to, or has them wait.
    pub answer: Response,
    /// The proof was one for a nonce that is gone, as all are after a restart: the request may be an old one.
    pub by_an_old_nonce: bool,
}

impl SipDoor {
    /// A door for these extensions, whose phones may send files where there is a place for them.
    pub fn new(
        desk: Desk,
        directory: Directory,
        switchboard: Switchboard,
        files: Option<MediaDesk>,
        settings: SipDoorSettings,
    ) -> SipDoor {
        let authenticator = Authenticator::new(settings.digest.clone());
        let pbx_ha1 = match &settings.mode {
            DoorMode::Pbx { user, password, .. } if !user.is_empty() && !password.is_empty() => {
                Some(Ha1::new(user, authenticator.realm(), password.expose()))
            }
            _ => None,
        };
        let turns = std::array::from_fn(|_| Mutex::new(()));
        SipDoor(Arc::new(Room {
            desk,
            directory,
            settings,
            switchboard,
            files,
            turns,
            said: Remind::default(),
            authenticator,
            pbx_ha1,
        }))
    }

    /// Answers what comes in until told to stop.
    pub async fn run(self, mut incoming: mpsc::Receiver<Incoming>, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.0.settings.at_once_max));
        let under_way = TaskTracker::new();
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place.expect("these semaphores are never closed"),
                () = stop.cancelled() => break,
            };
            let one = tokio::select! {
                one = incoming.recv() => one,
                () = stop.cancelled() => break,
            };
            let Some(one) = one else { break };
            let room = Arc::clone(&self.0);
            under_way.spawn(async move {
                // Should this panic, the request answers itself with a 500.
                let answer = room.answer(&one.request, &one.source).await;
                one.respond(answer).await;
                drop(place);
            });
        }
        under_way.close();
        tokio::select! {
            () = under_way.wait() => {}
            () = self.0.desk.clock.sleep(DRAIN_WITHIN) => {}
        }
    }
}

/// Keeps the endpoint told which addresses are the PBX's and the trunks': they are not slowed down like strangers.
pub async fn know_our_peers(endpoint: Endpoint, phones: Phones, switchboard: Switchboard, desk: Desk) {
    let mut edits = desk.bus.listen();
    loop {
        let mut known = match phones.pbx() {
            Some(pbx) => pbx.addresses().await,
            None => Vec::new(),
        };
        for line in switchboard.sip_lines() {
            if let (Some(trunks), Some(sip)) = (switchboard.sip(), line.carrier.sip()) {
                known.extend(trunks.addresses(sip).await);
            }
        }
        endpoint.trust(known);
        let look_again = desk.clock.monotonic() + LOOK_UP_EVERY;
        loop {
            tokio::select! {
                () = desk.clock.sleep_until_monotonic(look_again) => break,
                event = edits.recv() => match event {
                    Ok(Numbered { event: Event::TrunkChanged { .. }, .. }) => break,
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return std::future::pending().await,
                },
            }
        }
    }
}

impl Room {
    async fn answer(&self, request: &Request, source: &Source) -> Response {
        let answer = match request.method {
            Method::Options => self.options(request, source),
            Method::Register => self.register(request, source).await,
            Method::Message => self.message(request, source).await,
            Method::Other(_) => Response::to(request, 405).with("Allow", "MESSAGE, OPTIONS, REGISTER"),
        };
        within_bounds(request, source, answer)
    }

    fn options(&self, request: &Request, source: &Source) -> Response {
        if !self.is_ours(&request.uri, source) {
            return warned(request, 404, "this server serves its own domain only");
        }
        Response::to(request, 200)
            .with("Allow", self.methods())
            .with("Accept", accept(&self.limits()))
            .with("Supported", "path")
    }

    /// What is taken from an extension's phone. How large a body may be at all is the endpoint's affair.
    pub fn limits(&self) -> Limits {
        let bytes_max = self.files.as_ref().map_or(0, |files| files.archive.bounds().file_bytes_max);
        Limits { file_bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX), ..LIMITS }
    }

    pub fn methods(&self) -> &'static str {
        match self.settings.mode {
            DoorMode::Registrar => "MESSAGE, OPTIONS, REGISTER",
            DoorMode::Pbx { .. } => "MESSAGE, OPTIONS",
        }
    }

    /// Who sent it, or the answer that asks them to prove it.
    pub fn sender(&self, request: &Request, source: &Source) -> Result<Sender, NotProved> {
        if request.method == Method::Message
            && let Some(line) = self.known_trunk(request, source)
        {
            return Ok(Sender::Trunk(line));
        }
        if let DoorMode::Pbx { trusted, .. } = &self.settings.mode
            && trusted.iter().any(|network| network.contains(source.addr.ip()))
        {
            return Ok(Sender::Pbx);
        }
        let now = self.desk.clock.monotonic();
        let refused = |refusal: Refusal| {
            self.note_refusal(&refusal, source);
            let by_an_old_nonce = matches!(refusal, Refusal::Ask { why: Why::StaleNonce | Why::Replayed, .. });
            NotProved { answer: refusal.answer(request), by_an_old_nonce }
        };
        let claim =
            self.authenticator.hear(request, source.addr.ip(), &self.settings.algorithms, now).map_err(refused)?;
        // A trunk's user that is also an extension's, or the PBX's, must not lock them out.
        let is_ours = match &self.settings.mode {
            DoorMode::Registrar => self.directory.find(claim.user()).is_some(),
            DoorMode::Pbx { user, .. } => claim.user() == user,
        };
        if let Some(line) = self.switchboard.sip_line_of_user(claim.user()).filter(|_| !is_ours) {
            let password = line.carrier.sip().and_then(|sip| sip.inbound_password.as_ref());
            let ha1 = password.map(|password| Ha1::new(claim.user(), self.authenticator.realm(), password.expose()));
            self.authenticator.judge(claim, ha1.as_ref(), now).map_err(refused)?;
            return Ok(Sender::Trunk(line));
        }
        match &self.settings.mode {
            DoorMode::Registrar => {
                let entry = self.directory.find(claim.user());
                self.authenticator.judge(claim, entry.as_ref().map(|entry| &*entry.ha1), now).map_err(refused)?;
                // Whoever was judged right exists: an unknown user is never right.
                let nobody = || NotProved { answer: Response::to(request, 403), by_an_old_nonce: false };
                entry.map(Sender::Extension).ok_or_else(nobody)
            }
            DoorMode::Pbx { user, .. } => {
                let ha1 = self.pbx_ha1.as_ref().filter(|_| claim.user() == user);
                self.authenticator.judge(claim, ha1, now).map_err(refused)?;
                Ok(Sender::Pbx)
            }
        }
    }

    fn note_refusal(&self, refusal: &Refusal, source: &Source) {
        let what = match refusal {
            Refusal::Ask { why: Why::WrongAnswer, .. } => "a wrong user name or password",
            Refusal::ShutOut { .. } => "too many wrong passwords: it has to wait",
            _ => return,
        };
        let from = source.addr.ip();
        if self.said.is_due((what, from), self.desk.clock.monotonic()) {
            tracing::warn!(target: "audit", source = %from, "SIP from {from}: {what}");
        }
    }

    /// Whether a URI names this house (T13): one of its names, or the very address the request came to.
    pub fn is_ours(&self, uri: &Uri, source: &Source) -> bool {
        if uri.scheme == Scheme::Tel {
            return true;
        }
        let host = uri.host.trim_end_matches('.');
        let ip = host_ip(host).map(|ip| ip.to_canonical());
        let named = |domain: &String| {
            domain.trim_end_matches('.').eq_ignore_ascii_case(host) || ip.is_some() && host_ip(domain) == ip
        };
        uri.is_sip() && (self.settings.domains.iter().any(named) || ip.is_some_and(|ip| is_address_towards(ip, source)))
    }

    /// REGISTERs of one extension take turns: each reads what the one before it wrote.
    pub async fn turn(&self, extension: ExtensionId) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn_of(extension.0).await
    }

    /// The same for whatever has this id: that two wait for one another does no harm.
    pub async fn turn_of(&self, id: i64) -> tokio::sync::MutexGuard<'_, ()> {
        let place = usize::try_from(id.unsigned_abs()).unwrap_or(0) % TURNS;
        self.turns[place].lock().await
    }

    /// A flow could not do it: the phone may come again.
    pub fn put_off(&self, request: &Request, error: &FlowError) -> Response {
        if let FlowError::Store(_) = error {
            if self.said.is_due(("put off", IpAddr::from([0, 0, 0, 0])), self.desk.clock.monotonic()) {
                tracing::error!(%error, "SIP requests cannot be stored now: {error}; phones are asked to come again");
            }
            return Response::to(request, 503).with("Retry-After", RETRY_AFTER_S);
        }
        warned(request, 403, &error.to_string())
    }
}

/// Whether `ip` is the address the request came to; on a socket for all addresses, the one we would answer from.
fn is_address_towards(ip: IpAddr, source: &Source) -> bool {
    let local = source.local.ip().to_canonical();
    if !local.is_unspecified() {
        return local == ip;
    }
    let any = if source.addr.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    // Sends nothing: it asks the routing table.
    let probe = UdpSocket::bind((any, 0)).and_then(|probe| probe.connect(source.addr).map(|()| probe));
    probe.and_then(|probe| probe.local_addr()).is_ok_and(|own| own.ip().to_canonical() == ip)
}

/// An answer that says why in plain words (RFC 3261 20.43).
pub(super) fn warned(request: &Request, status: u16, why: &str) -> Response {
    Response::to(request, status).with("Warning", format!("399 depesche {}", quote(why)))
}

/// The user a URI or header names; empty where it names none.
pub(super) fn user_of(address: &NameAddr) -> String {
    address.uri.user_decoded().unwrap_or_default()
}

/// Over UDP a source may be a lie, and an answer to someone who proved nothing must be at most half as large again as
/// what it answers (T23): what is only information is left out, then all challenges but the last, which every phone can
/// answer, then what a challenge can do without. No phone we know sends so little that even this is too much.
fn within_bounds(request: &Request, source: &Source, mut answer: Response) -> Response {
    // These may go to anybody, whatever his request claims; the others only to who has proved himself.
    let to_anybody = request.method == Method::Options || matches!(answer.status, 400 | 401 | 404 | 405 | 407 | 503);
    if source.transport != Transport::Udp || !to_anybody {
        return answer;
    }
    let line = request.method.as_str().len() + request.uri.to_string().len() + " SIP/2.0\r\n\r\n ".len();
    let asked = about_bytes(&request.headers) + line + request.body.len();
    // Vias have grown by received and rport since they were sent; Server and Content-Length are still to come.
    let fits = |answer: &Response| {
        (about_bytes(&answer.headers) + answer.reason.len() + 64) * 2 <= asked.saturating_sub(25) * 3
    };
    for name in ["Accept", "Supported", "Allow", "Warning"] {
        if !fits(&answer) {
            answer.headers.remove(name);
        }
    }
    for shorten in [last_challenge, without_opaque] {
        if !fits(&answer)
            && let Some(challenge) = shorten(&answer)
        {
            answer.headers.set(challenge_header(&answer), challenge);
        }
    }
    if fits(&answer) || !matches!(answer.status, 401 | 407) {
        return answer;
    }
    Response::to(request, 400).with_reason("Too Short To Be Challenged Over UDP")
}

fn challenge_header(answer: &Response) -> &'static str {
    if answer.status == 407 { Door::Proxy.challenge_header() } else { Door::Server.challenge_header() }
}

fn last_challenge(answer: &Response) -> Option<String> {
    answer.headers.get_all(challenge_header(answer)).last().map(str::to_owned)
}

fn without_opaque(answer: &Response) -> Option<String> {
    let challenge = answer.headers.get(challenge_header(answer))?;
    let parts: Vec<&str> = challenge.split(", ").filter(|part| !part.starts_with("opaque=")).collect();
    Some(parts.join(", "))
}

fn about_bytes(headers: &crate::sip::message::Headers) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum()
}
