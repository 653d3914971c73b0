//! The schema, brought up to date step by step: `user_version` counts the steps that were taken.
//! A shipped step is history; mend it with the next one. Before any step the database is copied.

use crate::store::backup::copy_all;
use crate::store::error::OpenError;
use crate::store::open::make_private;
use rusqlite::Connection;
use std::path::Path;

const STEPS: &[&str] = &[
    include_str!("migrations/0001_foundation.sql"),
    include_str!("migrations/0002_outbox.sql"),
    include_str!("migrations/0003_whatsapp.sql"),
    include_str!("migrations/0004_polling.sql"),
    include_str!("migrations/0005_sip_trunks.sql"),
    include_str!("migrations/0006_inbound_parts.sql"),
    include_str!("migrations/0007_media.sql"),
    include_str!("migrations/0008_phonebooks.sql"),
    include_str!("migrations/0009_consent.sql"),
    include_str!("migrations/0010_campaigns.sql"),
    include_str!("migrations/0011_said_by_us.sql"),
    include_str!("migrations/0012_cheaper_rows.sql"),
];

/// The schema of a database, and the one this program knows.
pub fn schema_of(connection: &Connection) -> rusqlite::Result<(usize, usize)> {
    Ok((connection.query_row("PRAGMA user_version", [], |row| row.get(0))?, STEPS.len()))
}

/// Takes the steps that are missing, all in one transaction, after a copy of a database that has any.
pub fn bring_up_to_date(connection: &mut Connection, database: &Path) -> Result<(), OpenError> {
    take_steps(connection, database, STEPS)
}

fn take_steps(connection: &mut Connection, database: &Path, steps: &[&str]) -> Result<(), OpenError> {
    let other = |error: rusqlite::Error| OpenError::Other { path: database.to_owned(), why: error.to_string() };
    let taken: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(other)?;
    if taken > steps.len() {
        return Err(OpenError::TooNew { path: database.to_owned(), found: taken, known: steps.len() });
    }
    if taken == steps.len() {
        return Ok(());
    }
    if taken > 0 {
        let copy = database.with_extension(format!("db.before-{}", taken + 1));
        make_private(&copy)?;
        let mut target = Connection::open(&copy).map_err(other)?;
        copy_all(connection, &mut target).map_err(other)?;
        tracing::info!("The database is brought from schema {taken} to {}; a copy is kept beside it", steps.len());
    }
    let transaction = connection.transaction().map_err(other)?;
    for step in &steps[taken..] {
        transaction.execute_batch(step).map_err(other)?;
    }
    transaction.pragma_update(None, "user_version", steps.len()).map_err(other)?;
    transaction.commit().map_err(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const ONE: &str = "CREATE TABLE one (x INTEGER) STRICT;";
    const TWO: &str = "CREATE TABLE two (x INTEGER) STRICT;";

    fn tables(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).expect("opens");
        let mut query = connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").expect("a schema");
        query.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names")
    }

    #[test]
    fn a_database_is_copied_before_it_is_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("depesche.db");
        let mut connection = Connection::open(&path).expect("opens");
        take_steps(&mut connection, &path, &[ONE]).expect("the first step");
        connection.execute("INSERT INTO one VALUES (7)", []).expect("a row");

        take_steps(&mut connection, &path, &[ONE, TWO]).expect("the second step");

        let copy = folder.path().join("depesche.db.before-2");
        assert_eq!(tables(&copy), ["one"]);
        assert_eq!(tables(&path), ["one", "two"]);
        let mode = std::fs::metadata(&copy).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "a copy holds as much as the original");
    }

    #[test]
    fn a_step_that_fails_changes_nothing_and_can_be_taken_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("depesche.db");
        let mut connection = Connection::open(&path).expect("opens");
        take_steps(&mut connection, &path, &[ONE]).expect("the first step");

        let failed = take_steps(&mut connection, &path, &[ONE, TWO, "nonsense"]);
        assert!(failed.is_err());
        assert_eq!(tables(&path), ["one"]);

        take_steps(&mut connection, &path, &[ONE, TWO]).expect("mended");
        assert_eq!(tables(&path), ["one", "two"]);
    }

    #[test]
    fn a_database_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("depesche.db");
        let mut connection = Connection::open(&path).expect("opens");
        take_steps(&mut connection, &path, &[ONE, TWO]).expect("both");

        let refused = take_steps(&mut connection, &path, &[ONE]);

        assert!(matches!(refused, Err(OpenError::TooNew { found: 2, known: 1, .. })));
    }

    #[test]
    fn rows_that_come_with_each_message_are_checked_word_by_word_and_still_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("depesche.db");
        let mut connection = Connection::open(&path).expect("opens");
        take_steps(&mut connection, &path, &STEPS[..11]).expect("as it was");
        connection
            .execute_batch(
                "INSERT INTO trunks (id, name, carrier, settings, secrets, webhook_key, created_at) VALUES (1, 't', 'simulator', '{}', x'', 'k', 0);
                 INSERT INTO exchanges (id, at, trunk_id, direction, what, took_ms, status, outcome, request, answer) VALUES (70, 0, 1, 'in', 'ask', 0, '', '', '', '');",
            )
            .expect("a house as it was");

        take_steps(&mut connection, &path, STEPS).expect("the step");

        for table in ["deliveries", "recipients", "exchanges", "sessions", "session_events"] {
            let sql: String = connection
                .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table], |row| {
                    row.get(0)
                })
                .expect("it is there");
            let lists = sql.split(" IN (").skip(1).map(|rest| rest.split(')').next().unwrap_or_default());
            assert!(lists.into_iter().all(|list| list.split(',').count() <= 2), "{table}: {sql}");
            let problems: String = connection
                .query_row(&format!("PRAGMA integrity_check('{table}')"), [], |row| row.get(0))
                .expect("checked");
            assert_eq!(problems, "ok");
        }
        let exchange = "INSERT INTO exchanges (at, trunk_id, direction, what, took_ms, status, outcome, request, answer) VALUES (0, 1, 'in', ?1, 0, '', '', '', '')";
        let refused = connection.execute(exchange, ["gossip"]).expect_err("no word of ours");
        assert!(refused.to_string().contains("CHECK constraint failed"), "{refused}");
        connection.execute(exchange, ["send"]).expect("a word of ours");
        assert_eq!(connection.last_insert_rowid(), 71, "ids go on");
    }

    #[test]
    fn refusals_of_peers_are_carried_over_to_all_of_their_addresses() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("depesche.db");
        let mut connection = Connection::open(&path).expect("opens");
        take_steps(&mut connection, &path, &STEPS[..8]).expect("as it was");
        connection
            .execute_batch(
                "INSERT INTO trunks (id, name, carrier, settings, secrets, webhook_key, created_at) VALUES (1, 't', 'simulator', '{}', x'', 'k', 0);
                 INSERT INTO channels (id, trunk_id, name, kind, created_at) VALUES (1, 1, 'Texts', 'sms', 0), (2, 1, 'WA', 'whatsapp', 0), (3, 1, 'WA 2', 'whatsapp', 0);
                 INSERT INTO queues (id, name, pick_up, created_at) VALUES (1, 'Q', 'none', 0);
                 INSERT INTO numbers (id, channel_id, address, sender_class, route_queue_id, created_at) VALUES (1, 1, '+4930123456', 'long_code', 1, 0);
                 INSERT INTO peers (id, created_at) VALUES (1, 0);
                 INSERT INTO peer_addresses (address, peer_id) VALUES ('+15550100123', 1), ('wa:DE.1', 1);
                 INSERT INTO opt_outs (id, peer_id, kind, number_id, marketing_only, source, words, at, withdrawn_at)
                    VALUES (7, 1, 'sms', 1, 0, 'carrier', 'STOP', 5, NULL), (8, 1, 'whatsapp', NULL, 1, 'carrier', 'stop', 6, 9);",
            )
            .expect("a house as it was");

        take_steps(&mut connection, &path, &STEPS[..9]).expect("the step");

        let rows = |sql: &str| -> Vec<String> {
            let mut query = connection.prepare(sql).expect("a query");
            query.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
        };
        assert_eq!(
            rows(
                "SELECT id || ' ' || address || ' ' || scope || ' ' || coalesce(our_address, channel_name) || ' ' || words || ' ' || coalesce(withdrawn_at, '-') FROM opt_outs ORDER BY at, channel_id"
            ),
            [
                "7 +15550100123 number +4930123456 STOP -",
                "8 +15550100123 channel WA stop 9",
                "9 +15550100123 channel WA 2 stop 9"
            ]
        );
        assert_eq!(rows("SELECT key FROM opt_out_keys WHERE opt_out_id = 7 ORDER BY key"), ["+15550100123", "wa:DE.1"]);
        assert_eq!(rows("SELECT count(*) || '' FROM opt_out_keys"), ["6"]);
    }
}
