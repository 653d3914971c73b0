//! The outbox: deliveries, claimed with a lease, moved forward, never back.

use crate::domain::address::Address;
use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{DeliveryId, ExtensionId, MessageId, NumberId, SessionId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json, word};
use rusqlite::{OptionalExtension, Row};
use std::collections::HashSet;

/// What goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Priority {
    /// What a person wrote, and what rings a phone.
    Reply = 0,
    /// What the house answers by itself.
    Automatic = 1,
    /// What a campaign sends.
    Campaign = 2,
}

/// Over which line a delivery leaves.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Through a trunk, from one of our numbers, to a peer.
    Carrier {
        /// The trunk.
        trunk: TrunkId,
        /// Our number.
        number: NumberId,
        /// The peer.
        to: Address,
    },
    /// To an extension's phones.
    Extension(ExtensionId),
}

impl Line {
    /// What must leave in order shares a lane.
    pub fn lane(&self) -> String {
        match self {
            Line::Carrier { number, to, .. } => format!("n{number}:{to}"),
            Line::Extension(extension) => format!("x{extension}"),
        }
    }
}

/// A delivery to be put into the outbox.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Of which message.
    pub message: MessageId,
    /// Where to.
    pub line: Line,
    /// What goes first.
    pub priority: Priority,
    /// Unique and unguessable: idempotency key towards carriers, Call-ID towards phones.
    pub reference: String,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// Said instead of the message's text.
    pub notice: Option<String>,
    /// The phone's MESSAGE it came from: Call-ID and extension, for the receipt.
    pub phone: Option<(String, ExtensionId)>,
}

/// A delivery as it stands on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Of which message.
    pub message: MessageId,
    /// In which session.
    pub session: SessionId,
    /// Where to.
    pub line: Line,
    /// Idempotency key or Call-ID.
    pub reference: String,
    /// Its lane.
    pub lane: String,
    /// Its state.
    pub state: DeliveryState,
    /// What goes first; for an extension: [`Priority::Reply`] rings, [`Priority::Automatic`] tells who has it.
    pub priority: Priority,
    /// How often it was tried.
    pub tries: u32,
    /// When the last try began.
    pub tried_at: Option<Timestamp>,
    /// Whether one of the tries may have been taken, so that it must not end as `failed`.
    pub in_doubt: bool,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// The carrier's id.
    pub carrier_id: Option<String>,
    /// Why it failed or waits.
    pub reason: Option<Reason>,
    /// Said instead of the message's text.
    pub notice: Option<String>,
    /// The phone's MESSAGE it came from.
    pub phone: Option<(String, ExtensionId)>,
}

const DELIVERY: &str = "d.id, d.message_id, m.session_id, d.line, d.trunk_id, d.number_id, d.to_address, \
     d.extension_id, d.reference, d.lane, d.state, d.priority, d.tries, d.tried_at, d.in_doubt, d.expires_at, \
     d.carrier_id, d.reason, d.notice, d.phone_call_id, d.phone_extension_id";

fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let phone_call_id: Option<String> = row.get("phone_call_id")?;
    let phone_extension: Option<i64> = row.get("phone_extension_id")?;
    Ok(Delivery {
        id: DeliveryId(row.get("id")?),
        message: MessageId(row.get("message_id")?),
        session: SessionId(row.get("session_id")?),
        line: line(row)?,
        reference: row.get("reference")?,
        lane: row.get("lane")?,
        state: word(row, "state", DeliveryState::from_word)?,
        priority: priority(row.get("priority")?)?,
        tries: row.get("tries")?,
        tried_at: row.get::<_, Option<i64>>("tried_at")?.map(Timestamp),
        in_doubt: row.get("in_doubt")?,
        expires_at: Timestamp(row.get("expires_at")?),
        carrier_id: row.get("carrier_id")?,
        reason: json(row, "reason")?,
        notice: row.get("notice")?,
        phone: phone_call_id.zip(phone_extension.map(ExtensionId)),
    })
}

fn priority(number: u8) -> Result<Priority, StoreError> {
    let all = [Priority::Reply, Priority::Automatic, Priority::Campaign];
    let unreadable = || StoreError::Unreadable(format!("priority {number}"));
    all.into_iter().find(|priority| *priority as u8 == number).ok_or_else(unreadable)
}

fn line(row: &Row<'_>) -> Result<Line, StoreError> {
    let extension: Option<i64> = row.get("extension_id")?;
    if let Some(extension) = extension {
        return Ok(Line::Extension(ExtensionId(extension)));
    }
    Ok(Line::Carrier {
        trunk: TrunkId(row.get("trunk_id")?),
        number: NumberId(row.get("number_id")?),
        to: word(row, "to_address", |text| Address::parse(text).ok())?,
    })
}

/// A delivery that is due, as the outbox looks at it before it claims it.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its id.
    pub id: DeliveryId,
    /// Its lane.
    pub lane: String,
}

/// How fast a number may send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Its own pace, messages per second.
    pub number_mps: f64,
    /// Its trunk's pace, if that has one.
    pub trunk_mps: Option<f64>,
}

/// What is sent, as the line needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// The delivery.
    pub delivery: Delivery,
    /// What is said.
    pub text: String,
    /// The peer's address: whom a phone answers to.
    pub peer: Address,
    /// What the peer is called.
    pub peer_name: Option<String>,
    /// Our number.
    pub our_number: Address,
    /// What the channel speaks.
    pub kind: ChannelKind,
    /// The message queue it waits in, if nobody holds the session.
    pub queue_name: Option<String>,
}

const LEASED: &str = "d.id, d.message_id, m.session_id, d.line, d.trunk_id, d.number_id, d.to_address, \
     d.extension_id, d.reference, d.lane, d.state, d.priority, d.tries, d.tried_at, d.in_doubt, d.expires_at, \
     d.carrier_id, d.reason, d.notice, d.phone_call_id, d.phone_extension_id, d.updated_at, coalesce(d.notice, m.text) AS said, s.peer_address, \
     p.name AS peer_name, n.address AS our_address, c.kind, q.name AS queue_name \
     FROM deliveries d JOIN messages m ON m.id = d.message_id JOIN sessions s ON s.id = m.session_id \
     JOIN peers p ON p.id = s.peer_id JOIN numbers n ON n.id = s.number_id JOIN channels c ON c.id = s.channel_id \
     LEFT JOIN queues q ON q.id = s.queue_id AND s.state = 'waiting'";

fn leased(row: &Row<'_>) -> Result<Leased, StoreError> {
    Ok(Leased {
        delivery: delivery(row)?,
        text: row.get("said")?,
        peer: word(row, "peer_address", |text| Address::parse(text).ok())?,
        peer_name: row.get("peer_name")?,
        our_number: word(row, "our_address", |text| Address::parse(text).ok())?,
        kind: word(row, "kind", ChannelKind::from_word)?,
        queue_name: row.get("queue_name")?,
    })
}

impl Snapshot<'_> {
    /// One delivery.
    pub fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.one_delivery("d.id = ?1", [id.0])
    }

    /// The delivery with this idempotency key or Call-ID.
    pub fn delivery_by_reference(&self, reference: &str) -> Result<Option<Delivery>, StoreError> {
        self.one_delivery("d.reference = ?1", [reference])
    }

    /// The delivery a carrier means by its id.
    pub fn delivery_by_carrier_id(&self, trunk: TrunkId, carrier_id: &str) -> Result<Option<Delivery>, StoreError> {
        self.one_delivery("d.trunk_id = ?1 AND d.carrier_id = ?2", (trunk.0, carrier_id))
    }

    /// The delivery of a message to its peer.
    pub fn delivery_to_peer(&self, message: MessageId) -> Result<Option<Delivery>, StoreError> {
        self.one_delivery("d.message_id = ?1 AND d.line = 'carrier'", [message.0])
    }

    fn one_delivery(&self, which: &str, values: impl rusqlite::Params) -> Result<Option<Delivery>, StoreError> {
        let sql = format!("SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE {which}");
        first(&mut self.conn.prepare_cached(&sql)?.query(values)?, delivery)
    }

    /// What is due for phones and not expired, lanes that are busy left out; at most `at_most`.
    pub fn due_for_phones(
        &self,
        now: Timestamp,
        busy: &HashSet<String>,
        at_most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.due(None, now, busy, at_most)
    }

    /// What is due from one of our numbers and not expired, what goes first first.
    pub fn due_from(
        &self,
        number: NumberId,
        now: Timestamp,
        busy: &HashSet<String>,
        at_most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.due(Some(number), now, busy, at_most)
    }

    /// One range of the index for each priority, so that what waits for later is never read.
    fn due(
        &self,
        number: Option<NumberId>,
        now: Timestamp,
        busy: &HashSet<String>,
        at_most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let line = if number.is_some() { "carrier" } else { "extension" };
        let busy = serde_json::to_string(busy).expect("texts");
        let mut statement = self.conn.prepare_cached(
            "SELECT id, lane FROM deliveries WHERE state = 'queued' AND line = ?1 AND number_id IS ?2 \
             AND priority = ?3 AND due_at <= ?4 AND expires_at > ?4 AND lane NOT IN (SELECT value FROM json_each(?5)) \
             ORDER BY due_at, id LIMIT ?6",
        )?;
        let mut due = Vec::new();
        for priority in [Priority::Reply, Priority::Automatic, Priority::Campaign] {
            let room = at_most - due.len();
            let values = (line, number.map(|id| id.0), priority as u8, now.0, &busy, room);
            due.extend(all(statement.query(values)?, |row| {
                Ok(Due { id: DeliveryId(row.get(0)?), lane: row.get(1)? })
            })?);
        }
        Ok(due)
    }

    /// Our numbers from which something is due, with their pace; in the order of their ids.
    pub fn numbers_with_due(&self, now: Timestamp) -> Result<Vec<(NumberId, TrunkId, Allowance)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT n.id, c.trunk_id, n.mps, n.sender_class, t.mps AS trunk_mps FROM numbers n \
             JOIN channels c ON c.id = n.channel_id JOIN trunks t ON t.id = c.trunk_id \
             WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'queued' AND d.line = 'carrier' \
                           AND d.number_id = n.id AND d.priority IN (0, 1, 2) AND d.due_at <= ?1) \
             ORDER BY n.id",
        )?;
        all(statement.query([now.0])?, |row| {
            let own: Option<f64> = row.get("mps")?;
            let class = word(row, "sender_class", SenderClass::from_word)?;
            let allowed =
                Allowance { number_mps: own.unwrap_or_else(|| class.usual_mps()), trunk_mps: row.get("trunk_mps")? };
            Ok((NumberId(row.get("id")?), TrunkId(row.get("trunk_id")?), allowed))
        })
    }

    /// When the next queued delivery after `now` is due.
    pub fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT min(due_at) FROM deliveries WHERE state = 'queued' AND due_at > ?1")?
            .query_row([now.0], |row| row.get::<_, Option<i64>>(0))?
            .map(Timestamp))
    }

    /// Everything a line needs to send a delivery.
    pub fn leased(&self, id: DeliveryId) -> Result<Option<Leased>, StoreError> {
        let sql = format!("SELECT {LEASED} WHERE d.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id.0])?, leased)
    }

    /// Deliveries nobody knows the end of, uncertain since, those asked about longest ago first; with the moment they
    /// became so.
    pub fn uncertain_since(&self, since: Timestamp, at_most: usize) -> Result<Vec<(Leased, Timestamp)>, StoreError> {
        let sql = format!(
            "SELECT {LEASED} WHERE d.state = 'uncertain' AND d.updated_at >= ?1 \
             ORDER BY coalesce(d.asked_at, 0), d.id LIMIT ?2"
        );
        all(self.conn.prepare_cached(&sql)?.query((since.0, at_most))?, |row| {
            Ok((leased(row)?, Timestamp(row.get("updated_at")?)))
        })
    }

    /// Deliveries whose lease ends before a moment: after a start, all are what was under way when the house went dark.
    pub fn under_lease(&self, before: Timestamp, at_most: usize) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id \
             WHERE d.state = 'sending' AND d.lease_until < ?1 ORDER BY d.id LIMIT ?2"
        );
        all(self.conn.prepare_cached(&sql)?.query((before.0, at_most))?, delivery)
    }

    /// Queued deliveries whose time is up.
    pub fn expired_deliveries(&self, now: Timestamp, at_most: usize) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id \
             WHERE d.state = 'queued' AND d.expires_at <= ?1 ORDER BY d.expires_at LIMIT ?2"
        );
        all(self.conn.prepare_cached(&sql)?.query((now.0, at_most))?, delivery)
    }

    /// Extensions whose phones have, or are just getting, a text of a session and were not told since who has it.
    pub fn phones_rung(&self, session: SessionId) -> Result<Vec<ExtensionId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT d.extension_id FROM messages m JOIN deliveries d ON d.message_id = m.id \
             WHERE m.session_id = ?1 AND d.line = 'extension' GROUP BY d.extension_id \
             HAVING max(CASE WHEN d.priority = 0 AND d.state IN ('sending', 'sent', 'delivered', 'read') THEN d.id END) \
                  > coalesce(max(CASE WHEN d.priority = 1 THEN d.id END), 0)",
        )?;
        all(statement.query([session.0])?, |row| Ok(ExtensionId(row.get(0)?)))
    }
}

impl Tx<'_> {
    /// Puts a delivery into the outbox, behind what already waits in its lane.
    pub fn insert_delivery(&self, new: &NewDelivery, now: Timestamp) -> Result<DeliveryId, StoreError> {
        let lane = new.line.lane();
        let due_at = self.lane_due_at(&lane)?.map_or(now, |waiting| waiting.max(now));
        let (line, trunk, number, to, extension) = match &new.line {
            Line::Carrier { trunk, number, to } => ("carrier", Some(trunk.0), Some(number.0), Some(to.as_str()), None),
            Line::Extension(extension) => ("extension", None, None, None, Some(extension.0)),
        };
        self.conn
            .prepare_cached(
                "INSERT INTO deliveries (message_id, line, trunk_id, number_id, to_address, extension_id, reference, \
                 lane, priority, state, due_at, expires_at, notice, phone_call_id, phone_extension_id, created_at, \
                 updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'queued', ?10, ?11, ?12, ?13, ?14, ?15, ?15)",
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
            ])?;
        Ok(DeliveryId(self.conn.last_insert_rowid()))
    }

    /// When the last of what waits in a lane is due.
    pub fn lane_due_at(&self, lane: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "SELECT due_at FROM deliveries WHERE lane = ?1 AND state = 'queued' ORDER BY id DESC LIMIT 1",
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

    /// Makes all that waits for a trunk due now: its settings were mended.
    pub fn wake_trunk(&self, trunk: TrunkId, now: Timestamp) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET due_at = ?2 WHERE trunk_id = ?1 AND state = 'queued' AND due_at > ?2",
            )?
            .execute((trunk.0, now.0))?)
    }

    /// Writes that a delivery under lease was taken; `false` if it is no longer under lease.
    pub fn settle_sent(&self, id: DeliveryId, carrier_id: Option<&str>, now: Timestamp) -> Result<bool, StoreError> {
        let settled = self
            .conn
            .prepare_cached(
                "UPDATE deliveries SET state = 'sent', lease_until = NULL, carrier_id = coalesce(?2, carrier_id), \
                 reason = NULL, updated_at = ?3 WHERE id = ?1 AND state = 'sending'",
            )?
            .execute((id.0, carrier_id, now.0))?;
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
                 in_doubt = 0, carrier_id = NULL, reason = NULL, updated_at = ?4 WHERE id = ?1",
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

    /// Keeps a report for which no delivery is known yet.
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
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
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
