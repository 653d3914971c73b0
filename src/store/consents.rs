//! Who agreed to be written to: the record for those who must prove it.

use crate::domain::address::Address;
use crate::domain::id::ContactId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;

/// An agreement.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Its id.
    pub id: i64,
    /// Who.
    pub address: Address,
    /// In which contact.
    pub contact: Option<ContactId>,
    /// Where it was given: a form, a call.
    pub source: String,
    /// What was agreed to.
    pub text: String,
    /// When it was given.
    pub at: Timestamp,
    /// Who noted it.
    pub by: String,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

/// An agreement to be noted.
#[derive(Clone, Debug)]
pub struct NewConsent {
    /// Who.
    pub address: Address,
    /// In which contact.
    pub contact: Option<ContactId>,
    /// Where it was given.
    pub source: String,
    /// What was agreed to.
    pub text: String,
    /// When it was given.
    pub at: Timestamp,
}

impl Snapshot<'_> {
    /// What an address agreed to, the newest first.
    pub fn consents_of(&self, address: &Address, at_most: u32) -> Result<Vec<Consent>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, address, contact_id, source, text, at, by_name, withdrawn_at FROM consents \
             WHERE address = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        all(query.query((address, at_most))?, |row| {
            Ok(Consent {
                id: row.get("id")?,
                address: row.get("address")?,
                contact: row.get("contact_id")?,
                source: row.get("source")?,
                text: row.get("text")?,
                at: row.get("at")?,
                by: row.get("by_name")?,
                withdrawn_at: row.get("withdrawn_at")?,
            })
        })
    }

    /// Whose agreement this is.
    pub fn consent_address(&self, id: i64) -> Result<Option<Address>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT address FROM consents WHERE id = ?1")?;
        Ok(all(query.query([id])?, |row| Ok(row.get(0)?))?.pop())
    }
}

impl Tx<'_> {
    /// Notes an agreement.
    pub fn insert_consent(&self, new: &NewConsent, by: &str, now: Timestamp) -> Result<i64, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO consents (address, contact_id, source, text, at, by_name, noted_at) \
                 VALUES (?1, (SELECT id FROM contacts WHERE id = ?2), ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((&new.address, new.contact, &new.source, &new.text, new.at, by, now))?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Takes one back; `false`: there is none that stands.
    pub fn withdraw_consent(&self, id: i64, by: &str, now: Timestamp) -> Result<bool, StoreError> {
        let taken = self
            .conn
            .prepare_cached(
                "UPDATE consents SET withdrawn_at = ?2, withdrawn_by = ?3 WHERE id = ?1 AND withdrawn_at IS NULL",
            )?
            .execute((id, now, by))?;
        Ok(taken == 1)
    }
}
