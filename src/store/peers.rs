//! Peers: the outside parties, each with one or more addresses.

use crate::domain::address::Address;
use crate::domain::id::PeerId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::OptionalExtension;

impl Snapshot<'_> {
    /// Who has this address.
    pub fn peer_by_address(&self, address: &Address) -> Result<Option<PeerId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT peer_id FROM peer_addresses WHERE address = ?1")?
            .query_row([address.as_str()], |row| row.get(0).map(PeerId))
            .optional()?)
    }

    /// What a peer calls itself, if it said.
    pub fn peer_name(&self, peer: PeerId) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT name FROM peers WHERE id = ?1")?
            .query_row([peer.0], |row| row.get(0))
            .optional()?
            .flatten())
    }
}

impl Tx<'_> {
    /// Who has this address; a new peer if nobody. A name is kept if none was known.
    pub fn peer_for(&self, address: &Address, name: Option<&str>, now: Timestamp) -> Result<PeerId, StoreError> {
        if let Some(peer) = self.peer_by_address(address)? {
            self.name_peer(peer, name)?;
            return Ok(peer);
        }
        self.conn.prepare_cached("INSERT INTO peers (name, created_at) VALUES (?1, ?2)")?.execute((name, now.0))?;
        let peer = PeerId(self.conn.last_insert_rowid());
        self.conn
            .prepare_cached("INSERT INTO peer_addresses (address, peer_id) VALUES (?1, ?2)")?
            .execute((address.as_str(), peer.0))?;
        self.share_opt_outs(address)?;
        Ok(peer)
    }

    /// Keeps a name if none was known.
    pub(in crate::store) fn name_peer(&self, peer: PeerId, name: Option<&str>) -> Result<(), StoreError> {
        if let Some(name) = name {
            self.conn
                .prepare_cached("UPDATE peers SET name = ?2 WHERE id = ?1 AND name IS NULL")?
                .execute((peer.0, name))?;
        }
        Ok(())
    }
}
