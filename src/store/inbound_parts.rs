//! Parts of long texts from peers that carriers hand over one by one, until all of them are there.

use crate::domain::address::Address;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use rusqlite::{OptionalExtension, Row};

/// Which text a part belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The trunk it came on.
    pub trunk: TrunkId,
    /// Who wrote it.
    pub peer: Address,
    /// Which number of ours it came to.
    pub ours: Address,
    /// What its parts have in common; a carrier uses it again before long.
    pub joins: String,
}

/// A part that waits for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub total: u32,
    /// The carrier's id of it.
    pub carrier_id: String,
    /// Its piece of the text.
    pub text: String,
    /// When the peer sent it.
    pub said_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// Keeps a part; where one with this number is there, it stays.
    pub fn keep_part(&self, of: &Whole, part: &Part, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO inbound_parts (trunk_id, peer, ours, joins, number, total, carrier_id, text, said_at, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
            )?
            .execute((
                of.trunk,
                &of.peer,
                &of.ours,
                &of.joins,
                part.number,
                part.total,
                &part.carrier_id,
                &part.text,
                part.said_at,
                now,
            ))?;
        Ok(())
    }

    /// The parts of a text that are there, in order.
    pub fn inbound_parts_of(&self, of: &Whole) -> Result<Vec<Part>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT number, total, carrier_id, text, said_at FROM inbound_parts \
             WHERE trunk_id = ?1 AND peer = ?2 AND ours = ?3 AND joins = ?4 ORDER BY number",
        )?;
        let rows = statement.query_map((of.trunk, &of.peer, &of.ours, &of.joins), part)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets the parts of a text, which was filed.
    pub fn forget_parts(&self, of: &Whole) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM inbound_parts WHERE trunk_id = ?1 AND peer = ?2 AND ours = ?3 AND joins = ?4")?
            .execute((of.trunk, &of.peer, &of.ours, &of.joins))?;
        Ok(())
    }

    /// A text whose parts wait since before this moment.
    pub fn overdue_parts(&self, before: Timestamp) -> Result<Option<Whole>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT trunk_id, peer, ours, joins FROM inbound_parts WHERE at < ?1 ORDER BY at LIMIT 1")?
            .query_row([before], |row| {
                Ok(Whole { trunk: row.get(0)?, peer: row.get(1)?, ours: row.get(2)?, joins: row.get(3)? })
            })
            .optional()?)
    }
}

fn part(row: &Row<'_>) -> rusqlite::Result<Part> {
    Ok(Part {
        number: row.get(0)?,
        total: row.get(1)?,
        carrier_id: row.get(2)?,
        text: row.get(3)?,
        said_at: row.get(4)?,
    })
}
