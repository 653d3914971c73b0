//! What the store promises about writing: alone where alone, together where together, and nothing before the commit.

use super::*;
use crate::domain::id::SessionId;
use crate::store::open::{StoreSettings, open};
use std::sync::mpsc;

struct Opened {
    store: Store,
    threads: Threads,
    published: Arc<Mutex<Vec<Event>>>,
    folder: tempfile::TempDir,
}

fn opened() -> Opened {
    let folder = tempfile::tempdir().expect("a folder");
    let published: Arc<Mutex<Vec<Event>>> = Arc::default();
    let publish = {
        let published = Arc::clone(&published);
        Arc::new(move |events: &[Event]| published.lock().expect("no panic").extend_from_slice(events))
    };
    let settings = StoreSettings { folder: folder.path().to_owned(), readers: 2, line_max: 64, key_file: None };
    let (store, threads) = open(&settings, 0, publish).expect("opens");
    Opened { store, threads, published, folder }
}

fn event(id: i64) -> Event {
    Event::SessionChanged { session: SessionId(id) }
}

/// Keeps the writer busy until the sender is dropped, so that what follows shares one commit.
async fn occupied(store: &Store) -> mpsc::Sender<()> {
    let (go, wait) = mpsc::channel::<()>();
    let (began, begun) = oneshot::channel();
    let store = store.clone();
    tokio::spawn(async move {
        let held = store.write(move |_| {
            let _ = began.send(());
            let _ = wait.recv();
            Ok::<_, StoreError>(())
        });
        held.await.expect("committed");
    });
    begun.await.expect("the writer has begun");
    go
}

fn set(tx: &Tx<'_>, key: &str) -> Result<(), StoreError> {
    tx.set_site(key, "1")
}

async fn is_set(store: &Store, key: &'static str) -> bool {
    store.read(move |db| db.site(key)).await.expect("read").is_some()
}

#[tokio::test]
async fn of_writes_that_share_a_commit_one_that_fails_is_undone_alone() {
    let Opened { store, published, .. } = opened();
    let go = occupied(&store).await;
    let (one, two, three) = (store.clone(), store.clone(), store.clone());

    let writes = tokio::spawn(async move {
        tokio::join!(
            one.write(|tx| {
                tx.emit(event(1));
                set(tx, "one")
            }),
            two.write(|tx| {
                tx.emit(event(2));
                set(tx, "two")?;
                Err::<(), _>(StoreError::Unreadable("on purpose".into()))
            }),
            three.write(|tx| {
                tx.emit(event(3));
                set(tx, "three")
            }),
        )
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(go);
    let (one, two, three) = writes.await.expect("no panic");

    assert!(one.is_ok() && three.is_ok());
    assert!(matches!(two, Err(StoreError::Unreadable(_))));
    assert!(is_set(&store, "one").await && is_set(&store, "three").await);
    assert!(!is_set(&store, "two").await);
    assert_eq!(*published.lock().expect("no panic"), [event(1), event(3)]);
}

#[tokio::test]
async fn of_writes_that_stand_together_one_that_refuses_before_it_writes_harms_no_other() {
    let Opened { store, published, .. } = opened();
    let go = occupied(&store).await;
    let (one, two, three) = (store.clone(), store.clone(), store.clone());

    let writes = tokio::spawn(async move {
        tokio::join!(
            one.write_together(|tx| set(tx, "one")),
            two.write_together(|tx| {
                tx.emit(event(2));
                Err::<(), _>(StoreError::Unreadable("on purpose".into()))
            }),
            three.write_together(|tx| set(tx, "three")),
        )
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(go);
    let (one, two, three) = writes.await.expect("no panic");

    assert!(one.is_ok() && two.is_err() && three.is_ok());
    assert!(is_set(&store, "one").await && is_set(&store, "three").await);
    assert!(published.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn writes_that_stand_together_fall_together_and_nobody_is_told_that_it_was_stored() {
    let Opened { store, published, .. } = opened();
    let go = occupied(&store).await;
    let (one, two, three, alone) = (store.clone(), store.clone(), store.clone(), store.clone());

    let writes = tokio::spawn(async move {
        tokio::join!(
            one.write_together(|tx| {
                tx.emit(event(1));
                set(tx, "one")
            }),
            two.write_together(|tx| {
                set(tx, "two")?;
                Err::<(), _>(StoreError::Unreadable("on purpose".into()))
            }),
            three.write_together(|tx| set(tx, "three")),
            alone.write(|tx| {
                tx.emit(event(4));
                set(tx, "alone")
            }),
        )
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(go);
    let (one, two, three, alone) = writes.await.expect("no panic");

    assert!(matches!(one, Err(StoreError::Busy)) && matches!(three, Err(StoreError::Busy)));
    assert!(matches!(two, Err(StoreError::Unreadable(_))) && alone.is_ok());
    for key in ["one", "two", "three"] {
        assert!(!is_set(&store, key).await, "{key} was undone");
    }
    assert!(is_set(&store, "alone").await);
    assert_eq!(*published.lock().expect("no panic"), [event(4)]);
    store.write_together(|tx| set(tx, "one")).await.expect("it comes again, and is taken");
}

#[tokio::test]
async fn a_panic_in_one_write_harms_no_other_and_the_store_goes_on() {
    let Opened { store, published, .. } = opened();
    let go = occupied(&store).await;
    let (one, two) = (store.clone(), store.clone());

    let writes = tokio::spawn(async move {
        tokio::join!(
            one.write(|tx| -> Result<(), StoreError> {
                tx.emit(event(1));
                set(tx, "one")?;
                panic!("on purpose");
            }),
            two.write(|tx| set(tx, "two")),
        )
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(go);
    let (one, two) = writes.await.expect("no panic out here");

    assert!(matches!(one, Err(StoreError::Refused(_))) && two.is_ok());
    assert!(!is_set(&store, "one").await && is_set(&store, "two").await);
    assert!(published.lock().expect("no panic").is_empty());
    store.write(|tx| set(tx, "later")).await.expect("it goes on");
    let query = store.read(|_| -> Result<(), StoreError> { panic!("on purpose") }).await;
    assert!(query.is_err());
    assert!(is_set(&store, "later").await, "the reader goes on too");
}

#[tokio::test]
async fn events_come_after_the_commit_and_never_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let publish = {
        let (seen, path) = (Arc::clone(&seen), folder.path().join("depesche.db"));
        Arc::new(move |events: &[Event]| {
            if !events.is_empty() {
                let other = Connection::open(&path).expect("opens");
                let there = other
                    .prepare("SELECT 1 FROM site WHERE key = 'one'")
                    .and_then(|mut query| query.exists([]))
                    .expect("asked");
                seen.lock().expect("no panic").push(there);
            }
        })
    };
    let settings = StoreSettings { folder: folder.path().to_owned(), readers: 1, line_max: 64, key_file: None };
    let (store, _threads) = open(&settings, 0, publish).expect("opens");

    store
        .write(|tx| {
            tx.emit(event(1));
            set(tx, "one")
        })
        .await
        .expect("written");
    let broken = store.write(|tx| {
        tx.emit(event(2));
        tx.conn.execute_batch("PRAGMA defer_foreign_keys = ON; INSERT INTO peer_addresses VALUES ('+1', 99)")?;
        Ok::<_, StoreError>(())
    });
    assert!(matches!(broken.await, Err(StoreError::Constraint(_))), "the commit itself fails");

    assert_eq!(*seen.lock().expect("no panic"), [true], "whoever hears of it finds it");
}

#[tokio::test]
async fn a_commit_that_fails_fails_all_that_shared_it_and_none_later() {
    let Opened { store, published, .. } = opened();
    let go = occupied(&store).await;
    let (one, two) = (store.clone(), store.clone());

    let writes = tokio::spawn(async move {
        tokio::join!(
            one.write(|tx| {
                tx.emit(event(1));
                set(tx, "one")
            }),
            two.write(|tx| {
                tx.conn
                    .execute_batch("PRAGMA defer_foreign_keys = ON; INSERT INTO peer_addresses VALUES ('+1', 99)")?;
                Ok::<_, StoreError>(())
            }),
        )
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(go);
    let (one, two) = writes.await.expect("no panic");

    assert!(one.is_err() && two.is_err());
    assert!(!is_set(&store, "one").await);
    assert!(published.lock().expect("no panic").is_empty());
    store.write(|tx| set(tx, "later")).await.expect("it goes on");
}

#[tokio::test]
async fn a_full_disk_is_said_acknowledges_nothing_and_passes() {
    let Opened { store, published, .. } = opened();
    let limit = store.write(|tx| {
        let pages: u32 = tx.conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        tx.conn.pragma_update(None, "max_page_count", pages + 20)?;
        Ok::<_, StoreError>(())
    });
    limit.await.expect("set");

    let mut acknowledged = Vec::new();
    let full = loop {
        let key = format!("key {}", acknowledged.len());
        let (name, value) = (key.clone(), "x".repeat(4000));
        let written = store.write(move |tx| {
            tx.emit(event(1));
            tx.set_site(&name, &value)
        });
        match written.await {
            Ok(()) => acknowledged.push(key),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 100, "the limit holds");
    };
    assert!(matches!(full, StoreError::DiskFull | StoreError::Disk(_)), "{full:?}");
    assert!(full.to_string().contains("nothing was stored"), "{full}");
    assert_eq!(published.lock().expect("no panic").len(), acknowledged.len());
    store.alive().await.expect("a commit of nothing needs no space");
    assert!(store.failed().is_some(), "and does not hide that the last write failed");

    let space = store.write(|tx| {
        tx.conn.pragma_update(None, "max_page_count", 1_000_000)?;
        Ok::<_, StoreError>(())
    });
    space.await.expect("there is space again");
    assert_eq!(store.failing().await, None, "whoever asks tries it out");
    store.write(|tx| set(tx, "later")).await.expect("it goes on by itself");
    for key in acknowledged {
        assert!(store.read(move |db| db.site(&key)).await.expect("read").is_some());
    }
}

#[tokio::test]
async fn on_a_full_disk_whoever_shares_the_commit_is_refused_in_clear_words() {
    let Opened { store, .. } = opened();
    let limit = store.write(|tx| {
        let pages: u32 = tx.conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        tx.conn.pragma_update(None, "max_page_count", pages + 1)?;
        Ok::<_, StoreError>(())
    });
    limit.await.expect("set");
    let go = occupied(&store).await;
    let (one, two, three) = (store.clone(), store.clone(), store.clone());

    let writes = tokio::spawn(async move {
        tokio::join!(
            one.write(|tx| set(tx, "small")),
            two.write(|tx| tx.set_site("large", &"x".repeat(100_000))),
            three.write(|tx| set(tx, "small too")),
        )
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(go);
    let (one, two, three) = writes.await.expect("no panic");

    assert!(two.is_err());
    for (result, key) in [(one, "small"), (three, "small too")] {
        let on_disk = store.read(move |db| db.site(key)).await.expect("read").is_some();
        assert_eq!(result.is_ok(), on_disk, "{key}: acknowledged is on disk, refused is not");
        if let Err(error) = result {
            assert!(error.to_string().contains("nothing was stored"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_reader_cannot_write_by_any_means() {
    let Opened { store, .. } = opened();

    let tried = store.reader().read(|db| {
        db.conn.execute("INSERT INTO site (key, value) VALUES ('written', 'by a reader')", [])?;
        Ok::<_, StoreError>(())
    });

    assert!(tried.await.is_err());
    assert!(!is_set(&store, "written").await);
}

#[tokio::test]
async fn a_query_sees_one_moment_however_long_it_takes() {
    let Opened { store, .. } = opened();
    let (go, wait) = mpsc::channel::<()>();
    let (looked, has_looked) = oneshot::channel();
    let reader = store.reader().clone();
    let query = tokio::spawn(async move {
        let query = reader.read(move |db| {
            let before = db.site("one")?;
            let _ = looked.send(());
            let _ = wait.recv();
            Ok::<_, StoreError>((before, db.site("one")?))
        });
        query.await
    });
    has_looked.await.expect("it has begun");

    store.write(|tx| set(tx, "one")).await.expect("a reader holds nobody up");
    drop(go);

    assert_eq!(query.await.expect("no panic").expect("read"), (None, None));
    assert!(is_set(&store, "one").await);
}

#[tokio::test]
async fn what_was_accepted_is_on_disk_when_the_store_closes() {
    let Opened { store, threads, folder, .. } = opened();
    let go = occupied(&store).await;
    let writes: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.write(move |tx| set(tx, &format!("key {number}"))).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop((go, store));
    for write in writes {
        write.await.expect("no panic").expect("written");
    }
    tokio::task::spawn_blocking(|| threads.join()).await.expect("closed");

    assert!(!folder.path().join("depesche.db-wal").exists(), "closed in good order");
    let books = Connection::open(folder.path().join("depesche.db")).expect("opens");
    let count: i64 =
        books.query_row("SELECT count(*) FROM site WHERE key LIKE 'key %'", [], |row| row.get(0)).expect("counted");
    assert_eq!(count, 50);
}

#[test]
fn the_database_is_new_enough() {
    // Before 3.51.3 a reset of the write-ahead log could damage a database.
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}
