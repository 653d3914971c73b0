//! Where gateways that register here can be reached: the same rows as phones' bindings, for trunks.

use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::store::bindings::KeptBinding;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;

impl Snapshot<'_> {
    /// The bindings of a trunk that have not expired, the oldest registration first.
    pub fn trunk_bindings(&self, trunk: TrunkId, now: Timestamp) -> Result<Vec<KeptBinding>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT contact, binding, expires_at FROM trunk_bindings WHERE trunk_id = ?1 AND expires_at > ?2 ORDER BY expires_at",
        )?;
        all(query.query((trunk.0, now.0))?, |row| {
            Ok(KeptBinding { contact: row.get(0)?, binding: row.get(1)?, expires_at: Timestamp(row.get(2)?) })
        })
    }
}

impl Tx<'_> {
    /// Writes the bindings a trunk has from now on.
    pub fn set_trunk_bindings(&self, trunk: TrunkId, bindings: &[KeptBinding]) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM trunk_bindings WHERE trunk_id = ?1")?.execute([trunk.0])?;
        for kept in bindings {
            self.conn
                .prepare_cached(
                    "INSERT INTO trunk_bindings (trunk_id, contact, binding, expires_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((trunk.0, &kept.contact, &kept.binding, kept.expires_at.0))?;
        }
        Ok(())
    }
}
