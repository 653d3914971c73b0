//! The other side of the simulator: a pure state machine that takes messages, shows them on customers' phones,
//! and owes us delivery reports. It makes no call itself: whoever holds it asks what is due and posts that.

use super::behaviour::{Behaviour, reports};
use super::files::{CustomerFile, Shelf, SimulatedFile, named, shown};
use super::phone::Phones;
use super::wire::{Letter, answer, at_once, fetched, refusal, report_of, silence, uploaded, wait_two_seconds};
use crate::carrier::dialect::{Answer, Heard, Request};
use crate::carrier::generic::hear::signature_of;
use crate::carrier::sign;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

const TAKEN_MAX: usize = 5_000;
const TRIED_MAX: usize = 5_000;
const ORDERS_MAX: usize = 1_000;
const OWED_MAX: usize = 20_000;
const TOLD_MAX: usize = 5_000;
/// What one answer about the inbox tells at most.
const PAGE_MAX: usize = 200;
/// How long [`Behaviour::Down`] lasts.
const DOWN: Duration = Duration::from_secs(60);

/// What the simulated carrier does with a call, and after how long.
#[derive(Debug)]
pub struct SimulatedAnswer {
    /// An answer, or none.
    pub what: Simulated,
    /// It comes after this long.
    pub after: Duration,
}

/// How a call ends.
#[derive(Debug)]
pub enum Simulated {
    /// With an answer.
    Answer(Answer),
    /// It never ends: whoever called gives up.
    Silence,
    /// The connection was refused.
    Refused,
}

/// One text as a customer's phone shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedText {
    /// The carrier's id.
    pub id: String,
    /// When it was written or arrived.
    pub at: Timestamp,
    /// True: the customer wrote it; false: it came from us.
    pub by_customer: bool,
    /// Our number.
    pub our_number: Address,
    /// SMS or WhatsApp.
    pub kind: ChannelKind,
    /// The text.
    pub text: String,
    /// Files with it.
    pub files: Vec<SimulatedFile>,
}

/// A message the simulated carrier took.
struct Taken {
    id: String,
    reference: String,
    status: &'static str,
    error: Option<&'static str>,
    behaviour: Behaviour,
}

/// Something the simulated carrier will tell us.
enum Owed {
    /// A status of a message it took.
    Report { id: String, reference: String, status: &'static str, error: Option<&'static str> },
    /// A webhook as it stands.
    Event(Value),
}

/// The carrier, its customers and their phones.
pub struct World {
    secret: Secret,
    salt: u64,
    counter: u64,
    taken: VecDeque<Taken>,
    tried: VecDeque<(String, Timestamp)>,
    owed: BTreeMap<(Timestamp, u64), Owed>,
    /// What was told, each with its moment: for those who ask.
    told: VecDeque<(Timestamp, Value)>,
    orders: BTreeMap<Address, Behaviour>,
    everyone: Option<Behaviour>,
    phones: Phones,
    shelf: Shelf,
}

impl World {
    /// An empty world. `secret` is the trunk's; `salt` must differ from start to start, so that no id comes twice.
    pub fn new(secret: Secret, salt: u64) -> World {
        World {
            secret,
            salt,
            counter: 0,
            taken: VecDeque::new(),
            tried: VecDeque::new(),
            owed: BTreeMap::new(),
            told: VecDeque::new(),
            orders: BTreeMap::new(),
            everyone: None,
            phones: Phones::default(),
            shelf: Shelf::default(),
        }
    }

    /// Answers a call to `simulator://…`.
    pub fn answer(&mut self, request: &Request, now: Timestamp) -> SimulatedAnswer {
        let wanted = format!("Bearer {}", self.secret.expose());
        let given = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if !given.is_some_and(|given| sign::same(given, &wanted)) {
            return refusal(StatusCode::UNAUTHORIZED, "credentials_refused");
        }
        let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["messages"]) => self.take(request, now),
            (&Method::POST, ["media"]) => {
                let id = self.keep(uploaded(request), now).id;
                at_once(StatusCode::OK, &json!({ "data": { "id": id } }))
            }
            (&Method::GET, ["media", id]) => match self.shelf.get(id) {
                Some(file) => fetched(file),
                None => refusal(StatusCode::NOT_FOUND, "not_found"),
            },
            (&Method::GET, ["templates"]) => at_once(StatusCode::OK, &super::templates::all()),
            (&Method::GET, ["messages", id]) => self.look_up(|taken| taken.id == *id),
            (&Method::GET, ["references", reference]) => self.look_up(|taken| taken.reference == *reference),
            (&Method::GET, ["inbox", since]) => self.inbox(since.parse().unwrap_or(0), now),
            (&Method::GET, ["account"]) => at_once(StatusCode::OK, &json!({ "account": "simulator" })),
            _ => refusal(StatusCode::NOT_FOUND, "no_such_address"),
        }
    }

    /// Webhooks to post to ourselves now, in order; each is handed out once.
    pub fn due(&mut self, now: Timestamp) -> Vec<Heard> {
        let later = self.owed.split_off(&(now.plus(Duration::from_millis(1)), 0));
        let due = std::mem::replace(&mut self.owed, later);
        due.into_values().map(|owed| self.tell(owed, now)).collect()
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.owed.keys().next().map(|(at, _)| *at)
    }

    /// A customer writes to one of our numbers: the webhook to post to ourselves.
    pub fn customer_writes(
        &mut self,
        from: &Address,
        to: &Address,
        kind: ChannelKind,
        text: &str,
        files: Vec<CustomerFile>,
        now: Timestamp,
    ) -> Heard {
        let id = self.new_id(now);
        let asked_for = Behaviour::in_text(text).or_else(|| Behaviour::of_peer(from));
        let gone = asked_for == Some(Behaviour::FileGone);
        let files: Vec<_> = files.into_iter().map(|file| self.keep(file, now)).collect();
        let named: Vec<_> = files.iter().map(|file| named(file, gone)).collect();
        let event = json!({
            "event": "message.received", "id": id, "channel": kind.as_str(),
            "from": from.as_str(), "to": to.as_str(), "text": text, "media": named,
        });
        let (our_number, text) = (to.clone(), text.to_owned());
        let shown = SimulatedText { id, at: now, by_customer: true, our_number, kind, text, files };
        self.phones.show(from, shown);
        if asked_for == Some(Behaviour::Twice) {
            self.owe(now, 1_000, Owed::Event(event.clone()));
        }
        self.signed(&event, now)
    }

    /// A webhook of ours was not accepted: it comes again in five seconds, freshly signed, as carriers do.
    pub fn try_again(&mut self, heard: &Heard, now: Timestamp) {
        if let Ok(event) = serde_json::from_slice(&heard.body) {
            self.owe(now, 5_000, Owed::Event(event));
        }
    }

    /// What a customer's phone shows, oldest first.
    pub fn phone(&self, customer: &Address) -> Vec<SimulatedText> {
        self.phones.of(customer)
    }

    /// Customers that wrote or were written to, the latest first, each with the time of its last text.
    pub fn customers(&self) -> Vec<(Address, Timestamp)> {
        self.phones.customers()
    }

    /// From now on, what happens to messages to this peer; `None`: what its number asks for.
    pub fn behave(&mut self, peer: &Address, behaviour: Option<Behaviour>) {
        match behaviour {
            Some(behaviour) if self.orders.len() < ORDERS_MAX || self.orders.contains_key(peer) => {
                self.orders.insert(peer.clone(), behaviour);
            }
            Some(_) => {}
            None => {
                self.orders.remove(peer);
            }
        }
    }

    /// From now on, what happens to messages to everyone who has no order of their own.
    pub fn behave_to_everyone(&mut self, behaviour: Option<Behaviour>) {
        self.everyone = behaviour;
    }

    /// What would happen to this text to this peer: a word in it, else an order, else the peer's number.
    pub fn behaviour(&self, peer: &Address, text: &str) -> Behaviour {
        Behaviour::in_text(text)
            .or_else(|| self.orders.get(peer).copied())
            .or(self.everyone)
            .or_else(|| Behaviour::of_peer(peer))
            .unwrap_or(Behaviour::Usual)
    }

    /// A message comes in from us.
    fn take(&mut self, request: &Request, now: Timestamp) -> SimulatedAnswer {
        let Some(letter) = Letter::read(request) else { return refusal(StatusCode::BAD_REQUEST, "unreadable") };
        if request.uri().query() == Some("once=yes")
            && let Some(taken) = self.taken.iter().find(|taken| taken.reference == letter.reference)
        {
            return at_once(StatusCode::OK, &json!({ "data": { "id": taken.id } }));
        }
        let first_try = self.first_try(&letter.reference, now);
        let behaviour = self.behaviour(&letter.to, &letter.text);
        match behaviour {
            Behaviour::Landline => refusal(StatusCode::BAD_REQUEST, "landline"),
            Behaviour::Invalid => refusal(StatusCode::BAD_REQUEST, "number_invalid"),
            Behaviour::OptedOut => refusal(StatusCode::BAD_REQUEST, "opted_out"),
            Behaviour::NoCredit => refusal(StatusCode::PAYMENT_REQUIRED, "no_credit"),
            Behaviour::Credentials => refusal(StatusCode::UNAUTHORIZED, "credentials_refused"),
            Behaviour::ThrottledOnce if first_try == now => wait_two_seconds(),
            Behaviour::Busy if first_try == now => refusal(StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Behaviour::Down if now < first_try.plus(DOWN) => {
                SimulatedAnswer { what: Simulated::Refused, after: Duration::ZERO }
            }
            Behaviour::Lost => silence(),
            _ if self.owed.len() >= OWED_MAX => refusal(StatusCode::SERVICE_UNAVAILABLE, "busy"),
            _ => self.accept(letter, behaviour, now),
        }
    }

    fn accept(&mut self, letter: Letter, behaviour: Behaviour, now: Timestamp) -> SimulatedAnswer {
        let id = self.new_id(now);
        for (after_ms, status, error) in reports(behaviour) {
            let report = Owed::Report { id: id.clone(), reference: letter.reference.clone(), status, error: *error };
            self.owe(now, *after_ms, report);
        }
        if !matches!(behaviour, Behaviour::Undelivered | Behaviour::Filtered) {
            let files = letter.files.iter().filter_map(|id| Some(shown(id, self.shelf.get(id)?))).collect();
            let Letter { from: our_number, kind, text, .. } = letter;
            let text = SimulatedText { id: id.clone(), at: now, by_customer: false, our_number, kind, text, files };
            self.phones.show(&letter.to, text);
        }
        if self.taken.len() >= TAKEN_MAX {
            self.taken.pop_front();
        }
        self.taken.push_back(Taken {
            id: id.clone(),
            reference: letter.reference,
            status: "sent",
            error: None,
            behaviour,
        });
        let taken = answer(StatusCode::OK, &json!({ "data": { "id": id, "segments": 1 } }));
        let after_s = match behaviour {
            Behaviour::Silent | Behaviour::Blind => return silence(),
            Behaviour::Garbage => {
                let what = Simulated::Answer(Answer::new(Bytes::from_static(b"<html>It works!</html>")));
                return SimulatedAnswer { what, after: Duration::ZERO };
            }
            Behaviour::Slow => 8,
            Behaviour::Early => 2,
            _ => 0,
        };
        SimulatedAnswer { what: Simulated::Answer(taken), after: Duration::from_secs(after_s) }
    }

    /// What was told since then, a page at a time, and up to which moment that is all.
    fn inbox(&self, since: i64, now: Timestamp) -> SimulatedAnswer {
        let all: Vec<_> = self.told.iter().filter(|(at, _)| at.0 >= since).collect();
        let up_to = if all.len() > PAGE_MAX { all[PAGE_MAX - 1].0 } else { now };
        let events: Vec<_> = all.into_iter().take(PAGE_MAX).map(|(_, event)| event).collect();
        at_once(StatusCode::OK, &json!({ "events": events, "up_to": up_to.0 }))
    }

    fn look_up(&self, is_meant: impl Fn(&Taken) -> bool) -> SimulatedAnswer {
        match self.taken.iter().find(|taken| is_meant(taken)) {
            None => refusal(StatusCode::NOT_FOUND, "not_found"),
            Some(taken) if taken.behaviour == Behaviour::Blind => refusal(StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Some(taken) => {
                let data = report_of(&taken.id, &taken.reference, taken.status, taken.error);
                at_once(StatusCode::OK, &json!({ "data": data }))
            }
        }
    }

    /// When this message was first tried.
    fn first_try(&mut self, reference: &str, now: Timestamp) -> Timestamp {
        if let Some((_, first)) = self.tried.iter().find(|(tried, _)| tried == reference) {
            // A second try at the very moment of the first (a clock turned by hand) is a second try all the same.
            return if *first == now { now.minus(Duration::from_millis(1)) } else { *first };
        }
        if self.tried.len() >= TRIED_MAX {
            self.tried.pop_front();
        }
        self.tried.push_back((reference.to_owned(), now));
        now
    }

    fn owe(&mut self, now: Timestamp, after_ms: u64, owed: Owed) {
        if self.owed.len() < OWED_MAX {
            self.counter += 1;
            self.owed.insert((now.plus(Duration::from_millis(after_ms)), self.counter), owed);
        }
    }

    fn tell(&mut self, owed: Owed, now: Timestamp) -> Heard {
        let event = match owed {
            Owed::Event(event) => event,
            Owed::Report { id, reference, status, error } => {
                if let Some(taken) = self.taken.iter_mut().find(|taken| taken.id == id) {
                    (taken.status, taken.error) = (status, error);
                }
                let mut event = report_of(&id, &reference, status, error);
                event["event"] = Value::from("message.status");
                event
            }
        };
        self.signed(&event, now)
    }

    fn signed(&mut self, event: &Value, now: Timestamp) -> Heard {
        if self.told.len() >= TOLD_MAX {
            self.told.pop_front();
        }
        self.told.push_back((now, event.clone()));
        let body = event.to_string();
        let timestamp = now.as_seconds().to_string();
        let signature = signature_of(self.secret.expose(), Some(&timestamp), body.as_bytes());
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("x-timestamp", timestamp), ("x-signature-256", signature), ("content-type", "application/json".into())]
        {
            headers.insert(name, HeaderValue::from_str(&value).expect("digits and hexadecimal digits fit a header"));
        }
        Heard {
            method: Method::POST,
            url: "simulator://world/webhook".into(),
            headers,
            body: Bytes::from(body),
            caller: None,
        }
    }

    /// A file that is still there.
    pub fn file(&self, id: &str) -> Option<&CustomerFile> {
        self.shelf.get(id)
    }

    fn keep(&mut self, file: CustomerFile, now: Timestamp) -> SimulatedFile {
        let id = self.new_id(now);
        let shown = shown(&id, &file);
        self.shelf.keep(id, file);
        shown
    }

    fn new_id(&mut self, now: Timestamp) -> String {
        self.counter += 1;
        let seed = format!("{}/{}/{}", self.salt, now.0, self.counter);
        format!("sim-{}", &sign::sha256_hex(seed.as_bytes())[..24])
    }
}
