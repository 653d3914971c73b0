//! Peers under several addresses: learnt together, found to be one, moved to another number.

use crate::domain::address::Address;
use crate::domain::id::{NumberId, PeerId, SessionId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::words::all;

impl Tx<'_> {
    /// Who has these addresses, which are one person's: a new peer if nobody; if they were two, they are one from now on.
    pub fn peer_known_as(
        &self,
        from: &Address,
        also: &[Address],
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<PeerId, StoreError> {
        let mut known = Vec::new();
        for address in std::iter::once(from).chain(also) {
            known.extend(self.peer_by_address(address)?);
        }
        // The oldest stays.
        let Some(stays) = known.iter().copied().min() else {
            let peer = self.peer_for(from, name, now)?;
            also.iter().try_for_each(|address| self.add_address(peer, address))?;
            return Ok(peer);
        };
        let all_known = known.len() == 1 + also.len();
        for other in known.into_iter().filter(|other| *other != stays) {
            self.merge_peers(stays, other)?;
        }
        if !all_known {
            for address in std::iter::once(from).chain(also) {
                self.add_address(stays, address)?;
            }
        }
        self.name_peer(stays, name)?;
        Ok(stays)
    }

    /// A peer is reached under another address from now on; its conversations stay. `false`: nobody had the old one.
    ///
    /// The old address is nobody's: a number is given to somebody else one day.
    pub fn move_peer(&self, from: &Address, to: &Address) -> Result<bool, StoreError> {
        let Some(peer) = self.peer_by_address(from)? else { return Ok(false) };
        // What they refused moves with them. It stays with the old address, too: that is the safer mistake.
        self.share_opt_outs_with(from, to)?;
        let stays = match self.peer_by_address(to)? {
            Some(other) if other != peer => {
                let (stays, goes) = (peer.min(other), peer.max(other));
                self.merge_peers(stays, goes)?;
                stays
            }
            _ => peer,
        };
        self.conn.prepare_cached("DELETE FROM peer_addresses WHERE address = ?1")?.execute([from])?;
        self.add_address(stays, to)?;
        self.conn
            .prepare_cached(
                "UPDATE sessions SET peer_address = ?3 WHERE peer_id = ?1 AND peer_address = ?2 AND state <> 'closed' \
                 AND channel_id IN (SELECT id FROM channels WHERE kind = 'whatsapp')",
            )?
            .execute((stays, from, to))?;
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET to_address = ?2 WHERE state = 'queued' AND line = 'carrier' AND to_address = ?1 \
                 AND number_id IN (SELECT n.id FROM numbers n JOIN channels c ON c.id = n.channel_id WHERE c.kind = 'whatsapp')",
            )?
            .execute((from, to))?;
        Ok(true)
    }

    fn add_address(&self, peer: PeerId, address: &Address) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO peer_addresses (address, peer_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute((address, peer))?;
        if self.conn.changes() == 1 {
            self.share_opt_outs(address)?;
        }
        Ok(())
    }

    /// Two were one: everything of the second is the first's.
    fn merge_peers(&self, stays: PeerId, goes: PeerId) -> Result<(), StoreError> {
        let both: Vec<(NumberId, SessionId, SessionId)> = {
            let mut query = self.conn.prepare_cached(
                "SELECT a.number_id, min(a.id, b.id) AS stays, max(a.id, b.id) AS goes FROM sessions a \
                 JOIN sessions b ON b.number_id = a.number_id \
                 WHERE a.peer_id = ?1 AND b.peer_id = ?2 AND a.state <> 'closed' AND b.state <> 'closed'",
            )?;
            all(query.query((stays, goes))?, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        };
        for (_, stays, goes) in both {
            self.merge_sessions(stays, goes)?;
        }
        for sql in [
            "UPDATE sessions SET peer_id = ?1 WHERE peer_id = ?2",
            "UPDATE peer_addresses SET peer_id = ?1 WHERE peer_id = ?2",
            "INSERT INTO windows (number_id, peer_id, open_until, told_seen) \
             SELECT number_id, ?1, open_until, told_seen FROM windows WHERE peer_id = ?2 \
             ON CONFLICT (number_id, peer_id) DO UPDATE SET open_until = max(open_until, excluded.open_until), \
             told_seen = max(told_seen, excluded.told_seen)",
            "INSERT INTO first_words (trunk_id, peer_id, at) SELECT trunk_id, ?1, at FROM first_words WHERE peer_id = ?2 \
             ON CONFLICT (trunk_id, peer_id) DO UPDATE SET at = max(at, excluded.at)",
            "UPDATE peers SET name = coalesce(name, (SELECT name FROM peers WHERE id = ?2)) WHERE id = ?1",
        ] {
            self.conn.prepare_cached(sql)?.execute((stays, goes))?;
        }
        self.conn.prepare_cached("DELETE FROM peers WHERE id = ?1")?.execute([goes])?;
        self.share_opt_outs_of(stays)
    }

    /// Two open conversations were one: the older has everything, and its holder keeps it.
    fn merge_sessions(&self, stays: SessionId, goes: SessionId) -> Result<(), StoreError> {
        for sql in [
            "UPDATE messages SET session_id = ?1 WHERE session_id = ?2",
            "UPDATE session_events SET session_id = ?1 WHERE session_id = ?2",
            "UPDATE sessions SET \
               last_at = max(last_at, (SELECT o.last_at FROM sessions o WHERE o.id = ?2)), \
               last_message_id = (SELECT max(m.id) FROM messages m WHERE m.session_id = ?1), \
               last_inbound_id = (SELECT max(m.id) FROM messages m WHERE m.session_id = ?1 AND m.direction = 'in'), \
               awaiting_reply = (SELECT o.awaiting_reply FROM sessions o WHERE o.id IN (?1, ?2) \
                                 ORDER BY o.last_at DESC, o.id DESC LIMIT 1), \
               peer_address = (SELECT o.peer_address FROM sessions o WHERE o.id IN (?1, ?2) \
                               ORDER BY o.last_at DESC, o.id DESC LIMIT 1), \
               version = version + 1 WHERE id = ?1",
        ] {
            self.conn.prepare_cached(sql)?.execute((stays, goes))?;
        }
        self.conn.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([goes])?;
        Ok(())
    }
}
