//! A phone on a socket of its own: registers, answers challenges, shows what it is sent, and writes.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use depesche::clock::Clock;
use depesche::domain::secret::Secret;
use depesche::sip::digest::client::{Client, Credentials};
use depesche::sip::endpoint::{Endpoint, EndpointSettings, Incoming};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use depesche::sip::transport::Listen;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// The domain of the house.
pub const DOMAIN: &str = "pbx.example.com";
/// A phone waits so long for an answer before it gives up; the real ones wait longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A text as a phone showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its Call-ID.
    pub call_id: String,
    /// Its CSeq.
    pub cseq: u32,
    /// From whom: the user part.
    pub from: String,
    /// The words.
    pub text: String,
}

/// A phone.
pub struct Phone {
    endpoint: Endpoint,
    number: String,
    client: tokio::sync::Mutex<Client>,
    call_id: String,
    cseq: std::sync::atomic::AtomicU32,
    shown: Arc<Mutex<Vec<Shown>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    silent: Arc<AtomicBool>,
    _showing: AbortOnDropHandle<()>,
}

impl Phone {
    /// A phone of an extension.
    pub async fn new(number: &str, password: &Secret) -> Phone {
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr: any });
        let settings = EndpointSettings::new(listen.to_vec());
        let (endpoint, incoming) = Endpoint::start(settings, Clock::system()).await.expect("loopback is there");
        let (shown, answers, silent) = (Arc::default(), Arc::default(), Arc::default());
        let showing = tokio::spawn(show(incoming, Arc::clone(&shown), Arc::clone(&answers), Arc::clone(&silent)));
        let client = Client::new(Credentials { user: number.into(), password: password.clone() });
        Phone {
            endpoint,
            number: number.into(),
            client: tokio::sync::Mutex::new(client),
            call_id: random_token(),
            cseq: 0.into(),
            shown,
            answers,
            silent,
            _showing: AbortOnDropHandle::new(showing),
        }
    }

    /// What it answers to the next texts, before it shows one again.
    pub fn answers(&self, status: u16) {
        self.answers.lock().expect("no panic here").push_back(status);
    }

    /// Like one whose cable is pulled, or plugged in again.
    pub fn is_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    /// Every text it answered with 200.
    pub fn shown(&self) -> Vec<Shown> {
        self.shown.lock().expect("no panic here").clone()
    }

    /// The words it shows.
    pub fn shows(&self) -> Vec<String> {
        self.shown().into_iter().map(|shown| shown.text).collect()
    }

    /// Registers for an hour; the status.
    pub async fn register(&self, house: SocketAddr) -> Option<u16> {
        let own = format!("sip:{}@{DOMAIN}", self.number);
        let contact = format!("<sip:{}@{}>;expires=3600", self.number, self.endpoint.listening()[0].addr);
        let request = self.request(Method::Register, &format!("sip:{DOMAIN}"), &own, &self.call_id);
        self.ask(Hop::new(Transport::Udp, house), request.with("Contact", contact)).await.map(|answer| answer.status)
    }

    /// Writes to somebody; the answer, if one came.
    pub async fn write(&self, house: SocketAddr, to: &str, words: &str) -> Option<Response> {
        let to = format!("sip:{to}@{DOMAIN}");
        let request = self.request(Method::Message, &to, &to, &random_token());
        self.ask(Hop::new(Transport::Udp, house), request.with_body("text/plain", words.to_owned())).await
    }

    /// Sends somebody a file as the body of a message, over TCP; the answer, if one came.
    pub async fn sends_file(&self, house: SocketAddr, to: &str, media_type: &str, bytes: Vec<u8>) -> Option<Response> {
        let to = format!("sip:{to}@{DOMAIN}");
        let request = self.request(Method::Message, &to, &to, &random_token());
        let request = request.with("Content-Disposition", "attachment; filename=\"from the phone\"");
        self.ask(Hop::new(Transport::Tcp, house), request.with_body(media_type, bytes)).await
    }

    fn next(&self) -> u32 {
        self.cseq.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1
    }

    fn request(&self, method: Method, uri: &str, to: &str, call_id: &str) -> Request {
        let address = |text: &str| NameAddr::new(text.parse::<Uri>().expect("a good URI"));
        let from = address(&format!("sip:{}@{DOMAIN}", self.number));
        Request::out_of_dialog(method, uri.parse().expect("a good URI"), &from, &address(to), call_id, self.next())
    }

    /// Sends, and again with an answer to the challenge.
    async fn ask(&self, house: Hop, mut request: Request) -> Option<Response> {
        // One conversation about nonces at a time.
        let mut client = self.client.lock().await;
        for _ in 0..3 {
            client.authorize(&mut request);
            let sent = self.endpoint.send(request.clone(), house.clone());
            let answer = tokio::time::timeout(PATIENCE, sent).await.ok()?.ok()?;
            if !matches!(answer.status, 401 | 407) || client.challenged(&answer).is_err() {
                return Some(answer);
            }
            request.headers.set("CSeq", format!("{} {}", self.next(), request.method));
        }
        None
    }
}

async fn show(
    mut incoming: mpsc::Receiver<Incoming>,
    shown: Arc<Mutex<Vec<Shown>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    silent: Arc<AtomicBool>,
) {
    let mut unanswered = Vec::new();
    while let Some(incoming) = incoming.recv().await {
        let request = &incoming.request;
        if silent.load(Ordering::Relaxed) {
            unanswered.push(incoming);
            continue;
        }
        let status = answers.lock().expect("no panic here").pop_front().unwrap_or(200);
        if status == 200 && request.method == Method::Message {
            let from = request.headers.from().expect("a From");
            shown.lock().expect("no panic here").push(Shown {
                call_id: request.headers.call_id().to_owned(),
                cseq: request.headers.cseq().expect("a CSeq").number,
                from: from.uri.user_decoded().unwrap_or_default(),
                text: String::from_utf8_lossy(&request.body).into_owned(),
            });
        }
        let answer = Response::to(request, status);
        incoming.respond(answer).await;
    }
}
