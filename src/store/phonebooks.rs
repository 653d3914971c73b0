//! Phonebooks, and who stands in them. A book of a source is filled and emptied by reading that source alone.

use crate::domain::id::{ContactId, PhonebookId, SourceId};
use crate::domain::time::Timestamp;
use crate::store::edit::{EditError, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};
use rusqlite::Row;

/// A phonebook.
#[derive(Clone, Debug)]
pub struct Phonebook {
    /// Its id.
    pub id: PhonebookId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub remark: String,
    /// How many stand in it.
    pub contacts: u64,
    /// Where it is read from: id, name, kind; `None`: it is kept here.
    pub source: Option<(SourceId, String, String)>,
    /// Counts its edits.
    pub version: i64,
}

const BOOK: &str = "SELECT b.id, b.name, b.remark, b.version, b.source_id, s.name AS source_name, s.kind AS source_kind, \
     (SELECT count(*) FROM phonebook_contacts m WHERE m.phonebook_id = b.id) AS contacts \
     FROM phonebooks b LEFT JOIN contact_sources s ON s.id = b.source_id";

fn book(row: &Row<'_>) -> Result<Phonebook, StoreError> {
    let source: Option<SourceId> = row.get("source_id")?;
    Ok(Phonebook {
        id: row.get("id")?,
        name: row.get("name")?,
        remark: row.get("remark")?,
        contacts: row.get("contacts")?,
        source: match source {
            Some(id) => Some((id, row.get("source_name")?, row.get("source_kind")?)),
            None => None,
        },
        version: row.get("version")?,
    })
}

impl Snapshot<'_> {
    /// All phonebooks, by name.
    pub fn phonebooks(&self) -> Result<Vec<Phonebook>, StoreError> {
        let sql = format!("{BOOK} ORDER BY b.name COLLATE NOCASE");
        all(self.conn.prepare_cached(&sql)?.query([])?, book)
    }

    /// The phonebook with this id.
    pub fn phonebook(&self, id: PhonebookId) -> Result<Option<Phonebook>, StoreError> {
        let sql = format!("{BOOK} WHERE b.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, book)
    }

    /// Whether there is such a phonebook, and whether it is kept here.
    pub fn phonebook_kept_here(&self, id: PhonebookId) -> Result<Option<bool>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT source_id IS NULL FROM phonebooks WHERE id = ?1")?;
        first(&mut query.query([id])?, |row| Ok(row.get(0)?))
    }

    /// How many phonebooks there are.
    pub fn phonebook_count(&self) -> Result<usize, StoreError> {
        Ok(self.conn.prepare_cached("SELECT count(*) FROM phonebooks")?.query_row([], |row| row.get(0))?)
    }

    /// Some of those who stand in a phonebook; `alone`: only those who stand in no other.
    pub fn some_of_phonebook(
        &self,
        id: PhonebookId,
        alone: bool,
        at_most: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT m.contact_id FROM phonebook_contacts m WHERE m.phonebook_id = ?1 AND (NOT ?2 OR NOT EXISTS \
             (SELECT 1 FROM phonebook_contacts o WHERE o.contact_id = m.contact_id AND o.phonebook_id <> ?1)) LIMIT ?3",
        )?;
        all(query.query((id, alone, at_most))?, |row| Ok(row.get(0)?))
    }
}

impl Tx<'_> {
    /// Adds a phonebook.
    pub fn insert_phonebook(&self, name: &str, remark: &str, now: Timestamp) -> Result<PhonebookId, EditError> {
        self.conn
            .prepare_cached("INSERT INTO phonebooks (name, remark, created_at) VALUES (?1, ?2, ?3)")?
            .execute((name, remark, now))
            .map_err(named("name", "name"))?;
        Ok(PhonebookId(self.conn.last_insert_rowid()))
    }

    /// Changes a phonebook that is still at `version`.
    pub fn update_phonebook(
        &self,
        id: PhonebookId,
        version: i64,
        (name, remark): (&str, &str),
    ) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE phonebooks SET name = ?3, remark = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
            )?
            .execute((id, version, name, remark))
            .map_err(named("name", "name"))?;
        one_row(changed, self.phonebook_kept_here(id)?.is_some())
    }

    /// Deletes a phonebook; whoever stood in it stays.
    pub fn delete_phonebook(&self, id: PhonebookId) -> Result<(), EditError> {
        let changed = self.conn.prepare_cached("DELETE FROM phonebooks WHERE id = ?1")?.execute([id])?;
        one_row(changed, false)
    }

    /// Writes a contact into a phonebook. `false`: it stands there already.
    pub fn add_to_phonebook(&self, id: PhonebookId, contact: ContactId) -> Result<bool, EditError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO phonebook_contacts (phonebook_id, sort_key, contact_id) \
             SELECT ?1, c.sort_key, c.id FROM contacts c WHERE c.id = ?2 AND NOT EXISTS \
             (SELECT 1 FROM phonebook_contacts m WHERE m.contact_id = c.id AND m.phonebook_id = ?1)",
        )?;
        Ok(insert.execute((id, contact)).map_err(named("phonebook", "phonebook"))? == 1)
    }

    /// Takes a contact out of a phonebook. `false`: it does not stand there.
    pub fn remove_from_phonebook(&self, id: PhonebookId, contact: ContactId) -> Result<bool, EditError> {
        let mut delete =
            self.conn.prepare_cached("DELETE FROM phonebook_contacts WHERE contact_id = ?2 AND phonebook_id = ?1")?;
        Ok(delete.execute((id, contact))? == 1)
    }
}
