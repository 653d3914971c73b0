//! Our numbers: each on a channel, each with a route.

use crate::domain::address::Address;
use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::id::{ChannelId, ExtensionId, NumberId, QueueId, TrunkId};
use crate::domain::media_rules::Mms;
use crate::domain::session::Destination;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::store::edit::{EditError, called, in_use, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::{OptionalExtension, Row};

/// A number with its channel, its trunk and its route.
#[derive(Clone, Debug)]
pub struct Number {
    /// Its id.
    pub id: NumberId,
    /// The channel it is on.
    pub channel: ChannelId,
    /// That channel's name.
    pub channel_name: String,
    /// What that channel carries.
    pub kind: ChannelKind,
    /// Whether that channel is switched on.
    pub channel_enabled: bool,
    /// The trunk under that channel.
    pub trunk: TrunkId,
    /// The number itself.
    pub address: Address,
    /// What people call it.
    pub label: String,
    /// What kind of sender it is.
    pub sender_class: SenderClass,
    /// Its pace; `None`: usual for its class.
    pub mps: Option<f64>,
    /// Where its new sessions go.
    pub route: Destination,
    /// Whether it can send MMS.
    pub mms: Mms,
    /// Counts its edits.
    pub version: i64,
}

/// What people may set on a number.
#[derive(Clone, Debug)]
pub struct NumberEdit {
    /// The channel it is on.
    pub channel: ChannelId,
    /// The number itself.
    pub address: Address,
    /// What people call it.
    pub label: String,
    /// What kind of sender it is.
    pub sender_class: SenderClass,
    /// Its pace.
    pub mps: Option<f64>,
    /// Where its new sessions go.
    pub route: Destination,
    /// Whether it can send MMS.
    pub mms: Mms,
}

const COLUMNS: &str = "SELECT n.id, n.channel_id, c.name AS channel_name, c.kind, c.enabled AS channel_enabled, \
                       c.trunk_id, n.address, n.label, n.sender_class, n.mps, n.route_extension_id, \
                       n.route_queue_id, n.mms, n.version FROM numbers n JOIN channels c ON c.id = n.channel_id";

impl Snapshot<'_> {
    /// All numbers, by channel and address.
    pub fn numbers(&self) -> Result<Vec<Number>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} ORDER BY c.name COLLATE NOCASE, n.address"))?;
        Ok(query.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// The numbers of a trunk, on channels that are switched on.
    pub fn numbers_of_trunk(&self, trunk: TrunkId) -> Result<Vec<Number>, StoreError> {
        let rest = "WHERE c.trunk_id = ?1 AND c.enabled = 1 ORDER BY n.address, c.kind";
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} {rest}"))?;
        Ok(query.query_map([trunk], read)?.collect::<Result<_, _>>()?)
    }

    /// The number with this id.
    pub fn number(&self, id: NumberId) -> Result<Option<Number>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE n.id = ?1"))?;
        Ok(query.query_row([id], read).optional()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Number> {
    let extension: Option<ExtensionId> = row.get("route_extension_id")?;
    Ok(Number {
        id: row.get("id")?,
        channel: row.get("channel_id")?,
        channel_name: row.get("channel_name")?,
        kind: row.get("kind")?,
        channel_enabled: row.get("channel_enabled")?,
        trunk: row.get("trunk_id")?,
        address: row.get("address")?,
        label: row.get("label")?,
        sender_class: row.get("sender_class")?,
        mps: row.get("mps")?,
        route: match extension {
            Some(extension) => Destination::Extension(extension),
            None => Destination::Queue(row.get("route_queue_id")?),
        },
        mms: row.get("mms")?,
        version: row.get("version")?,
    })
}

impl Tx<'_> {
    /// Adds a number.
    pub fn insert_number(&self, edit: &NumberEdit, now: Timestamp) -> Result<NumberId, EditError> {
        let (extension, queue) = parts(edit.route);
        self.refuse_twice_on_trunk(None, edit)?;
        self.conn
            .prepare_cached(
                "INSERT INTO numbers (channel_id, address, label, sender_class, mps, route_extension_id,
                                      route_queue_id, created_at, mms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                edit.channel,
                &edit.address,
                &edit.label,
                edit.sender_class,
                edit.mps,
                extension,
                queue,
                now,
                edit.mms,
            ))
            .map_err(named("address", "channel or route"))?;
        Ok(NumberId(self.conn.last_insert_rowid()))
    }

    /// Changes a number that is still at `version`.
    pub fn update_number(&self, id: NumberId, version: i64, edit: &NumberEdit) -> Result<(), EditError> {
        let (extension, queue) = parts(edit.route);
        let before = self.number(id)?.ok_or(EditError::Missing)?;
        if before.channel != edit.channel || before.address != edit.address {
            self.refuse_with_sessions(
                &before,
                (
                    "keeps its number and channel; add the other one as a new number",
                    "behält deshalb Nummer und Kanal; die andere bitte als neue Rufnummer anlegen",
                ),
            )?;
        }
        self.refuse_twice_on_trunk(Some(id), edit)?;
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE numbers SET channel_id = ?3, address = ?4, label = ?5, sender_class = ?6, mps = ?7,
                        route_extension_id = ?8, route_queue_id = ?9, mms = ?10, version = version + 1
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute((
                id,
                version,
                edit.channel,
                &edit.address,
                &edit.label,
                edit.sender_class,
                edit.mps,
                extension,
                queue,
                edit.mms,
            ))
            .map_err(named("address", "channel or route"))?;
        one_row(changed, self.number(id)?.is_some())
    }

    /// A webhook names trunk, kind and number: together they must mean one row.
    fn refuse_twice_on_trunk(&self, this: Option<NumberId>, edit: &NumberEdit) -> Result<(), EditError> {
        let Some(channel) = self.channel(edit.channel)? else { return Err(EditError::Dangling("channel")) };
        match self.number_for(channel.trunk, channel.kind, &edit.address)? {
            Some(other) if Some(other.id) != this => Err(EditError::Taken("address")),
            _ => Ok(()),
        }
    }

    fn refuse_with_sessions(&self, number: &Number, (so, deshalb): (&str, &str)) -> Result<(), EditError> {
        let sessions: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM sessions WHERE number_id = ?1")?
            .query_row([number.id], |row| row.get(0))?;
        if sessions == 0 {
            return Ok(());
        }
        let address = &number.address;
        Err(EditError::InUse(Wording::new(
            format!("number {address} has {sessions} sessions in its history and {so}"),
            format!("Rufnummer {address} hat {sessions} Unterhaltungen im Verlauf und {deshalb}"),
        )))
    }

    /// Deletes a number that has no sessions: their history would lose its other end.
    pub fn delete_number(&self, id: NumberId) -> Result<(), EditError> {
        let number = self.number(id)?.ok_or(EditError::Missing)?;
        self.refuse_with_sessions(
            &number,
            (
                "stays with them; switch its channel off instead",
                "bleibt bei ihnen; bitte stattdessen ihren Kanal abschalten",
            ),
        )?;
        let mut query = self.conn.prepare_cached("SELECT number FROM extensions WHERE default_number_id = ?1")?;
        let extensions =
            query.query_map([id], |row| Ok(called("extension", "Nebenstelle", row.get::<_, String>(0)?)))?;
        in_use(&called("number", "Rufnummer", number.address), &extensions.collect::<Result<Vec<_>, _>>()?)?;
        self.conn.prepare_cached("DELETE FROM numbers WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}

fn parts(route: Destination) -> (Option<ExtensionId>, Option<QueueId>) {
    match route {
        Destination::Extension(extension) => (Some(extension), None),
        Destination::Queue(queue) => (None, Some(queue)),
    }
}
