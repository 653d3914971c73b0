//! Parts of a long text that the carrier counts and reports each by itself.

use crate::domain::delivery::DeliveryState;
use crate::domain::id::{DeliveryId, TrunkId};
use crate::domain::reason::Reason;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json, word};
use rusqlite::OptionalExtension;

/// How a part stands.
pub type Part = (DeliveryState, Option<Reason>);

impl Snapshot<'_> {
    /// The delivery to which a carrier's id of a part belongs.
    pub fn delivery_of_part(&self, trunk: TrunkId, carrier_id: &str) -> Result<Option<DeliveryId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT delivery_id FROM delivery_parts WHERE trunk_id = ?1 AND carrier_id = ?2")?
            .query_row((trunk, carrier_id), |row| row.get(0))
            .optional()?)
    }

    /// How one part stands.
    pub fn part(&self, trunk: TrunkId, carrier_id: &str) -> Result<Option<Part>, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT state, reason FROM delivery_parts WHERE trunk_id = ?1 AND carrier_id = ?2")?;
        first(&mut query.query((trunk, carrier_id))?, part)
    }

    /// How all parts of a delivery stand.
    pub fn parts_of(&self, delivery: DeliveryId) -> Result<Vec<Part>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT state, reason FROM delivery_parts WHERE delivery_id = ?1")?;
        all(query.query([delivery])?, part)
    }
}

fn part(row: &rusqlite::Row<'_>) -> Result<Part, StoreError> {
    Ok((word(row, "state", DeliveryState::from_word)?, json(row, "reason")?))
}

impl Tx<'_> {
    /// Notes the ids under which the carrier counts the parts of a delivery.
    pub fn insert_parts(&self, delivery: DeliveryId, trunk: TrunkId, ids: &[&str]) -> Result<(), StoreError> {
        for id in ids {
            self.conn
                .prepare_cached(
                    "INSERT OR IGNORE INTO delivery_parts (trunk_id, carrier_id, delivery_id, state) \
                     VALUES (?1, ?2, ?3, 'sent')",
                )?
                .execute((trunk, id, delivery))?;
        }
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET parts = (SELECT count(*) FROM delivery_parts WHERE delivery_id = ?1) WHERE id = ?1",
            )?
            .execute([delivery])?;
        Ok(())
    }

    /// Writes how a part stands.
    pub fn settle_part(
        &self,
        trunk: TrunkId,
        carrier_id: &str,
        state: DeliveryState,
        reason: Option<&Reason>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE delivery_parts SET state = ?3, reason = ?4 WHERE trunk_id = ?1 AND carrier_id = ?2",
            )?
            .execute((trunk, carrier_id, state, reason))?;
        Ok(())
    }
}
