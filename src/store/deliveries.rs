//! The outbox: deliveries, claimed with a lease, moved forward, never back.

use crate::domain::address::Address;
use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{AttachmentId, DeliveryId, ExtensionId, MessageId, NumberId, SessionId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::contacts::name_of_peer;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::words::{InOrder, all, first, word};
use std::collections::HashSet;
use std::sync::LazyLock;

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
    /// A notice about the message, such as who has taken the conversation.
    pub notice: Option<String>,
    /// The message itself in other words than its text: with links to its files.
    pub instead: Option<String>,
    /// The one file of the message it is about.
    pub attachment: Option<AttachmentId>,
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
    /// Not before this moment, by somebody's wish.
    pub scheduled_at: Option<Timestamp>,
    /// The number it left for its channel's second way.
    pub moved_from: Option<NumberId>,
    /// How many ids the carrier gave it, if more than one.
    pub parts: u32,
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
    /// A notice about the message, said instead of its text.
    pub notice: Option<String>,
    /// Whether the message is said in other words than its text: with links instead of its files.
    pub has_words: bool,
    /// The one file of the message it is about.
    pub attachment: Option<AttachmentId>,
    /// The phone's MESSAGE it came from.
    pub phone: Option<(String, ExtensionId)>,
}

const DELIVERY: &str = "d.id, d.message_id, m.session_id, d.trunk_id, d.number_id, d.to_address, \
     d.extension_id, d.reference, d.lane, d.state, d.priority, d.tries, d.tried_at, d.in_doubt, d.expires_at, \
     d.carrier_id, d.reason, d.notice, d.phone_call_id, d.phone_extension_id, d.scheduled_at, d.moved_from, d.parts, \
     d.instead IS NOT NULL, d.attachment_id";

/// Reads the columns [`DELIVERY`], in their order.
fn delivery(row: &InOrder<'_, '_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(row.next()?),
        message: MessageId(row.next()?),
        session: SessionId(row.next()?),
        line: line(row)?,
        reference: row.next()?,
        lane: row.next()?,
        state: row.word(DeliveryState::from_word)?,
        priority: priority(row.next()?)?,
        tries: row.next()?,
        tried_at: row.next::<Option<i64>>()?.map(Timestamp),
        in_doubt: row.next()?,
        expires_at: Timestamp(row.next()?),
        carrier_id: row.next()?,
        reason: row.json()?,
        notice: row.next()?,
        phone: row.next::<Option<String>>()?.zip(row.next::<Option<i64>>()?.map(ExtensionId)),
        scheduled_at: row.next()?,
        moved_from: row.next()?,
        parts: row.next()?,
        has_words: row.next()?,
        attachment: row.next()?,
    })
}

fn priority(number: u8) -> Result<Priority, StoreError> {
    let all = [Priority::Reply, Priority::Automatic, Priority::Campaign];
    let unreadable = || StoreError::Unreadable(format!("priority {number}"));
    all.into_iter().find(|priority| *priority as u8 == number).ok_or_else(unreadable)
}

fn line(row: &InOrder<'_, '_>) -> Result<Line, StoreError> {
    let (trunk, number): (Option<i64>, Option<i64>) = (row.next()?, row.next()?);
    let (to, extension): (Option<String>, Option<i64>) = (row.next()?, row.next()?);
    if let Some(extension) = extension {
        return Ok(Line::Extension(ExtensionId(extension)));
    }
    let unreadable = || StoreError::Unreadable(format!("a delivery to {to:?}"));
    let address = to.as_deref().and_then(|to| Address::parse(to).ok());
    Ok(Line::Carrier {
        trunk: TrunkId(trunk.ok_or_else(unreadable)?),
        number: NumberId(number.ok_or_else(unreadable)?),
        to: address.ok_or_else(unreadable)?,
    })
}

/// A delivery that is due, as the outbox looks at it before it claims it.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Its id.
    pub id: DeliveryId,
    /// Its lane.
    pub lane: String,
    /// The peer it goes to, where it goes to one.
    pub to: Option<Address>,
}

/// How fast a number may send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Its own pace, messages (or segments) per second.
    pub number_mps: f64,
    /// Its trunk's pace, if that has one.
    pub trunk_mps: Option<f64>,
    /// Whether its carrier counts segments.
    pub in_segments: bool,
}

/// One of our numbers from which something is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sender {
    /// The number.
    pub number: NumberId,
    /// Its trunk.
    pub trunk: TrunkId,
    /// How fast it may send.
    pub allowed: Allowance,
    /// Whether its channel has a second way.
    pub has_fallback: bool,
}

/// What is sent, as the line needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// The delivery.
    pub delivery: Delivery,
    /// What is said.
    pub text: String,
    /// How many segments that is, where it was counted.
    pub segments: u32,
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

const LEASED: &str = concat!(
    "d.id, d.message_id, m.session_id, d.trunk_id, d.number_id, d.to_address, \
     d.extension_id, d.reference, d.lane, d.state, d.priority, d.tries, d.tried_at, d.in_doubt, d.expires_at, \
     d.carrier_id, d.reason, d.notice, d.phone_call_id, d.phone_extension_id, d.scheduled_at, d.moved_from, d.parts, \
     d.instead IS NOT NULL, d.attachment_id, coalesce(d.notice, d.instead, m.text), coalesce(m.segments, 1), s.peer_address, \
     coalesce(",
    name_of_peer!(),
    ", p.name), n.address, c.kind, q.name, d.updated_at \
     FROM deliveries d JOIN messages m ON m.id = d.message_id JOIN sessions s ON s.id = m.session_id \
     JOIN peers p ON p.id = s.peer_id JOIN numbers n ON n.id = coalesce(d.number_id, s.number_id) \
     JOIN channels c ON c.id = n.channel_id \
     LEFT JOIN queues q ON q.id = s.queue_id AND s.state = 'waiting'",
);

/// Reads the columns [`LEASED`] in their order, but for the last.
fn leased(row: &InOrder<'_, '_>) -> Result<Leased, StoreError> {
    Ok(Leased {
        delivery: delivery(row)?,
        text: row.next()?,
        segments: row.next()?,
        peer: row.word(|text| Address::parse(text).ok())?,
        peer_name: row.next()?,
        our_number: row.word(|text| Address::parse(text).ok())?,
        kind: row.word(ChannelKind::from_word)?,
        queue_name: row.next()?,
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

    /// All deliveries that fit a condition on `d`, which may end with an order and a limit.
    pub(in crate::store) fn deliveries_where(
        &self,
        which: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!("SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE {which}");
        all(self.conn.prepare_cached(&sql)?.query(values)?, |row| delivery(&InOrder::of(row)))
    }

    fn one_delivery(&self, which: &str, values: impl rusqlite::Params) -> Result<Option<Delivery>, StoreError> {
        let sql = format!("SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE {which}");
        first(&mut self.conn.prepare_cached(&sql)?.query(values)?, |row| delivery(&InOrder::of(row)))
    }

    /// What is due for phones and not expired, lanes that are busy left out; at most `at_most`.
    pub fn due_for_phones(
        &self,
        now: Timestamp,
        busy: &HashSet<String>,
        at_most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let mut due = self.due(None, Priority::Reply, now, busy, at_most)?;
        due.extend(self.due(None, Priority::Automatic, now, busy, at_most - due.len())?);
        Ok(due)
    }

    /// What is due from one of our numbers at one priority, and not expired.
    pub fn due_from(
        &self,
        number: NumberId,
        priority: Priority,
        now: Timestamp,
        busy: &HashSet<String>,
        at_most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        self.due(Some(number), priority, now, busy, at_most)
    }

    /// One range of the index, so that what waits for later is never read.
    fn due(
        &self,
        number: Option<NumberId>,
        priority: Priority,
        now: Timestamp,
        busy: &HashSet<String>,
        at_most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let line = if number.is_some() { "carrier" } else { "extension" };
        let busy = serde_json::to_string(busy).expect("texts");
        let mut statement = self.conn.prepare_cached(
            "SELECT id, lane, to_address FROM deliveries WHERE state = 'queued' AND line = ?1 AND number_id IS ?2 \
             AND priority = ?3 AND due_at <= ?4 AND expires_at > ?4 AND lane NOT IN (SELECT value FROM json_each(?5)) \
             ORDER BY due_at, id LIMIT ?6",
        )?;
        all(statement.query((line, number.map(|id| id.0), priority as u8, now.0, &busy, at_most))?, |row| {
            Ok(Due { id: DeliveryId(row.get(0)?), lane: row.get(1)?, to: row.get(2)? })
        })
    }

    /// Our numbers from which something is due, with their pace; in the order of their ids.
    pub fn senders_with_due(&self, now: Timestamp) -> Result<Vec<Sender>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT n.id, c.trunk_id, n.mps, n.sender_class, n.pace_unit, t.mps AS trunk_mps, \
             c.fallback_number_id IS NOT NULL AS has_fallback FROM numbers n \
             JOIN channels c ON c.id = n.channel_id JOIN trunks t ON t.id = c.trunk_id \
             WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'queued' AND d.line = 'carrier' \
                           AND d.number_id = n.id AND d.priority IN (0, 1, 2) AND d.due_at <= ?1) \
             ORDER BY n.id",
        )?;
        all(statement.query([now.0])?, |row| {
            let own: Option<f64> = row.get("mps")?;
            let class = word(row, "sender_class", SenderClass::from_word)?;
            let allowed = Allowance {
                number_mps: own.unwrap_or_else(|| class.usual_mps()),
                trunk_mps: row.get("trunk_mps")?,
                in_segments: row.get::<_, String>("pace_unit")? == "segment",
            };
            Ok(Sender {
                number: row.get("id")?,
                trunk: row.get("trunk_id")?,
                allowed,
                has_fallback: row.get("has_fallback")?,
            })
        })
    }

    /// When the next queued delivery after `now` is due: the first of each range of the index.
    pub fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "WITH ranges (line, number_id, priority) AS ( \
                     SELECT 'extension', NULL, column1 FROM (VALUES (0), (1), (2)) \
                     UNION ALL SELECT 'carrier', n.id, column1 FROM numbers n, (VALUES (0), (1), (2))) \
                 SELECT min((SELECT min(d.due_at) FROM deliveries d WHERE d.state = 'queued' AND d.line = r.line \
                             AND d.number_id IS r.number_id AND d.priority = r.priority AND d.due_at > ?1)) \
                 FROM ranges r",
            )?
            .query_row([now.0], |row| row.get::<_, Option<i64>>(0))?
            .map(Timestamp))
    }

    /// Everything a line needs to send a delivery.
    pub fn leased(&self, id: DeliveryId) -> Result<Option<Leased>, StoreError> {
        static SQL: LazyLock<String> = LazyLock::new(|| format!("SELECT {LEASED} WHERE d.id = ?1"));
        first(&mut self.conn.prepare_cached(&SQL)?.query([id.0])?, |row| leased(&InOrder::of(row)))
    }

    /// Deliveries nobody knows the end of, uncertain since, those asked about longest ago first; with the moment they
    /// became so.
    pub fn uncertain_since(&self, since: Timestamp, at_most: usize) -> Result<Vec<(Leased, Timestamp)>, StoreError> {
        let sql = format!(
            "SELECT {LEASED} WHERE d.state = 'uncertain' AND d.updated_at >= ?1 \
             ORDER BY coalesce(d.asked_at, 0), d.id LIMIT ?2"
        );
        all(self.conn.prepare_cached(&sql)?.query((since.0, at_most))?, |row| {
            let row = InOrder::of(row);
            Ok((leased(&row)?, Timestamp(row.next()?)))
        })
    }

    /// Deliveries whose lease ends before a moment: after a start, all are what was under way when the house went dark.
    pub fn under_lease(&self, before: Timestamp, at_most: usize) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id \
             WHERE d.state = 'sending' AND d.lease_until < ?1 ORDER BY d.id LIMIT ?2"
        );
        all(self.conn.prepare_cached(&sql)?.query((before.0, at_most))?, |row| delivery(&InOrder::of(row)))
    }

    /// Queued deliveries whose time is up.
    pub fn expired_deliveries(&self, now: Timestamp, at_most: usize) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY} FROM deliveries d JOIN messages m ON m.id = d.message_id \
             WHERE d.id IN (SELECT id FROM deliveries INDEXED BY deliveries_due \
                            WHERE state = 'queued' AND expires_at <= ?1 LIMIT ?2) ORDER BY d.id"
        );
        all(self.conn.prepare_cached(&sql)?.query((now.0, at_most))?, |row| delivery(&InOrder::of(row)))
    }

    /// Whether phones were rung by a message.
    pub fn has_rung(&self, message: MessageId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM deliveries WHERE message_id = ?1 AND line = 'extension'";
        Ok(self.conn.prepare_cached(sql)?.exists([message])?)
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
