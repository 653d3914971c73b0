//! Bindings: where phones can be reached; kept so that a restart still finds them.
//! What a binding holds is the registrar's business: here it is JSON under its contact.

use crate::domain::id::ExtensionId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;

/// A binding as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptBinding {
    /// The Contact address, which names it within the extension.
    pub contact: String,
    /// Everything the registrar knows, as JSON.
    pub binding: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Snapshot<'_> {
    /// The bindings of an extension that have not expired.
    pub fn bindings(&self, extension: ExtensionId, now: Timestamp) -> Result<Vec<KeptBinding>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT contact, binding, expires_at FROM bindings WHERE extension_id = ?1 AND expires_at > ?2 ORDER BY id",
        )?;
        all(statement.query((extension.0, now.0))?, |row| {
            Ok(KeptBinding { contact: row.get(0)?, binding: row.get(1)?, expires_at: Timestamp(row.get(2)?) })
        })
    }

    /// All bindings that have not expired, for the start.
    pub fn all_bindings(&self, now: Timestamp) -> Result<Vec<(ExtensionId, KeptBinding)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT extension_id, contact, binding, expires_at FROM bindings WHERE expires_at > ?1 ORDER BY id",
        )?;
        all(statement.query([now.0])?, |row| {
            let kept = KeptBinding { contact: row.get(1)?, binding: row.get(2)?, expires_at: Timestamp(row.get(3)?) };
            Ok((ExtensionId(row.get(0)?), kept))
        })
    }
}

impl Tx<'_> {
    /// Writes the bindings an extension has from now on.
    pub fn set_bindings(&self, extension: ExtensionId, bindings: &[KeptBinding]) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM bindings WHERE extension_id = ?1")?.execute([extension.0])?;
        for kept in bindings {
            self.conn
                .prepare_cached(
                    "INSERT INTO bindings (extension_id, contact, binding, expires_at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((extension.0, &kept.contact, &kept.binding, kept.expires_at.0))?;
        }
        Ok(())
    }

    /// Forgets bindings that have expired; says whose.
    pub fn forget_expired_bindings(&self, now: Timestamp) -> Result<Vec<ExtensionId>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("DELETE FROM bindings WHERE expires_at <= ?1 RETURNING extension_id")?;
        let mut gone = all(statement.query([now.0])?, |row| Ok(ExtensionId(row.get(0)?)))?;
        gone.dedup();
        Ok(gone)
    }
}
