//! What was already taken: webhooks by the carrier's id, phones' requests by Call-ID, CSeq and tag. A replay finds its first answer.

use crate::domain::id::{MessageId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
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
    /// Whether this webhook was taken, and what message it became.
    pub fn heard_webhook(&self, trunk: TrunkId, carrier_id: &str) -> Result<Option<Option<MessageId>>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT message_id FROM heard_webhooks WHERE trunk_id = ?1 AND carrier_id = ?2")?
            .query_row((trunk.0, carrier_id), |row| row.get::<_, Option<i64>>(0))
            .optional()?
            .map(|id| id.map(MessageId)))
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
    /// Remembers a webhook.
    pub fn note_webhook(
        &self,
        trunk: TrunkId,
        carrier_id: &str,
        message: Option<MessageId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO heard_webhooks (trunk_id, carrier_id, at, message_id) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (trunk_id, carrier_id) DO NOTHING",
            )?
            .execute((trunk.0, carrier_id, now.0, message.map(|id| id.0)))?;
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

    /// Forgets what is older than is promised; at most `at_most` rows of each, so that no commit takes long.
    pub fn forget_heard(&self, now: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        let webhooks = self
            .conn
            .prepare_cached(
                "DELETE FROM heard_webhooks WHERE (trunk_id, carrier_id) IN \
                 (SELECT trunk_id, carrier_id FROM heard_webhooks WHERE at < ?1 LIMIT ?2)",
            )?
            .execute((now.minus(WEBHOOKS_KEPT).0, at_most))?;
        let requests = self
            .conn
            .prepare_cached(
                "DELETE FROM heard_requests WHERE (call_id, cseq, from_tag) IN \
                 (SELECT call_id, cseq, from_tag FROM heard_requests WHERE at < ?1 LIMIT ?2)",
            )?
            .execute((now.minus(REQUESTS_KEPT).0, at_most))?;
        Ok(webhooks + requests)
    }
}
