//! Looking at what is on disk, past the store: the books as an auditor reads them.

use crate::world::World;
use depesche::domain::event::Event;
use depesche::domain::id::{ExtensionId, MessageId, SessionId};
use depesche::domain::time::Timestamp;
use rusqlite::{Connection, OpenFlags};

/// How a delivery stands: its state and the code of its reason.
pub type Stands = (String, Option<String>);

impl World {
    fn books(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let books = Connection::open_with_flags(self.folder().join("depesche.db"), flags).expect("the database");
        books.execute_batch("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000").expect("looking only");
        books
    }

    /// All rows of the first column, as texts.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let books = self.books();
        let mut statement = books.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows = statement.query_map([], |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                value => String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned(),
            })
        });
        rows.and_then(Iterator::collect).unwrap_or_else(|error: rusqlite::Error| panic!("{sql}: {error}"))
    }

    /// One text.
    pub fn text(&self, sql: &str) -> String {
        self.texts(sql).pop().unwrap_or_else(|| panic!("no row: {sql}"))
    }

    /// One number.
    pub fn count(&self, sql: &str) -> i64 {
        self.text(sql).parse().unwrap_or_else(|_| panic!("no number: {sql}"))
    }

    /// The conversation that was opened last.
    pub fn last_session(&self) -> SessionId {
        SessionId(self.count("SELECT max(id) FROM sessions"))
    }

    /// `waiting Sales`, `held 1001` or `closed`.
    pub fn session_state(&self, id: SessionId) -> String {
        self.text(&format!(
            "SELECT trim(s.state || ' ' || CASE s.state WHEN 'held' THEN e.number WHEN 'waiting' THEN q.name ELSE '' END) \
             FROM sessions s LEFT JOIN extensions e ON e.id = s.extension_id LEFT JOIN queues q ON q.id = s.queue_id \
             WHERE s.id = {id}"
        ))
    }

    /// What was said in a conversation: `> in`, `< out`.
    pub fn thread(&self, id: SessionId) -> Vec<String> {
        self.texts(&format!(
            "SELECT CASE direction WHEN 'in' THEN '> ' ELSE '< ' END || text FROM messages WHERE session_id = {id} ORDER BY id"
        ))
    }

    /// The steps of a conversation: `picked_up by 1001 Anna: Sales -> 1001 Anna`.
    pub fn timeline(&self, id: SessionId) -> Vec<String> {
        self.texts(&format!(
            "SELECT kind || coalesce(' by ' || by_name, '') || coalesce(': ' || from_name, '') || coalesce(' -> ' || to_name, '') \
             FROM session_events WHERE session_id = {id} ORDER BY id"
        ))
    }

    /// How the delivery of a text to its peer stands.
    pub fn stands(&self, words: &str) -> Stands {
        self.stand_where(&format!("d.line = 'carrier' AND m.text = '{words}'"))
    }

    /// How the delivery of a text to a phone stands.
    pub fn at_phone(&self, extension: ExtensionId, words: &str) -> Stands {
        self.stand_where(&format!("d.extension_id = {extension} AND coalesce(d.notice, m.text) = '{words}'"))
    }

    fn stand_where(&self, which: &str) -> Stands {
        let from = format!(
            "FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE {which} ORDER BY d.id DESC LIMIT 1"
        );
        let code = self.text(&format!("SELECT json_extract(d.reason, '$.code') {from}"));
        (self.text(&format!("SELECT d.state {from}")), Some(code).filter(|code| code != "-"))
    }

    /// Makes every commit fail that claims a delivery, by a rule that is looked at only then.
    pub fn spoil_commits_of_claims(&self, spoil: bool) {
        let books = Connection::open(self.folder().join("depesche.db")).expect("the database");
        books.busy_timeout(std::time::Duration::from_secs(5)).expect("a wait");
        let sql = if spoil {
            "CREATE TABLE trap (peer INTEGER REFERENCES peers (id) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER spring AFTER UPDATE OF state ON deliveries WHEN new.state = 'sending'
             BEGIN INSERT INTO trap VALUES (-1); END;"
        } else {
            "DROP TRIGGER spring; DROP TABLE trap;"
        };
        books.execute_batch(sql).expect("a trap");
    }

    /// Sets something that has no form.
    pub fn books_write(&self, sql: &str) {
        let books = Connection::open(self.folder().join("depesche.db")).expect("the database");
        books.busy_timeout(std::time::Duration::from_secs(5)).expect("a wait");
        books.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// When something that waits is due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        let now = self.desk.now().0;
        let next = self.text(&format!("SELECT min(due_at) FROM deliveries WHERE state = 'queued' AND due_at > {now}"));
        next.parse().ok().map(Timestamp)
    }

    /// Every delivery in a line, for a test that fails.
    pub fn all_deliveries(&self) -> String {
        self.texts(
            "SELECT d.id || ' ' || d.line || ' ' || d.lane || ' ' || d.state || ' due ' || d.due_at || ' tries ' || d.tries || \
             ' ' || coalesce(d.reason, '') || ' ' || coalesce(d.notice, m.text) \
             FROM deliveries d JOIN messages m ON m.id = d.message_id ORDER BY d.id LIMIT 40",
        )
        .join("\n")
    }

    /// The books agree with themselves and with what was published.
    pub fn check_books(&self) {
        let none = |sql: &str| assert_eq!(self.texts(sql), Vec::<String>::new(), "{sql}\n{}", self.all_deliveries());
        none("PRAGMA foreign_key_check");
        none(
            "SELECT text FROM messages WHERE direction = 'out' AND \
              (SELECT count(*) FROM deliveries d WHERE d.message_id = messages.id AND d.line = 'carrier') <> 1",
        );
        none(
            "SELECT id FROM sessions s WHERE last_message_id IS NOT (SELECT max(id) FROM messages WHERE session_id = s.id)",
        );
        none(
            "SELECT carrier_id FROM deliveries WHERE carrier_id IS NOT NULL GROUP BY trunk_id, carrier_id HAVING count(*) > 1",
        );
        for event in self.events() {
            if let Event::MessageFiled { message: MessageId(id), .. } = event {
                assert_eq!(
                    self.count(&format!("SELECT count(*) FROM messages WHERE id = {id}")),
                    1,
                    "an event without a commit"
                );
            }
        }
    }
}
