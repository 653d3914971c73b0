//! The channel log as it is read, and what fails of late.

use crate::domain::id::{ExchangeId, ExtensionId, MessageId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::words::{all, first};
use rusqlite::Row;

/// Exchanges about one message that are shown.
const OF_MESSAGE_MAX: u32 = 200;

/// An exchange as it is kept, secrets removed.
#[derive(Clone, Debug)]
pub struct ExchangeRow {
    /// Its id.
    pub id: ExchangeId,
    /// When it began.
    pub at: Timestamp,
    /// With which trunk.
    pub trunk: Option<TrunkId>,
    /// With which extension.
    pub extension: Option<ExtensionId>,
    /// About which message.
    pub message: Option<MessageId>,
    /// `in` or `out`.
    pub direction: String,
    /// What for.
    pub what: String,
    /// How long it took.
    pub took_ms: i64,
    /// The status on the wire.
    pub status: String,
    /// What it meant.
    pub outcome: String,
    /// The request.
    pub request: String,
    /// The answer.
    pub answer: String,
}

/// A phone that lets texts wait.
#[derive(Clone, Debug)]
pub struct WaitingPhone {
    /// Number and name of the extension.
    pub label: String,
    /// Since when the oldest text waits.
    pub since: Timestamp,
    /// Why.
    pub reason: Option<Reason>,
}

const COLUMNS: &str = "SELECT id, at, trunk_id, extension_id, message_id, direction, what, took_ms, status, outcome, \
                       request, answer FROM exchanges";

fn exchange(row: &Row<'_>) -> Result<ExchangeRow, StoreError> {
    Ok(ExchangeRow {
        id: row.get("id")?,
        at: row.get("at")?,
        trunk: row.get("trunk_id")?,
        extension: row.get("extension_id")?,
        message: row.get("message_id")?,
        direction: row.get("direction")?,
        what: row.get("what")?,
        took_ms: row.get("took_ms")?,
        status: row.get("status")?,
        outcome: row.get("outcome")?,
        request: row.get("request")?,
        answer: row.get("answer")?,
    })
}

impl Snapshot<'_> {
    /// What was said about a message, oldest first.
    pub fn exchanges_of_message(&self, message: MessageId) -> Result<Vec<ExchangeRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE message_id = ?1 ORDER BY id LIMIT ?2");
        all(self.conn.prepare_cached(&sql)?.query((message, OF_MESSAGE_MAX))?, exchange)
    }

    /// What was said on a trunk, newest first, before this exchange.
    pub fn exchanges_of_trunk(
        &self,
        trunk: TrunkId,
        before: Option<ExchangeId>,
        limit: u32,
    ) -> Result<Vec<ExchangeRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE trunk_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
        let before = before.unwrap_or(ExchangeId(i64::MAX));
        all(self.conn.prepare_cached(&sql)?.query((trunk, before, limit))?, exchange)
    }

    /// How many deliveries of a trunk have failed since then.
    pub fn failures_since(&self, trunk: TrunkId, since: Timestamp) -> Result<u32, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*) FROM deliveries
             WHERE trunk_id = ?1 AND state IN ('failed', 'undelivered') AND updated_at > ?2",
        )?;
        Ok(query.query_row((trunk, since), |row| row.get(0))?)
    }

    /// The extensions whose phones have let a text wait since before then, the longest first.
    pub fn phones_waiting_since(&self, before: Timestamp, at_most: u32) -> Result<Vec<WaitingPhone>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT trim(e.number || ' ' || e.name) AS label, min(d.created_at) AS since, d.reason
             FROM deliveries d JOIN extensions e ON e.id = d.extension_id
             WHERE d.state = 'queued' AND d.line = 'extension' AND d.created_at < ?1
             GROUP BY e.id ORDER BY since LIMIT ?2",
        )?;
        all(query.query((before, at_most))?, |row| {
            Ok(WaitingPhone { label: row.get("label")?, since: row.get("since")?, reason: row.get("reason")? })
        })
    }

    /// The extensions that are switched off though numbers lead to them, with one of the numbers.
    pub fn routes_to_nobody(&self, at_most: u32) -> Result<Vec<(String, String)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT trim(e.number || ' ' || e.name), group_concat(n.address, ', ') FROM numbers n
             JOIN extensions e ON e.id = n.route_extension_id WHERE NOT e.enabled GROUP BY e.id ORDER BY e.number LIMIT ?1",
        )?;
        all(query.query([at_most])?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// How many deliveries nobody knows the outcome of, on a trunk; and since when.
    pub fn uncertain_on(&self, trunk: TrunkId) -> Result<Option<(u32, Timestamp)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*), min(updated_at) FROM deliveries WHERE trunk_id = ?1 AND state = 'uncertain'
             HAVING count(*) > 0",
        )?;
        first(&mut query.query([trunk])?, |row| Ok((row.get(0)?, row.get(1)?)))
    }
}
