//! Bindings: where phones can be reached; kept so that a restart still finds them.
//! What a binding holds is the registrar's business: here it is JSON under its contact.

use crate::domain::event::Event;
use crate::domain::id::ExtensionId;
use crate::domain::time::Timestamp;
use crate::store::deliveries::Line;
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

impl Snapshot<'_> {
    /// Extensions that are registered and whose phones did not answer the last try of a text that waits now; the
    /// oldest text first.
    pub fn silent_phones(&self, now: Timestamp, at_most: u32) -> Result<Vec<ExtensionId>, StoreError> {
        let sql =
            SILENT.replace("{and}", "AND extension_id IN (SELECT extension_id FROM bindings WHERE expires_at > ?1)");
        let mut query = self.conn.prepare_cached(&sql)?;
        all(query.query((now.0, at_most))?, |row| Ok(ExtensionId(row.get(0)?)))
    }

    /// The same wherever they are registered, with us or at a PBX.
    pub fn phones_that_kept_silent(&self, now: Timestamp, at_most: u32) -> Result<Vec<ExtensionId>, StoreError> {
        let mut query = self.conn.prepare_cached(&SILENT.replace("{and}", ""))?;
        all(query.query((now.0, at_most))?, |row| Ok(ExtensionId(row.get(0)?)))
    }
}

/// A phone that answered gave a code of its own; one that did not left `timeout`, or nothing.
const SILENT: &str = "SELECT extension_id FROM deliveries WHERE state = 'queued' AND line = 'extension' AND due_at > ?1 \
     AND tries > 0 AND reason IS NOT NULL AND coalesce(json_extract(reason, '$.carrier_code'), 'timeout') = 'timeout' \
     {and} GROUP BY extension_id ORDER BY min(id) LIMIT ?2";

impl Tx<'_> {
    /// Makes all that waits for these extensions due now: their phones are there.
    pub fn wake_phones(&self, extensions: &[ExtensionId], now: Timestamp) -> Result<(), StoreError> {
        for &extension in extensions {
            self.wake_lane(&Line::Extension(extension).lane(), now)?;
        }
        self.emit(Event::OutboxRung);
        Ok(())
    }

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
