//! What a message is beyond its text: a place, a choice, a template, an answer to another message.

use crate::domain::channel::ChannelKind;
use crate::domain::id::{MessageId, SessionId, TrunkId};
use crate::domain::message::Direction;
use crate::domain::rich::Rich;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{first, json};
use rusqlite::OptionalExtension;

/// What a line needs to send a message beyond its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beyond {
    /// What it is.
    pub rich: Option<Rich>,
    /// The carrier's id of the message it answers.
    pub in_reply_to: Option<String>,
}

/// A message that another one answers, as it is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its id.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// The beginning of its text.
    pub text: String,
}

/// How much of a message is quoted.
const QUOTED_CHARS: u32 = 120;

impl Snapshot<'_> {
    /// What a message is beyond its text, as the carrier of its channel names things.
    pub fn beyond_text(&self, message: MessageId) -> Result<Beyond, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT rich, in_reply_to FROM messages WHERE id = ?1")?;
        let found = first(&mut query.query([message.0])?, |row| {
            Ok((json::<Rich>(row, "rich")?, row.get::<_, Option<MessageId>>("in_reply_to")?))
        })?;
        let Some((rich, answered)) = found else { return Ok(Beyond::default()) };
        let in_reply_to = answered.map(|id| self.carrier_id_of(id)).transpose()?.flatten();
        Ok(Beyond { rich, in_reply_to })
    }

    /// The carrier's id of a message: of a peer's, or of one of ours that the carrier took.
    pub fn carrier_id_of(&self, message: MessageId) -> Result<Option<String>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT coalesce(m.carrier_id, (SELECT d.carrier_id FROM deliveries d WHERE d.message_id = m.id \
             AND d.line = 'carrier')) FROM messages m WHERE m.id = ?1",
        )?;
        Ok(query.query_row([message.0], |row| row.get(0)).optional()?.flatten())
    }

    /// The message that a trunk's carrier means: one of ours, or one of a peer's.
    pub fn message_by_carrier_id(&self, trunk: TrunkId, carrier_id: &str) -> Result<Option<MessageId>, StoreError> {
        if let Some(ours) = self.delivery_by_carrier_id(trunk, carrier_id)? {
            return Ok(Some(ours.message));
        }
        self.message_of_webhook(trunk, carrier_id)
    }

    /// A message as it is quoted, if it belongs to the same conversation.
    pub fn quoted(&self, message: MessageId, session: SessionId) -> Result<Option<Quoted>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT m.id, m.direction, substr(m.text, 1, ?3) AS text FROM messages m JOIN sessions s ON s.id = m.session_id \
             JOIN sessions o ON o.peer_id = s.peer_id AND o.number_id = s.number_id WHERE m.id = ?1 AND o.id = ?2",
        )?;
        first(&mut query.query((message, session, QUOTED_CHARS))?, |row| {
            Ok(Quoted {
                id: row.get("id")?,
                direction: crate::store::words::word(row, "direction", Direction::from_word)?,
                text: row.get("text")?,
            })
        })
    }

    /// What a channel of a session speaks.
    pub fn kind_of_session(&self, session: SessionId) -> Result<Option<ChannelKind>, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT c.kind FROM sessions s JOIN channels c ON c.id = s.channel_id WHERE s.id = ?1")?;
        Ok(query.query_row([session], |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// Writes what a message is beyond its text.
    pub fn set_beyond_text(
        &self,
        message: MessageId,
        rich: Option<&Rich>,
        in_reply_to: Option<MessageId>,
        carrier_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let rich = rich.map(|rich| serde_json::to_string(rich).expect("a rich message is plain data"));
        self.conn
            .prepare_cached("UPDATE messages SET rich = ?2, in_reply_to = ?3, carrier_id = ?4 WHERE id = ?1")?
            .execute((message, rich, in_reply_to, carrier_id))?;
        Ok(())
    }
}
