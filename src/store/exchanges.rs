//! The channel log.

use crate::domain::exchange::{Exchange, KEPT_BYTES_MAX};
use crate::domain::id::ExchangeId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;

/// Exchanges that are measured together.
const MEASURED_TOGETHER: i64 = 256;
/// What a row takes besides its texts.
const ROW_BYTES: i64 = 120;

/// Some exchanges in a row, and how much they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The last of them.
    pub last: ExchangeId,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Snapshot<'_> {
    /// The oldest exchange there is.
    pub fn oldest_exchange(&self) -> Result<Option<ExchangeId>, StoreError> {
        Ok(self.conn.prepare_cached("SELECT min(id) FROM exchanges")?.query_row([], |row| row.get(0))?)
    }

    /// How much the exchanges after this one take, oldest first.
    pub fn exchanges_measured_after(&self, after: ExchangeId) -> Result<Vec<Stretch>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT max(id), sum(octet_length(request) + octet_length(answer) + octet_length(outcome) + ?3)
             FROM exchanges WHERE id > ?1 GROUP BY id / ?2 ORDER BY id / ?2",
        )?;
        all(query.query((after, MEASURED_TOGETHER, ROW_BYTES))?, |row| {
            let bytes: i64 = row.get(1)?;
            Ok(Stretch { last: row.get(0)?, bytes: u64::try_from(bytes).unwrap_or(0) })
        })
    }
}

impl Tx<'_> {
    /// Keeps an exchange.
    pub fn insert_exchange(&self, exchange: &Exchange) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO exchanges (at, trunk_id, extension_id, message_id, direction, what, took_ms, status, \
                 outcome, request, answer, delivery_id, good) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute((
                exchange.at.0,
                exchange.trunk.map(|id| id.0),
                exchange.extension.map(|id| id.0),
                exchange.message.map(|id| id.0),
                exchange.direction.as_str(),
                exchange.purpose.as_str(),
                i64::try_from(exchange.took.as_millis()).unwrap_or(i64::MAX),
                &exchange.status,
                &exchange.outcome,
                shortened(&exchange.request),
                shortened(&exchange.answer),
                exchange.delivery.map(|id| id.0),
                exchange.good,
            ))?;
        Ok(())
    }

    /// Forgets exchanges up to this one, whatever their age; at most `at_most` rows.
    pub fn forget_exchanges_up_to(&self, last: ExchangeId, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM exchanges WHERE id IN (SELECT id FROM exchanges WHERE id <= ?1 ORDER BY id LIMIT ?2)",
            )?
            .execute((last, at_most))?)
    }

    /// Forgets exchanges older than `before`; at most `at_most` rows. Of the oldest by number, which saves each of the
    /// many a place in an index by time.
    pub fn forget_exchanges(&self, before: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM exchanges WHERE at < ?1 AND id IN (SELECT id FROM exchanges ORDER BY id LIMIT ?2)",
            )?
            .execute((before.0, at_most))?)
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEPT_BYTES_MAX)]
}
