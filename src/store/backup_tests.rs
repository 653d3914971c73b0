//! What is copied comes back whole, and nothing dear is written over.

use super::*;
use crate::store::open::tests::{database, has_it_all, installed, opened, settings, try_open};

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
