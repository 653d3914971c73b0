//! The words contacts are found by, kept in step with the contacts: once for each commit, since FTS5 writes a segment for
//! each savepoint (decision 16). What is deleted is taken out by the table's trigger.

use crate::domain::contact_words::index_words;
use crate::domain::id::ContactId;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::words::first;

impl Tx<'_> {
    /// Enters what this commit made or changed. A contact of a work that was undone is entered as it is, or not at all.
    pub(in crate::store) fn index_changed_contacts(&self) -> Result<(), StoreError> {
        for id in self.take_changed_words() {
            self.index_contact(id)?;
        }
        Ok(())
    }

    fn index_contact(&self, id: ContactId) -> Result<(), StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT first_name, last_name, company, email FROM contacts WHERE id = ?1")?;
        let words = first(&mut query.query([id])?, |row| {
            let text = |at| -> Result<String, StoreError> { Ok(row.get(at)?) };
            let (first, last, company, email) = (text(0)?, text(1)?, text(2)?, text(3)?);
            Ok(index_words([&first, &last, &company, &email]))
        })?;
        if let Some(words) = words {
            self.conn
                .prepare_cached("INSERT OR REPLACE INTO contacts_text (rowid, words) VALUES (?1, ?2)")?
                .execute((id, words))?;
        }
        Ok(())
    }
}
