//! Contacts: one with its numbers and phonebooks, written and read. Finding them is in `contacts_find`, the words they are
//! found by in `contact_words`.

use crate::domain::address::Address;
use crate::domain::contact_form::{ContactNumber, Person};
use crate::domain::id::{ContactId, PhonebookId, SourceId};
use crate::domain::time::Timestamp;
use crate::store::edit::{EditError, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{InOrder, all, first};
use rusqlite::Row;

/// Contacts of one address that are shown: a switchboard's number may be everybody's.
const OF_ADDRESS_MAX: u32 = 20;

/// A contact.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Who it is.
    pub person: Person,
    /// The phonebooks it stands in.
    pub phonebooks: Vec<PhonebookId>,
    /// Whether one of its numbers opted out of something.
    pub opted_out: bool,
    /// Where it is read from and changed; `None`: here.
    pub source: Option<(SourceId, String)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its edits.
    pub version: i64,
}

/// All of a contact `c` but its numbers and phonebooks, for [`contact`].
pub(in crate::store) const CONTACT: &str = "c.id, c.first_name, c.last_name, c.company, c.email, c.remark, c.address, \
     c.language, c.time_zone, c.custom, c.source_id, (SELECT s.name FROM contact_sources s WHERE s.id = c.source_id), \
     c.created_at, c.updated_at, c.version, \
     EXISTS (SELECT 1 FROM contact_numbers n JOIN peer_addresses a ON a.address = n.address \
             JOIN opt_outs o ON o.peer_id = a.peer_id WHERE n.contact_id = c.id AND o.withdrawn_at IS NULL)";

/// What the contact is called that has the address a SELECT calls `s.peer_address`: the oldest, where there are several.
macro_rules! name_of_peer {
    () => {
        "(SELECT coalesce(nullif(trim(k.first_name || ' ' || k.last_name), ''), nullif(k.company, '')) \
         FROM contact_numbers kn JOIN contacts k ON k.id = kn.contact_id WHERE kn.address = s.peer_address \
         ORDER BY k.id LIMIT 1)"
    };
}
pub(in crate::store) use name_of_peer;

pub(in crate::store) fn contact(row: &Row<'_>) -> Result<Contact, StoreError> {
    let row = InOrder::of(row);
    let id = row.next()?;
    let person = Person {
        first_name: row.next()?,
        last_name: row.next()?,
        company: row.next()?,
        email: row.next()?,
        remark: row.next()?,
        address: row.next()?,
        language: row.next()?,
        time_zone: row.next()?,
        custom: row.json()?.unwrap_or_default(),
        numbers: Vec::new(),
    };
    let (source, source_name): (Option<SourceId>, Option<String>) = (row.next()?, row.next()?);
    Ok(Contact {
        id,
        person,
        phonebooks: Vec::new(),
        source: source.map(|id| (id, source_name.unwrap_or_default())),
        created_at: row.next()?,
        updated_at: row.next()?,
        version: row.next()?,
        opted_out: row.next()?,
    })
}

impl Snapshot<'_> {
    /// The contact with this id.
    pub fn contact(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let sql = format!("SELECT {CONTACT} FROM contacts c WHERE c.id = ?1");
        let found = first(&mut self.conn.prepare_cached(&sql)?.query([id])?, contact)?;
        found.map(|contact| self.with_numbers(contact)).transpose()
    }

    /// Who has this number, oldest first.
    pub fn contacts_of_address(&self, address: &Address) -> Result<Vec<Contact>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT contact_id FROM contact_numbers WHERE address = ?1 ORDER BY contact_id LIMIT ?2",
        )?;
        let ids = all(query.query((address, OF_ADDRESS_MAX))?, |row| Ok(row.get(0)?))?;
        self.contacts_by_ids(&ids)
    }

    /// What the contact with this address is called, if there is one.
    pub fn contact_name(&self, address: &Address) -> Result<Option<String>, StoreError> {
        let sql = concat!("SELECT ", name_of_peer!(), " FROM (SELECT ?1 AS peer_address) s");
        Ok(self.conn.prepare_cached(sql)?.query_row([address], |row| row.get(0))?)
    }

    /// What the users' own fields are called, in order; of one phonebook, or of all contacts.
    pub fn custom_names(&self, book: Option<PhonebookId>, at_most: usize) -> Result<Vec<String>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT j.key FROM contacts c, json_each(c.custom) j WHERE c.custom <> '{}' AND (?1 IS NULL OR EXISTS \
             (SELECT 1 FROM phonebook_contacts m WHERE m.contact_id = c.id AND m.phonebook_id = ?1)) ORDER BY j.key LIMIT ?2",
        )?;
        all(query.query((book, at_most))?, |row| Ok(row.get(0)?))
    }

    /// These contacts, in this order; those that are gone are left out.
    pub fn contacts_by_ids(&self, ids: &[ContactId]) -> Result<Vec<Contact>, StoreError> {
        ids.iter().filter_map(|id| self.contact(*id).transpose()).collect()
    }

    /// With its numbers and phonebooks.
    pub(in crate::store) fn with_numbers(&self, mut contact: Contact) -> Result<Contact, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT kind, given, address FROM contact_numbers WHERE contact_id = ?1")?;
        let numbers = query.query_map([contact.id], |row| {
            Ok(ContactNumber { kind: row.get(0)?, given: row.get(1)?, address: row.get(2)? })
        })?;
        contact.person.numbers = numbers.collect::<Result<_, _>>()?;
        contact.person.numbers.sort_by_key(|number| number.kind);
        let mut query = self.conn.prepare_cached(
            "SELECT phonebook_id FROM phonebook_contacts WHERE contact_id = ?1 ORDER BY phonebook_id",
        )?;
        contact.phonebooks = all(query.query([contact.id])?, |row| Ok(row.get(0)?))?;
        Ok(contact)
    }
}

impl Tx<'_> {
    /// Adds a contact to these phonebooks; `source`: where it is read from, and what it is called there.
    pub fn insert_contact(
        &self,
        person: &Person,
        books: &[PhonebookId],
        source: Option<(SourceId, &str)>,
        now: Timestamp,
    ) -> Result<ContactId, EditError> {
        let (source, source_key) = source.unzip();
        self.conn
            .prepare_cached(
                "INSERT INTO contacts (first_name, last_name, company, email, remark, address, language, time_zone, custom, \
                 sort_key, source_id, source_key, created_at, updated_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
            )?
            .execute((
                &person.first_name,
                &person.last_name,
                &person.company,
                &person.email,
                &person.remark,
                &person.address,
                &person.language,
                &person.time_zone,
                custom(person),
                person.sort_key(),
                source,
                source_key,
                now,
            ))
            .map_err(named("source", "source"))?;
        let id = ContactId(self.conn.last_insert_rowid());
        self.insert_numbers(id, person)?;
        for book in books {
            self.add_to_phonebook(*book, id)?;
        }
        self.words_changed(id);
        Ok(id)
    }

    /// Changes a contact that is still at `version`, whatever it was before.
    pub fn update_contact(
        &self,
        id: ContactId,
        version: i64,
        person: &Person,
        now: Timestamp,
    ) -> Result<(), EditError> {
        let key = person.sort_key();
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE contacts SET first_name = ?3, last_name = ?4, company = ?5, email = ?6, remark = ?7, address = ?8, \
                 language = ?9, time_zone = ?10, custom = ?11, sort_key = ?12, updated_at = ?13, version = version + 1 \
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute((
                id,
                version,
                &person.first_name,
                &person.last_name,
                &person.company,
                &person.email,
                &person.remark,
                &person.address,
                &person.language,
                &person.time_zone,
                custom(person),
                &key,
                now,
            ))?;
        one_row(changed, self.contact_version(id)?.is_some())?;
        self.conn.prepare_cached("DELETE FROM contact_numbers WHERE contact_id = ?1")?.execute([id])?;
        self.insert_numbers(id, person)?;
        self.conn
            .prepare_cached("UPDATE phonebook_contacts SET sort_key = ?2 WHERE contact_id = ?1 AND sort_key <> ?2")?
            .execute((id, key))?;
        self.words_changed(id);
        Ok(())
    }

    /// Writes a contact into exactly these phonebooks, those of sources left as they are.
    pub fn set_phonebooks(&self, id: ContactId, books: &[PhonebookId]) -> Result<(), EditError> {
        let mut query = self.conn.prepare_cached(
            "SELECT m.phonebook_id FROM phonebook_contacts m JOIN phonebooks b ON b.id = m.phonebook_id \
             WHERE m.contact_id = ?1 AND b.source_id IS NULL",
        )?;
        let before: Vec<PhonebookId> = all(query.query([id])?, |row| Ok(row.get(0)?))?;
        for gone in before.iter().filter(|book| !books.contains(book)) {
            self.remove_from_phonebook(*gone, id)?;
        }
        for book in books {
            self.add_to_phonebook(*book, id)?;
        }
        Ok(())
    }

    /// Deletes a contact. `false`: it is gone already.
    pub fn delete_contact(&self, id: ContactId) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM contacts WHERE id = ?1")?.execute([id])? == 1)
    }

    /// What campaigns sent to one contact was sent to another from now on: the two were one.
    pub fn hand_over_contact(&self, from: ContactId, to: ContactId) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE recipients SET contact_id = ?2 WHERE contact_id = ?1")?.execute((from, to))?;
        Ok(())
    }

    fn contact_version(&self, id: ContactId) -> Result<Option<i64>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT version FROM contacts WHERE id = ?1")?;
        first(&mut query.query([id])?, |row| Ok(row.get(0)?))
    }

    fn insert_numbers(&self, id: ContactId, person: &Person) -> Result<(), EditError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO contact_numbers (contact_id, kind, given, address, digits) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for number in &person.numbers {
            let digits: String = number.given.chars().filter(char::is_ascii_digit).collect();
            let digits = (number.address.is_none() && !digits.is_empty()).then_some(digits);
            insert
                .execute((id, number.kind, &number.given, &number.address, digits))
                .map_err(named("numbers", "numbers"))?;
        }
        Ok(())
    }
}

fn custom(person: &Person) -> String {
    serde_json::to_string(&person.custom).expect("a map of texts is JSON")
}
