//! Messages for later: not before a moment, changed or taken back until then.

use crate::domain::id::{DeliveryId, MessageId};
use crate::domain::price::Price;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;

impl Tx<'_> {
    /// Lets a queued delivery wait for a moment, said in a zone.
    pub fn schedule_delivery(
        &self,
        id: DeliveryId,
        (at, zone): (Timestamp, &str),
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET scheduled_at = ?2, scheduled_zone = ?3, due_at = ?2, expires_at = ?4 \
                 WHERE id = ?1 AND state = 'queued'",
            )?
            .execute((id, at, zone, expires_at))?;
        Ok(())
    }

    /// Changes the words of a message that has not left.
    pub fn set_text(&self, id: MessageId, text: &str, segments: Option<u32>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE messages SET text = ?2, segments = ?3 WHERE id = ?1")?
            .execute((id, text, segments))?;
        Ok(())
    }

    /// Notes what a message costs.
    pub fn set_cost(&self, id: MessageId, cost: &Price) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE messages SET cost_micros = ?2, cost_currency = ?3 WHERE id = ?1")?
            .execute((id, cost.micros, &cost.currency))?;
        Ok(())
    }
}
