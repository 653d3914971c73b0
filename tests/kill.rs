//! `kill -9` under load, again and again, on the real program with real sockets. Then the books, the carrier's ledger, the
//! phones, and those who saw an acknowledgement must agree: nothing acknowledged is lost, nothing is there twice.
//!
//! 20 rounds, and 12 of campaigns; `DEPESCHE_KILL_ROUNDS` and `DEPESCHE_CAMPAIGN_KILL_ROUNDS` say otherwise
//! (`scripts/test`: 200 of campaigns).

#[path = "kill/campaigns.rs"]
mod campaigns;
#[path = "app/carrier.rs"]
mod carrier;
#[path = "kill/daemon.rs"]
mod daemon;
#[path = "app/phone.rs"]
mod phone;
#[path = "app/place.rs"]
mod place;

use carrier::{Carrier, Mood};
use daemon::Daemon;
use depesche::clock::Clock;
use phone::Phone;
use place::{ONCE, PLAIN, Place, post, signed, text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Carriers that post at the same time, for each trunk.
const POSTERS: usize = 4;
/// How long a daemon lives at least and at most.
const LIFE_MS: (u64, u64) = (120, 900);

/// What the others saw with their own eyes.
#[derive(Default)]
struct Seen {
    /// Webhooks answered 200: their texts.
    webhooks: Mutex<BTreeSet<String>>,
    /// Texts of phones answered 202.
    phones: Mutex<BTreeSet<String>>,
    /// All texts phones ever began to write.
    begun: Mutex<BTreeSet<String>>,
    webhook_count: AtomicUsize,
    phone_count: AtomicUsize,
}

struct Town {
    place: Place,
    carrier: Carrier,
    phones: [Phone; 2],
    seen: Seen,
}

/// How often to kill, as the environment says.
fn rounds(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let rounds = rounds("DEPESCHE_KILL_ROUNDS", 20);
    let carrier = Carrier::new();
    let (carrier_at, _listening) = carrier.listen(0).await;
    let place = Place::set_up(carrier_at).await;
    let phones = [Phone::new("1001", &place.passwords[0]).await, Phone::new("1002", &place.passwords[1]).await];
    let town = Arc::new(Town { place, carrier, phones, seen: Seen::default() });

    for round in 0..rounds {
        let daemon = Daemon::start(&town.place.settings()).await;
        town.carrier.ledger().mood = if round % 3 == 2 { Mood::Slow(40) } else { Mood::Usual };
        let life = Duration::from_millis(LIFE_MS.0 + random() % (LIFE_MS.1 - LIFE_MS.0));
        load(&town, &daemon, life, round == 0).await;
        daemon.dead().await;
    }

    town.carrier.ledger().mood = Mood::Usual;
    let daemon = Daemon::start(&town.place.settings()).await;
    let rest = "SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending')";
    // A call that was cut off is tried again after at most a quarter of a minute.
    for _ in 0..600 {
        if town.place.count(rest) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(town.place.count(rest), 0, "everything comes to an end");
    daemon.stop().await;
    audit(&town, rounds);
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system's random numbers");
    u64::from_le_bytes(bytes)
}

/// Carriers post and phones write until the daemon's life is over.
async fn load(town: &Arc<Town>, daemon: &Daemon, life: Duration, first: bool) {
    let over = CancellationToken::new();
    let mut tasks = tokio::task::JoinSet::new();
    if first {
        for phone in &town.phones {
            assert_eq!(phone.register(daemon.sip).await, Some(200));
        }
    }
    for side in 0..2 {
        for _ in 0..POSTERS {
            tasks.spawn(post_webhooks(Arc::clone(town), daemon.hooks, side, over.clone()));
        }
        tasks.spawn(write_texts(Arc::clone(town), daemon.sip, side, over.clone()));
    }
    tokio::time::sleep(life).await;
    // Killed while all of them are at it; then nobody answers them any more.
    daemon.kill_9();
    over.cancel();
    while let Some(task) = tasks.join_next().await {
        task.expect("no panic");
    }
}

/// A carrier posts one text after the other; one that was not answered it posts again, as long as it is let.
async fn post_webhooks(town: Arc<Town>, hooks: std::net::SocketAddr, side: usize, over: CancellationToken) {
    let to = [PLAIN, ONCE][side];
    while !over.is_cancelled() {
        let number = town.seen.webhook_count.fetch_add(1, Ordering::Relaxed);
        let words = format!("in {side} {number}");
        let from = format!("+1555010{:04}", 200 + number % 50);
        let body = text(&format!("id-{side}-{number}"), &from, to, &words);
        // Twice at once now and then: carriers do that.
        let times = if number.is_multiple_of(7) { 2 } else { 1 };
        let posts = (0..times).map(|_| {
            let headers = signed(&body, Clock::system().now());
            let (town, body) = (&town, &body);
            async move { post(hooks, &town.place.hooks[side], &headers, body).await }
        });
        let answers = tokio::select! {
            answers = futures_util::future::join_all(posts) => answers,
            () = over.cancelled() => return,
        };
        if answers.contains(&Some(200)) {
            town.seen.webhooks.lock().expect("no panic").insert(words);
        }
    }
}

/// A phone writes one text after the other, each once.
async fn write_texts(town: Arc<Town>, sip: std::net::SocketAddr, side: usize, over: CancellationToken) {
    while !over.is_cancelled() {
        let number = town.seen.phone_count.fetch_add(1, Ordering::Relaxed);
        let words = format!("out {side} {number}");
        let to = format!("+1555010{:04}", 300 + number % 50);
        town.seen.begun.lock().expect("no panic").insert(words.clone());
        let answer = tokio::select! {
            answer = town.phones[side].write(sip, &to, &words) => answer,
            () = over.cancelled() => return,
        };
        if let Some(answer) = answer {
            assert_eq!(answer.status, 202, "{answer:?}");
            town.seen.phones.lock().expect("no panic").insert(words);
        }
    }
}

fn audit(town: &Town, rounds: usize) {
    let books: BTreeMap<String, usize> = counted(town.place.texts("SELECT text FROM messages"));
    let webhooks = town.seen.webhooks.lock().expect("no panic");
    let phones = town.seen.phones.lock().expect("no panic");
    let begun = town.seen.begun.lock().expect("no panic");
    assert!(
        webhooks.len() > rounds && phones.len() > rounds / 2,
        "there was load: {} {}",
        webhooks.len(),
        phones.len()
    );
    for words in webhooks.iter().chain(phones.iter()) {
        assert_eq!(books.get(words), Some(&1), "{words:?} was acknowledged");
    }
    for (words, times) in &books {
        assert_eq!(*times, 1, "{words:?} is filed twice");
        assert!(words.starts_with("in ") || begun.contains(words), "nobody wrote {words:?}");
    }

    let states: BTreeMap<String, String> = town
        .place
        .texts("SELECT m.text || '=' || d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.line = 'carrier'")
        .into_iter()
        .filter_map(|line| line.split_once('=').map(|(words, state)| (words.to_owned(), state.to_owned())))
        .collect();
    let ledger = town.carrier.ledger();
    assert_eq!(ledger.bad, Vec::<String>::new());
    let mut uncertain = 0;
    for words in books.keys().filter(|words| words.starts_with("out ")) {
        let state = states.get(words).map(String::as_str).unwrap_or("without a delivery");
        let taken: Vec<_> = ledger.taken.iter().filter(|taken| taken.text == *words).collect();
        let keys: BTreeSet<_> = taken.iter().map(|taken| &taken.reference).collect();
        let plain = words.starts_with("out 0 ");
        match state {
            "sent" => assert_eq!(keys.len(), 1, "{words:?} is sent"),
            "uncertain" if plain => {
                uncertain += 1;
                assert!(keys.len() <= 1, "{words:?} is uncertain");
            }
            other => panic!("{words:?} is {other}"),
        }
        if plain {
            assert!(taken.len() <= 1, "a customer got {words:?} {} times", taken.len());
        }
    }

    let mut shown = 0;
    for (side, phone) in town.phones.iter().enumerate() {
        let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for text in phone.shown() {
            calls.entry(text.text).or_default().insert(text.call_id);
        }
        for words in books.keys().filter(|words| words.starts_with(&format!("in {side} "))) {
            let under = calls.get(words).map_or(0, BTreeSet::len);
            assert_eq!(under, 1, "{words:?} is shown under {under} Call-IDs");
        }
        shown += calls.len();
    }
    eprintln!(
        "{rounds} times killed: {} webhooks and {} texts of phones acknowledged, {} filed, {} sent, {uncertain} uncertain, {shown} shown",
        webhooks.len(),
        phones.len(),
        books.len(),
        ledger.taken.len(),
    );
}

fn counted(texts: Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}
