//! Contacts in a list: all in order of names, or those a few letters or digits find. Each page costs the same, however
//! many there are: names and numbers are walked in indexes, and never sorted beyond [`SORTED_MAX`].

use crate::domain::contact_words::{Sought, address_beginnings, has_words, sought};
use crate::domain::id::{ContactId, PhonebookId};
use crate::store::contacts::Contact;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::words::all;
use rusqlite::named_params;

/// So many finds are put in order of names; if there are more, they come in the order they were entered.
pub const SORTED_MAX: usize = 500;
/// Numbers that begin alike and are gathered; beyond that so many contacts have one that each is looked at in turn.
const NUMBERS_MAX: usize = 20_000;
/// So few are compared with what is sought one by one: those with a number, or all of a small phonebook.
const FEW: usize = 2_000;

/// Which contacts.
#[derive(Clone, Debug, Default)]
pub struct ContactsWanted {
    /// Only of this phonebook.
    pub phonebook: Option<PhonebookId>,
    /// Beginnings of words, or of a number.
    pub q: Option<String>,
    /// Where the page before ended.
    pub after: Option<ContactCursor>,
    /// How many at most.
    pub limit: usize,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactCursor {
    /// In order of names: behind this one.
    Name(String, ContactId),
    /// Among few finds: behind so many.
    Nth(usize),
    /// Among many finds: behind this one.
    Entered(ContactId),
}

/// A page.
#[derive(Clone, Debug)]
pub struct ContactsPage {
    /// The contacts.
    pub items: Vec<Contact>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<ContactCursor>,
}

impl Snapshot<'_> {
    /// A page of contacts.
    pub fn contacts_page(&self, wanted: &ContactsWanted) -> Result<ContactsPage, StoreError> {
        let sought = wanted.q.as_deref().map(sought).unwrap_or_default();
        match (&wanted.q, sought == Sought::default()) {
            (Some(q), true) if !q.trim().is_empty() => Ok(ContactsPage { items: Vec::new(), next: None }),
            (_, true) => self.contacts_by_name(wanted),
            (_, false) => self.contacts_sought(wanted, &sought),
        }
    }

    /// Whether any contact is found by this, and which of them first; for lists of other things.
    pub fn contacts_found(&self, q: &str, at_most: usize) -> Result<Vec<ContactId>, StoreError> {
        self.find(&sought(q), None, ContactId(0), at_most)
    }

    fn contacts_by_name(&self, wanted: &ContactsWanted) -> Result<ContactsPage, StoreError> {
        let (key, id) = match &wanted.after {
            Some(ContactCursor::Name(key, id)) => (key.as_str(), *id),
            _ => ("", ContactId(0)),
        };
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, ContactId>(1)?));
        let mut found = match wanted.phonebook {
            Some(book) => all(
                self.conn
                    .prepare_cached(
                        "SELECT sort_key, contact_id FROM phonebook_contacts WHERE phonebook_id = ?1 \
                         AND (sort_key, contact_id) > (?2, ?3) ORDER BY sort_key, contact_id LIMIT ?4",
                    )?
                    .query((book, key, id, wanted.limit + 1))?,
                read,
            )?,
            None => all(
                self.conn
                    .prepare_cached(
                        "SELECT sort_key, id FROM contacts WHERE (sort_key, id) > (?1, ?2) \
                         ORDER BY sort_key, id LIMIT ?3",
                    )?
                    .query((key, id, wanted.limit + 1))?,
                read,
            )?,
        };
        let more = found.len() > wanted.limit;
        found.truncate(wanted.limit);
        let next = found.last().filter(|_| more).map(|(key, id)| ContactCursor::Name(key.clone(), *id));
        let ids: Vec<ContactId> = found.into_iter().map(|(_, id)| id).collect();
        Ok(ContactsPage { items: self.contacts_by_ids(&ids)?, next })
    }

    fn contacts_sought(&self, wanted: &ContactsWanted, sought: &Sought) -> Result<ContactsPage, StoreError> {
        if let Some(ContactCursor::Entered(after)) = wanted.after {
            let ids = self.find(sought, wanted.phonebook, after, wanted.limit + 1)?;
            return self.in_order_of_entry(ids, wanted.limit);
        }
        let ids = self.find(sought, wanted.phonebook, ContactId(0), SORTED_MAX + 1)?;
        if ids.len() > SORTED_MAX {
            return self.in_order_of_entry(ids, wanted.limit);
        }
        let skip = match wanted.after {
            Some(ContactCursor::Nth(nth)) => nth,
            _ => 0,
        };
        let ids = self.by_name(ids)?;
        let page: Vec<ContactId> = ids.iter().skip(skip).take(wanted.limit).copied().collect();
        let next = (ids.len() > skip + wanted.limit).then_some(ContactCursor::Nth(skip + wanted.limit));
        Ok(ContactsPage { items: self.contacts_by_ids(&page)?, next })
    }

    fn in_order_of_entry(&self, mut ids: Vec<ContactId>, limit: usize) -> Result<ContactsPage, StoreError> {
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().filter(|_| more).map(|id| ContactCursor::Entered(*id));
        Ok(ContactsPage { items: self.contacts_by_ids(&ids)?, next })
    }

    fn by_name(&self, ids: Vec<ContactId>) -> Result<Vec<ContactId>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT sort_key FROM contacts WHERE id = ?1")?;
        let mut keyed = Vec::with_capacity(ids.len());
        for id in ids {
            keyed.push((query.query_row([id], |row| row.get::<_, String>(0))?, id));
        }
        keyed.sort();
        Ok(keyed.into_iter().map(|(_, id)| id).collect())
    }

    /// Those behind `after` who are found, in the order they were entered.
    fn find(
        &self,
        sought: &Sought,
        book: Option<PhonebookId>,
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        if let Some(book) = book
            && let Some(ids) = self.few_in_book(book)?
        {
            return self.of_few(&ids, sought, after, at_most);
        }
        let Some(dialled) = sought.dialled.as_deref() else {
            return self.found_by_words(&sought.words, book, after, at_most);
        };
        let ranges = Ranges::of(dialled, &self.country()?);
        let mut found = match self.few_with_number(&ranges)? {
            Some(ids) if sought.words.is_empty() || ids.len() <= FEW => {
                self.of_these(ids, (&sought.words, book), after, at_most)?
            }
            _ => self.many_with_number(&ranges, (&sought.words, book), after, at_most)?,
        };
        // Digits also stand in names: 4711, Studio 54.
        let words: Vec<String> = sought.words.iter().cloned().chain([dialled.trim_start_matches('+').into()]).collect();
        found.extend(self.found_by_words(&words, book, after, at_most)?);
        found.sort_unstable();
        found.dedup();
        found.truncate(at_most);
        Ok(found)
    }

    fn found_by_words(
        &self,
        words: &[String],
        book: Option<PhonebookId>,
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT t.rowid FROM contacts_text t WHERE t.contacts_text MATCH :pattern AND t.rowid > :after \
             AND (:book IS NULL OR EXISTS (SELECT 1 FROM phonebook_contacts m \
                                           WHERE m.contact_id = t.rowid AND m.phonebook_id = :book)) \
             ORDER BY t.rowid LIMIT :limit",
        )?;
        let values = named_params! { ":pattern": pattern(words), ":after": after, ":book": book, ":limit": at_most };
        all(query.query(values)?, |row| Ok(row.get(0)?))
    }

    /// Everybody with such a number; `None`: too many.
    fn few_with_number(&self, ranges: &Ranges) -> Result<Option<Vec<ContactId>>, StoreError> {
        let mut found = Vec::new();
        let mut by_address = self
            .conn
            .prepare_cached("SELECT contact_id FROM contact_numbers WHERE address >= ?1 AND address < ?2 LIMIT ?3")?;
        for (from, until) in &ranges.addresses {
            let room = NUMBERS_MAX + 1 - found.len();
            found.extend(all(by_address.query((from, until, room))?, |row| Ok(row.get::<_, ContactId>(0)?))?);
            if found.len() > NUMBERS_MAX {
                return Ok(None);
            }
        }
        let (from, until) = &ranges.digits;
        let mut by_digits = self
            .conn
            .prepare_cached("SELECT contact_id FROM contact_numbers WHERE digits >= ?1 AND digits < ?2 LIMIT ?3")?;
        let room = NUMBERS_MAX + 1 - found.len();
        found.extend(all(by_digits.query((from, until, room))?, |row| Ok(row.get::<_, ContactId>(0)?))?);
        if found.len() > NUMBERS_MAX {
            return Ok(None);
        }
        found.sort_unstable();
        found.dedup();
        Ok(Some(found))
    }

    /// Everybody in a phonebook; `None`: too many to look at each.
    fn few_in_book(&self, book: PhonebookId) -> Result<Option<Vec<ContactId>>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT contact_id FROM phonebook_contacts WHERE phonebook_id = ?1 LIMIT ?2")?;
        let mut ids: Vec<ContactId> = all(query.query((book, FEW + 1))?, |row| Ok(row.get(0)?))?;
        ids.sort_unstable();
        Ok((ids.len() <= FEW).then_some(ids))
    }

    /// Of a small phonebook those behind `after` who are sought.
    fn of_few(
        &self,
        ids: &[ContactId],
        sought: &Sought,
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        let dialled = sought.dialled.as_deref();
        let ranges = dialled.map(|dialled| Ok::<_, StoreError>(Ranges::of(dialled, &self.country()?))).transpose()?;
        let digits: Vec<String> = dialled.map(|digits| digits.trim_start_matches('+').to_owned()).into_iter().collect();
        let mut found = Vec::new();
        for id in ids.iter().copied().filter(|id| *id > after) {
            if found.len() == at_most {
                break;
            }
            let numbered = match &ranges {
                Some(ranges) => self.has_words_of(id, &digits)? || self.has_number(id, ranges)?,
                None => true,
            };
            if numbered && self.has_words_of(id, &sought.words)? {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Of these the ones behind `after` with the words and in the book that were asked for.
    fn of_these(
        &self,
        ids: Vec<ContactId>,
        (words, book): (&[String], Option<PhonebookId>),
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut in_book =
            self.conn.prepare_cached("SELECT 1 FROM phonebook_contacts WHERE contact_id = ?1 AND phonebook_id = ?2")?;
        let mut found = Vec::new();
        for id in ids.into_iter().filter(|id| *id > after) {
            if found.len() == at_most {
                break;
            }
            let is_in_book = book.map_or(Ok(true), |book| in_book.exists((id, book)))?;
            if is_in_book && self.has_words_of(id, words)? {
                found.push(id);
            }
        }
        Ok(found)
    }

    fn has_words_of(&self, id: ContactId, words: &[String]) -> Result<bool, StoreError> {
        if words.is_empty() {
            return Ok(true);
        }
        let mut named =
            self.conn.prepare_cached("SELECT first_name, last_name, company, email FROM contacts WHERE id = ?1")?;
        let texts: [String; 4] =
            named.query_row([id], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
        Ok(has_words(words, texts.each_ref().map(String::as_str)))
    }

    fn has_number(&self, id: ContactId, ranges: &Ranges) -> Result<bool, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT address, digits FROM contact_numbers WHERE contact_id = ?1")?;
        let mut rows = query.query([id])?;
        while let Some(row) = rows.next()? {
            let (address, digits): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
            let begins = |text: &String, (from, _): &(String, String)| text.starts_with(from.as_str());
            if address.is_some_and(|address| ranges.addresses.iter().any(|range| begins(&address, range)))
                || digits.is_some_and(|digits| begins(&digits, &ranges.digits))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// So many have such a number that whoever is looked at next is likely to be one of them.
    fn many_with_number(
        &self,
        ranges: &Ranges,
        (words, book): (&[String], Option<PhonebookId>),
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<ContactId>, StoreError> {
        const HAS_NUMBER: &str = "EXISTS (SELECT 1 FROM contact_numbers n WHERE n.contact_id = x.id AND ( \
             (n.address >= :a AND n.address < :b) OR (n.address >= :c AND n.address < :d) \
             OR (n.address >= :e AND n.address < :f) OR (n.address >= :g AND n.address < :h) \
             OR (n.digits >= :i AND n.digits < :j)))";
        let from = match words.is_empty() {
            true => "SELECT id FROM contacts WHERE id > :after AND :pattern IS NULL ORDER BY id",
            false => {
                "SELECT rowid AS id FROM contacts_text WHERE contacts_text MATCH :pattern AND rowid > :after ORDER BY rowid"
            }
        };
        let sql = format!(
            "SELECT x.id FROM ({from}) x WHERE {HAS_NUMBER} AND (:book IS NULL OR EXISTS \
             (SELECT 1 FROM phonebook_contacts m WHERE m.contact_id = x.id AND m.phonebook_id = :book)) LIMIT :limit"
        );
        let range = |nth: usize| ranges.addresses.get(nth).cloned().unwrap_or_default();
        let (one, two, three, four) = (range(0), range(1), range(2), range(3));
        let pattern = (!words.is_empty()).then(|| pattern(words));
        let values = named_params! {
            ":pattern": pattern, ":after": after, ":book": book, ":limit": at_most, ":a": one.0, ":b": one.1, ":c": two.0,
            ":d": two.1, ":e": three.0, ":f": three.1, ":g": four.0, ":h": four.1, ":i": ranges.digits.0, ":j": ranges.digits.1,
        };
        all(self.conn.prepare_cached(&sql)?.query(values)?, |row| Ok(row.get(0)?))
    }
}

/// Where the numbers stand that begin as was dialled.
struct Ranges {
    addresses: Vec<(String, String)>,
    digits: (String, String),
}

impl Ranges {
    fn of(dialled: &str, country: &str) -> Ranges {
        // A colon is the sign behind the digits.
        let range = |begin: String| (begin.clone(), format!("{begin}:"));
        Ranges {
            addresses: address_beginnings(dialled, country).into_iter().take(4).map(range).collect(),
            digits: range(dialled.trim_start_matches('+').to_owned()),
        }
    }
}

/// Words as a query of FTS5, each perhaps unfinished, each quoted, so that none means anything.
pub(in crate::store) fn pattern(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" AND ")
}
