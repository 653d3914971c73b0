//! The PBX as our peer: the way through it to its extensions, and our own registration there where it wants one.
//! A PBX may have several addresses; one that keeps silent goes to the end of the line for a while.

use crate::clock::Clock;
use crate::config::sip::{Pbx, PbxAddress, PbxTransport};
use crate::domain::exchange::Exchange;
use crate::domain::id::ExtensionId;
use crate::egress::phone_way::{About, Letter, Way, carry};
pub use crate::egress::registration::Registration;
use crate::egress::registration::{Account, keep_registered};
use crate::sip::digest::bounded::Bounded;
use crate::sip::digest::client::Credentials;
use crate::sip::endpoint::Endpoint;
use crate::sip::message::uri::ip_host;
use crate::sip::message::{Hop, Method, NameAddr, Transport, Uri, random_token};
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
            // Which phones are behind it, it does not say.
            takes_files: None,
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
        let account = Account {
            credentials,
            domain: self.domain.clone(),
            contact_user: self.settings.user.clone(),
            expires: self.settings.register_expires,
        };
        keep_registered(&self.endpoint, &self.clock, account, || self.hops(), |new| self.stands(new)).await;
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
