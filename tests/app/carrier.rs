//! A carrier on a socket of its own: it speaks the general SMS API, keeps a ledger of what customers got, and has the
//! moods that carriers have.

#![allow(dead_code, reason = "each test binary uses another part of it")]

#[path = "call.rs"]
pub mod call;
#[path = "shelves.rs"]
pub mod shelves;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use shelves::{Got, Shelves};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// What our calls must carry.
pub const API_KEY: &str = "an-api-key-of-some-length";

/// What the carrier does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes it and says so.
    Usual,
    /// Takes it and never answers.
    Hangs,
    /// Takes it and answers 200 with garbage.
    Babbles,
    /// Is down: 503, nothing taken.
    Down,
    /// Takes no such message: 400, nothing taken.
    Refuses,
    /// Takes it and answers after this many milliseconds.
    Slow(u64),
}

/// A text as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Which of the carrier's accounts: the path.
    pub account: String,
    /// The carrier's id.
    pub id: String,
    /// Our key.
    pub reference: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// The words.
    pub text: String,
    /// The files, as they were when the message was taken.
    pub files: Vec<Got>,
    /// Where the carrier was told to fetch files.
    pub addresses: Vec<String>,
}

/// Clones are the same carrier.
#[derive(Clone)]
pub struct Carrier(Arc<Mutex<Ledger>>);

/// What the carrier has written down.
pub struct Ledger {
    /// How it feels.
    pub mood: Mood,
    /// Every text it took, repetitions of a key among them.
    pub taken: Vec<Text>,
    /// Calls that no carrier would take: what was wrong with them.
    pub bad: Vec<String>,
    /// Files.
    pub shelves: Shelves,
    ids: HashMap<String, String>,
}

impl Carrier {
    /// In a good mood.
    pub fn new() -> Carrier {
        let ledger = Ledger {
            mood: Mood::Usual,
            taken: Vec::new(),
            bad: Vec::new(),
            shelves: Shelves::default(),
            ids: HashMap::new(),
        };
        Carrier(Arc::new(Mutex::new(ledger)))
    }

    /// Listens on a port of loopback, until what is returned is dropped.
    pub async fn listen(&self, port: u16) -> (SocketAddr, AbortOnDropHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let router = Router::new().route("/{account}/messages", post(messages)).merge(shelves::routes());
        let router = router.with_state(self.clone());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        (address, AbortOnDropHandle::new(serving))
    }

    /// To look at it and to change its mood.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().expect("no panic while the ledger is open")
    }

    /// How often a customer got a text: a repeated key is not texted again where `idempotent`.
    pub fn customer_got(&self, text: &str) -> usize {
        self.ledger().taken.iter().filter(|taken| taken.text == text).count()
    }
}

async fn messages(
    State(carrier): State<Carrier>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let mood = carrier.ledger().mood;
    match mood {
        Mood::Down => return (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        Mood::Refuses => return (StatusCode::BAD_REQUEST, "{\"error\":{\"code\":\"content_filtered\"}}".into()),
        Mood::Usual | Mood::Hangs | Mood::Babbles | Mood::Slow(_) => {}
    }
    let bad = |why: &'static str| {
        carrier.ledger().bad.push(why.to_owned());
        (StatusCode::BAD_REQUEST, String::new())
    };
    let Ok(message) = serde_json::from_slice::<serde_json::Value>(&body) else { return bad("no JSON") };
    let files = match Shelves::of(&carrier, &message["media"]).await {
        Ok(files) => files,
        Err(why) => return bad(why),
    };
    let taken = carrier.ledger().take(account, &headers, &message, files);
    let id = match taken {
        Ok(id) => id,
        Err(why) => return bad(why),
    };
    match mood {
        Mood::Hangs => std::future::pending().await,
        Mood::Slow(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Mood::Babbles => return (StatusCode::OK, "<html>It works!</html>".into()),
        Mood::Usual | Mood::Down | Mood::Refuses => {}
    }
    (StatusCode::OK, format!("{{\"id\":\"{id}\",\"status\":\"queued\"}}"))
}

impl Ledger {
    fn take(
        &mut self,
        account: String,
        headers: &HeaderMap,
        body: &serde_json::Value,
        files: Vec<Got>,
    ) -> Result<String, &'static str> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if header("authorization") != Some(&format!("Bearer {API_KEY}")) {
            return Err("wrong credentials");
        }
        let text = |key: &str| body[key].as_str().map(str::to_owned).ok_or("a field is missing");
        let reference = text("reference")?;
        if header("idempotency-key") != Some(&reference) {
            return Err("the key is not the reference");
        }
        let next = format!("id-{}", self.taken.len() + 1);
        let id = self.ids.entry(reference.clone()).or_insert(next).clone();
        let (from, to, words) = (text("from")?, text("to")?, text("text")?);
        let media = body["media"].as_array().into_iter().flatten();
        let addresses = media.filter_map(|file| file["url"].as_str()).map(str::to_owned).collect();
        self.taken.push(Text { account, id: id.clone(), reference, from, to, text: words, files, addresses });
        Ok(id)
    }
}
