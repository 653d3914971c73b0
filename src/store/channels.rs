//! Channels: a presence of one kind on one trunk.

use crate::domain::channel::ChannelKind;
use crate::domain::id::{ChannelId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::edit::{EditError, in_use, named, one_row};
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

const COLUMNS: &str = "SELECT c.id, c.name, c.kind, c.trunk_id, t.name AS trunk_name, c.enabled, c.close_after_days, \
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

    /// Changes a channel that is still at `version`.
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
        one_row(changed, self.channel(id)?.is_some())
    }

    /// Deletes a channel that has no numbers.
    pub fn delete_channel(&self, id: ChannelId) -> Result<(), EditError> {
        let channel = self.channel(id)?.ok_or(EditError::Missing)?;
        let mut query =
            self.conn.prepare_cached("SELECT address FROM numbers WHERE channel_id = ?1 ORDER BY address")?;
        let numbers = query.query_map([id], |row| Ok(format!("number {}", row.get::<_, String>(0)?)))?;
        in_use(&format!("channel {}", channel.name), &numbers.collect::<Result<Vec<_>, _>>()?)?;
        self.conn.prepare_cached("DELETE FROM channels WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
