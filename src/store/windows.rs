//! WhatsApp's 24 hours: until when a peer may be answered freely at a number, and whom an account wrote to first.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{DeliveryId, MessageId, NumberId, PeerId, SessionId, TrunkId};
use crate::domain::rich::{Rich, TemplateUse};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{first, json};
use rusqlite::OptionalExtension;

/// A WhatsApp delivery as its pace looks at it.
#[derive(Clone, Debug)]
pub struct OnWhatsApp {
    /// The trunk it leaves over.
    pub trunk: TrunkId,
    /// Our number.
    pub number: NumberId,
    /// The peer.
    pub peer: PeerId,
    /// Its address.
    pub to: Address,
    /// Its session.
    pub session: SessionId,
    /// Its message.
    pub message: MessageId,
    /// Until when the peer may be answered freely.
    pub open_until: Option<Timestamp>,
    /// The template, if it is one.
    pub template: Option<TemplateUse>,
    /// Different people the account may write to first in a day.
    pub daily_limit: Option<u32>,
    /// Whether a try may have been taken.
    pub in_doubt: bool,
    /// Whether a phone waits to hear what became of it.
    pub from_phone: bool,
}

impl Snapshot<'_> {
    /// What a number's channel speaks.
    pub fn kind_of_number(&self, number: NumberId) -> Result<Option<ChannelKind>, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT c.kind FROM numbers n JOIN channels c ON c.id = n.channel_id WHERE n.id = ?1")?;
        Ok(query.query_row([number], |row| row.get(0)).optional()?)
    }

    /// Until when this peer may be answered freely at this number.
    pub fn open_until(&self, number: NumberId, peer: PeerId) -> Result<Option<Timestamp>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT open_until FROM windows WHERE number_id = ?1 AND peer_id = ?2")?;
        Ok(query.query_row((number, peer), |row| row.get(0)).optional()?)
    }

    /// A WhatsApp delivery as its pace looks at it.
    pub fn on_whatsapp(&self, id: DeliveryId) -> Result<Option<OnWhatsApp>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT d.trunk_id, d.number_id, d.to_address, s.peer_id, m.session_id, m.id AS message_id, m.rich, w.open_until, \
             CAST(t.settings ->> '$.daily_limit' AS INTEGER) AS daily_limit, d.in_doubt, d.phone_call_id IS NOT NULL AS from_phone \
             FROM deliveries d JOIN messages m ON m.id = d.message_id JOIN sessions s ON s.id = m.session_id \
             JOIN trunks t ON t.id = d.trunk_id \
             LEFT JOIN windows w ON w.number_id = d.number_id AND w.peer_id = s.peer_id WHERE d.id = ?1",
        )?;
        first(&mut query.query([id])?, |row| {
            let template = match json::<Rich>(row, "rich")? {
                Some(Rich::Template(used)) => Some(used),
                _ => None,
            };
            Ok(OnWhatsApp {
                trunk: row.get("trunk_id")?,
                number: row.get("number_id")?,
                peer: row.get("peer_id")?,
                to: row.get("to_address")?,
                session: row.get("session_id")?,
                message: row.get("message_id")?,
                open_until: row.get("open_until")?,
                template,
                daily_limit: row.get::<_, Option<i64>>("daily_limit")?.and_then(|limit| u32::try_from(limit).ok()),
                in_doubt: row.get("in_doubt")?,
                from_phone: row.get("from_phone")?,
            })
        })
    }

    /// Whom else an account wrote to first since a moment: how many, and when it was the first of them.
    pub fn first_words(
        &self,
        trunk: TrunkId,
        but: PeerId,
        since: Timestamp,
    ) -> Result<(u32, Option<Timestamp>), StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*), min(at) FROM first_words WHERE trunk_id = ?1 AND at > ?3 AND peer_id <> ?2",
        )?;
        Ok(query.query_row((trunk, but, since), |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The last message of the peer up to `up_to` of which it was not yet told that it was read: with the carrier's id,
    /// trunk and number.
    pub fn untold_seen(&self, session: SessionId, up_to: MessageId) -> Result<Option<Unseen>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT m.id, m.carrier_id, c.trunk_id, n.address, s.number_id, s.peer_id FROM sessions s \
             JOIN messages m ON m.session_id = s.id JOIN channels c ON c.id = s.channel_id JOIN numbers n ON n.id = s.number_id \
             JOIN windows w ON w.number_id = s.number_id AND w.peer_id = s.peer_id \
             WHERE s.id = ?1 AND m.id <= ?2 AND m.id > w.told_seen AND m.carrier_id IS NOT NULL AND c.kind = 'whatsapp' \
             ORDER BY m.id DESC LIMIT 1",
        )?;
        first(&mut query.query((session, up_to))?, |row| {
            Ok(Unseen {
                message: row.get("id")?,
                carrier_id: row.get("carrier_id")?,
                trunk: row.get("trunk_id")?,
                number: row.get("address")?,
                of: (row.get("number_id")?, row.get("peer_id")?),
            })
        })
    }
}

/// See [`Snapshot::untold_seen`].
#[derive(Clone, Debug)]
pub struct Unseen {
    /// The message.
    pub message: MessageId,
    /// The carrier's id of it.
    pub carrier_id: String,
    /// Its trunk.
    pub trunk: TrunkId,
    /// Our number.
    pub number: Address,
    /// Our number and the peer, by id.
    pub of: (NumberId, PeerId),
}

impl Tx<'_> {
    /// The peer wrote: it may be answered freely until then. Never sooner than before.
    pub fn open_window(&self, number: NumberId, peer: PeerId, until: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO windows (number_id, peer_id, open_until) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (number_id, peer_id) DO UPDATE SET open_until = max(open_until, excluded.open_until)",
            )?
            .execute((number, peer, until))?;
        Ok(())
    }

    /// Remembers that an account wrote to a peer first.
    pub fn note_first_words(&self, trunk: TrunkId, peer: PeerId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO first_words (trunk_id, peer_id, at) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (trunk_id, peer_id) DO UPDATE SET at = excluded.at",
            )?
            .execute((trunk, peer, now))?;
        Ok(())
    }

    /// Forgets whom accounts wrote to first before a moment; at most `at_most` rows.
    pub fn forget_first_words(&self, before: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM first_words WHERE (trunk_id, peer_id) IN \
                 (SELECT trunk_id, peer_id FROM first_words WHERE at < ?1 LIMIT ?2)",
            )?
            .execute((before, at_most))?)
    }

    /// All that waits in a lane waits until then.
    pub fn postpone_lane(&self, lane: &str, until: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE deliveries SET due_at = ?2 WHERE lane = ?1 AND state = 'queued' AND due_at < ?2")?
            .execute((lane, until))?;
        Ok(())
    }

    /// The peer was told that this message was read.
    pub fn note_told_seen(&self, (number, peer): (NumberId, PeerId), message: MessageId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE windows SET told_seen = max(told_seen, ?3) WHERE number_id = ?1 AND peer_id = ?2")?
            .execute((number, peer, message))?;
        Ok(())
    }
}
