//! Writing the outbox's rows: in, claimed, put back, moved on. What they are and how they are read is in deliveries.rs.

use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{DeliveryId, ExtensionId, SessionId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{Delivery, Line, NewDelivery, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::words::{all, json, word};
use rusqlite::OptionalExtension;

/// A delivery under lease was taken; with more that is set.
macro_rules! settle_sent {
    ($more:literal) => {
        concat!(
            "UPDATE deliveries SET state = 'sent', lease_until = NULL, ",
            $more,
            " reason = NULL, updated_at = ?3 WHERE id = ?1 AND state = 'sending' AND reference = ?2"
        )
    };
}

impl Tx<'_> {
    /// Puts a delivery into the outbox, behind what already waits in its lane. Where nothing does, it may be claimed with
    /// that; else the outbox is told to look.
    pub fn insert_delivery(&self, new: &NewDelivery, now: Timestamp) -> Result<DeliveryId, StoreError> {
        let lane = new.line.lane();
        let waiting = self.lane_due_at(&lane)?;
        let due_at = waiting.map_or(now, |waiting| waiting.max(now));
        let lease_until = self.claim_at_once(&new.line, &lane, waiting.is_some(), now);
        let (line, trunk, number, to, extension) = match &new.line {
            Line::Carrier { trunk, number, to } => ("carrier", Some(trunk.0), Some(number.0), Some(to.as_str()), None),
            Line::Extension(extension) => ("extension", None, None, None, Some(extension.0)),
        };
        self.conn
            .prepare_cached(
                "INSERT INTO deliveries (message_id, line, trunk_id, number_id, to_address, extension_id, reference, \
                 lane, priority, state, due_at, expires_at, notice, phone_call_id, phone_extension_id, created_at, \
                 updated_at, instead, attachment_id, lease_until, tries, tried_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, iif(?18 IS NULL, 'queued', 'sending'), ?10, ?11, ?12, ?13, \
                 ?14, ?15, ?15, ?16, ?17, ?18, ?18 IS NOT NULL, iif(?18 IS NULL, NULL, ?15))",
            )?
            .execute(rusqlite::params![
                new.message.0,
                line,
                trunk,
                number,
                to,
                extension,
                &new.reference,
                lane,
                new.priority as u8,
                due_at.0,
                new.expires_at.0,
                new.notice,
                new.phone.as_ref().map(|(call_id, _)| call_id),
                new.phone.as_ref().map(|(_, extension)| extension.0),
                now.0,
                new.instead,
                new.attachment,
                lease_until,
            ])?;
        let id = DeliveryId(self.conn.last_insert_rowid());
        match lease_until {
            Some(_) => self.at_once.claimed.borrow_mut().push(id),
            None => self.emit(Event::OutboxRung),
        }
        Ok(id)
    }

    /// Whether something that waits in a lane has files that leave as files.
    pub fn lane_has_files(&self, lane: &str) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT 1 FROM deliveries d JOIN attachments a ON a.message_id = d.message_id \
                 WHERE d.lane = ?1 AND d.state = 'queued' AND d.instead IS NULL AND d.scheduled_at IS NULL",
            )?
            .exists([lane])?)
    }

    /// Tells that a delivery moved on; not where a campaign's text stands in no conversation that anybody sees.
    pub fn emit_moved(&self, delivery: &Delivery) -> Result<(), StoreError> {
        if delivery.priority == Priority::Campaign {
            let mut query = self.conn.prepare_cached("SELECT 1 FROM sessions WHERE id = ?1 AND hidden = 1")?;
            if query.exists([delivery.session])? {
                return Ok(());
            }
        }
        self.emit(Event::DeliveryChanged { session: delivery.session, message: delivery.message });
        Ok(())
    }

    /// Changes the words in which a message leaves instead of its text.
    pub fn set_words(&self, id: DeliveryId, words: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE deliveries SET instead = ?2 WHERE id = ?1")?.execute((id.0, words))?;
        Ok(())
    }

    /// When the last of what waits in a lane is due.
    pub fn lane_due_at(&self, lane: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT due_at FROM deliveries WHERE lane = ?1 AND state = 'queued' AND scheduled_at IS NULL \
                 ORDER BY id DESC LIMIT 1",
            )?
            .query_row([lane], |row| row.get(0).map(Timestamp))
            .optional()?)
    }

    /// Claims a queued delivery: from now on a call may be under way. `false` if it is no longer queued.
    pub fn claim(&self, id: DeliveryId, lease_until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let claimed = self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'sending', lease_until = ?2, tries = tries + 1, tried_at = ?3, \
                 updated_at = ?3 WHERE id = ?1 AND state = 'queued'",
            )?
            .execute((id.0, lease_until.0, now.0))?;
        Ok(claimed == 1)
    }

    /// Puts a delivery back: to be tried at `due_at`, with the reason why it waits. All that waits in its lane waits with it.
    pub fn put_back(
        &self,
        delivery: &Delivery,
        due_at: Timestamp,
        reason: Option<&Reason>,
        tried: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let due_at = if self.follow_the_channel(delivery)? { now } else { due_at };
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'queued', lease_until = NULL, due_at = ?2, reason = ?3, \
                 tries = tries - ?4, updated_at = ?5 WHERE id = ?1 AND state IN ('sending', 'uncertain')",
            )?
            .execute((delivery.id.0, due_at.0, reason.map(as_json), i64::from(!tried), now.0))?;
        self.conn
            .prepare_cached("UPDATE deliveries SET due_at = ?2 WHERE lane = ?1 AND state = 'queued' AND due_at < ?2")?
            .execute((&delivery.lane, due_at.0))?;
        Ok(())
    }

    /// Its channel may have moved to another trunk during the try: then it goes there, and says so. Not where the old
    /// trunk may have taken it: the new one would not know it again, and nobody is texted twice.
    fn follow_the_channel(&self, delivery: &Delivery) -> Result<bool, StoreError> {
        let Line::Carrier { trunk, number, .. } = &delivery.line else { return Ok(false) };
        let moved = self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET trunk_id = c.trunk_id FROM numbers n JOIN channels c ON c.id = n.channel_id \
                 WHERE deliveries.id = ?1 AND n.id = ?2 AND c.trunk_id <> ?3 AND deliveries.in_doubt = 0",
            )?
            .execute((delivery.id.0, number.0, trunk.0))?;
        Ok(moved == 1)
    }

    /// Remembers whether a try of a delivery may have been taken.
    pub fn set_in_doubt(&self, id: DeliveryId, in_doubt: bool) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE deliveries SET in_doubt = ?2 WHERE id = ?1")?.execute((id.0, in_doubt))?;
        Ok(())
    }

    /// Makes all that waits in a lane due now: the phone is back. What is just being tried will find that it came back
    /// meanwhile; see [`Tx::came_back_meanwhile`].
    pub fn wake_lane(&self, lane: &str, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE deliveries SET due_at = ?2 WHERE lane = ?1 AND state = 'queued' AND due_at > ?2")?
            .execute((lane, now.0))?;
        self.conn
            .prepare_cached("UPDATE deliveries SET due_at = ?2 + 1 WHERE lane = ?1 AND state = 'sending'")?
            .execute((lane, now.0))?;
        Ok(())
    }

    /// Whether the lane of a delivery that is being tried was woken since the try began.
    pub fn came_back_meanwhile(&self, id: DeliveryId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT due_at > tried_at FROM deliveries WHERE id = ?1 AND state = 'sending'")?
            .query_row([id.0], |row| row.get(0))
            .optional()?
            .unwrap_or(false))
    }

    /// Makes all that waits for a trunk due now: its settings were mended, or it answers again. What somebody wants to be
    /// sent later stays for later.
    pub fn wake_trunk(&self, trunk: TrunkId, now: Timestamp) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET due_at = ?2 WHERE trunk_id = ?1 AND state = 'queued' AND due_at > ?2 \
                 AND coalesce(scheduled_at, 0) <= ?2",
            )?
            .execute((trunk.0, now.0))?)
    }

    /// Writes that a delivery under lease was taken; `false` if it is no longer under lease, or was sent anew meanwhile.
    pub fn settle_sent(
        &self,
        id: DeliveryId,
        reference: &str,
        carrier_id: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Phones give no id: where the column is not named, its index is not looked at.
        let settled = match carrier_id {
            None => self.conn.prepare_cached(settle_sent!(""))?.execute((id, reference, now))?,
            Some(given) => {
                self.conn.prepare_cached(settle_sent!("carrier_id = ?4,"))?.execute((id, reference, now, given))?
            }
        };
        Ok(settled == 1)
    }

    /// Writes how a delivery stands; `carrier_id` and `reason` replace what was there.
    pub fn settle(
        &self,
        id: DeliveryId,
        state: DeliveryState,
        carrier_id: Option<&str>,
        reason: Option<&Reason>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, lease_until = NULL, carrier_id = coalesce(?3, carrier_id), \
                 reason = ?4, updated_at = ?5 WHERE id = ?1",
            )?
            .execute((id.0, state.as_str(), carrier_id, reason.map(as_json), now.0))?;
        Ok(())
    }

    /// Sends a delivery anew, under a new reference: what comes of the old one no longer counts.
    pub fn renew_delivery(
        &self,
        id: DeliveryId,
        reference: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'queued', reference = ?2, expires_at = ?3, due_at = ?4, tries = 0, \
                 in_doubt = 0, carrier_id = NULL, reason = NULL, scheduled_at = NULL, parts = 0, updated_at = ?4 \
                 WHERE id = ?1",
            )?
            .execute((id.0, reference, expires_at.0, now.0))?;
        Ok(())
    }

    /// Remembers that the carrier was asked about an uncertain delivery.
    pub fn note_asked(&self, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE deliveries SET asked_at = ?2 WHERE id = ?1")?.execute((id.0, now.0))?;
        Ok(())
    }

    /// Says that the phones have all that waits for them in a session: for conversations that are only told.
    pub fn phones_have(&self, session: SessionId, now: Timestamp) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'sent', updated_at = ?2 WHERE state = 'queued' AND line = 'extension' \
                 AND message_id IN (SELECT id FROM messages WHERE session_id = ?1)",
            )?
            .execute((session.0, now.0))?)
    }

    /// Takes back what still waits for phones in a session; says for whom.
    pub fn cancel_phones(
        &self,
        session: SessionId,
        but: Option<ExtensionId>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'cancelled', updated_at = ?3 WHERE state = 'queued' \
                 AND line = 'extension' AND extension_id IS NOT ?2 \
                 AND message_id IN (SELECT id FROM messages WHERE session_id = ?1 AND direction = 'in')",
            )?
            .execute((session.0, but.map(|id| id.0), now.0))?)
    }

    /// Keeps a report for which no delivery is known yet; once, however often it is told.
    pub fn keep_early_report(
        &self,
        trunk: TrunkId,
        carrier_id: Option<&str>,
        reference: Option<&str>,
        state: DeliveryState,
        reason: Option<&Reason>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO early_reports (trunk_id, carrier_id, reference, state, reason, at) \
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM early_reports \
                 WHERE trunk_id = ?1 AND carrier_id IS ?2 AND reference IS ?3 AND state = ?4)",
            )?
            .execute((trunk.0, carrier_id, reference, state.as_str(), reason.map(as_json), now.0))?;
        Ok(())
    }

    /// Takes the reports that came before the carrier's id was known, oldest first.
    pub fn take_early_reports(
        &self,
        trunk: TrunkId,
        carrier_id: &str,
    ) -> Result<Vec<(DeliveryState, Option<Reason>)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "DELETE FROM early_reports WHERE trunk_id = ?1 AND carrier_id = ?2 RETURNING id, state, reason",
        )?;
        let mut taken = all(statement.query((trunk.0, carrier_id))?, |row| {
            Ok((row.get::<_, i64>(0)?, word(row, "state", DeliveryState::from_word)?, json(row, "reason")?))
        })?;
        taken.sort_by_key(|(id, ..)| *id);
        Ok(taken.into_iter().map(|(_, state, reason)| (state, reason)).collect())
    }

    /// Forgets reports nobody claimed.
    pub fn forget_early_reports(&self, before: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM early_reports WHERE id IN (SELECT id FROM early_reports WHERE at < ?1 LIMIT ?2)",
            )?
            .execute((before.0, at_most))?)
    }
}

fn as_json(reason: &Reason) -> String {
    serde_json::to_string(reason).expect("a reason is plain data")
}
