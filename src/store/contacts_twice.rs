//! Contacts that stand there more than once: by number, e-mail address or name.

use crate::domain::address::Address;
use crate::domain::id::{ContactId, PhonebookId};
use crate::store::contacts::Contact;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::words::{all, first};

/// Contacts of one group that are shown.
const GROUP_MAX: u32 = 20;

/// By what contacts are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameBy {
    /// A number.
    Number,
    /// An e-mail address.
    Email,
    /// First and last name, or the company where there is none; case and accents do not count.
    Name,
}

/// Some who may be one.
#[derive(Clone, Debug)]
pub struct Twice {
    /// What they share.
    pub key: String,
    /// Who they are, the oldest first.
    pub contacts: Vec<Contact>,
}

impl Snapshot<'_> {
    /// Groups of contacts kept here that share something, behind the key `after`.
    pub fn contacts_twice(&self, by: SameBy, after: &str, limit: usize) -> Result<Vec<Twice>, StoreError> {
        let (mut found, mut after) = (Vec::new(), after.to_owned());
        loop {
            let keys = self.keys_of_several(by, &after, limit)?;
            let is_last = keys.len() < limit;
            let Some(last) = keys.last().cloned() else { return Ok(found) };
            for key in keys {
                let contacts = self.contacts_of_key(by, &key)?;
                // What a source brings may share it too, and is no duplicate that could be merged here.
                if contacts.len() > 1 {
                    found.push(Twice { key, contacts });
                }
                if found.len() == limit {
                    return Ok(found);
                }
            }
            if is_last {
                return Ok(found);
            }
            after = last;
        }
    }

    fn keys_of_several(&self, by: SameBy, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let groups = match by {
            SameBy::Number => {
                "SELECT address FROM contact_numbers WHERE address > ?1 GROUP BY address \
                 HAVING max(contact_id) > min(contact_id) ORDER BY address LIMIT ?2"
            }
            SameBy::Email => {
                "SELECT lower(email) AS key FROM contacts WHERE email <> '' AND lower(email) > ?1 \
                 GROUP BY lower(email) HAVING count(*) > 1 ORDER BY lower(email) LIMIT ?2"
            }
            SameBy::Name => {
                "SELECT sort_key FROM contacts WHERE sort_key > ?1 GROUP BY sort_key \
                 HAVING count(*) > 1 ORDER BY sort_key LIMIT ?2"
            }
        };
        all(self.conn.prepare_cached(groups)?.query((after, limit))?, |row| Ok(row.get(0)?))
    }

    fn contacts_of_key(&self, by: SameBy, key: &str) -> Result<Vec<Contact>, StoreError> {
        let members = match by {
            SameBy::Number => {
                "SELECT DISTINCT n.contact_id FROM contact_numbers n JOIN contacts c ON c.id = n.contact_id \
                 WHERE n.address = ?1 AND c.source_id IS NULL ORDER BY n.contact_id LIMIT ?2"
            }
            SameBy::Email => {
                "SELECT id FROM contacts WHERE lower(email) = ?1 AND email <> '' AND source_id IS NULL ORDER BY id LIMIT ?2"
            }
            SameBy::Name => "SELECT id FROM contacts WHERE sort_key = ?1 AND source_id IS NULL ORDER BY id LIMIT ?2",
        };
        let mut query = self.conn.prepare_cached(members)?;
        let ids: Vec<ContactId> = all(query.query((key, GROUP_MAX))?, |row| Ok(row.get(0)?))?;
        self.contacts_by_ids(&ids)
    }

    /// The contact kept here, in this phonebook where one is named, with one of these addresses; the oldest.
    pub fn contact_with_number(
        &self,
        addresses: &[&Address],
        book: Option<PhonebookId>,
    ) -> Result<Option<ContactId>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!(
            "SELECT c.id FROM contact_numbers n JOIN contacts c ON c.id = n.contact_id WHERE n.address = ?1 {IN_BOOK}"
        ))?;
        for address in addresses {
            if let Some(found) = first(&mut query.query((address, book))?, |row| Ok(row.get(0)?))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The same with this e-mail address.
    pub fn contact_with_email(&self, email: &str, book: Option<PhonebookId>) -> Result<Option<ContactId>, StoreError> {
        let sql = format!("SELECT c.id FROM contacts c WHERE lower(c.email) = lower(?1) AND c.email <> '' {IN_BOOK}");
        first(&mut self.conn.prepare_cached(&sql)?.query((email, book))?, |row| Ok(row.get(0)?))
    }

    /// The same of this name, written exactly so.
    pub fn contact_of_name(
        &self,
        (key, first_name, last_name): (&str, &str, &str),
        book: Option<PhonebookId>,
    ) -> Result<Option<ContactId>, StoreError> {
        let sql = format!(
            "SELECT c.id FROM contacts c WHERE c.sort_key = ?1 AND c.first_name = ?3 AND c.last_name = ?4 {IN_BOOK}"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        first(&mut query.query((key, book, first_name, last_name))?, |row| Ok(row.get(0)?))
    }
}

const IN_BOOK: &str = "AND c.source_id IS NULL AND (?2 IS NULL OR EXISTS (SELECT 1 FROM phonebook_contacts m \
     WHERE m.contact_id = c.id AND m.phonebook_id = ?2)) ORDER BY c.id LIMIT 1";
