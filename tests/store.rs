//! The store from outside: a disk that takes no more, and the search that finds. What it promises inside is tested there.

use depesche::domain::address::Address;
use depesche::domain::event::Event;
use depesche::domain::id::{SessionId, UserId};
use depesche::domain::message::{Direction, NewMessage};
use depesche::domain::time::Timestamp;
use depesche::store::error::StoreError;
use depesche::store::handle::{Store, Threads, Tx};
use depesche::store::open::{StoreSettings, open};
use depesche::store::view_sessions::Sight;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

#[path = "store/contacts.rs"]
mod contacts;
#[path = "flows/world/mod.rs"]
mod world;

const FOLDER: &str = "DEPESCHE_TEST_FOLDER";

fn opened(folder: &Path) -> (Store, Threads) {
    let settings = StoreSettings { folder: folder.to_owned(), readers: 1, line_max: 64, key_file: None };
    open(&settings, 0, Arc::new(|_: &[Event]| ())).expect("opens")
}

/// A disk that stops taking bytes in the middle of a write: a limit on the size of files plays it, in a process of its own.
#[test]
fn a_disk_that_takes_no_more_is_said_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let test = std::env::current_exe().expect("this test");

    // A shell, since a signal that is ignored stays so in what it starts: the write fails instead of ending the process.
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(test)
        .args(["--exact", "in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .status();

    assert!(status.expect("a shell").success());
}

#[tokio::test]
#[ignore = "started by a_disk_that_takes_no_more_is_said_and_loses_nothing"]
async fn in_a_process_of_its_own() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (store, _threads) = opened(Path::new(&folder));
    let put = |key: String| {
        let store = store.clone();
        async move { store.write(move |tx| tx.set_site(&key, &"x".repeat(2000))).await }
    };
    let (_, most) = getrlimit(Resource::RLIMIT_FSIZE).expect("a limit");
    let log = std::fs::metadata(Path::new(&folder).join("depesche.db-wal")).map_or(0, |found| found.len());
    setrlimit(Resource::RLIMIT_FSIZE, log + 100_000, most).expect("set");

    let mut acknowledged = Vec::new();
    let error = loop {
        let key = format!("key {}", acknowledged.len());
        match put(key.clone()).await {
            Ok(()) => acknowledged.push(key),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 200, "the limit holds");
    };
    assert!(matches!(error, StoreError::Disk(_) | StoreError::DiskFull), "{error:?}");
    assert!(error.to_string().contains("nothing was stored"), "{error}");
    assert!(put("while it is full".into()).await.is_err());
    let readable = store.read(|db| db.site("key 0")).await;
    assert!(readable.expect("reading goes on").is_some());

    setrlimit(Resource::RLIMIT_FSIZE, most, most).expect("there is space again");
    put("later".into()).await.expect("it goes on by itself");
    for key in acknowledged {
        assert!(store.read(move |db| db.site(&key)).await.expect("read").is_some(), "acknowledged is on disk");
    }
    assert!(store.read(|db| db.site("while it is full")).await.expect("read").is_none());
}

const EVERYTHING: Sight = Sight { user: UserId(0), all: true, extension: None };

async fn found(world: &world::World, words: &'static str) -> Vec<String> {
    world.desk.store.make_searchable().await.expect("entered");
    let hits = world.desk.store.read(move |db| db.search_messages(EVERYTHING, words, 50)).await;
    hits.expect("searched").into_iter().map(|hit| hit.message.message.text).collect()
}

#[tokio::test]
async fn messages_are_found_by_their_words() {
    world::in_a_world(async |world| {
        for words in ["Is my bike ready?", "Zwei Räder für Größe 48", "Le café est fermé", "wheel 4711"] {
            world.carla_writes(world::house::ANNAS, words).await;
        }
        world.phone_writes(world.house.anna, world::house::CARLA, "The bike waits for you").await;

        assert_eq!(found(world, "bike").await, ["The bike waits for you", "Is my bike ready?"]);
        assert_eq!(found(world, "BIKE ready").await, ["Is my bike ready?"]);
        assert_eq!(found(world, "rader").await, ["Zwei Räder für Größe 48"], "without its dots");
        assert_eq!(found(world, "CAFE").await, ["Le café est fermé"]);
        assert_eq!(found(world, "47").await, ["wheel 4711"], "the last word may be unfinished");
        for odd in ["", "\"", "bike OR", "NEAR(", "text:x", "*", "-", "'; DROP TABLE messages", "(((("] {
            found(world, odd).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_undone_is_not_found() {
    world::in_a_world(async |world| {
        let session = world.carla_writes(world::house::ANNAS, "kept").await;
        let file = move |tx: &Tx<'_>| file(tx, session, "undone");
        let undone = world.desk.store.write(move |tx| {
            file(tx)?;
            Err::<(), _>(StoreError::Unreadable("on purpose".into()))
        });
        assert!(undone.await.is_err());

        assert_eq!(found(world, "kept").await, ["kept"]);
        assert_eq!(found(world, "undone").await, [""; 0]);
    })
    .await;
}

fn file(tx: &Tx<'_>, session: SessionId, text: &str) -> Result<(), StoreError> {
    let author = Address::parse(world::house::CARLA).expect("a number");
    let new = NewMessage {
        session,
        direction: Direction::In,
        text: text.into(),
        author_extension: None,
        author_user: None,
        author_name: author.to_string(),
        client_id: None,
        segments: None,
        media_count: 0,
    };
    tx.insert_message(&new, Timestamp(0)).map(drop)
}
