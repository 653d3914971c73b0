//! Who wants nothing more. A refusal is found by address, and outlives the peer, the messages and the number it was said
//! to. The list as people see it is in opt_outs_list.rs.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{OptOutSource, Refusal, Scope};
use crate::domain::event::Event;
use crate::domain::id::{ChannelId, DeliveryId, NumberId, OptOutId, PeerId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{InOrder, all, first};
use rusqlite::OptionalExtension;

/// A refusal to be noted.
#[derive(Clone, Debug)]
pub struct NewOptOut<'a> {
    /// Who.
    pub address: &'a Address,
    /// How far.
    pub scope: Scope,
    /// Only advertising is meant.
    pub marketing_only: bool,
    /// Where we know it from.
    pub source: OptOutSource,
    /// What was said or pressed.
    pub words: Option<&'a str>,
    /// A remark.
    pub note: &'a str,
    /// Who noted it.
    pub by: Option<&'a str>,
    /// To which number of ours it was said, where that is more than the scope says.
    pub said_to: Option<NumberId>,
}

/// Where a refusal was said or counts.
struct Place {
    kind: Option<ChannelKind>,
    our_address: Option<Address>,
    channel: Option<ChannelId>,
    channel_name: Option<String>,
}

const REFUSAL: &str =
    "o.id, o.at, o.said_again_at, o.marketing_only, o.source, o.words, o.by_name, o.our_address, o.channel_name";

/// Whether a refusal `o` counts at a number `n` of a channel `c`.
pub(in crate::store) const COUNTS_AT: &str = "(o.scope = 'everything' OR (o.kind = c.kind AND o.our_address = n.address) \
     OR (o.scope = 'channel' AND o.channel_id = c.id))";

fn refusal(row: &InOrder<'_, '_>) -> Result<Refusal, StoreError> {
    Ok(Refusal {
        id: row.next()?,
        at: row.next()?,
        said_again_at: row.next()?,
        marketing_only: row.next()?,
        source: row.word(OptOutSource::from_word)?,
        words: row.next()?,
        by: row.next()?,
        our_address: row.next()?,
        channel_name: row.next()?,
    })
}

impl Snapshot<'_> {
    /// Under which keys the refusals of an address stand: itself, and what is left where the person was erased.
    pub(in crate::store) fn opt_out_keys(&self, address: &Address) -> (String, String) {
        (address.as_str().to_owned(), self.digest_of(address))
    }

    /// What is left of an address where the person was erased: keyed, so that nobody can try numbers on it.
    pub(in crate::store) fn digest_of(&self, address: &Address) -> String {
        format!("#{}", self.sealer.digest(address.as_str()))
    }

    /// Why this person may not be written to from this number, if so; `marketing`: with advertising. A refusal of
    /// everything goes before one of advertising, a newer one before an older.
    pub fn refusal_of(
        &self,
        address: &Address,
        number: NumberId,
        marketing: bool,
    ) -> Result<Option<Refusal>, StoreError> {
        if !self.ever_refused(address)? {
            return Ok(None);
        }
        let (key, digest) = self.opt_out_keys(address);
        let sql = format!(
            "SELECT {REFUSAL} FROM opt_out_keys k JOIN opt_outs o ON o.id = k.opt_out_id \
             JOIN numbers n ON n.id = ?3 JOIN channels c ON c.id = n.channel_id \
             WHERE k.key IN (?1, ?2) AND o.withdrawn_at IS NULL AND o.marketing_only <= ?4 AND {COUNTS_AT} \
             ORDER BY o.marketing_only, o.id DESC LIMIT 1"
        );
        first(&mut self.conn.prepare_cached(&sql)?.query((key, digest, number, marketing))?, |row| {
            refusal(&InOrder::of(row))
        })
    }

    /// Whether this address ever refused anything: two looks at a small tree, for what is asked before each message leaves.
    pub fn ever_refused(&self, address: &Address) -> Result<bool, StoreError> {
        let (key, digest) = self.opt_out_keys(address);
        let mut query = self.conn.prepare_cached("SELECT 1 FROM opt_out_keys WHERE key IN (?1, ?2)")?;
        Ok(query.exists((key, digest))?)
    }

    /// The numbers whose refusals count for a delivery: the one it leaves from, and the one it left for a second way.
    pub fn numbers_of_delivery(&self, id: DeliveryId) -> Result<Vec<NumberId>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT number_id, moved_from FROM deliveries WHERE id = ?1")?;
        let found: Option<(Option<NumberId>, Option<NumberId>)> =
            query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(found.map(|(number, from)| number.into_iter().chain(from).collect()).unwrap_or_default())
    }

    /// The numbers of an account on channels of a kind.
    pub fn numbers_on(&self, trunk: TrunkId, kind: ChannelKind) -> Result<Vec<NumberId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT n.id FROM numbers n JOIN channels c ON c.id = n.channel_id WHERE c.trunk_id = ?1 AND c.kind = ?2",
        )?;
        all(query.query((trunk, kind))?, |row| Ok(row.get(0)?))
    }

    fn place_of(&self, scope: Scope, said_to: Option<NumberId>) -> Result<Option<Place>, StoreError> {
        let by_number = |number: NumberId| {
            self.conn
                .prepare_cached(
                    "SELECT c.kind, n.address, c.id, c.name FROM numbers n JOIN channels c ON c.id = n.channel_id \
                     WHERE n.id = ?1",
                )?
                .query_row([number], |row| {
                    Ok(Place {
                        kind: row.get(0)?,
                        our_address: row.get(1)?,
                        channel: row.get(2)?,
                        channel_name: row.get(3)?,
                    })
                })
                .optional()
        };
        Ok(match (scope, said_to) {
            (Scope::Number { number }, _) | (_, Some(number)) => by_number(number)?,
            (Scope::Channel { channel }, None) => self
                .conn
                .prepare_cached("SELECT kind, name FROM channels WHERE id = ?1")?
                .query_row([channel], |row| {
                    Ok(Place {
                        kind: row.get(0)?,
                        our_address: None,
                        channel: Some(channel),
                        channel_name: row.get(1)?,
                    })
                })
                .optional()?,
            (Scope::Everything, None) => {
                Some(Place { kind: None, our_address: None, channel: None, channel_name: None })
            }
        })
    }
}

impl Tx<'_> {
    /// Notes that somebody wants no more; once: `None` where it stands already, or where its number or channel is gone.
    pub fn note_opt_out(&self, new: &NewOptOut<'_>, now: Timestamp) -> Result<Option<OptOutId>, StoreError> {
        let Some(place) = self.place_of(new.scope, new.said_to)? else { return Ok(None) };
        let scope = word_of(new.scope);
        if let Some(known) = self.standing_like(new, scope, &place)? {
            self.conn.prepare_cached("UPDATE opt_outs SET said_again_at = ?2 WHERE id = ?1")?.execute((known, now))?;
            return Ok(None);
        }
        self.conn
            .prepare_cached(
                "INSERT INTO opt_outs (address, scope, kind, our_address, channel_id, channel_name, marketing_only, \
                 source, words, note, by_name, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute((
                new.address,
                scope,
                place.kind,
                &place.our_address,
                place.channel,
                &place.channel_name,
                new.marketing_only,
                new.source.as_str(),
                new.words,
                new.note,
                new.by,
                now,
            ))?;
        let id = OptOutId(self.conn.last_insert_rowid());
        self.conn
            .prepare_cached(
                "INSERT INTO opt_out_keys (key, opt_out_id) SELECT ?1, ?2 UNION \
                 SELECT b.address, ?2 FROM peer_addresses a JOIN peer_addresses b ON b.peer_id = a.peer_id \
                 WHERE a.address = ?1",
            )?
            .execute((new.address, id))?;
        self.emit(Event::OptOutsChanged);
        Ok(Some(id))
    }

    fn standing_like(&self, new: &NewOptOut<'_>, scope: &str, place: &Place) -> Result<Option<OptOutId>, StoreError> {
        let (key, digest) = self.opt_out_keys(new.address);
        let mut query = self.conn.prepare_cached(
            "SELECT o.id FROM opt_out_keys k JOIN opt_outs o ON o.id = k.opt_out_id \
             WHERE k.key IN (?1, ?2) AND o.withdrawn_at IS NULL AND o.scope = ?3 AND o.marketing_only = ?4 \
             AND (?3 = 'everything' OR (o.kind IS ?5 AND (?3 = 'channel' OR o.our_address IS ?6) \
                  AND (?3 = 'number' OR o.channel_id IS ?7))) \
             AND (NOT ?8 OR o.source IN ('word', 'carrier')) LIMIT 1",
        )?;
        // A person's own word is proof beside what somebody noted for them.
        let own = new.source == OptOutSource::Word;
        let values = (key, digest, scope, new.marketing_only, place.kind, &place.our_address, place.channel, own);
        Ok(query.query_row(values, |row| row.get(0)).optional()?)
    }

    /// Somebody takes back what they refused at a number: all refusals that count there. Says which.
    pub fn take_back_opt_outs(
        &self,
        address: &Address,
        number: NumberId,
        marketing_only: bool,
        (by, words): (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Result<Vec<OptOutId>, StoreError> {
        let (key, digest) = self.opt_out_keys(address);
        let sql = format!(
            "UPDATE opt_outs SET withdrawn_at = ?5, withdrawn_by = ?6, withdrawn_words = ?7 WHERE id IN \
             (SELECT o.id FROM opt_out_keys k JOIN opt_outs o ON o.id = k.opt_out_id \
              JOIN numbers n ON n.id = ?3 JOIN channels c ON c.id = n.channel_id \
              WHERE k.key IN (?1, ?2) AND o.withdrawn_at IS NULL AND o.marketing_only >= ?4 AND {COUNTS_AT}) RETURNING id"
        );
        let mut update = self.conn.prepare_cached(&sql)?;
        let values = (key, digest, number, marketing_only, now, by, words);
        let taken = all(update.query(values)?, |row| Ok(row.get::<_, OptOutId>(0)?))?;
        if !taken.is_empty() {
            self.emit(Event::OptOutsChanged);
        }
        Ok(taken)
    }

    /// Somebody takes one refusal back for a person. `false`: there is none, or it is taken back already.
    pub fn take_back_opt_out(&self, id: OptOutId, by: &str, words: &str, now: Timestamp) -> Result<bool, StoreError> {
        let taken = self
            .conn
            .prepare_cached(
                "UPDATE opt_outs SET withdrawn_at = ?2, withdrawn_by = ?3, withdrawn_words = ?4 \
                 WHERE id = ?1 AND withdrawn_at IS NULL",
            )?
            .execute((id, now, by, words))?;
        if taken == 1 {
            self.emit(Event::OptOutsChanged);
        }
        Ok(taken == 1)
    }

    /// A person is known under this address, too, or is here again after they were erased: what they refused counts for
    /// all of their addresses.
    pub(in crate::store) fn share_opt_outs(&self, address: &Address) -> Result<(), StoreError> {
        let digest = self.digest_of(address);
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO opt_out_keys (key, opt_out_id) \
                 SELECT ?1, opt_out_id FROM opt_out_keys WHERE key = ?2",
            )?
            .execute((address, digest))?;
        match self.peer_by_address(address)? {
            Some(peer) => self.share_opt_outs_of(peer),
            None => Ok(()),
        }
    }

    /// What a peer refused counts for all of its addresses.
    pub(in crate::store) fn share_opt_outs_of(&self, peer: PeerId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO opt_out_keys (key, opt_out_id) \
                 SELECT b.address, k.opt_out_id FROM peer_addresses a JOIN opt_out_keys k ON k.key = a.address \
                 JOIN peer_addresses b ON b.peer_id = a.peer_id WHERE a.peer_id = ?1",
            )?
            .execute([peer])?;
        Ok(())
    }

    /// What somebody refused under one address counts for another.
    pub(in crate::store) fn share_opt_outs_with(&self, from: &Address, to: &Address) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO opt_out_keys (key, opt_out_id) \
                 SELECT ?2, opt_out_id FROM opt_out_keys WHERE key = ?1",
            )?
            .execute((from, to))?;
        Ok(())
    }
}

pub(in crate::store) fn word_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Number { .. } => "number",
        Scope::Channel { .. } => "channel",
        Scope::Everything => "everything",
    }
}
