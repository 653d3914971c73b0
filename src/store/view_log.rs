//! The channel log as it is read, and what fails of late.

use crate::domain::id::{DeliveryId, ExchangeId, ExtensionId, MessageId, SessionId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::words::{all, first};
use rusqlite::{OptionalExtension, Row};
use std::time::Duration;

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
    /// About which of its deliveries.
    pub delivery: Option<DeliveryId>,
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
    /// Whether it went well.
    pub good: bool,
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

/// Which exchanges are wanted; all that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// About this message.
    pub message: Option<MessageId>,
    /// About this delivery.
    pub delivery: Option<DeliveryId>,
    /// With this trunk.
    pub trunk: Option<TrunkId>,
    /// With this extension's phones.
    pub extension: Option<ExtensionId>,
    /// That went well, or did not.
    pub good: Option<bool>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Not after this moment.
    pub until: Option<Timestamp>,
    /// Older than this one.
    pub before: Option<ExchangeId>,
}

/// An exchange as a list shows it.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// The exchange.
    pub row: ExchangeRow,
    /// The trunk's name.
    pub trunk_name: Option<String>,
    /// The extension's number and name.
    pub extension_label: Option<String>,
    /// The conversation of the message.
    pub session: Option<SessionId>,
}

/// An exchange is written down when it has ended; none takes longer than this.
const LONGEST: Duration = Duration::from_secs(180);

const COLUMNS: &str = "SELECT id, at, trunk_id, extension_id, message_id, delivery_id, direction, what, took_ms, status, \
                       outcome, good, request, answer FROM exchanges";
const LINES: &str = "SELECT x.id, x.at, x.trunk_id, x.extension_id, x.message_id, x.delivery_id, x.direction, x.what, \
                     x.took_ms, x.status, x.outcome, x.good, x.request, x.answer, t.name AS trunk_name, \
                     trim(e.number || ' ' || e.name) AS extension_label, m.session_id FROM exchanges x \
                     LEFT JOIN trunks t ON t.id = x.trunk_id LEFT JOIN extensions e ON e.id = x.extension_id \
                     LEFT JOIN messages m ON m.id = x.message_id";

fn exchange(row: &Row<'_>) -> Result<ExchangeRow, StoreError> {
    Ok(ExchangeRow {
        id: row.get("id")?,
        at: row.get("at")?,
        trunk: row.get("trunk_id")?,
        extension: row.get("extension_id")?,
        message: row.get("message_id")?,
        delivery: row.get("delivery_id")?,
        direction: row.get("direction")?,
        what: row.get("what")?,
        took_ms: row.get("took_ms")?,
        status: row.get("status")?,
        outcome: row.get("outcome")?,
        good: row.get("good")?,
        request: row.get("request")?,
        answer: row.get("answer")?,
    })
}

fn line(row: &Row<'_>) -> Result<LogLine, StoreError> {
    Ok(LogLine {
        row: exchange(row)?,
        trunk_name: row.get("trunk_name")?,
        extension_label: row.get("extension_label")?,
        session: row.get("session_id")?,
    })
}

impl LogFilter {
    /// As SQL over the exchanges `x`, and its values. `from` is the first exchange that can fit.
    fn conditions(&self, from: Option<ExchangeId>) -> (String, Vec<i64>) {
        let mut values = Vec::new();
        let mut all = String::from("1");
        // What a delivery was about is found by its message, which has an index.
        if let Some(delivery) = self.delivery {
            values.push(delivery.0);
            all.push_str(
                " AND x.message_id = (SELECT message_id FROM deliveries WHERE id = ?1) AND x.delivery_id = ?1",
            );
        }
        let mut add = |condition: &str, value: Option<i64>| {
            if let Some(value) = value {
                values.push(value);
                all.push_str(&format!(" AND {condition} ?{}", values.len()));
            }
        };
        add("x.message_id =", self.message.map(|id| id.0));
        add("x.trunk_id =", self.trunk.map(|id| id.0));
        add("x.extension_id =", self.extension.map(|id| id.0));
        add("x.at >=", self.since.map(|at| at.0));
        add("x.at <=", self.until.map(|at| at.0));
        add("x.id <", self.before.map(|id| id.0));
        add("x.id >=", from.map(|id| id.0));
        match self.good {
            // The words of the partial index.
            Some(false) => all.push_str(" AND x.good = 0"),
            Some(true) => all.push_str(" AND x.good = 1"),
            None => {}
        }
        (all, values)
    }
}

impl Snapshot<'_> {
    /// What was said about a message, oldest first.
    pub fn exchanges_of_message(&self, message: MessageId) -> Result<Vec<ExchangeRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE message_id = ?1 ORDER BY id LIMIT ?2");
        all(self.conn.prepare_cached(&sql)?.query((message, OF_MESSAGE_MAX))?, exchange)
    }

    /// What was said on the wire, newest first.
    pub fn log(&self, filter: &LogFilter, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        let from = filter.since.map(|since| self.exchange_at(since.minus(LONGEST))).transpose()?;
        let up_to = filter.until.map(|until| self.exchange_at(until.plus(LONGEST))).transpose()?;
        let before = [filter.before, up_to].into_iter().flatten().min();
        let (conditions, mut values) = LogFilter { before, ..filter.clone() }.conditions(from);
        values.push(limit.into());
        let sql = format!("{LINES} WHERE {conditions} ORDER BY x.id DESC LIMIT ?{}", values.len());
        all(self.conn.prepare_cached(&sql)?.query(rusqlite::params_from_iter(values))?, line)
    }

    /// The first exchange that began at this moment or later, by halving: their numbers grow with time, and an index by
    /// time would cost every one of them.
    fn exchange_at(&self, moment: Timestamp) -> Result<ExchangeId, StoreError> {
        let ends = "SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM exchanges";
        let (mut low, mut high): (i64, i64) =
            self.conn.prepare_cached(ends)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut next = self.conn.prepare_cached("SELECT id, at FROM exchanges WHERE id >= ?1 ORDER BY id LIMIT 1")?;
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<(i64, i64)> =
                next.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            match found {
                Some((id, at)) if id < high && at < moment.0 => low = id + 1,
                _ => high = middle,
            }
        }
        Ok(ExchangeId(low))
    }

    /// One exchange.
    pub fn log_line(&self, id: ExchangeId) -> Result<Option<LogLine>, StoreError> {
        let sql = format!("{LINES} WHERE x.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, line)
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
