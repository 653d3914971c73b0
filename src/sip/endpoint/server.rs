//! The way in: what we refuse ourselves, what the application gets to see, and how its answer goes out.
//! Nothing is ever sent anywhere but back to where the request came from.

use super::table::Arrival;
use super::{Core, count};
use crate::sip::message::uri::{host_ip, ip_host};
use crate::sip::message::{Headers, Method, Request, Response, Scheme, Source, Transport, Via, reason_phrase};
use crate::sip::transaction::{merge_key, server_key};
use crate::sip::transport::Path;
use crate::sip::wire::{Tail, response_bytes, response_tail, response_with_tail};
use bytes::Bytes;
use std::sync::Arc;
use tracing::debug;

const ALLOW: &str = "MESSAGE, OPTIONS, REGISTER";
const RETRY_AFTER_S: &str = "5";

/// A request for the application. Dropped without an answer, it answers itself with a 500.
pub struct Incoming {
    pub request: Request,
    pub source: Source,
    core: Arc<Core>,
    key: u64,
    is_answered: bool,
}

impl Incoming {
    /// Sends the final answer. The server transaction keeps it for retransmissions (Timer J).
    pub async fn respond(mut self, response: Response) {
        let (path, bytes) = self.answer(response);
        if let Some(path) = path
            && let Err(why) = path.send(bytes).await
        {
            debug!(peer = %self.source.addr, %why, "An answer could not be sent");
        }
    }

    /// The usual answer with this status and nothing more.
    pub async fn respond_with(self, status: u16) {
        let response = Response::to(&self.request, status);
        self.respond(response).await;
    }

    /// Ends the transaction, and says what goes where.
    fn answer(&mut self, mut response: Response) -> (Option<Path>, Bytes) {
        self.is_answered = true;
        let core = &self.core;
        if !response.headers.contains("Server") {
            response.headers.push("Server", core.user_agent.as_str());
        }
        let tail = response_tail(&response);
        let bytes = response_with_tail(&response, &tail);
        let reliable = self.source.transport.is_reliable();
        let kept = (!reliable && tail != core.plain_tail(response.status)).then_some(tail);
        let now = core.clock.monotonic();
        let is_earlier = core.table().answer(self.key, reliable, response.status, kept, now);
        if is_earlier {
            core.earlier.notify_one();
        }
        (core.transports.back_to(&self.source), bytes)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_answered {
            let (path, bytes) = self.answer(Response::to(&self.request, 500));
            if let Some(path) = path {
                path.send_now(bytes);
            }
        }
    }
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").field("request", &self.request).field("source", &self.source).finish_non_exhaustive()
    }
}

impl Core {
    /// What most answers have behind their echoed headers: it need not be kept.
    fn plain_tail(&self, status: u16) -> Tail {
        let bytes = format!("Server: {}\r\nContent-Length: 0\r\n\r\n", self.user_agent);
        Tail { reason: reason_phrase(status).into(), bytes: bytes.into_bytes().into() }
    }
}

pub(super) fn on_request(core: &Arc<Core>, mut request: Request, via: Via, source: Source, bytes: usize) {
    if request.method.as_str() == "ACK" {
        return; // for our refusal of an INVITE: never answered
    }
    let key = server_key(&request, &via, &core.keys);
    note_source(&mut request.headers, via, &source);
    if let Err(refusal) = screen(core, &request) {
        return refuse(core, *refusal, source, bytes);
    }
    take_our_route(core, &mut request, &source);
    admit(core, key, request, source, bytes);
}

/// Gives the application a new request; repeats the answer to an old one.
fn admit(core: &Arc<Core>, key: u64, request: Request, source: Source, bytes: usize) {
    let busy = |request: &Request| Response::to(request, 503).with("Retry-After", RETRY_AFTER_S);
    // A place in the application's queue first: what is entered in the table is sure to be worked on.
    let place = core.application.try_reserve();
    let (merge, now) = (merge_key(&request, &core.keys), core.clock.monotonic());
    let arrival = core.table().arrive(key, merge, now);
    match (arrival, place) {
        (Arrival::Absorb, _) => count(&core.counters.repeated),
        (Arrival::Repeat { status, tail }, _) => {
            count(&core.counters.repeated);
            let tail = tail.unwrap_or_else(|| core.plain_tail(status));
            if let Some(path) = core.transports.back_to(&source) {
                path.send_now(response_with_tail(&Response::to(&request, status), &tail));
            }
        }
        (Arrival::Merged, _) => refuse(core, Response::to(&request, 482), source, bytes),
        (Arrival::Full, _) => refuse(core, busy(&request), source, bytes),
        (Arrival::New, Ok(place)) if !core.is_closing() => {
            place.send(Incoming { request, source, core: core.clone(), key, is_answered: false });
        }
        (Arrival::New, _) => {
            core.table().forget(key);
            refuse(core, busy(&request), source, bytes);
        }
    }
}

/// Methods, schemes and extensions we do not have (RFC 3261 8.2.1, 8.2.2.1, 8.2.2.3).
fn screen(core: &Core, request: &Request) -> Result<(), Box<Response>> {
    let refuse = |status| Response::to(request, status);
    match &request.method {
        Method::Message | Method::Register | Method::Options => {}
        Method::Other(name) if name == "CANCEL" => return Err(Box::new(refuse(481))),
        Method::Other(_) => return Err(Box::new(refuse(405).with("Allow", ALLOW))),
    }
    if let Scheme::Other(_) = request.uri.scheme {
        return Err(Box::new(refuse(416)));
    }
    let required = ["Require", "Proxy-Require"].into_iter().flat_map(|name| request.headers.values(name));
    let lacking: Vec<_> =
        required.filter(|tag| !core.supported.iter().any(|known| known.eq_ignore_ascii_case(tag))).collect();
    if lacking.is_empty() { Ok(()) } else { Err(Box::new(refuse(420).with("Unsupported", lacking.join(", ")))) }
}

/// RFC 3581: the top Via learns where the request really came from. What it said of that itself is forgotten.
fn note_source(headers: &mut Headers, mut via: Via, source: &Source) {
    let asks_for_port = via.params.contains("rport");
    let is_true = host_ip(&via.host) == Some(source.addr.ip());
    if is_true && !asks_for_port && !via.params.contains("received") {
        return;
    }
    via.params.remove("received");
    if !is_true || asks_for_port {
        let address = ip_host(source.addr.ip());
        via.params.set("received", address.trim_matches(['[', ']']));
    }
    if asks_for_port {
        via.params.set("rport", &source.addr.port().to_string());
    }
    headers.replace_first_listed("Via", &via.to_string());
}

/// A first Route that names us has done its work (RFC 3261 16.4); any other is not followed (T13).
fn take_our_route(core: &Core, request: &mut Request, source: &Source) {
    if !request.headers.contains("Route") {
        return;
    }
    let names_us = match request.headers.addresses("Route") {
        Ok(routes) => routes.first().is_some_and(|route| core.is_ours(&route.uri, source)),
        Err(_) => false,
    };
    if names_us {
        let rest: Vec<_> = request.headers.values("Route").skip(1).map(str::to_owned).collect();
        request.headers.remove("Route");
        if !rest.is_empty() {
            request.headers.push("Route", rest.join(", "));
        }
    }
}

/// Says no to a message that was wrong in itself.
pub(super) fn refuse_malformed(core: &Arc<Core>, mut answer: Response, source: Source, bytes: usize) {
    if let Ok(via) = answer.headers.top_via() {
        note_source(&mut answer.headers, via, &source);
    }
    say(core, &answer, source, bytes);
}

fn refuse(core: &Arc<Core>, answer: Response, source: Source, bytes: usize) {
    count(&core.counters.refused);
    say(core, &answer, source, bytes);
}

/// Sends an answer of our own making, without a transaction: asked again, it is made again.
/// Over UDP, where the source may be a lie, it is at most half as large again as what it answers (T23).
fn say(core: &Arc<Core>, answer: &Response, source: Source, bytes: usize) {
    let answer = response_bytes(answer);
    if source.transport == Transport::Udp && answer.len() * 2 > bytes * 3 {
        return;
    }
    if let Some(path) = core.transports.back_to(&source) {
        path.send_now(answer);
    }
}
