//! A house is copied, goes on, and the copy is put back: what happened in between still counts.

use crate::domain::address::Address;
use crate::domain::id::NumberId;
use crate::domain::time::Timestamp;
use crate::store::backup::{backup, restore};
use crate::store::handle::Tx;
use crate::store::open::tests::{database, installed, opened, settings};
use crate::store::since_backup::Since;
use rusqlite::Connection;
use std::path::Path;

/// One number, three peers, and a campaign in each status; campaign N has the lines N1 to N3.
const HOUSE: &str = "
    INSERT INTO trunks (id, name, carrier, settings, secrets, webhook_key, created_at) VALUES (1, 'T', 'generic', '{}', x'', 'k', 0);
    INSERT INTO channels (id, trunk_id, name, kind, created_at) VALUES (1, 1, 'SMS', 'sms', 0), (2, 1, 'SMS 2', 'sms', 0);
    INSERT INTO queues (id, name, pick_up, created_at) VALUES (1, 'Q', 'none', 0);
    INSERT INTO numbers (id, channel_id, address, sender_class, route_queue_id, created_at)
        VALUES (1, 1, '+15550100100', 'long_code', 1, 0);
    INSERT INTO peers (id, created_at) VALUES (1, 0), (2, 0), (3, 0);
    INSERT INTO peer_addresses (address, peer_id) VALUES ('+15550100101', 1), ('+15550100102', 2), ('+15550100103', 3);
    INSERT INTO opt_outs (id, address, scope, marketing_only, source, at) VALUES (1, '+15550100103', 'everything', 0, 'word', 5);
    INSERT INTO opt_out_keys (key, opt_out_id) VALUES ('+15550100103', 1);
    INSERT INTO campaigns (id, name, status, channel_id, by_name, created_at, changed_at, plan) VALUES
        (1, 'draft', 'draft', 1, 'Ada', 1, 1, '{}'), (2, 'scheduled', 'scheduled', 1, 'Ada', 1, 1, '{}'),
        (3, 'pending', 'pending', 1, 'Ada', 1, 1, '{}'), (4, 'executing', 'executing', 1, 'Ada', 1, 1, '{}'),
        (5, 'paused', 'paused', 1, 'Ada', 1, 1, '{}'), (6, 'retrying', 'retrying', 2, 'Ada', 1, 1, '{}'),
        (7, 'stop', 'stop', 1, 'Ada', 1, 1, '{}'), (8, 'completed', 'completed', 1, 'Ada', 1, 1, '{}'),
        (9, 'cancelled', 'cancelled', 1, 'Ada', 1, 1, '{}');
    INSERT INTO campaign_runs (campaign_id, frozen, try_again_at) VALUES (4, 1, NULL), (7, 1, 99);
    INSERT INTO recipients (id, campaign_id, given, address, counts, state, changed_at) VALUES
        (41, 4, '101', '+15550100101', 1, 'waiting', 1), (42, 4, '102', '+15550100102', 1, 'waiting', 1),
        (43, 4, '103', '+15550100103', 1, 'waiting', 1), (44, 4, '104', '+15550100104', 1, 'waiting', 1);
";

/// A house as above, copied, then changed by `since`, then put back.
fn put_back(since: &str) -> (tempfile::TempDir, Since) {
    let (folder, copy) = copied();
    change(folder.path(), since);
    let told = restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored");
    (folder, told)
}

fn copied() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = installed();
    change(folder.path(), HOUSE);
    let copy = folder.path().join("copy.db");
    backup(&settings(folder.path()), &copy).expect("copied");
    (folder, copy)
}

fn change(folder: &Path, sql: &str) {
    Connection::open(database(folder)).expect("opens").execute_batch(sql).expect("changed");
}

fn words(folder: &Path, sql: &str) -> Vec<String> {
    let books = Connection::open(database(folder)).expect("opens");
    let mut query = books.prepare(sql).expect("a query");
    query.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
}

fn refuses(tx: &Tx<'_>, address: &str) -> bool {
    let address = Address::parse(address).expect("an address");
    tx.refusal_of(&address, NumberId(1), false).expect("read").is_some()
}

#[test]
fn whoever_refused_since_the_backup_still_does() {
    let (folder, since) = put_back(
        "INSERT INTO opt_outs (id, address, scope, kind, our_address, marketing_only, source, words, at)
            VALUES (2, '+15550100101', 'number', 'sms', '+15550100100', 0, 'word', 'STOP', 6);
         INSERT INTO opt_out_keys (key, opt_out_id) VALUES ('+15550100101', 2), ('wa:DE.7', 2);
         UPDATE opt_outs SET withdrawn_at = 7, withdrawn_words = 'START' WHERE id = 1;",
    );

    assert_eq!((since.refused, since.taken_back, since.unread), (1, 1, None));
    opened(folder.path(), |tx| {
        assert!(refuses(tx, "+15550100101") && refuses(tx, "wa:DE.7"), "also under their other address");
        assert!(!refuses(tx, "+15550100103"), "taken back is taken back");
        assert!(!refuses(tx, "+15550100102"));
    });
    assert_eq!(words(folder.path(), "SELECT words FROM opt_outs WHERE id = 2"), ["STOP"], "with the proof");
}

#[test]
fn a_refusal_finds_its_place_where_its_id_is_taken() {
    let (folder, copy) = copied();
    change(
        folder.path(),
        "DELETE FROM opt_outs;
         INSERT INTO opt_outs (id, address, scope, marketing_only, source, at) VALUES (1, '+15550100102', 'everything', 0, 'user', 9);
         INSERT INTO opt_out_keys (key, opt_out_id) VALUES ('+15550100102', 1);",
    );

    restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored");

    opened(folder.path(), |tx| assert!(refuses(tx, "+15550100102") && refuses(tx, "+15550100103")));
}

#[test]
fn whoever_was_erased_since_is_erased_again() {
    let (folder, copy) = copied();
    opened(folder.path(), |tx| {
        let id = tx.begin_erasure(&Address::parse("+15550100102").expect("one"), "Ada", Timestamp(8)).expect("begun");
        tx.end_erasure(id, Timestamp(9)).expect("through");
    });

    let since = restore(&settings(folder.path()), &copy, Timestamp(10)).expect("restored");

    assert_eq!(since.erased, 1);
    opened(folder.path(), |tx| {
        let open = tx.open_erasures().expect("read");
        assert_eq!(open.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), ["+15550100102"]);
    });
    // Put back once more, from a backup that knows of it: not begun a second time.
    let later = folder.path().join("later.db");
    backup(&settings(folder.path()), &later).expect("copied");
    assert_eq!(restore(&settings(folder.path()), &later, Timestamp(11)).expect("restored").erased, 0);
}

#[test]
fn no_campaign_goes_on_by_itself_after_a_restore() {
    let (folder, _) = put_back("");

    let found = words(
        folder.path(),
        "SELECT name || ' ' || status || ' ' || coalesce(json_extract(reason, '$.code'), '-') FROM campaigns ORDER BY id",
    );
    assert_eq!(
        found,
        [
            "draft draft -",
            "scheduled stop campaign_restored",
            "pending stop campaign_restored",
            "executing stop campaign_restored",
            "paused paused campaign_restored",
            "retrying stop campaign_restored",
            "stop stop -",
            "completed completed -",
            "cancelled cancelled -"
        ]
    );
    assert_eq!(words(folder.path(), "SELECT count(*) || '' FROM campaign_runs WHERE try_again_at IS NOT NULL"), ["0"]);
}

#[test]
fn lines_that_were_sent_since_are_not_sent_again() {
    let (folder, since) = put_back(
        "UPDATE recipients SET state = 'delivered', sent_at = 5, delivered_at = 6 WHERE id = 41;
         UPDATE recipients SET state = 'sending' WHERE id = 42;
         UPDATE recipients SET state = 'queued' WHERE id = 43;",
    );

    assert_eq!(since.sent, 2);
    assert_eq!(
        words(folder.path(), "SELECT id || ' ' || state FROM recipients ORDER BY id"),
        ["41 delivered", "42 uncertain", "43 waiting", "44 waiting"],
        "what was only queued has certainly not left"
    );
    let counts = "SELECT what || ' ' || lines FROM campaign_counts WHERE lines > 0 ORDER BY what";
    assert_eq!(words(folder.path(), counts), ["delivered 1", "uncertain 1", "waiting 2"], "and the sums add up");
}

#[test]
fn a_line_is_known_by_who_it_is_for_and_a_campaign_by_its_birth() {
    let (folder, _) = put_back(
        "DELETE FROM recipients;
         INSERT INTO recipients (id, campaign_id, given, address, counts, state, changed_at) VALUES
            (91, 4, '101', '+15550100101', 1, 'sent', 5), (92, 4, '102', '+15550100102', 1, 'waiting', 5);",
    );
    let states = "SELECT id || ' ' || state FROM recipients ORDER BY id LIMIT 2";
    assert_eq!(words(folder.path(), states), ["41 sent", "42 waiting"], "its ledger was made anew");

    let (folder, since) = put_back("UPDATE campaigns SET created_at = 2; UPDATE recipients SET state = 'sent'");
    assert_eq!(since.sent, 0, "another campaign has its number");
    assert_eq!(words(folder.path(), states), ["41 waiting", "42 waiting"]);
}

#[test]
fn a_campaign_that_ended_since_has_ended_and_one_begun_since_is_not_begun_again() {
    let (folder, _) = put_back(
        "UPDATE recipients SET state = 'sent';
         UPDATE campaigns SET status = 'completed', started_at = 5, ended_at = 6 WHERE id = 4;
         UPDATE campaigns SET status = 'completed', started_at = 5, ended_at = 6 WHERE id IN (1, 2);",
    );

    let found = "SELECT name || ' ' || status || ' ' || coalesce(json_extract(reason, '$.code'), '-') FROM campaigns \
                 WHERE id IN (1, 2, 4) ORDER BY id";
    assert_eq!(
        words(folder.path(), found),
        ["draft cancelled launched_since_backup", "scheduled cancelled launched_since_backup", "executing completed -"]
    );
}

#[test]
fn of_a_damaged_database_counts_what_can_be_read_and_the_rest_is_said() {
    let (folder, copy) = copied();
    std::fs::write(database(folder.path()), vec![0x5a; 40_000]).expect("damaged");
    let since = restore(&settings(folder.path()), &copy, Timestamp(7)).expect("restored all the same");
    assert!(since.unread.is_some_and(|why| why.contains("not a database")));

    let elsewhere = tempfile::tempdir().expect("a folder");
    let since = restore(&settings(&elsewhere.path().join("data")), &copy, Timestamp(7)).expect("restored");
    assert!(since.unread.is_some_and(|why| why.contains("no database")));
    opened(folder.path(), |tx| assert!(refuses(tx, "+15550100103"), "the list comes back with the backup"));
}

#[test]
fn another_house_s_database_tells_nothing() {
    let (_folder, copy) = copied();
    let stranger = installed();
    change(stranger.path(), HOUSE);
    change(stranger.path(), "UPDATE recipients SET state = 'sent'");

    let since = restore(&settings(stranger.path()), &copy, Timestamp(7)).expect("restored");

    assert_eq!(since.sent, 0);
    assert!(since.unread.is_some_and(|why| why.contains("another installation")));
}
