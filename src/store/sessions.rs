//! Sessions and their timeline.

use crate::domain::address::Address;
use crate::domain::id::{ChannelId, ExtensionId, MessageId, NumberId, PeerId, QueueId, SessionId};
use crate::domain::message::Direction;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{InOrder, all, first};
use rusqlite::Row;
use std::sync::LazyLock;

/// Columns of a session, in the order in which [`session_in_order`] reads them.
pub(in crate::store) const SESSION: &str = "s.id, s.channel_id, s.number_id, s.peer_id, s.peer_address, s.state, \
     s.queue_id, s.extension_id, s.opened_at, s.closed_at, s.last_at, s.last_message_id, s.last_inbound_id, \
     s.awaiting_reply, s.version";

/// Reads the columns [`SESSION`], which stand first in the row.
pub(in crate::store) fn session(row: &Row<'_>) -> Result<Session, StoreError> {
    session_in_order(&InOrder::of(row))
}

fn session_in_order(row: &InOrder<'_, '_>) -> Result<Session, StoreError> {
    let (id, channel, number, peer) = (row.next()?, row.next()?, row.next()?, row.next()?);
    let peer_address = row.word(|text| Address::parse(text).ok())?;
    let word: String = row.next()?;
    let (queue, extension): (Option<i64>, Option<i64>) = (row.next()?, row.next()?);
    let state = match (word.as_str(), queue, extension) {
        ("waiting", Some(queue), _) => SessionState::Waiting { queue: QueueId(queue) },
        ("held", _, Some(extension)) => SessionState::Held { extension: ExtensionId(extension) },
        ("closed", ..) => SessionState::Closed,
        _ => return Err(StoreError::Unreadable(format!("session state {word:?}"))),
    };
    Ok(Session {
        id: SessionId(id),
        channel: ChannelId(channel),
        number: NumberId(number),
        peer: PeerId(peer),
        peer_address,
        state,
        queue: queue.map(QueueId),
        opened_at: Timestamp(row.next()?),
        closed_at: row.next::<Option<i64>>()?.map(Timestamp),
        last_at: Timestamp(row.next()?),
        last_message: row.next::<Option<i64>>()?.map(MessageId),
        last_inbound: row.next::<Option<i64>>()?.map(MessageId),
        awaiting_reply: row.next()?,
        version: row.next()?,
    })
}

/// The words of a session's timeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It was opened, for `to`.
    Opened,
    /// A queue's members were rung.
    Offered,
    /// Somebody took it.
    PickedUp,
    /// It went from one to another.
    Transferred,
    /// Somebody ended it.
    Ended,
    /// It ended for want of traffic.
    EndedAutomatically,
    /// A text waited too long for a phone.
    Expired,
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Step::Opened => "opened",
            Step::Offered => "offered",
            Step::PickedUp => "picked_up",
            Step::Transferred => "transferred",
            Step::Ended => "ended",
            Step::EndedAutomatically => "ended_automatically",
            Step::Expired => "expired",
        }
    }
}

/// A new session.
pub struct NewSession {
    /// The channel of the number.
    pub channel: ChannelId,
    /// Our number.
    pub number: NumberId,
    /// The outside party.
    pub peer: PeerId,
    /// Its address.
    pub peer_address: Address,
    /// Who has it at first; not closed.
    pub state: SessionState,
}

impl Snapshot<'_> {
    /// One session.
    pub fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM sessions s WHERE s.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id.0])?, session)
    }

    /// Whether there was ever a session.
    pub fn any_session(&self) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM sessions)")?.query_row([], |row| row.get(0))?)
    }

    /// The open session of a peer at one of our numbers.
    pub fn open_session(&self, number: NumberId, peer: PeerId) -> Result<Option<Session>, StoreError> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {SESSION} FROM sessions s WHERE s.number_id = ?1 AND s.peer_id = ?2 AND s.state <> 'closed'"
            )
        });
        first(&mut self.conn.prepare_cached(&SQL)?.query([number.0, peer.0])?, session)
    }

    /// All open sessions of a peer, the one with the last traffic first.
    pub fn open_sessions_of(&self, peer: PeerId) -> Result<Vec<Session>, StoreError> {
        let sql = format!(
            "SELECT {SESSION} FROM sessions s WHERE s.peer_id = ?1 AND s.state <> 'closed' \
             ORDER BY s.last_at DESC, s.id DESC LIMIT 100"
        );
        all(self.conn.prepare_cached(&sql)?.query([peer.0])?, session)
    }

    /// Open sessions of channels that end by themselves, whose last traffic is too long ago. It looks at each that is open.
    pub fn idle_sessions(&self, now: Timestamp, at_most: usize) -> Result<Vec<SessionId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT s.id FROM sessions s INDEXED BY sessions_open JOIN channels c ON c.id = s.channel_id \
             WHERE c.close_after_days IS NOT NULL AND s.state <> 'closed' \
               AND s.last_at <= ?1 - c.close_after_days * 86400000 LIMIT ?2",
        )?;
        all(query.query((now.0, at_most))?, |row| Ok(row.get(0)?))
    }

    /// One of them, if it still is.
    pub fn idle_session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let sql = format!(
            "SELECT {SESSION} FROM sessions s JOIN channels c ON c.id = s.channel_id \
             WHERE s.id = ?2 AND c.close_after_days IS NOT NULL AND s.state <> 'closed' \
               AND s.last_at <= ?1 - c.close_after_days * 86400000"
        );
        first(&mut self.conn.prepare_cached(&sql)?.query((now.0, id))?, session)
    }
}

impl Tx<'_> {
    /// Opens a session.
    pub fn insert_session(&self, new: &NewSession, now: Timestamp) -> Result<Session, StoreError> {
        let (state, queue, extension) = columns(new.state, None);
        self.conn
            .prepare_cached(
                "INSERT INTO sessions (channel_id, number_id, peer_id, peer_address, state, queue_id, extension_id, \
                 opened_at, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
            )?
            .execute((
                new.channel.0,
                new.number.0,
                new.peer.0,
                new.peer_address.as_str(),
                state,
                queue,
                extension,
                now.0,
            ))?;
        let id = SessionId(self.conn.last_insert_rowid());
        Ok(Session {
            id,
            channel: new.channel,
            number: new.number,
            peer: new.peer,
            peer_address: new.peer_address.clone(),
            state: new.state,
            queue: queue.map(QueueId),
            opened_at: now,
            closed_at: None,
            last_at: now,
            last_message: None,
            last_inbound: None,
            awaiting_reply: false,
            version: 1,
        })
    }

    /// Writes who has a session.
    pub fn set_session_state(&self, session: &Session) -> Result<(), StoreError> {
        let (state, queue, extension) = columns(session.state, session.queue);
        self.conn
            .prepare_cached(
                "UPDATE sessions SET state = ?2, queue_id = ?3, closed_at = ?5, version = version + 1, \
                 extension_id = CASE WHEN ?2 = 'closed' THEN extension_id ELSE ?4 END WHERE id = ?1",
            )?
            .execute((session.id.0, state, queue, extension, session.closed_at.map(|at| at.0)))?;
        Ok(())
    }

    /// Notes that a message was filed in a session.
    pub fn touch_session(
        &self,
        id: SessionId,
        message: MessageId,
        direction: Direction,
        peer_address: Option<&Address>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let inbound = direction == Direction::In;
        self.conn
            .prepare_cached(
                "UPDATE sessions SET last_at = max(last_at, ?2), last_message_id = ?3, awaiting_reply = ?4, \
                 last_inbound_id = CASE WHEN ?4 THEN ?3 ELSE last_inbound_id END, \
                 peer_address = coalesce(?5, peer_address) WHERE id = ?1",
            )?
            .execute((id.0, now.0, message.0, inbound, peer_address.map(Address::as_str)))?;
        Ok(())
    }

    /// Writes a step into a session's timeline, with names as they are now.
    pub fn note_step(
        &self,
        session: SessionId,
        step: Step,
        by: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO session_events (session_id, at, kind, by_name, from_name, to_name) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((session.0, now.0, step.as_str(), by, from, to))?;
        Ok(())
    }
}

/// State, queue and extension as they stand in the row; a closed session keeps both for the record.
fn columns(state: SessionState, came_through: Option<QueueId>) -> (&'static str, Option<i64>, Option<i64>) {
    let came_through = came_through.map(|queue| queue.0);
    match state {
        SessionState::Waiting { queue } => ("waiting", Some(queue.0), None),
        SessionState::Held { extension } => ("held", came_through, Some(extension.0)),
        SessionState::Closed => ("closed", came_through, None),
    }
}
