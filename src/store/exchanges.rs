//! The channel log.

use crate::domain::exchange::{Exchange, KEPT_BYTES_MAX};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;

impl Tx<'_> {
    /// Keeps an exchange.
    pub fn insert_exchange(&self, exchange: &Exchange) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO exchanges (at, trunk_id, extension_id, message_id, direction, what, took_ms, status, \
                 outcome, request, answer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
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
            ))?;
        Ok(())
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
