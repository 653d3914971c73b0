//! Whose database it is, and whether it is whole: what cannot be right is refused with the way out, and never begun anew.

use super::*;
use crate::domain::event::Event;
use crate::store::backup::backup;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

pub(in crate::store) fn settings(folder: &Path) -> StoreSettings {
    StoreSettings { folder: folder.to_owned(), readers: 1, line_max: 8, key_file: None }
}

pub(in crate::store) fn try_open(folder: &Path) -> Result<(Store, Threads), OpenError> {
    open(&settings(folder), 0, Arc::new(|_: &[Event]| ()))
}

/// Opens, does something, closes in good order.
pub(in crate::store) fn opened(folder: &Path, work: impl FnOnce(&crate::store::handle::Tx<'_>) + Send + 'static) {
    let (store, threads) = try_open(folder).expect("opens");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let done = runtime.block_on(store.write(move |tx| {
        work(tx);
        Ok::<_, crate::store::error::StoreError>(())
    }));
    done.expect("written");
    drop(store);
    threads.join();
}

/// An installation that has taken something in.
pub(in crate::store) fn installed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    opened(folder.path(), |tx| {
        for number in 0..200 {
            tx.set_site(&format!("key {number}"), &"x".repeat(500)).expect("set");
        }
    });
    folder
}

pub(in crate::store) fn database(folder: &Path) -> PathBuf {
    folder.join("depesche.db")
}

pub(in crate::store) fn has_it_all(folder: &Path) -> bool {
    let books = Connection::open(database(folder)).expect("opens");
    let count: i64 =
        books.query_row("SELECT count(*) FROM site WHERE key LIKE 'key %'", [], |row| row.get(0)).expect("counted");
    count == 200
}

/// Opening is refused, in these words, and the file is left as it is.
#[track_caller]
fn refused(folder: &Path, words: &[&str]) {
    let before = fs::read(database(folder)).ok();
    let error = try_open(folder).err().expect("refused").to_string();
    for word in words {
        assert!(error.contains(word), "{error:?} says nothing of {word:?}");
    }
    assert!(error.contains("depesche restore FILE"), "the way out is named: {error}");
    assert_eq!(fs::read(database(folder)).ok(), before, "left as it is");
}

#[test]
fn what_was_written_is_there_at_the_next_start() {
    let folder = installed();

    opened(folder.path(), |tx| assert!(tx.site("key 7").expect("read").is_some()));
}

#[test]
fn a_database_that_is_gone_is_no_fresh_start() {
    let folder = installed();
    fs::remove_file(database(folder.path())).expect("removed");

    refused(folder.path(), &["missing", "installation"]);
    assert!(!database(folder.path()).exists());
}

#[test]
fn an_emptied_database_is_no_fresh_start() {
    let folder = installed();
    fs::write(database(folder.path()), b"").expect("emptied");

    refused(folder.path(), &["empty", "installation"]);
}

#[test]
fn a_valid_database_without_tables_is_no_fresh_start() {
    let folder = installed();
    fs::remove_file(database(folder.path())).expect("removed");
    Connection::open(database(folder.path())).and_then(|new| new.execute_batch("VACUUM")).expect("made");
    assert_ne!(fs::metadata(database(folder.path())).expect("there").len(), 0);

    let error = try_open(folder.path()).err().expect("refused").to_string();

    assert!(error.contains("emptied") && error.contains("depesche restore FILE"), "{error}");
    refused(folder.path(), &["emptied"]);
}

#[test]
fn another_installation_s_database_is_refused() {
    let (folder, other) = (installed(), installed());
    fs::copy(database(other.path()), database(folder.path())).expect("swapped");

    refused(folder.path(), &["another installation"]);
}

#[test]
fn a_truncated_database_is_refused() {
    for keep in [0.3, 0.5, 0.9] {
        let folder = installed();
        let whole = fs::read(database(folder.path())).expect("read");
        let kept = (whole.len() as f64 * keep) as usize;
        fs::write(database(folder.path()), &whole[..kept]).expect("truncated");

        refused(folder.path(), &["damaged"]);
    }
}

#[test]
fn garbage_is_refused() {
    let folder = installed();
    fs::write(database(folder.path()), vec![0x5a; 40_000]).expect("written");
    refused(folder.path(), &["damaged"]);

    let folder = installed();
    let mut bytes = fs::read(database(folder.path())).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 9000].fill(0x5a);
    fs::write(database(folder.path()), bytes).expect("written");
    refused(folder.path(), &["damaged"]);
}

#[test]
fn a_database_without_its_mark_is_refused_with_the_way_out() {
    let folder = installed();
    fs::remove_file(folder.path().join("installation")).expect("removed");

    refused(folder.path(), &["installation", "move the database away"]);
    assert!(has_it_all(folder.path()));
    assert!(!folder.path().join("installation").exists(), "no new mark is begun over it");
}

#[test]
fn without_its_key_a_database_is_refused() {
    for wrong in [None, Some(vec![7; 32]), Some(vec![7; 5])] {
        let folder = installed();
        let key = folder.path().join("secret.key");
        match wrong {
            None => fs::remove_file(&key).expect("removed"),
            Some(bytes) => fs::write(&key, bytes).expect("written"),
        }

        let error = try_open(folder.path()).err().expect("refused").to_string();

        assert!(error.contains("secret.key") && error.contains("backup"), "{error}");
        assert!(has_it_all(folder.path()));
    }
}

#[test]
fn a_first_start_that_was_cut_short_anywhere_begins_again_by_itself() {
    // What a complete first start leaves, taken apart in the order it is made.
    let whole = tempfile::tempdir().expect("a folder");
    opened(whole.path(), |_| ());
    let mark = fs::read_to_string(whole.path().join("installation")).expect("read");
    let begun = format!("begun {mark}");
    let part = |folder: &Path, names: &[&str]| {
        for name in names {
            fs::copy(whole.path().join(name), folder.join(name)).expect("copied");
        }
    };
    type Cut<'a> = (&'a str, Box<dyn Fn(&Path) + 'a>);
    let cuts: Vec<Cut<'_>> = vec![
        ("nothing", Box::new(|_| ())),
        ("the mark only", Box::new(|folder| fs::write(folder.join("installation"), &begun).expect("written"))),
        (
            "mark and key",
            Box::new(|folder| {
                part(folder, &["secret.key"]);
                fs::write(folder.join("installation"), &begun).expect("written");
            }),
        ),
        (
            "an empty database",
            Box::new(|folder| {
                part(folder, &["secret.key"]);
                fs::write(folder.join("installation"), &begun).expect("written");
                fs::write(database(folder), b"").expect("written");
            }),
        ),
        (
            "a schema without a mark in it",
            Box::new(|folder| {
                part(folder, &["secret.key", "depesche.db"]);
                fs::write(folder.join("installation"), &begun).expect("written");
                let books = Connection::open(database(folder)).expect("opens");
                books.execute_batch("DELETE FROM installation; DELETE FROM site").expect("undone");
            }),
        ),
        (
            "all but the last word",
            Box::new(|folder| {
                part(folder, &["secret.key", "depesche.db"]);
                fs::write(folder.join("installation"), &begun).expect("written");
            }),
        ),
    ];
    for (what, cut) in cuts {
        let folder = tempfile::tempdir().expect("a folder");
        cut(folder.path());

        opened(folder.path(), |tx| tx.set_site("language", "de").expect("set"));

        let mark = fs::read_to_string(folder.path().join("installation")).expect("read");
        assert!(!mark.contains("begun"), "{what}: {mark}");
        opened(folder.path(), |tx| assert!(tx.site("language").expect("read").is_some()));
    }
}

#[test]
fn a_begun_mark_takes_no_other_installation_s_database() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), installed());
    fs::write(folder.path().join("installation"), "begun 0123456789abcdef0123456789abcdef\n").expect("written");
    fs::copy(other.path().join("secret.key"), folder.path().join("secret.key")).expect("copied");
    fs::copy(database(other.path()), database(folder.path())).expect("copied");

    let error = try_open(folder.path()).err().expect("refused").to_string();

    assert!(error.contains("another installation"), "{error}");
    assert!(has_it_all(folder.path()));
}

#[test]
fn what_holds_secrets_is_for_its_owner_only() {
    let folder = installed();
    let copy = folder.path().join("copy.db");
    backup(&settings(folder.path()), &copy).expect("copied");

    for name in ["depesche.db", "secret.key", "installation", "copy.db"] {
        let mode = fs::metadata(folder.path().join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[test]
fn what_is_committed_is_on_the_disk_before_anybody_is_told() {
    let folder = tempfile::tempdir().expect("a folder");

    opened(folder.path(), |tx| {
        let pragma = |name: &str| -> rusqlite::types::Value {
            tx.conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).expect("an answer")
        };
        // FULL: NORMAL loses what was acknowledged in a power cut.
        assert_eq!(pragma("synchronous"), rusqlite::types::Value::Integer(2));
        assert_eq!(pragma("journal_mode"), rusqlite::types::Value::Text("wal".into()));
    });
}
