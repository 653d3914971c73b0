//! Whom a campaign writes to, read set by set: contacts of phonebooks, who stands behind a number, who is left out; and
//! the rows of the ledger as they begin.

use crate::domain::address::Address;
use crate::domain::campaign::{CampaignStatus, Plan};
use crate::domain::contact::NumberKind;
use crate::domain::id::{CampaignId, ChannelId, ContactId, NumberId, PhonebookId, RecipientId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::files::as_json;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};
use rusqlite::Row;
use std::collections::{BTreeMap, HashSet};

/// A contact of a phonebook with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookContact {
    /// Its id.
    pub id: ContactId,
    /// First and last name, else the company.
    pub name: String,
    /// Its zone, where one is set.
    pub zone: Option<String>,
    /// Its numbers: what they are, as they were typed, as they are written to.
    pub numbers: Vec<(NumberKind, String, Option<Address>)>,
}

/// What is known of a contact, for a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactValues {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company.
    pub company: String,
    /// E-mail.
    pub email: String,
    /// Fields of the user's own.
    pub custom: BTreeMap<String, String>,
}

/// A line of a campaign's ledger, as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecipient {
    /// The number as it came.
    pub given: String,
    /// As it is written to.
    pub address: Option<Address>,
    /// Whether the same person or number does not stand above.
    pub counts: bool,
    /// What they are called.
    pub name: String,
    /// Their contact.
    pub contact: Option<ContactId>,
    /// The cells of their row in a table, by variable.
    pub variables: Option<BTreeMap<String, String>>,
    /// Where they are: a zone or a country.
    pub zone: Option<String>,
    /// Why they are not written to; `None`: they are.
    pub skipped: Option<Reason>,
}

/// First and last name, else the company.
const NAME: &str = "CASE WHEN trim(c.first_name || c.last_name) = '' THEN c.company \
     ELSE trim(c.first_name || ' ' || c.last_name) END AS name";

fn contact(row: &Row<'_>) -> Result<BookContact, StoreError> {
    Ok(BookContact { id: row.get("id")?, name: row.get("name")?, zone: row.get("time_zone")?, numbers: Vec::new() })
}

impl Snapshot<'_> {
    /// What a campaign is planned to be, and where it stands.
    pub fn campaign_plan(&self, id: CampaignId) -> Result<Option<(Plan, CampaignStatus)>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT plan, status FROM campaigns WHERE id = ?1")?;
        first(&mut query.query([id])?, |row| {
            let plan = json(row, "plan")?.ok_or_else(|| StoreError::Unreadable("a campaign without a plan".into()))?;
            Ok((plan, row.get("status")?))
        })
    }

    /// A line of a campaign's ledger, for its text: number, name, contact, the cells of its row.
    pub fn recipient_words(&self, campaign: CampaignId, id: RecipientId) -> Result<Option<NewRecipient>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT given, address, counts, name, contact_id, variables, zone, reason FROM recipients \
             WHERE campaign_id = ?1 AND id = ?2",
        )?;
        first(&mut query.query((campaign, id))?, |row| {
            Ok(NewRecipient {
                given: row.get("given")?,
                address: row.get("address")?,
                counts: row.get("counts")?,
                name: row.get("name")?,
                contact: row.get("contact_id")?,
                variables: json(row, "variables")?,
                zone: row.get("zone")?,
                skipped: json(row, "reason")?,
            })
        })
    }

    /// Contacts of a phonebook behind this one, with all their numbers.
    pub fn book_contacts(
        &self,
        book: PhonebookId,
        after: ContactId,
        at_most: usize,
    ) -> Result<Vec<BookContact>, StoreError> {
        let sql = format!(
            "SELECT c.id, {NAME}, c.time_zone FROM phonebook_contacts b JOIN contacts c ON c.id = b.contact_id \
             WHERE b.phonebook_id = ?1 AND b.contact_id > ?2 ORDER BY b.contact_id LIMIT ?3"
        );
        let mut found = all(self.conn.prepare_cached(&sql)?.query((book, after, at_most))?, contact)?;
        let mut numbers =
            self.conn.prepare_cached("SELECT kind, given, address FROM contact_numbers WHERE contact_id = ?1")?;
        for contact in &mut found {
            contact.numbers = all(numbers.query([contact.id])?, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        }
        Ok(found)
    }

    /// The one contact with this number; `None`: there is none, or more than one.
    pub fn one_contact_with(&self, address: &Address) -> Result<Option<BookContact>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT c.id, {NAME}, c.time_zone FROM contact_numbers n JOIN contacts c ON c.id = n.contact_id \
             WHERE n.address = ?1 LIMIT 2"
        );
        let mut found = all(self.conn.prepare_cached(&sql)?.query([address])?, contact)?;
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    /// What is known of a contact, for a text.
    pub fn contact_values(&self, id: ContactId) -> Result<Option<ContactValues>, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT first_name, last_name, company, email, custom FROM contacts WHERE id = ?1")?;
        first(&mut query.query([id])?, |row| {
            Ok(ContactValues {
                first_name: row.get(0)?,
                last_name: row.get(1)?,
                company: row.get(2)?,
                email: row.get(3)?,
                custom: json(row, "custom")?.unwrap_or_default(),
            })
        })
    }

    /// Names of fields of the user's own, as the first thousand contacts of these phonebooks have them.
    pub fn custom_fields(&self, books: &[PhonebookId]) -> Result<BTreeMap<String, String>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT custom FROM contacts c JOIN phonebook_contacts b ON b.contact_id = c.id \
             WHERE b.phonebook_id = ?1 ORDER BY b.contact_id LIMIT 1000",
        )?;
        let mut found = BTreeMap::new();
        for book in books {
            for custom in all(query.query([book])?, |row| json::<BTreeMap<String, String>>(row, "custom"))? {
                for (name, value) in custom.into_iter().flatten() {
                    found.entry(name).or_insert(value);
                }
            }
        }
        Ok(found)
    }

    /// Whether a number belongs to a contact of one of these phonebooks.
    pub fn is_in_books(&self, address: &Address, books: &[PhonebookId]) -> Result<bool, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT 1 FROM contact_numbers n JOIN phonebook_contacts b ON b.contact_id = n.contact_id \
             WHERE n.address = ?1 AND b.phonebook_id = ?2",
        )?;
        for book in books {
            if query.exists((address, book))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a contact is in one of these phonebooks.
    pub fn contact_is_in_books(&self, contact: ContactId, books: &[PhonebookId]) -> Result<bool, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT 1 FROM phonebook_contacts WHERE phonebook_id = ?1 AND contact_id = ?2")?;
        for book in books {
            if query.exists((book, contact))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a number is written to by one of these campaigns, or was: it may have got that message.
    pub fn was_written_to(&self, address: &Address, campaigns: &[CampaignId]) -> Result<bool, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT 1 FROM recipients WHERE campaign_id = ?1 AND address = ?2 AND counts = 1 \
             AND state NOT IN ('skipped', 'failed', 'cancelled')",
        )?;
        for campaign in campaigns {
            if query.exists((campaign, address))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The numbers of a pool.
    pub fn pool_numbers(&self, channel: ChannelId, pool: &str) -> Result<Vec<NumberId>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT id FROM numbers WHERE channel_id = ?1 AND pool = ?2 ORDER BY id")?;
        all(query.query((channel, pool))?, |row| Ok(row.get(0)?))
    }

    /// All numbers of ours.
    pub fn own_addresses(&self) -> Result<HashSet<Address>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT address FROM numbers")?;
        Ok(all(query.query([])?, |row| Ok(row.get(0)?))?.into_iter().collect())
    }
}

impl Tx<'_> {
    /// Puts lines into the ledger of a campaign that has not begun.
    pub fn begin_recipients(
        &self,
        campaign: CampaignId,
        lines: &[NewRecipient],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO recipients (campaign_id, given, address, counts, name, contact_id, variables, zone, state, \
             reason, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for line in lines {
            let state = if line.skipped.is_some() { "skipped" } else { "waiting" };
            insert.execute((
                campaign,
                &line.given,
                &line.address,
                line.counts,
                &line.name,
                line.contact,
                line.variables.as_ref().map(as_json),
                &line.zone,
                state,
                &line.skipped.as_ref().map(as_json),
                now,
            ))?;
        }
        Ok(())
    }

    /// Takes so many lines out of the ledger of a campaign none of which was ever sent; how many there were.
    pub fn forget_unsent_recipients(&self, campaign: CampaignId, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM recipients WHERE id IN (SELECT id FROM recipients WHERE campaign_id = ?1 \
                 AND message_id IS NULL AND state IN ('waiting', 'skipped') LIMIT ?2)",
            )?
            .execute((campaign, at_most))?)
    }
}
