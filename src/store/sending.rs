//! How a channel and its numbers send: pools, the second way, validity, look-alikes, prices.

use crate::domain::address::Address;
use crate::domain::id::{ChannelId, NumberId, PeerId, TrunkId};
use crate::domain::price::Price;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{Delivery, Line, Sender};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};
use rusqlite::OptionalExtension;
use std::time::Duration;

/// How a channel sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelSending {
    /// How long a message may wait; `None`: as long as the house says.
    pub valid_for: Option<Duration>,
    /// The number over which goes what this channel's trunk certainly did not take.
    pub fallback: Option<NumberId>,
    /// Whether look-alikes are replaced where that makes a text GSM-7.
    pub smart: bool,
    /// By the beginning of the recipient's number, longest first.
    pub prices: Vec<PriceRow>,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// The beginning of the recipient's number, with its plus; empty: any.
    pub prefix: String,
    /// What a segment costs.
    pub price: Price,
}

/// How a number sends, beside its pace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberSending {
    /// Whether its carrier counts segments.
    pub in_segments: bool,
    /// The pool it is in.
    pub pool: Option<String>,
}

/// Numbers of one channel of which a peer always hears from the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Their channel.
    pub channel: ChannelId,
    /// What that is called.
    pub channel_name: String,
    /// What the pool is called.
    pub name: String,
    /// How many numbers are in it.
    pub numbers: u32,
}

impl Snapshot<'_> {
    /// All pools, by channel and name.
    pub fn pools(&self) -> Result<Vec<Pool>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT c.id, c.name, n.pool, count(*) AS numbers FROM numbers n JOIN channels c ON c.id = n.channel_id \
             WHERE n.pool IS NOT NULL GROUP BY c.id, n.pool ORDER BY c.name COLLATE NOCASE, n.pool",
        )?;
        all(query.query([])?, |row| {
            Ok(Pool {
                channel: row.get("id")?,
                channel_name: row.get("name")?,
                name: row.get("pool")?,
                numbers: row.get("numbers")?,
            })
        })
    }

    /// How a channel sends; `None` if there is no such channel.
    pub fn channel_sending(&self, channel: ChannelId) -> Result<Option<ChannelSending>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT valid_for_s, fallback_number_id, smart FROM channels WHERE id = ?1")?;
        let found = first(&mut query.query([channel])?, |row| {
            let valid_for: Option<u32> = row.get("valid_for_s")?;
            Ok(ChannelSending {
                valid_for: valid_for.map(|seconds| Duration::from_secs(seconds.into())),
                fallback: row.get("fallback_number_id")?,
                smart: row.get("smart")?,
                prices: Vec::new(),
            })
        })?;
        let Some(mut sending) = found else { return Ok(None) };
        let mut query = self.conn.prepare_cached(
            "SELECT prefix, currency, micros FROM prices WHERE channel_id = ?1 ORDER BY length(prefix) DESC, prefix",
        )?;
        sending.prices = all(query.query([channel])?, |row| {
            let price = Price { micros: row.get("micros")?, currency: row.get("currency")? };
            Ok(PriceRow { prefix: row.get("prefix")?, price })
        })?;
        Ok(Some(sending))
    }

    /// What a segment from a number to somebody costs, if that is known.
    pub fn price_to(&self, number: NumberId, to: &Address) -> Result<Option<Price>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT currency, micros FROM prices WHERE channel_id = (SELECT channel_id FROM numbers WHERE id = ?1) \
             AND substr(?2, 1, length(prefix)) = prefix \
             ORDER BY length(prefix) DESC LIMIT 1",
        )?;
        first(&mut query.query((number, to.as_str()))?, |row| {
            Ok(Price { micros: row.get("micros")?, currency: row.get("currency")? })
        })
    }

    /// How a number sends; `None` if there is no such number.
    pub fn number_sending(&self, number: NumberId) -> Result<Option<NumberSending>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT pace_unit, pool FROM numbers WHERE id = ?1")?;
        first(&mut query.query([number])?, |row| {
            let unit: String = row.get("pace_unit")?;
            Ok(NumberSending { in_segments: unit == "segment", pool: row.get("pool")? })
        })
    }

    /// The number of a pool from which a peer hears: the one it heard from last, else the least busy one.
    pub fn pool_number(
        &self,
        channel: ChannelId,
        pool: &str,
        peer: Option<PeerId>,
    ) -> Result<Option<NumberId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT n.id FROM numbers n WHERE n.channel_id = ?1 AND n.pool = ?2 ORDER BY \
             coalesce((SELECT max(s.last_at) FROM sessions s WHERE s.number_id = n.id AND s.peer_id = ?3), 0) DESC, \
             (SELECT count(*) FROM deliveries d WHERE d.state = 'queued' AND d.line = 'carrier' AND d.number_id = n.id), \
             (SELECT count(*) FROM sessions s WHERE s.number_id = n.id AND s.state <> 'closed'), n.id LIMIT 1",
        )?;
        Ok(query.query_row((channel, pool, peer), |row| row.get(0)).optional()?)
    }

    /// Where a delivery can go that its trunk certainly did not take: its channel's second way, or back where it came from.
    pub fn other_way(&self, delivery: &Delivery) -> Result<Option<(NumberId, TrunkId)>, StoreError> {
        let Line::Carrier { trunk, number, .. } = delivery.line else { return Ok(None) };
        let mut query = self.conn.prepare_cached(
            "SELECT other.id, c.trunk_id FROM numbers n JOIN channels own ON own.id = n.channel_id \
             JOIN numbers other ON other.id = coalesce(?2, own.fallback_number_id) \
             JOIN channels c ON c.id = other.channel_id JOIN trunks t ON t.id = c.trunk_id \
             WHERE n.id = ?1 AND c.enabled AND t.enabled AND c.trunk_id <> ?3 AND c.kind = own.kind",
        )?;
        Ok(query.query_row((number, delivery.moved_from, trunk), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// The deliveries of a number that are due and that no try may have handed over: what can go another way.
    pub fn due_and_untaken(
        &self,
        sender: &Sender,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.deliveries_where(
            "d.state = 'queued' AND d.line = 'carrier' AND d.number_id = ?1 AND d.priority IN (0, 1, 2) \
             AND d.due_at <= ?2 AND d.expires_at > ?2 AND d.in_doubt = 0 AND (?4 OR d.moved_from IS NOT NULL) \
             ORDER BY d.due_at, d.id LIMIT ?3",
            (sender.number, now, at_most, sender.has_fallback),
        )
    }
}

impl Tx<'_> {
    /// Changes how a channel sends.
    pub fn set_channel_sending(&self, channel: ChannelId, to: &ChannelSending) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE channels SET valid_for_s = ?2, fallback_number_id = ?3, smart = ?4 WHERE id = ?1")?
            .execute((channel, to.valid_for.map(|time| time.as_secs()), to.fallback, to.smart))?;
        self.conn.prepare_cached("DELETE FROM prices WHERE channel_id = ?1")?.execute([channel])?;
        for row in &to.prices {
            self.conn
                .prepare_cached("INSERT INTO prices (channel_id, prefix, currency, micros) VALUES (?1, ?2, ?3, ?4)")?
                .execute((channel, &row.prefix, &row.price.currency, row.price.micros))?;
        }
        Ok(())
    }

    /// Changes how a number sends.
    pub fn set_number_sending(&self, number: NumberId, to: &NumberSending) -> Result<(), StoreError> {
        let unit = if to.in_segments { "segment" } else { "message" };
        self.conn
            .prepare_cached("UPDATE numbers SET pace_unit = ?2, pool = ?3 WHERE id = ?1")?
            .execute((number, unit, &to.pool))?;
        Ok(())
    }

    /// Lets all that waits in a delivery's lane leave another way, now; what may have been handed over stays.
    pub fn move_lane(
        &self,
        delivery: &Delivery,
        (number, trunk): (NumberId, TrunkId),
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let Line::Carrier { number: own, to, .. } = &delivery.line else { return Ok(0) };
        let lane = Line::Carrier { trunk, number, to: to.clone() }.lane();
        let from = delivery.moved_from.is_none().then_some(*own);
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET trunk_id = ?3, number_id = ?2, lane = ?4, moved_from = ?5, \
                 due_at = max(?6, coalesce(scheduled_at, 0)), updated_at = ?6 \
                 WHERE lane = ?1 AND state = 'queued' AND in_doubt = 0 \
                 AND (scheduled_at IS NULL OR instead IS NOT NULL \
                      OR NOT EXISTS (SELECT 1 FROM attachments a WHERE a.message_id = deliveries.message_id))",
            )?
            .execute((&delivery.lane, number, trunk, &lane, from, now))?)
    }
}
