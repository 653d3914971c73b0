//! Peers who want no more of something, as carriers told us.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{NumberId, PeerId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;
use rusqlite::OptionalExtension;

/// A peer's word.
#[derive(Clone, Debug)]
pub struct OptOut {
    /// Who.
    pub peer: PeerId,
    /// On what.
    pub kind: ChannelKind,
    /// From which number of ours; `None`: all of that kind.
    pub number: Option<NumberId>,
    /// Only advertising is meant.
    pub marketing_only: bool,
    /// `carrier`: it told us; `refusal`: it refused a message for it.
    pub source: &'static str,
    /// What was said or pressed.
    pub words: Option<String>,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct OptOutRow {
    /// Its id.
    pub id: i64,
    /// Who: an address, and a name.
    pub peer: (PeerId, Option<Address>, Option<String>),
    /// On what.
    pub kind: ChannelKind,
    /// From which number of ours.
    pub number: Option<Address>,
    /// Only advertising is meant.
    pub marketing_only: bool,
    /// Where we know it from.
    pub source: String,
    /// What was said or pressed.
    pub words: Option<String>,
    /// When.
    pub at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

impl Snapshot<'_> {
    /// Whether a peer wants no advertising, or nothing at all, from this number.
    pub fn wants_no_marketing(&self, peer: PeerId, kind: ChannelKind, number: NumberId) -> Result<bool, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT 1 FROM opt_outs WHERE peer_id = ?1 AND kind = ?2 AND (number_id IS NULL OR number_id = ?3) \
             AND withdrawn_at IS NULL",
        )?;
        Ok(query.exists((peer, kind, number))?)
    }

    /// The list, newest first.
    pub fn opt_outs(&self, at_most: u32) -> Result<Vec<OptOutRow>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT o.id, o.peer_id, (SELECT a.address FROM peer_addresses a WHERE a.peer_id = o.peer_id \
             ORDER BY a.address LIMIT 1) AS address, p.name, o.kind, n.address AS ours, o.marketing_only, o.source, o.words, \
             o.at, o.withdrawn_at FROM opt_outs o JOIN peers p ON p.id = o.peer_id LEFT JOIN numbers n ON n.id = o.number_id \
             ORDER BY o.id DESC LIMIT ?1",
        )?;
        all(query.query([at_most])?, |row| {
            Ok(OptOutRow {
                id: row.get("id")?,
                peer: (row.get("peer_id")?, row.get("address")?, row.get("name")?),
                kind: row.get("kind")?,
                number: row.get("ours")?,
                marketing_only: row.get("marketing_only")?,
                source: row.get("source")?,
                words: row.get("words")?,
                at: row.get("at")?,
                withdrawn_at: row.get("withdrawn_at")?,
            })
        })
    }
}

impl Tx<'_> {
    /// Notes that a peer wants no more; once.
    pub fn note_opt_out(&self, new: &OptOut, now: Timestamp) -> Result<(), StoreError> {
        let known: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT id FROM opt_outs WHERE peer_id = ?1 AND kind = ?2 AND number_id IS ?3 AND marketing_only = ?4 \
                 AND withdrawn_at IS NULL",
            )?
            .query_row((new.peer, new.kind, new.number, new.marketing_only), |row| row.get(0))
            .optional()?;
        if known.is_some() {
            return Ok(());
        }
        self.conn
            .prepare_cached(
                "INSERT INTO opt_outs (peer_id, kind, number_id, marketing_only, source, words, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((new.peer, new.kind, new.number, new.marketing_only, new.source, &new.words, now))?;
        Ok(())
    }

    /// Notes that a peer takes it back.
    pub fn withdraw_opt_out(
        &self,
        peer: PeerId,
        kind: ChannelKind,
        number: Option<NumberId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE opt_outs SET withdrawn_at = ?4 WHERE peer_id = ?1 AND kind = ?2 \
                 AND (?3 IS NULL OR number_id IS NULL OR number_id = ?3) AND withdrawn_at IS NULL",
            )?
            .execute((peer, kind, number, now))?;
        Ok(())
    }
}
