//! What was already taken: webhooks by the carrier's id, phones' requests by Call-ID, CSeq and tag. A replay finds its first answer.

use crate::domain::id::{MessageId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;
use rusqlite::OptionalExtension;
use std::time::Duration;

/// How long a carrier's ids are remembered.
pub const WEBHOOKS_KEPT: Duration = Duration::from_secs(45 * 24 * 3600);
/// How long phones' requests are remembered.
pub const REQUESTS_KEPT: Duration = Duration::from_secs(3 * 24 * 3600);

/// What names a phone's request, whatever way and how often it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Its Call-ID.
    pub call_id: String,
    /// Its sequence number.
    pub cseq: u32,
    /// The tag of its From.
    pub from_tag: String,
    /// A digest of who writes what to whom: it knows a text again that a phone repeats under its next sequence number.
    pub said: [u8; 32],
}

impl Snapshot<'_> {
    /// The message that a webhook became, where that was noted.
    pub fn message_of_webhook(&self, trunk: TrunkId, carrier_id: &str) -> Result<Option<MessageId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT message_id FROM heard_webhooks WHERE trunk_id = ?1 AND carrier_id = ?2")?
            .query_row((trunk.0, carrier_id), |row| row.get::<_, Option<MessageId>>(0))
            .optional()?
            .flatten())
    }

    /// Webhooks that need not be remembered any longer. It looks through all of them.
    pub fn webhooks_heard_long_ago(
        &self,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(TrunkId, String)>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT trunk_id, carrier_id FROM heard_webhooks WHERE at < ?1 LIMIT ?2")?;
        all(query.query((now.minus(WEBHOOKS_KEPT), at_most))?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The status this request was answered with the first time.
    pub fn heard_request(&self, key: &RequestKey) -> Result<Option<u16>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT status FROM heard_requests WHERE call_id = ?1 AND cseq = ?2 AND from_tag = ?3")?
            .query_row((&key.call_id, key.cseq, &key.from_tag), |row| row.get(0))
            .optional()?)
    }

    /// The same, for a request that may be a repetition under a higher sequence number, as phones make it that are asked
    /// for their password again (RFC 3261 22.2): then its Call-ID, its tag and what it says are those of one since `since`.
    pub fn heard_request_or_its_like(&self, key: &RequestKey, since: Timestamp) -> Result<Option<u16>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT status FROM heard_requests WHERE call_id = ?1 AND from_tag = ?3 \
                 AND (cseq = ?2 OR cseq < ?2 AND said = ?4 AND at >= ?5) ORDER BY cseq DESC LIMIT 1",
            )?
            .query_row((&key.call_id, key.cseq, &key.from_tag, key.said, since.0), |row| row.get(0))
            .optional()?)
    }
}

impl Tx<'_> {
    /// Remembers a webhook; `false`: it was taken before.
    pub fn hear_webhook(&self, trunk: TrunkId, carrier_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let noted = self
            .conn
            .prepare_cached(
                "INSERT INTO heard_webhooks (trunk_id, carrier_id, at) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (trunk_id, carrier_id) DO NOTHING",
            )?
            .execute((trunk.0, carrier_id, now.0))?;
        Ok(noted == 1)
    }

    /// Notes the message that a webhook became, for those that answer it by the carrier's id.
    pub fn note_webhook_became(&self, trunk: TrunkId, carrier_id: &str, message: MessageId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE heard_webhooks SET message_id = ?3 WHERE trunk_id = ?1 AND carrier_id = ?2")?
            .execute((trunk, carrier_id, message))?;
        Ok(())
    }

    /// Remembers a phone's request and how it was answered.
    pub fn note_request(&self, key: &RequestKey, status: u16, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO heard_requests (call_id, cseq, from_tag, at, status, said) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (call_id, cseq, from_tag) DO NOTHING",
            )?
            .execute((&key.call_id, key.cseq, &key.from_tag, now.0, status, key.said))?;
        Ok(())
    }

    /// Forgets these webhooks.
    pub fn forget_webhooks(&self, heard: &[(TrunkId, String)]) -> Result<(), StoreError> {
        let mut delete =
            self.conn.prepare_cached("DELETE FROM heard_webhooks WHERE trunk_id = ?1 AND carrier_id = ?2")?;
        heard.iter().try_for_each(|which| delete.execute((which.0, &which.1)).map(drop))?;
        Ok(())
    }

    /// Forgets phones' requests older than is promised; at most `at_most`, so that no commit takes long.
    pub fn forget_requests(&self, now: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM heard_requests WHERE (call_id, cseq, from_tag) IN \
                 (SELECT call_id, cseq, from_tag FROM heard_requests WHERE at < ?1 LIMIT ?2)",
            )?
            .execute((now.minus(REQUESTS_KEPT).0, at_most))?)
    }
}
