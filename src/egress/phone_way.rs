//! One way to a phone and one try on it: which hop, what an answer means, a password where the PBX asks for one.
//! It knows nothing of other ways and never tries twice what may have arrived.

use crate::clock::Clock;
use crate::domain::exchange::Exchange;
use crate::domain::id::{ExtensionId, MessageId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::secret::Secret;
use crate::egress::channel_log::{self, Span};
use crate::sip::digest::client::{Client, Credentials};
use crate::sip::endpoint::{Endpoint, LongOverUdp, SendFailure};
use crate::sip::message::{Hop, Method, NameAddr, Request, Response, Transport, Uri};
use crate::sip::registrar::binding::Binding;
use crate::sip::text::offer::OFFER_TYPE;
use bytes::Bytes;

/// Challenges answered for one request: the first, and one for a nonce that grew stale meanwhile.
const CHALLENGES_MAX: u32 = 2;
/// A datagram that needs no fragments (RFC 3261 18.1.1).
pub(super) const UDP_BYTES_MAX: usize = 1300;
/// CSeq numbers one try may use up.
pub(super) const CSEQ_PER_TRY: u32 = CHALLENGES_MAX + 1;

/// A way to an extension's phone.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Whom the request names.
    pub uri: Uri,
    /// The proxies on the way (RFC 3327).
    pub route: Vec<String>,
    /// Where it goes, in this order; never empty.
    pub hops: Vec<Hop>,
    /// What to answer when asked who we are: only to the PBX.
    pub credentials: Option<Credentials>,
    /// Whether a hop that says 503 is passed over (RFC 3263 4.3): a PBX has other addresses, a phone is itself.
    pub fails_over: bool,
    /// The word by which a PBX knows us on a connection, whose port tells it nothing.
    pub trunk_secret: Option<Secret>,
    /// What the phone there is known by, where it takes the offer of a file.
    pub takes_files: Option<String>,
}

/// What is said on the way, without what the way adds.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub method: Method,
    pub from: NameAddr,
    pub to: NameAddr,
    pub call_id: String,
    pub cseq: u32,
    pub headers: Vec<(&'static str, String)>,
    pub content_type: &'static str,
    pub body: Bytes,
}

/// How a try on one way ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Taken,
    /// Not now; the phone's status stands beside the reason.
    Later(Reason),
    Never(Reason),
    /// There is only UDP, and it is too long for that.
    TooLong,
}

/// Whose record a try goes into.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub extension: ExtensionId,
    pub message: Option<MessageId>,
}

impl Way {
    /// To a phone that registered here; `None` only if what was kept was changed since.
    pub fn to_binding(binding: &Binding) -> Option<Way> {
        let route = binding.path.iter().map(|uri| format!("<{uri}>")).collect();
        Some(Way {
            uri: binding.request_uri()?,
            route,
            hops: binding.hops(),
            credentials: None,
            fails_over: false,
            trunk_secret: None,
            takes_files: takes_files(binding),
        })
    }

    /// Whether one of these leads to the same place.
    pub fn is_among(&self, ways: &[Way]) -> bool {
        ways.iter().any(|way| way.hops == self.hops && way.route == self.route)
    }
}

/// What a phone that takes the offer of a file is known by, so that one that refused it is remembered until it is another
/// phone or another version of it. Linphone takes it whether or not its Accept says so.
fn takes_files(binding: &Binding) -> Option<String> {
    let says_so = binding.accepts.iter().flatten().any(|accepted| accepted.eq_ignore_ascii_case(OFFER_TYPE));
    let agent = binding.user_agent.as_deref().unwrap_or_default();
    let phone = binding.instance.as_deref().unwrap_or(&binding.contact_uri);
    (says_so || agent.to_ascii_lowercase().contains("linphone")).then(|| format!("{phone} {agent}"))
}

impl Letter {
    fn on(&self, way: &Way, cseq: u32) -> Request {
        let method = self.method.clone();
        let mut request = Request::out_of_dialog(method, way.uri.clone(), &self.from, &self.to, &self.call_id, cseq);
        for route in &way.route {
            request.headers.push("Route", route.as_str());
        }
        for (name, value) in &self.headers {
            request.headers.push(name, value.as_str());
        }
        if self.content_type.is_empty() { request } else { request.with_body(self.content_type, self.body.clone()) }
    }

    /// The hop a PBX that wants our word is really reached over: what would be too long for UDP goes by TCP, and is
    /// sent there at once, so that the word is never sent over UDP, where the PBX would pass it on to the phone.
    fn real_hop(&self, way: &Way, hop: &Hop) -> Hop {
        let long = || self.head_bytes_about(way) + self.body.len() > UDP_BYTES_MAX;
        if way.trunk_secret.is_some() && hop.transport == Transport::Udp && long() {
            return Hop::new(Transport::Tcp, hop.addr);
        }
        hop.clone()
    }

    /// Bytes on the wire but for the body: ours, and what the endpoint adds (Via, Max-Forwards, User-Agent, lengths).
    pub fn head_bytes_about(&self, way: &Way) -> usize {
        let request = self.on(way, self.cseq);
        let lines: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        lines + request.uri.to_string().len() + 300
    }
}

/// Sends a letter on a way: the next hop only where the one before was certainly not reached or does not work now.
pub(super) async fn carry(
    endpoint: &Endpoint,
    clock: &Clock,
    way: &Way,
    letter: &Letter,
    about: About,
) -> (End, Vec<Exchange>) {
    let mut exchanges = Vec::new();
    let mut end = None;
    for given in &way.hops {
        let hop = &letter.real_hop(way, given);
        let (at, begun) = (clock.now(), clock.monotonic());
        let (request, result) = with_password(endpoint, way, letter, hop, LongOverUdp::Never).await;
        let span = Span { at, took: clock.monotonic().saturating_sub(begun) };
        let said = result.as_ref().map_err(|failed| failed.status());
        let mut exchange = channel_log::sip(about.extension, about.message, span, &request, said);
        let (new, go_on) = match &result {
            Ok(response) => (meaning(response), way.fails_over && response.status == 503),
            // What the hop was changed for cannot go there whole.
            Err(Failed::Sip(SendFailure::Unreachable(_))) if *hop != *given => (End::TooLong, true),
            Err(Failed::Sip(failure)) => not_answered(failure),
            Err(Failed::Password(why)) => {
                (End::Never(Reason::of(ReasonCode::PhoneRefused).coded("401").saying(why)), false)
            }
        };
        exchange.outcome = format!("over {hop}: {}", new.in_a_few_words());
        exchanges.push(exchange);
        // What a hop said before outweighs that another could not be reached.
        if !(go_on && end == Some(End::TooLong)) {
            end = Some(new);
        }
        if !go_on {
            break;
        }
    }
    (end.unwrap_or_else(|| later("no way to it is known")), exchanges)
}

/// Why a request has no answer to go by.
pub(super) enum Failed {
    Sip(SendFailure),
    Password(String),
}

impl Failed {
    pub fn status(&self) -> &'static str {
        match self {
            Failed::Sip(SendFailure::TimedOut) => "timeout",
            Failed::Sip(SendFailure::ConnectionLost) => "connection lost",
            Failed::Sip(_) => "not sent",
            Failed::Password(_) => "401",
        }
    }
}

/// One request, and again with an answer to the challenge where we have one.
pub(super) async fn with_password(
    endpoint: &Endpoint,
    way: &Way,
    letter: &Letter,
    hop: &Hop,
    long: LongOverUdp,
) -> (Request, Result<Response, Failed>) {
    // One client per request: messages leave side by side, and their challenges must not be taken for one another.
    let mut client = way.credentials.clone().map(Client::new);
    let mut cseq = letter.cseq;
    loop {
        let mut request = letter.on(way, cseq);
        if let Some(secret) = way.trunk_secret.as_ref().filter(|_| hop.transport.is_reliable()) {
            request.headers.push("X-Trunk", secret.expose());
        }
        if let Some(client) = &mut client {
            client.authorize(&mut request);
        }
        let result = endpoint.send_with(request.clone(), hop.clone(), long).await.map_err(Failed::Sip);
        let asked = matches!(&result, Ok(response) if matches!(response.status, 401 | 407));
        match (&mut client, &result) {
            (Some(client), Ok(response)) if asked && cseq < letter.cseq + CHALLENGES_MAX => {
                if let Err(why) = client.challenged(response) {
                    return (request, Err(Failed::Password(why.to_string())));
                }
                cseq += 1;
            }
            _ => return (request, result),
        }
    }
}

/// What a phone's or PBX's answer means for the text.
fn meaning(response: &Response) -> End {
    let said = response.headers.get("Warning").unwrap_or(&response.reason);
    let reason = |code| Reason::of(code).coded(response.status.to_string()).saying(said);
    match response.status {
        200..300 => End::Taken,
        // Not there, busy, a person who declines, a server in trouble: all of it may pass.
        300..400 | 404 | 408 | 410 | 430 | 480 | 486 | 491 | 603 | 604 => {
            End::Later(reason(ReasonCode::PhoneUnreachable))
        }
        501 | 505 | 513 | 606 => End::Never(reason(ReasonCode::PhoneRefused)),
        500..=600 => End::Later(reason(ReasonCode::PhoneUnreachable)),
        _ => End::Never(reason(ReasonCode::PhoneRefused)),
    }
}

/// What silence means, and whether the next hop may be tried without the text arriving twice.
fn not_answered(failure: &SendFailure) -> (End, bool) {
    match failure {
        SendFailure::TimedOut => (End::Later(Reason::of(ReasonCode::PhoneUnreachable).coded("timeout")), false),
        SendFailure::TooLongForUdp => (End::TooLong, true),
        SendFailure::Unreachable(why) => (later(why), true),
        other => (later(&other.to_string()), false),
    }
}

pub(super) fn later(why: &str) -> End {
    End::Later(Reason::of(ReasonCode::PhoneUnreachable).saying(why))
}

impl End {
    fn in_a_few_words(&self) -> &'static str {
        match self {
            End::Taken => "taken",
            End::Later(_) => "not now",
            End::Never(_) => "refused",
            End::TooLong => "too long for UDP",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_now_later_or_never() {
        let peer: NameAddr = "<sip:1001@pbx.example.com>".parse().expect("good");
        let request = Request::out_of_dialog(Method::Message, peer.uri.clone(), &peer, &peer, "id", 1);
        for (statuses, expected) in [
            (&[200, 202][..], "Taken"),
            (&[302, 404, 408, 410, 480, 486, 500, 503, 504, 600, 603, 604], "Later"),
            (&[400, 401, 403, 405, 407, 413, 415, 488, 501, 513, 606], "Never"),
        ] {
            for status in statuses {
                let end = meaning(&Response::to(&request, *status));

                assert!(format!("{end:?}").starts_with(expected), "{status}: {end:?}");
            }
        }
    }

    #[test]
    fn what_may_have_arrived_is_not_tried_on_another_hop() {
        assert!(!not_answered(&SendFailure::TimedOut).1);
        assert!(!not_answered(&SendFailure::ConnectionLost).1);
        assert!(not_answered(&SendFailure::Unreachable("refused".into())).1);
    }
}
