//! Numbers that peers wrote to and that are not set up here: their texts are in the channel log alone, so somebody must be told.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use std::time::Duration;

/// How long it is said after the last text.
const SAID_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// A number that is missing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownNumber {
    /// The name of the trunk its texts came over.
    pub trunk: String,
    /// The number.
    pub address: String,
    /// How many texts came for it.
    pub texts: u32,
    /// Since when.
    pub since: Timestamp,
}

impl Snapshot<'_> {
    /// Numbers that were written to within the last week and are still not set up, the latest first.
    pub fn unknown_numbers(&self, now: Timestamp, at_most: u32) -> Result<Vec<UnknownNumber>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT t.name, u.address, u.texts, u.first_at FROM unknown_numbers u JOIN trunks t ON t.id = u.trunk_id
             WHERE u.last_at >= ?1 AND NOT EXISTS (
                 SELECT 1 FROM numbers n JOIN channels c ON c.id = n.channel_id
                 WHERE n.address = u.address AND c.trunk_id = u.trunk_id AND c.kind = u.kind)
             ORDER BY u.last_at DESC LIMIT ?2",
        )?;
        let found = query.query_map((now.minus(SAID_FOR).0, at_most), |row| {
            Ok(UnknownNumber {
                trunk: row.get("name")?,
                address: row.get("address")?,
                texts: row.get("texts")?,
                since: row.get("first_at")?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// Counts a text for a number that is not set up, and forgets those nobody has written to for long. Whether it is the
    /// first.
    pub fn note_unknown_number(
        &self,
        trunk: TrunkId,
        kind: ChannelKind,
        address: &Address,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.conn.prepare_cached("DELETE FROM unknown_numbers WHERE last_at < ?1")?.execute([now.minus(SAID_FOR).0])?;
        let texts: u32 = self
            .conn
            .prepare_cached(
                "INSERT INTO unknown_numbers (trunk_id, kind, address, texts, first_at, last_at) VALUES (?1, ?2, ?3, 1, ?4, ?4)
                 ON CONFLICT (trunk_id, kind, address) DO UPDATE SET texts = texts + 1, last_at = ?4
                 RETURNING texts",
            )?
            .query_row((trunk.0, kind.as_str(), address.as_str(), now.0), |row| row.get(0))?;
        Ok(texts == 1)
    }
}
