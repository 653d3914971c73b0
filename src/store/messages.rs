//! Messages: what was said.

use crate::domain::id::{ExtensionId, MessageId, SessionId, UserId};
use crate::domain::message::{Direction, Message, NewMessage};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{InOrder, first};
use rusqlite::{OptionalExtension, Row};

/// Columns of a message, as [`message`] reads them.
pub(in crate::store) const MESSAGE: &str = "m.id, m.session_id, m.direction, m.text, m.at, m.author_extension_id, \
     m.author_user_id, m.author_name, m.segments, m.media_count, m.rich, m.in_reply_to";

/// Reads the columns [`MESSAGE`], which stand first in the row.
pub(in crate::store) fn message(row: &Row<'_>) -> Result<Message, StoreError> {
    let row = InOrder::of(row);
    Ok(Message {
        id: MessageId(row.next()?),
        session: SessionId(row.next()?),
        direction: row.word(Direction::from_word)?,
        text: row.next()?,
        at: Timestamp(row.next()?),
        author_extension: row.next::<Option<i64>>()?.map(ExtensionId),
        author_user: row.next::<Option<i64>>()?.map(UserId),
        author_name: row.next()?,
        segments: row.next()?,
        media_count: row.next()?,
        rich: row.json()?,
        in_reply_to: row.next::<Option<i64>>()?.map(MessageId),
    })
}

impl Snapshot<'_> {
    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let sql = format!("SELECT {MESSAGE} FROM messages m WHERE m.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id.0])?, message)
    }

    /// The message the portal sent under this id of its own.
    pub fn message_by_client_id(&self, client_id: &str) -> Result<Option<MessageId>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT id FROM messages WHERE client_id = ?1")?
            .query_row([client_id], |row| row.get(0).map(MessageId))
            .optional()?)
    }
}

impl Tx<'_> {
    /// Files a message; the search index follows before the commit.
    pub fn insert_message(&self, new: &NewMessage, now: Timestamp) -> Result<MessageId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO messages (session_id, direction, text, at, author_extension_id, author_user_id, \
                 author_name, client_id, segments, media_count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute((
                new.session.0,
                new.direction.as_str(),
                &new.text,
                now.0,
                new.author_extension.map(|id| id.0),
                new.author_user.map(|id| id.0),
                &new.author_name,
                &new.client_id,
                new.segments,
                new.media_count,
            ))?;
        self.note_filed();
        Ok(MessageId(self.conn.last_insert_rowid()))
    }

    /// Notes how many segments the carrier counted.
    pub fn set_segments(&self, id: MessageId, segments: u32) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE messages SET segments = ?2 WHERE id = ?1 AND segments IS NOT ?2")?
            .execute((id.0, segments))?;
        Ok(())
    }

    /// Enters what was filed since into the search index: for many messages at once, since FTS5 writes a piece of its
    /// index for each savepoint and commit.
    pub(in crate::store) fn index_new_messages(&self) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO messages_text (rowid, text) SELECT id, text FROM messages \
                 WHERE id > (SELECT coalesce(max(id), 0) FROM messages_text_docsize)",
            )?
            .execute([])?;
        Ok(())
    }
}
