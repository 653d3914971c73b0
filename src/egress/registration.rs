//! Our own registration somewhere else (RFC 3261 10.2): at a PBX or at a SIP trunk, kept up for as long as it is wanted.
//! Where we are seen from is learnt from the answers' Via, so that it works behind NAT (RFC 3581).

use crate::clock::Clock;
use crate::sip::digest::client::{Client, Credentials};
use crate::sip::endpoint::Endpoint;
use crate::sip::message::uri::ip_host;
use crate::sip::message::{Contacts, Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

const BACKOFF_FIRST: Duration = Duration::from_secs(2);
const BACKOFF_MAX: Duration = Duration::from_secs(120);
/// Requests one registration may take: a look at our own address, two challenges, a longer interval.
const TURNS_MAX: u32 = 6;

/// How a registration of ours stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registration {
    /// The other side knows us by address.
    NotWanted,
    /// Not yet.
    Trying,
    /// We are registered.
    Registered,
    /// It does not work; tried again and again.
    Failed(String),
}

/// Who we are there.
#[derive(Clone)]
pub(super) struct Account {
    /// Our user and password there.
    pub credentials: Credentials,
    /// Its domain.
    pub domain: String,
    /// The user of our Contact: what requests to us will name.
    pub contact_user: String,
    /// For how long we ask.
    pub expires: Duration,
}

/// What a conversation of REGISTERs knows: the password's state, the number it is at, where we are seen from.
struct Standing<'a> {
    endpoint: &'a Endpoint,
    account: Account,
    call_id: String,
    cseq: u32,
    client: Client,
    expires_s: u32,
    contact: Option<(Hop, Uri)>,
}

/// Keeps a registration up for as long as it is polled; `stands` hears each change.
pub(super) async fn keep_registered<F>(
    endpoint: &Endpoint,
    clock: &Clock,
    account: Account,
    hops: impl Fn() -> F,
    stands: impl Fn(Registration),
) where
    F: Future<Output = Result<Vec<Hop>, String>>,
{
    let mut standing = Standing::new(endpoint, account);
    let mut backoff = BACKOFF_FIRST;
    loop {
        let registered = match hops().await {
            Ok(hops) => standing.register(hops).await,
            Err(why) => Err(why),
        };
        let pause = match registered {
            Ok(granted) => {
                backoff = BACKOFF_FIRST;
                stands(Registration::Registered);
                // Early enough to try again once before it ends.
                granted.mul_f64(0.8).max(Duration::from_secs(5))
            }
            Err(why) => {
                stands(Registration::Failed(why));
                standing.forget();
                let pause = backoff;
                backoff = (backoff * 2).min(BACKOFF_MAX);
                pause
            }
        };
        clock.sleep(pause).await;
    }
}

impl Standing<'_> {
    fn new(endpoint: &Endpoint, account: Account) -> Standing<'_> {
        Standing {
            endpoint,
            call_id: random_token() + &random_token(),
            cseq: 0,
            client: Client::new(account.credentials.clone()),
            expires_s: u32::try_from(account.expires.as_secs()).unwrap_or(u32::MAX),
            contact: None,
            account,
        }
    }

    /// What was learned may be what is wrong.
    fn forget(&mut self) {
        self.contact = None;
        self.client = Client::new(self.account.credentials.clone());
    }

    /// One registration at the first address that answers; says how long it holds.
    async fn register(&mut self, hops: Vec<Hop>) -> Result<Duration, String> {
        let mut why = "no address is known".to_owned();
        for hop in hops {
            match self.register_at(&hop).await {
                Ok(granted) => return Ok(granted),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    async fn register_at(&mut self, hop: &Hop) -> Result<Duration, String> {
        if self.contact.as_ref().is_some_and(|(known, _)| known != hop) {
            self.contact = None;
        }
        for _ in 0..TURNS_MAX {
            let contact = self.contact.as_ref().map(|(_, contact)| contact.clone());
            let request = self.next_request(contact.as_ref());
            let response = self.endpoint.send(request, hop.clone()).await.map_err(|why| format!("{hop}: {why}"))?;
            // Whatever it answers, its Via shows the address we are seen from: that is where we will be found.
            if self.contact.is_none() {
                self.contact = self.seen_from(&response, hop.transport).map(|contact| (hop.clone(), contact));
            }
            match response.status {
                401 | 407 => self.client.challenged(&response).map_err(|why| format!("{hop}: {why}"))?,
                423 => {
                    let least = response.headers.number("Min-Expires").ok().flatten().unwrap_or(3600);
                    self.expires_s = least.clamp(60, 86_400);
                }
                200..300 if contact.is_none() && self.contact.is_some() => {}
                200..300 => return Ok(granted(&response, contact.as_ref(), self.expires_s)),
                status => return Err(format!("{hop} answered {status} {}", response.reason)),
            }
        }
        Err(format!("{hop}: no end to its questions"))
    }

    /// The next REGISTER: one Call-ID for all, CSeq counting up.
    fn next_request(&mut self, contact: Option<&Uri>) -> Request {
        self.cseq += 1;
        let who = NameAddr::new(Uri::sip(&self.account.credentials.user, &self.account.domain, None));
        let to = Uri::sip("", &self.account.domain, None);
        let mut request = Request::out_of_dialog(Method::Register, to, &who, &who, &self.call_id, self.cseq);
        if let Some(contact) = contact {
            request.headers.push("Contact", NameAddr::new(contact.clone()).to_string());
            request.headers.push("Expires", self.expires_s.to_string());
        }
        self.client.authorize(&mut request);
        request
    }

    /// Our address as it is seen there; over a connection, its port is a passing one and ours is the listener's.
    fn seen_from(&self, response: &Response, transport: Transport) -> Option<Uri> {
        let via = response.headers.top_via().ok()?;
        let host = via.params.get("received").and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        let host = host.map_or(via.host.clone(), ip_host);
        let rport = via.params.get("rport").and_then(|port| port.parse().ok());
        let port = rport.filter(|_| !transport.is_reliable()).or(via.port);
        let mut uri = Uri::sip(&self.account.contact_user, &host, port);
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
