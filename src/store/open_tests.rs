//! Whose database it is, and whether it is whole: what cannot be right is refused with the way out, and never begun anew.

use super::*;
use crate::domain::event::Event;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

fn settings(folder: &Path) -> StoreSettings {
    StoreSettings { folder: folder.to_owned(), readers: 1, line_max: 8, key_file: None }
}

fn try_open(folder: &Path) -> Result<(Store, Threads), OpenError> {
    open(&settings(folder), 0, Arc::new(|_: &[Event]| ()))
}

/// Opens, does something, closes in good order.
fn opened(folder: &Path, work: impl FnOnce(&crate::store::handle::Tx<'_>) + Send + 'static) {
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
fn installed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    opened(folder.path(), |tx| {
        for number in 0..200 {
            tx.set_site(&format!("key {number}"), &"x".repeat(500)).expect("set");
        }
    });
    folder
}

fn database(folder: &Path) -> PathBuf {
    folder.join("depesche.db")
}

fn has_it_all(folder: &Path) -> bool {
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
fn a_backup_made_while_others_write_comes_back_whole_in_an_empty_folder() {
    let folder = installed();
    let (store, threads) = try_open(folder.path()).expect("opens");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("one");
    let writing = {
        let store = store.clone();
        runtime.spawn(async move {
            for number in 0..200 {
                // Both or neither: a backup is of one moment.
                let both = store.write(move |tx| {
                    tx.set_site("left", &number.to_string())?;
                    tx.set_site("right", &number.to_string())
                });
                both.await.expect("written");
            }
        })
    };
    let copies = tempfile::tempdir().expect("a folder");
    for number in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(60));
        backup(&settings(folder.path()), &copies.path().join(format!("{number}.db"))).expect("copied");
    }
    runtime.block_on(writing).expect("no write was refused");
    drop(store);
    threads.join();

    for number in 0..3 {
        let new = tempfile::tempdir().expect("a folder");
        let data = new.path().join("data");
        restore(&settings(&data), &copies.path().join(format!("{number}.db")), Timestamp(7)).expect("restored");
        opened(&data, |tx| {
            assert_eq!(tx.site("left").expect("read"), tx.site("right").expect("read"));
        });
        assert!(has_it_all(&data));
        let books = Connection::open(database(&data)).expect("opens");
        let key = books.prepare("SELECT * FROM backup_key");
        assert!(key.is_err(), "the key stays in the backup and in its own file");
    }
}

#[test]
fn a_backup_never_writes_over_anything_and_mends_after_itself() {
    let folder = installed();
    let target = folder.path().join("copy.db");
    fs::write(&target, b"something dear").expect("written");
    assert!(backup(&settings(folder.path()), &target).is_err());
    assert_eq!(fs::read(&target).expect("read"), b"something dear");

    let other = folder.path().join("other.db");
    fs::write(other.with_extension("partial"), b"left by a backup that was cut short").expect("written");
    backup(&settings(folder.path()), &other).expect("copied");
    assert!(!other.with_extension("partial").exists());
}

#[test]
fn a_restore_sets_aside_what_was_there_each_time() {
    let folder = installed();
    let copy = folder.path().join("copy.db");
    backup(&settings(folder.path()), &copy).expect("copied");
    opened(folder.path(), |tx| tx.set_site("since", "the backup").expect("set"));

    restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored");
    restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored again");

    opened(folder.path(), |tx| assert!(tx.site("since").expect("read").is_none()));
    let first = Connection::open(folder.path().join("depesche.db.before-restore")).expect("set aside");
    let since: i64 =
        first.query_row("SELECT count(*) FROM site WHERE key = 'since'", [], |row| row.get(0)).expect("whole");
    assert_eq!(since, 1, "the second restore leaves what the first set aside");
    assert!(folder.path().join("depesche.db.before-restore-2").exists());
}

#[test]
fn a_restore_mends_a_damaged_installation_and_takes_no_garbage() {
    let folder = installed();
    let copy = folder.path().join("copy.db");
    backup(&settings(folder.path()), &copy).expect("copied");
    fs::write(database(folder.path()), vec![0x5a; 40_000]).expect("damaged");

    let garbage = folder.path().join("garbage.db");
    fs::write(&garbage, vec![0x5a; 40_000]).expect("written");
    assert!(restore(&settings(folder.path()), &garbage, Timestamp(7)).is_err());
    assert!(restore(&settings(folder.path()), &folder.path().join("nowhere.db"), Timestamp(7)).is_err());
    restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored");

    opened(folder.path(), |_| ());
    assert!(has_it_all(folder.path()));
}

/// A text to a customer and one to a phone, both still to leave, and a third under way when the copy was made.
fn with_texts_that_wait(tx: &crate::store::handle::Tx<'_>) {
    let rows = "
        INSERT INTO trunks (id, name, carrier, settings, secrets, webhook_key, created_at) VALUES (1, 'T', 'generic', '{}', x'', 'k', 0);
        INSERT INTO channels (id, trunk_id, name, kind, created_at) VALUES (1, 1, 'SMS', 'sms', 0);
        INSERT INTO extensions (id, number, name, password, created_at) VALUES (1, '1001', 'Anna', x'', 0);
        INSERT INTO numbers (id, channel_id, address, sender_class, route_extension_id, created_at) VALUES (1, 1, '+15550100100', 'long_code', 1, 0);
        INSERT INTO peers (id, created_at) VALUES (1, 0);
        INSERT INTO sessions (id, channel_id, number_id, peer_id, peer_address, state, extension_id, opened_at, last_at)
            VALUES (1, 1, 1, 1, '+15550100199', 'held', 1, 0, 0);
        INSERT INTO messages (id, session_id, direction, text, at, author_name) VALUES (1, 1, 'out', 'x', 0, 'Anna');
        INSERT INTO deliveries (message_id, line, trunk_id, number_id, to_address, extension_id, reference, lane, priority, state, due_at, lease_until, expires_at, created_at, updated_at) VALUES
            (1, 'carrier', 1, 1, '+15550100199', NULL, 'waits', 'n1', 0, 'queued', 0, NULL, 9, 0, 0),
            (1, 'carrier', 1, 1, '+15550100199', NULL, 'under way', 'n1', 0, 'sending', 0, 5, 9, 0, 0),
            (1, 'carrier', 1, 1, '+15550100199', NULL, 'gone', 'n1', 0, 'sent', 0, NULL, 9, 0, 0),
            (1, 'extension', NULL, NULL, NULL, 1, 'to a phone', 'x1', 0, 'queued', 0, NULL, 9, 0, 0);";
    tx.conn.execute_batch(rows).expect("rows");
}

#[test]
fn what_an_old_backup_holds_as_unsent_is_not_sent_again_by_itself() {
    let folder = installed();
    opened(folder.path(), with_texts_that_wait);
    let copy = folder.path().join("copy.db");
    backup(&settings(folder.path()), &copy).expect("copied");

    restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored");

    let books = Connection::open(database(folder.path())).expect("opens");
    let states = |reason: &str| -> Vec<String> {
        let sql = format!("SELECT reference || ': ' || state FROM deliveries WHERE {reason} ORDER BY reference");
        let mut rows = books.prepare(&sql).expect("good SQL");
        rows.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
    };
    assert_eq!(states("reason IS NULL"), ["gone: sent", "to a phone: queued"]);
    let restored = states("json_extract(reason, '$.code') = 'restored' AND updated_at = 7");
    assert_eq!(restored, ["under way: uncertain", "waits: uncertain"]);
}

#[test]
fn what_was_set_aside_can_be_put_back_with_the_key_that_is_there() {
    let folder = installed();
    let copy = folder.path().join("copy.db");
    backup(&settings(folder.path()), &copy).expect("copied");
    opened(folder.path(), |tx| tx.set_site("since", "the backup").expect("set"));
    restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored");

    let aside = folder.path().join("depesche.db.before-restore");
    restore(&settings(folder.path()), &aside, Timestamp(8)).expect("put back");

    opened(folder.path(), |tx| assert!(tx.site("since").expect("read").is_some()));

    // As the daemon copies it before it brings the schema up to date.
    let before_step = folder.path().join("depesche.db.before-2");
    make_private(&before_step).expect("made");
    let (source, mut target) =
        (connect_reader(&database(folder.path())).expect("opens"), Connection::open(&before_step).expect("opens"));
    copy_all(&source, &mut target).expect("copied");
    drop((source, target));
    restore(&settings(folder.path()), &before_step, Timestamp(9)).expect("put back");
    opened(folder.path(), |_| ());
    assert!(has_it_all(folder.path()));

    let stranger = installed();
    let refused = restore(&settings(stranger.path()), &aside, Timestamp(9));
    assert!(matches!(refused, Err(OpenError::WrongKey { .. })), "without the key nothing is touched");
    assert!(has_it_all(stranger.path()));
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
