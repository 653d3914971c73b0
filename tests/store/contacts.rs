//! Many contacts: a page of the list and a search while one types cost the same, however many there are. The count is
//! small here and may be set: `DEPESCHE_CONTACTS=500000 cargo test --release --test store contacts:: -- --nocapture` prints
//! figures of what a large house has.

use crate::opened;
use depesche::domain::contact::NumberKind;
use depesche::domain::contact_form::{ContactForm, NumberForm};
use depesche::domain::id::{ContactId, PhonebookId};
use depesche::domain::time::Timestamp;
use depesche::store::contacts_find::ContactsWanted;
use depesche::store::contacts_twice::SameBy;
use depesche::store::edit::EditError;
use depesche::store::handle::Store;
use std::time::{Duration, Instant};

const SYLLABLES: [&str; 24] = [
    "mül", "ler", "schmi", "dt", "wei", "ß", "ko", "wal", "ski", "ber", "ger", "lan", "ha", "gen", "stein", "é", "tou",
    "ne", "van", "øs", "ter", "man", "hof", "brück",
];
const FIRSTS: [&str; 16] = [
    "Anna", "Ben", "Carla", "Jörg", "Zoë", "Łukasz", "Émile", "Maria", "Noah", "Lea", "Paul", "Ida", "Tom", "Mia",
    "Leon", "Søren",
];

fn nth_person(nth: u64) -> ContactForm {
    let random = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    let at = |shift: u64, of: u64| usize::try_from((random >> shift) % of).expect("small");
    let syllable = |shift: u64| SYLLABLES[at(shift, 24)];
    let last = [syllable(0), syllable(7), syllable(14)].concat();
    let first = FIRSTS[at(21, 16)];
    let number = |kind, given| NumberForm { kind, given };
    ContactForm {
        first_name: first.into(),
        last_name: last.clone(),
        company: format!("{} {} GmbH", syllable(3), syllable(11)),
        email: format!("{first}.{last}{nth}@firma{}.example", random % 5_000),
        numbers: vec![
            number(NumberKind::Mobile, format!("0155 5{nth:07}")),
            number(NumberKind::Business, format!("+49 30 {:07}", 1_000_000 + nth)),
        ],
        ..ContactForm::default()
    }
}

async fn filled(store: &Store, count: u64) {
    let book = store.write(|tx| tx.insert_phonebook("Everybody", "", Timestamp(1))).await.expect("a book");
    for begin in (0..count).step_by(500) {
        let people: Vec<_> = (begin..count.min(begin + 500)).map(|nth| nth_person(nth).fitted("DE").0).collect();
        store
            .write(move |tx| -> Result<(), EditError> {
                for person in people {
                    tx.insert_contact(&person, &[book], None, Timestamp(1))?;
                }
                Ok(())
            })
            .await
            .expect("they are entered");
    }
    let small = store.write(|tx| tx.insert_phonebook("Few", "", Timestamp(1))).await.expect("a book");
    store
        .write(move |tx| -> Result<(), EditError> {
            (1..=3).try_for_each(|nth| tx.add_to_phonebook(small, ContactId(nth)).map(drop))
        })
        .await
        .expect("they are entered");
}

/// What people type, letter by letter, and where.
fn asked() -> Vec<ContactsWanted> {
    let typed = [
        "m",
        "mü",
        "mül",
        "müll",
        "müller",
        "a",
        "anna m",
        "müll anna",
        "firma1",
        "0",
        "01",
        "0155",
        "0155 5",
        "0155 5000",
        "+49",
        "+4930",
        "004915550001234",
        "anna 0155",
        "e 030",
        "example",
        "gmbh",
        "anna gmbh ler",
        "xyz",
        "1",
        "12",
        "z",
    ];
    let mut wanted = vec![ContactsWanted { limit: 50, ..ContactsWanted::default() }];
    for book in [None, Some(PhonebookId(1)), Some(PhonebookId(2))] {
        let one = |q: Option<&str>| ContactsWanted {
            phonebook: book,
            q: q.map(str::to_owned),
            limit: 50,
            ..ContactsWanted::default()
        };
        wanted.push(one(None));
        wanted.extend(typed.iter().map(|q| one(Some(q))));
    }
    wanted
}

fn memory_peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_many_contacts_comes_at_once_however_they_are_sought() {
    let count = std::env::var("DEPESCHE_CONTACTS").ok().and_then(|count| count.parse().ok()).unwrap_or(6_000);
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _threads) = opened(folder.path());
    let began = Instant::now();
    filled(&store, count).await;
    let filled_in = began.elapsed();

    let (mut slowest, mut all) = (Vec::new(), Vec::new());
    for wanted in asked() {
        let mut times = Vec::new();
        let mut page = None;
        for _ in 0..5 {
            let (asked, began) = (wanted.clone(), Instant::now());
            page = Some(store.read(move |db| db.contacts_page(&asked)).await.expect("a page"));
            times.push(began.elapsed());
        }
        let page = page.expect("it was asked for");
        times.sort();
        all.extend(times.iter().copied());
        slowest.push((times[2], page.items.len(), page.next.is_some(), wanted));
    }
    let began = Instant::now();
    let twice = store.read(|db| db.contacts_twice(SameBy::Number, "", 50)).await.expect("groups");
    let twice_in = began.elapsed();
    assert!(twice.is_empty(), "no number is there twice");

    slowest.sort_by_key(|(time, ..)| std::cmp::Reverse(*time));
    let bytes = std::fs::metadata(folder.path().join("depesche.db")).expect("it is there").len();
    all.sort();
    let (p50, p99) = (all[all.len() / 2], all[all.len() * 99 / 100]);
    println!("{count} contacts in {filled_in:?}, {} MB; numbers twice in {twice_in:?}", bytes >> 20);
    println!("p50 {p50:?}, p99 {p99:?}; memory of all: {} MB", memory_peak_mb());
    for (time, hits, more, wanted) in slowest.iter().take(12) {
        println!("{time:?} {:?} in {:?}: {hits}, more: {more}", wanted.q, wanted.phonebook);
    }
    assert!(slowest[0].0 < Duration::from_millis(50), "{:?}", slowest[0]);
}
