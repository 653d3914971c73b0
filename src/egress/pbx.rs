//! The PBX as our peer: the way through it to its extensions, and our own registration there where it wants one.
//! A PBX may have several addresses; one that keeps silent goes to the end of the line for a while.

use crate::clock::Clock;
use crate::config::sip::{Pbx, PbxAddress, PbxTransport};
use crate::domain::exchange::Exchange;
use crate::domain::id::ExtensionId;
use crate::egress::phone_way::{About, Letter, Way, carry};
use crate::sip::digest::bounded::Bounded;
use crate::sip::digest::client::{Client, Credentials};
use crate::sip::endpoint::Endpoint;
use crate::sip::message::uri::ip_host;
use crate::sip::message::{Contacts, Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use crate::sip::resolve::Resolver;
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::Duration;

/// How long an address that did not answer is tried last.
const SILENT_FOR: Duration = Duration::from_secs(60);
const ADDRESSES_MAX: usize = 64;
/// How long an address of the PBX has to answer whether it is there.
const KNOCK_WITHIN: Duration = Duration::from_secs(4);
const BACKOFF_FIRST: Duration = Duration::from_secs(2);
const BACKOFF_MAX: Duration = Duration::from_secs(120);
/// Requests one registration may take: a look at our own address, two challenges, a longer interval.
const TURNS_MAX: u32 = 6;

/// The PBX.
pub struct PbxPeer {
    settings: Pbx,
    resolver: Resolver,
    endpoint: Endpoint,
    clock: Clock,
    domain: String,
    silent: Mutex<Bounded<SocketAddr, Duration>>,
    registration: Mutex<Registration>,
}

/// How our registration at the PBX stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The PBX knows us by address.
    NotWanted,
    /// Not yet.
    Trying,
    /// We are registered.
    Registered,
    /// It does not work; tried again and again.
    Failed(String),
}

/// What a conversation of REGISTERs knows: the password's state, the number it is at, where we are seen from.
struct Standing {
    call_id: String,
    cseq: u32,
    client: Client,
    expires_s: u32,
    contact: Option<(Hop, Uri)>,
}

impl PbxPeer {
    pub(super) fn new(settings: Pbx, resolver: Resolver, endpoint: Endpoint, clock: Clock) -> PbxPeer {
        let first = settings.addresses.first().map(|address| uri_host(&address.host));
        let domain = settings.domain.clone().or(first).unwrap_or_else(|| "localhost".to_owned());
        let registration = if settings.register { Registration::Trying } else { Registration::NotWanted };
        PbxPeer {
            settings,
            resolver,
            endpoint,
            clock,
            domain,
            silent: Mutex::new(Bounded::new(ADDRESSES_MAX)),
            registration: Mutex::new(registration),
        }
    }

    /// The domain of its extensions.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// How our registration there stands.
    pub fn registration(&self) -> Registration {
        self.registration.lock().expect("nothing under this lock panics").clone()
    }

    /// How often it is asked whether it is there; `None`: never.
    pub fn keepalive(&self) -> Option<Duration> {
        Some(self.settings.keepalive).filter(|every| !every.is_zero())
    }

    /// Asks with OPTIONS whether it is there, at each of its addresses until one answers; any answer will do.
    pub async fn knock(&self) -> Result<(), String> {
        let way = self.way_to("").await?;
        let who = NameAddr::new(Uri::sip(&self.settings.user, &self.domain, None));
        let mut why = String::new();
        for hop in &way.hops {
            let letter = Letter {
                method: Method::Options,
                from: who.clone(),
                to: NameAddr::new(Uri::sip("", &self.domain, None)),
                call_id: random_token() + &random_token(),
                cseq: 1,
                headers: vec![("Accept", "text/plain".to_owned())],
                content_type: "",
                body: Bytes::new(),
            };
            let way = Way { hops: vec![hop.clone()], ..way.clone() };
            let about = About { extension: ExtensionId(0), message: None };
            tokio::select! {
                (_, exchanges) = carry(&self.endpoint, &self.clock, &way, &letter, about) => {
                    match exchanges.last().map(|last| last.status.as_str()) {
                        Some(status) if status.parse::<u16>().is_ok() => return Ok(()),
                        status => why = format!("{hop}: {}", status.unwrap_or("not sent")),
                    }
                }
                () = self.clock.sleep(KNOCK_WITHIN) => {
                    why = format!("{hop}: no answer within {} s", KNOCK_WITHIN.as_secs());
                    self.note_silent(hop.addr);
                }
            }
        }
        Err(why)
    }

    /// The way to an extension of the PBX, or why there is none now.
    pub(super) async fn way_to(&self, number: &str) -> Result<Way, String> {
        let hops = self.hops().await?;
        let credentials = self.credentials();
        let secret = &self.settings.trunk_secret;
        Ok(Way {
            uri: Uri::sip(number, &self.domain, None),
            route: Vec::new(),
            hops,
            credentials,
            fails_over: true,
            trunk_secret: (!secret.is_empty()).then(|| secret.clone()),
        })
    }

    /// Remembers which address kept silent.
    pub(super) fn note(&self, way: &Way, exchanges: &[Exchange]) {
        let Some(hop) = way.hops.get(exchanges.len().saturating_sub(1)) else { return };
        if exchanges.last().is_some_and(|last| last.status == "timeout") {
            self.note_silent(hop.addr);
        }
    }

    fn note_silent(&self, address: SocketAddr) {
        let until = self.clock.monotonic().saturating_add(SILENT_FOR);
        self.silent.lock().expect("nothing under this lock panics").insert(address, until);
    }

    /// Every address it may be at now: whose word about who is calling may be believed, if the settings trust it.
    pub async fn addresses(&self) -> Vec<IpAddr> {
        self.hops().await.map(|hops| hops.iter().map(|hop| hop.addr.ip()).collect()).unwrap_or_default()
    }

    async fn hops(&self) -> Result<Vec<Hop>, String> {
        let mut hops = Vec::new();
        let mut why = "no address of the PBX is configured".to_owned();
        for address in &self.settings.addresses {
            match self.resolver.resolve(&self.uri_of(address)).await {
                Ok(found) => hops.extend(found),
                Err(error) => why = error.to_string(),
            }
        }
        let now = self.clock.monotonic();
        let silent = self.silent.lock().expect("nothing under this lock panics");
        hops.sort_by_key(|hop| silent.get(&hop.addr).is_some_and(|until| *until > now));
        hops.truncate(ADDRESSES_MAX);
        if hops.is_empty() { Err(format!("the PBX cannot be found: {why}")) } else { Ok(hops) }
    }

    fn uri_of(&self, address: &PbxAddress) -> Uri {
        let mut uri = Uri::sip("", &uri_host(&address.host), address.port);
        uri.params.set("transport", transport(self.settings.transport).as_str());
        uri
    }

    fn credentials(&self) -> Option<Credentials> {
        let Pbx { user, password, .. } = &self.settings;
        (!user.is_empty()).then(|| Credentials { user: user.clone(), password: password.clone() })
    }

    /// Keeps us registered for as long as it is polled, where the settings want it; else it waits for ever.
    pub async fn stay_registered(&self) {
        let (true, Some(credentials)) = (self.settings.register, self.credentials()) else {
            return std::future::pending().await;
        };
        let mut standing = Standing {
            call_id: random_token() + &random_token(),
            cseq: 0,
            client: Client::new(credentials.clone()),
            expires_s: u32::try_from(self.settings.register_expires.as_secs()).unwrap_or(u32::MAX),
            contact: None,
        };
        let mut backoff = BACKOFF_FIRST;
        loop {
            let pause = match self.register(&mut standing).await {
                Ok(granted) => {
                    backoff = BACKOFF_FIRST;
                    self.stands(Registration::Registered);
                    // Early enough to try again once before it ends.
                    granted.mul_f64(0.8).max(Duration::from_secs(5))
                }
                Err(why) => {
                    self.stands(Registration::Failed(why));
                    // What was learned may be what is wrong.
                    standing.contact = None;
                    standing.client = Client::new(credentials.clone());
                    let pause = backoff;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                    pause
                }
            };
            self.clock.sleep(pause).await;
        }
    }

    /// Says once what has changed.
    fn stands(&self, new: Registration) {
        let mut now = self.registration.lock().expect("nothing under this lock panics");
        if *now == new {
            return;
        }
        match &new {
            Registration::Registered => tracing::info!("Registered at the PBX as {}", self.settings.user),
            Registration::Failed(why) => {
                tracing::warn!("Not registered at the PBX as {}: {why}; it is tried again", self.settings.user);
            }
            Registration::NotWanted | Registration::Trying => {}
        }
        *now = new;
    }

    /// One registration at the first address that answers; says how long it holds.
    async fn register(&self, standing: &mut Standing) -> Result<Duration, String> {
        let mut why = String::new();
        for hop in self.hops().await? {
            match self.register_at(&hop, standing).await {
                Ok(granted) => return Ok(granted),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    async fn register_at(&self, hop: &Hop, standing: &mut Standing) -> Result<Duration, String> {
        if standing.contact.as_ref().is_some_and(|(known, _)| known != hop) {
            standing.contact = None;
        }
        for _ in 0..TURNS_MAX {
            let contact = standing.contact.as_ref().map(|(_, contact)| contact.clone());
            let request = self.registering(standing, contact.as_ref());
            let response = self.endpoint.send(request, hop.clone()).await.map_err(|why| format!("{hop}: {why}"))?;
            // Whatever it answers, its Via shows the address we are seen from: that is where the PBX will find us.
            if standing.contact.is_none() {
                standing.contact = self.seen_from(&response, hop.transport).map(|contact| (hop.clone(), contact));
            }
            match response.status {
                401 | 407 => standing.client.challenged(&response).map_err(|why| format!("{hop}: {why}"))?,
                423 => {
                    let least = response.headers.number("Min-Expires").ok().flatten().unwrap_or(3600);
                    standing.expires_s = least.clamp(60, 86_400);
                }
                200..300 if contact.is_none() && standing.contact.is_some() => {}
                200..300 => return Ok(granted(&response, contact.as_ref(), standing.expires_s)),
                status => return Err(format!("{hop} answered {status} {}", response.reason)),
            }
        }
        Err(format!("{hop}: no end to its questions"))
    }

    /// The next REGISTER (RFC 3261 10.2): one Call-ID for all, CSeq counting up.
    fn registering(&self, standing: &mut Standing, contact: Option<&Uri>) -> Request {
        standing.cseq += 1;
        let who = NameAddr::new(Uri::sip(&self.settings.user, &self.domain, None));
        let to = Uri::sip("", &self.domain, None);
        let mut request = Request::out_of_dialog(Method::Register, to, &who, &who, &standing.call_id, standing.cseq);
        if let Some(contact) = contact {
            request.headers.push("Contact", NameAddr::new(contact.clone()).to_string());
            request.headers.push("Expires", standing.expires_s.to_string());
        }
        standing.client.authorize(&mut request);
        request
    }

    /// Our address as the PBX sees it (RFC 3581); over a connection, its port is a passing one and ours is the listener's.
    fn seen_from(&self, response: &Response, transport: Transport) -> Option<Uri> {
        let via = response.headers.top_via().ok()?;
        let host = via.params.get("received").and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        let host = host.map_or(via.host.clone(), ip_host);
        let rport = via.params.get("rport").and_then(|port| port.parse().ok());
        let port = rport.filter(|_| !transport.is_reliable()).or(via.port);
        let mut uri = Uri::sip(&self.settings.user, &host, port);
        if transport != Transport::Udp {
            uri.params.set("transport", &transport.as_str().to_ascii_lowercase());
        }
        Some(uri)
    }
}

/// How long the registrar granted, from our own Contact or for all.
fn granted(response: &Response, ours: Option<&Uri>, asked_s: u32) -> Duration {
    let listed = match response.headers.contacts() {
        Ok(Contacts::List(list)) => list,
        _ => Vec::new(),
    };
    let own = listed.iter().find(|contact| ours.is_some_and(|ours| same_place(&contact.uri, ours)));
    let own_s = own.and_then(|contact| contact.param("expires")).and_then(|seconds| seconds.parse().ok());
    let seconds: u32 = own_s.or(response.headers.expires().ok().flatten()).unwrap_or(asked_s);
    Duration::from_secs(seconds.min(asked_s.max(60)).into())
}

fn same_place(one: &Uri, other: &Uri) -> bool {
    one.user == other.user && one.host.eq_ignore_ascii_case(&other.host) && one.port == other.port
}

fn transport(wanted: PbxTransport) -> Transport {
    match wanted {
        PbxTransport::Udp => Transport::Udp,
        PbxTransport::Tcp => Transport::Tcp,
        PbxTransport::Tls => Transport::Tls,
    }
}

/// A configured host as URIs write it: IPv6 in brackets.
fn uri_host(host: &str) -> String {
    host.parse::<IpAddr>().map_or_else(|_| host.to_owned(), ip_host)
}
