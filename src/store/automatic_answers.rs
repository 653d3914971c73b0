//! What the house answered by itself to a word of a peer, and what it must know for it.

use crate::domain::address::Address;
use crate::domain::consent::Confirms;
use crate::domain::consent_words::Asks;
use crate::domain::id::{DeliveryId, MessageId, NumberId, SessionId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::OptionalExtension;

impl Snapshot<'_> {
    /// The carrier of a trunk, and who confirms there if somebody set that.
    pub fn confirms_of(&self, trunk: TrunkId) -> Result<Option<(String, Option<Confirms>)>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT carrier, confirms FROM trunks WHERE id = ?1")?;
        Ok(query.query_row([trunk], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// How often a person was answered since a moment: to this word from this number, and in all.
    pub fn automatic_answers_since(
        &self,
        address: &Address,
        number: NumberId,
        asks: Asks,
        since: Timestamp,
    ) -> Result<(u32, u32), StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*) FILTER (WHERE number_id = ?2 AND word = ?3), count(*) FROM automatic_answers \
             WHERE address = ?1 AND at > ?4",
        )?;
        Ok(query.query_row((address, number, asks.as_str(), since), |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Whether a delivery is such an answer.
    pub fn is_automatic_answer(&self, id: DeliveryId) -> Result<bool, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT 1 FROM deliveries d JOIN automatic_answers a ON a.message_id = d.message_id WHERE d.id = ?1",
        )?;
        Ok(query.exists([id])?)
    }

    /// Whether a delivery is a campaign's advertising; a campaign that is gone is taken for it.
    pub fn is_marketing(&self, id: DeliveryId) -> Result<bool, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT coalesce(c.plan ->> '$.rules.marketing', 1) FROM recipients r JOIN campaigns c ON c.id = r.campaign_id \
             WHERE r.delivery_id = ?1",
        )?;
        Ok(query.query_row([id], |row| row.get(0)).optional()?.unwrap_or(true))
    }

    /// When somebody last wrote to one of our numbers.
    pub fn last_wrote(&self, address: &Address, number: NumberId) -> Result<Option<Timestamp>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT max(m.at) FROM peer_addresses a JOIN sessions s ON s.peer_id = a.peer_id \
             JOIN messages m ON m.id = s.last_inbound_id WHERE a.address = ?1 AND s.number_id = ?2",
        )?;
        Ok(query.query_row((address, number), |row| row.get(0))?)
    }

    /// Whether a person who opted out and writes again may be answered for a while: of the consent settings.
    pub fn reopens(&self) -> Result<bool, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT value ->> '$.settings.reopen_on_write' FROM site WHERE key = 'consent'")?;
        Ok(query.query_row([], |row| row.get::<_, Option<bool>>(0)).optional()?.flatten().unwrap_or(false))
    }

    /// The language of whoever has this number in a phonebook.
    pub fn contact_language(&self, address: &Address) -> Result<Option<String>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT t.language FROM contact_numbers m JOIN contacts t ON t.id = m.contact_id \
             WHERE m.address = ?1 AND t.language IS NOT NULL LIMIT 1",
        )?;
        Ok(query.query_row([address], |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// Remembers that a message is an answer to a word.
    pub fn note_automatic_answer(
        &self,
        message: MessageId,
        (address, number): (&Address, NumberId),
        asks: Asks,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO automatic_answers (message_id, address, number_id, word, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((message, address, number, asks.as_str(), now))?;
        Ok(())
    }

    /// The peer still waits for a person's answer.
    pub fn set_awaiting_reply(&self, session: SessionId) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE sessions SET awaiting_reply = 1 WHERE id = ?1")?.execute([session])?;
        Ok(())
    }

    /// Who confirms at a trunk; `None`: as is usual with its carrier.
    pub fn set_confirms(&self, trunk: TrunkId, confirms: Option<Confirms>) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE trunks SET confirms = ?2 WHERE id = ?1")?.execute((trunk, confirms))?;
        Ok(())
    }
}
