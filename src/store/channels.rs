//! Channels: a presence of one kind on one trunk.

use crate::domain::channel::ChannelKind;
use crate::domain::id::{ChannelId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::edit::{EditError, called, in_use, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::{OptionalExtension, Row};

/// A channel as it stands in its row, with its trunk's name.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// What it carries.
    pub kind: ChannelKind,
    /// The trunk it is on.
    pub trunk: TrunkId,
    /// That trunk's name.
    pub trunk_name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Sessions end after so many days without traffic; `None`: never by themselves.
    pub close_after_days: Option<u32>,
    /// Messages are kept so many days; `None`: for ever.
    pub keep_messages_days: Option<u32>,
    /// Counts its edits.
    pub version: i64,
}

/// What people may set on a channel. Its kind stays as it was made.
#[derive(Clone, Debug)]
pub struct ChannelEdit {
    /// Its name.
    pub name: String,
    /// What it carries.
    pub kind: ChannelKind,
    /// The trunk it is on.
    pub trunk: TrunkId,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Sessions end after so many days without traffic.
    pub close_after_days: Option<u32>,
}

const COLUMNS: &str = "SELECT c.id, c.name, c.kind, c.trunk_id, t.name AS trunk_name, c.enabled, c.close_after_days, c.keep_messages_days, \
                       c.version FROM channels c JOIN trunks t ON t.id = c.trunk_id";

impl Snapshot<'_> {
    /// All channels, by name.
    pub fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} ORDER BY c.name COLLATE NOCASE"))?;
        Ok(query.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// The channel with this id.
    pub fn channel(&self, id: ChannelId) -> Result<Option<Channel>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE c.id = ?1"))?;
        Ok(query.query_row([id], read).optional()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        trunk: row.get("trunk_id")?,
        trunk_name: row.get("trunk_name")?,
        enabled: row.get("enabled")?,
        close_after_days: row.get("close_after_days")?,
        keep_messages_days: row.get("keep_messages_days")?,
        version: row.get("version")?,
    })
}

impl Tx<'_> {
    /// Adds a channel.
    pub fn insert_channel(&self, edit: &ChannelEdit, now: Timestamp) -> Result<ChannelId, EditError> {
        self.conn
            .prepare_cached(
                "INSERT INTO channels (trunk_id, name, kind, enabled, close_after_days, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((edit.trunk, &edit.name, edit.kind, edit.enabled, edit.close_after_days, now))
            .map_err(named("name", "trunk"))?;
        Ok(ChannelId(self.conn.last_insert_rowid()))
    }

    /// Changes a channel that is still at `version`. On another trunk, what waits moves along, but for what the old one may
    /// have taken: there it can be asked about, and is not sent twice.
    pub fn update_channel(&self, id: ChannelId, version: i64, edit: &ChannelEdit) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE channels SET trunk_id = ?3, name = ?4, enabled = ?5, close_after_days = ?6,
                        version = version + 1
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute((id, version, edit.trunk, &edit.name, edit.enabled, edit.close_after_days))
            .map_err(named("name", "trunk"))?;
        one_row(changed, self.channel(id)?.is_some())?;
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET trunk_id = ?2
                 WHERE line = 'carrier' AND state = 'queued' AND in_doubt = 0 AND trunk_id <> ?2
                 AND number_id IN (SELECT id FROM numbers WHERE channel_id = ?1)",
            )?
            .execute((id, edit.trunk))?;
        Ok(())
    }

    /// Deletes a channel that has no numbers.
    pub fn delete_channel(&self, id: ChannelId) -> Result<(), EditError> {
        let channel = self.channel(id)?.ok_or(EditError::Missing)?;
        let mut query =
            self.conn.prepare_cached("SELECT address FROM numbers WHERE channel_id = ?1 ORDER BY address")?;
        let numbers = query.query_map([id], |row| Ok(called("number", "Rufnummer", row.get::<_, String>(0)?)))?;
        in_use(&called("channel", "Kanal", channel.name), &numbers.collect::<Result<Vec<_>, _>>()?)?;
        self.conn.prepare_cached("DELETE FROM channels WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open::{StoreSettings, open};
    use std::sync::Arc;

    const ROWS: &str = "
        INSERT INTO trunks (id, name, carrier, settings, secrets, webhook_key, created_at)
            VALUES (1, 'Old', 'generic', '{}', x'', 'a', 0), (2, 'New', 'generic', '{}', x'', 'b', 0);
        INSERT INTO channels (id, trunk_id, name, kind, created_at) VALUES (1, 1, 'SMS', 'sms', 0);
        INSERT INTO extensions (id, number, name, password, created_at) VALUES (1, '1001', 'Anna', x'', 0);
        INSERT INTO numbers (id, channel_id, address, sender_class, route_extension_id, created_at)
            VALUES (1, 1, '+15550100100', 'long_code', 1, 0);
        INSERT INTO peers (id, created_at) VALUES (1, 0);
        INSERT INTO sessions (id, channel_id, number_id, peer_id, peer_address, state, extension_id, opened_at, last_at)
            VALUES (1, 1, 1, 1, '+15550100199', 'held', 1, 0, 0);
        INSERT INTO messages (id, session_id, direction, text, at, author_name) VALUES (1, 1, 'out', 'x', 0, 'Anna');
        INSERT INTO deliveries (message_id, line, trunk_id, number_id, reference, lane, priority, state, due_at,
                                lease_until, expires_at, in_doubt, created_at, updated_at)
            VALUES (1, 'carrier', 1, 1, 'waits', 'n1', 0, 'queued', 0, NULL, 9, 0, 0, 0),
                   (1, 'carrier', 1, 1, 'in doubt', 'n1', 0, 'queued', 0, NULL, 9, 1, 0, 0),
                   (1, 'carrier', 1, 1, 'under way', 'n1', 0, 'sending', 0, 5, 9, 0, 0, 0),
                   (1, 'carrier', 1, 1, 'gone', 'n1', 0, 'sent', 0, NULL, 9, 0, 0, 0);";

    #[tokio::test]
    async fn what_waits_moves_to_the_new_trunk_with_its_channel() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = StoreSettings { folder: folder.path().to_owned(), readers: 1, line_max: 8, key_file: None };
        let (store, _threads) = open(&settings, 0, Arc::new(|_| ())).expect("opens");

        let moved = store.write(|tx| -> Result<Vec<String>, EditError> {
            tx.conn.execute_batch(ROWS)?;
            let edit = ChannelEdit {
                name: "SMS".into(),
                kind: ChannelKind::Sms,
                trunk: TrunkId(2),
                enabled: true,
                close_after_days: None,
            };
            tx.update_channel(ChannelId(1), 1, &edit)?;
            let mut rows = tx.conn.prepare("SELECT reference FROM deliveries WHERE trunk_id = 2")?;
            Ok(rows.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
        });

        assert_eq!(moved.await.expect("moved"), ["waits"]);
    }
}
