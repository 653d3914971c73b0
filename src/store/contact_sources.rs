//! Where contacts are read from: how a source is set up, how its readings went, and which of its contacts are here in
//! which version. Its password is sealed in the row and open in memory only.

use crate::domain::contact_form::Person;
use crate::domain::contact_source::{SourceCounts, SourceProblem, SourceSettings};
use crate::domain::id::{ContactId, PhonebookId, SourceId};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::store::edit::{EditError, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};
use rusqlite::Row;
use std::collections::BTreeMap;
use std::time::Duration;

/// Under which word the password is sealed.
const PASSWORD: &str = "password";

/// A source as it stands in its row, the password opened.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Its name, and its phonebook's.
    pub name: String,
    /// Whether it is read on a schedule.
    pub enabled: bool,
    /// Where and how.
    pub settings: SourceSettings,
    /// The password there; empty: none.
    pub password: Secret,
    /// How long there is between readings.
    pub every: Duration,
    /// When it is read next.
    pub next_at: Timestamp,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When it was last read whole.
    pub read_at: Option<Timestamp>,
    /// Why the last reading changed nothing.
    pub problem: Option<SourceProblem>,
    /// Readings in a row that failed.
    pub failures: u32,
    /// What happens with it.
    pub state: SourceState,
    /// Whether an admin agreed that many of its contacts are gone.
    pub may_shrink: bool,
    /// What it is reminded of at the next reading.
    pub memory: Option<String>,
    /// What the last whole reading changed.
    pub counts: Option<SourceCounts>,
    /// Its phonebook.
    pub phonebook: PhonebookId,
    /// How many stand in it.
    pub contacts: u64,
    /// Counts its edits.
    pub version: i64,
}

/// What happens with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// Nothing.
    Idle,
    /// It is read.
    Reading,
    /// It is deleted, its contacts some at a time.
    Leaving,
}

impl SourceState {
    fn from_word(word: &str) -> SourceState {
        match word {
            "reading" => SourceState::Reading,
            "leaving" => SourceState::Leaving,
            _ => SourceState::Idle,
        }
    }
}

/// What people may set on a source.
#[derive(Clone, Debug)]
pub struct SourceEdit {
    /// Its name, and its phonebook's.
    pub name: String,
    /// Whether it is read on a schedule.
    pub enabled: bool,
    /// Where and how.
    pub settings: SourceSettings,
    /// The password there; empty: none.
    pub password: Secret,
    /// How long there is between readings.
    pub every: Duration,
}

/// What became of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// A new contact.
    Added,
    /// A known one says something else.
    Changed,
    /// It is as it was.
    Same,
}

/// A contact of a source: what it is called there, and in which version it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Its id.
    pub id: ContactId,
    /// What the source calls it.
    pub key: String,
    /// Which version.
    pub mark: Option<String>,
}

const COLUMNS: &str = "SELECT s.id, s.name, s.enabled, s.settings, s.secrets, s.every_s, s.next_at, s.read_at, s.problem, \
     s.failures, s.state, s.may_shrink, s.memory, s.counts, s.created_at, s.version, b.id AS phonebook_id, \
     (SELECT count(*) FROM phonebook_contacts m WHERE m.phonebook_id = b.id) AS contacts \
     FROM contact_sources s JOIN phonebooks b ON b.source_id = s.id";

impl Snapshot<'_> {
    /// All sources, by name.
    pub fn sources(&self) -> Result<Vec<Source>, StoreError> {
        let sql = format!("{COLUMNS} ORDER BY s.name COLLATE NOCASE");
        all(self.conn.prepare_cached(&sql)?.query([])?, |row| self.source_in(row))
    }

    /// The source with this id.
    pub fn source(&self, id: SourceId) -> Result<Option<Source>, StoreError> {
        let sql = format!("{COLUMNS} WHERE s.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, |row| self.source_in(row))
    }

    fn source_in(&self, row: &Row<'_>) -> Result<Source, StoreError> {
        let name: String = row.get("name")?;
        let unreadable = |what: &str| StoreError::Unreadable(format!("the {what} of source {name}"));
        let open = self.sealer.open(&row.get::<_, Vec<u8>>("secrets")?)?;
        let mut secrets: BTreeMap<String, Secret> =
            serde_json::from_str(open.expose()).map_err(|_| unreadable("credentials"))?;
        Ok(Source {
            id: row.get("id")?,
            enabled: row.get("enabled")?,
            settings: json(row, "settings")?.ok_or_else(|| unreadable("settings"))?,
            password: secrets.remove(PASSWORD).unwrap_or_default(),
            every: Duration::from_secs(u64::from(row.get::<_, u32>("every_s")?)),
            next_at: row.get("next_at")?,
            created_at: row.get("created_at")?,
            read_at: row.get("read_at")?,
            problem: json(row, "problem")?,
            failures: row.get("failures")?,
            state: SourceState::from_word(&row.get::<_, String>("state")?),
            may_shrink: row.get("may_shrink")?,
            memory: row.get("memory")?,
            counts: json(row, "counts")?,
            phonebook: row.get("phonebook_id")?,
            contacts: row.get("contacts")?,
            version: row.get("version")?,
            name,
        })
    }

    /// Contacts of a source in the order of their ids, those behind `after`.
    pub fn contacts_of_source(
        &self,
        id: SourceId,
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<Marked>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, source_key, source_mark FROM contacts INDEXED BY contacts_by_source \
             WHERE source_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        )?;
        all(query.query((id, after, at_most))?, |row| {
            Ok(Marked { id: row.get(0)?, key: row.get(1)?, mark: row.get(2)? })
        })
    }

    fn contact_of_source(&self, id: SourceId, key: &str) -> Result<Option<ContactId>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT id FROM contacts WHERE source_id = ?1 AND source_key = ?2")?;
        first(&mut query.query((id, key))?, |row| Ok(row.get(0)?))
    }
}

impl Tx<'_> {
    /// Adds a source with its phonebook; it is read at once.
    pub fn insert_source(&self, edit: &SourceEdit, now: Timestamp) -> Result<SourceId, EditError> {
        self.conn
            .prepare_cached(
                "INSERT INTO contact_sources (name, kind, enabled, settings, secrets, every_s, next_at, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
            )?
            .execute((
                &edit.name,
                edit.settings.kind(),
                edit.enabled,
                settings(edit),
                self.sealer.seal(&secrets(edit)),
                edit.every.as_secs(),
                now,
            ))
            .map_err(named("name", "source"))?;
        let id = SourceId(self.conn.last_insert_rowid());
        self.conn
            .prepare_cached("INSERT INTO phonebooks (name, source_id, created_at) VALUES (?1, ?2, ?3)")?
            .execute((&edit.name, id, now))
            .map_err(named("name", "source"))?;
        Ok(id)
    }

    /// Changes a source that is still at `version`; it is read anew, and all of it.
    pub fn update_source(
        &self,
        id: SourceId,
        version: i64,
        edit: &SourceEdit,
        now: Timestamp,
    ) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE contact_sources SET name = ?3, kind = ?4, enabled = ?5, settings = ?6, secrets = ?7, every_s = ?8, \
                        next_at = ?9, problem = NULL, failures = 0, memory = NULL, version = version + 1 \
                 WHERE id = ?1 AND version = ?2 AND state <> 'leaving'",
            )?
            .execute((
                id,
                version,
                &edit.name,
                edit.settings.kind(),
                edit.enabled,
                settings(edit),
                self.sealer.seal(&secrets(edit)),
                edit.every.as_secs(),
                now,
            ))
            .map_err(named("name", "source"))?;
        one_row(changed, self.source(id)?.is_some())?;
        self.conn
            .prepare_cached(
                "UPDATE phonebooks SET name = ?2, version = version + 1 WHERE source_id = ?1 AND name <> ?2",
            )?
            .execute((id, &edit.name))
            .map_err(named("name", "source"))?;
        Ok(())
    }

    /// It is read as soon as possible; with `may_shrink` also if many are gone.
    pub fn ask_source(&self, id: SourceId, may_shrink: bool, now: Timestamp) -> Result<bool, StoreError> {
        let mut update = self.conn.prepare_cached(
            "UPDATE contact_sources SET next_at = ?3, may_shrink = ?2 WHERE id = ?1 AND state <> 'leaving'",
        )?;
        Ok(update.execute((id, may_shrink, now))? == 1)
    }

    /// A reading begins, unless it was edited since or is leaving.
    pub fn begin_source(&self, id: SourceId, version: i64) -> Result<bool, StoreError> {
        let mut update = self.conn.prepare_cached(
            "UPDATE contact_sources SET state = 'reading' WHERE id = ?1 AND version = ?2 AND state <> 'leaving'",
        )?;
        Ok(update.execute((id, version))? == 1)
    }

    /// Nothing is read any more: after a start.
    pub fn settle_sources(&self) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE contact_sources SET state = 'idle' WHERE state = 'reading'")?.execute([])?;
        Ok(())
    }

    /// Whether a reading may still write: the source is as it was when it began.
    pub fn source_stands(&self, id: SourceId, version: i64) -> Result<bool, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT 1 FROM contact_sources WHERE id = ?1 AND version = ?2 AND state = 'reading'")?;
        Ok(query.exists((id, version))?)
    }

    /// Writes what an entry says.
    pub fn set_contact_of_source(
        &self,
        (source, book): (SourceId, PhonebookId),
        (key, mark): (&str, &str),
        person: &Person,
        now: Timestamp,
    ) -> Result<Applied, EditError> {
        let known = match self.contact_of_source(source, key)? {
            Some(id) => self.contact(id)?,
            None => None,
        };
        let (id, applied) = match known {
            None => (self.insert_contact(person, &[book], Some((source, key)), now)?, Applied::Added),
            Some(known) if known.person == *person => (known.id, Applied::Same),
            Some(known) => {
                self.update_contact(known.id, known.version, person, now)?;
                (known.id, Applied::Changed)
            }
        };
        self.conn.prepare_cached("UPDATE contacts SET source_mark = ?2 WHERE id = ?1")?.execute((id, mark))?;
        Ok(applied)
    }

    /// Deletes the contact of this key. `false`: it is not here.
    pub fn delete_contact_of_source(&self, source: SourceId, key: &str) -> Result<bool, StoreError> {
        match self.contact_of_source(source, key)? {
            Some(id) => self.delete_contact(id),
            None => Ok(false),
        }
    }

    /// It was read whole, and all of it is applied.
    pub fn source_read(
        &self,
        id: SourceId,
        counts: &SourceCounts,
        memory: Option<&str>,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE contact_sources SET state = 'idle', read_at = ?5, next_at = ?4, counts = ?2, memory = ?3, \
                        problem = NULL, failures = 0, may_shrink = 0 WHERE id = ?1 AND state <> 'leaving'",
            )?
            .execute((id, serde_json::to_string(counts).expect("numbers are JSON"), memory, next_at, now))?;
        Ok(())
    }

    /// It could not be read, or is not applied.
    pub fn source_failed(&self, id: SourceId, problem: &SourceProblem, next_at: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE contact_sources SET state = 'idle', next_at = ?3, problem = ?2, failures = failures + 1, \
                        may_shrink = 0 WHERE id = ?1 AND state <> 'leaving'",
            )?
            .execute((id, serde_json::to_string(problem).expect("texts are JSON"), next_at))?;
        Ok(())
    }

    /// The reading was overtaken by an edit: it is read again at once.
    pub fn source_overtaken(&self, id: SourceId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE contact_sources SET state = 'idle' WHERE id = ?1 AND state = 'reading'")?
            .execute([id])?;
        Ok(())
    }

    /// It is not read any more, and its contacts go some at a time. `false`: there is no such source.
    pub fn source_leaves(&self, id: SourceId, now: Timestamp) -> Result<bool, StoreError> {
        let mut update = self.conn.prepare_cached(
            "UPDATE contact_sources SET state = 'leaving', enabled = 0, problem = NULL, next_at = ?2, version = version + 1 \
             WHERE id = ?1",
        )?;
        Ok(update.execute((id, now))? == 1)
    }

    /// Deletes a source and its phonebook, which are empty by now.
    pub fn delete_source(&self, id: SourceId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM contact_sources WHERE id = ?1 AND state = 'leaving'")?.execute([id])?;
        Ok(())
    }
}

fn settings(edit: &SourceEdit) -> String {
    serde_json::to_string(&edit.settings).expect("settings are JSON")
}

fn secrets(edit: &SourceEdit) -> String {
    let plain: BTreeMap<&str, &str> =
        [(PASSWORD, edit.password.expose())].into_iter().filter(|(_, secret)| !secret.is_empty()).collect();
    serde_json::to_string(&plain).expect("a map of texts is JSON")
}
