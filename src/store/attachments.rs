//! Attachments: files that belong to messages, from "still at the carrier" to "no longer available".

use crate::domain::id::{AttachmentId, ChannelId, MessageId, SessionId, TrunkId};
use crate::domain::media::{AttachmentState, FileHash, FitStep};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::files::{FILE, StoredFile, as_json, stored};
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};
use rusqlite::Row;

/// A file that belongs to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// Its message.
    pub message: MessageId,
    /// Its place among the message's files, from 0.
    pub position: u32,
    /// Where it stands.
    pub state: AttachmentState,
    /// What people call it: a label.
    pub name: String,
    /// The file, where it is here.
    pub file: Option<StoredFile>,
    /// Why it is not here.
    pub reason: Option<Reason>,
    /// What was done to it so that it fits.
    pub steps: Vec<FitStep>,
    /// How often somebody opened it under one of its addresses.
    pub fetched: u32,
}

/// A file that came with a message and is still at its carrier.
#[derive(Clone, Debug)]
pub struct AtCarrier<'a> {
    /// The trunk to ask.
    pub trunk: TrunkId,
    /// Where it is: an address, or an id there.
    pub location: &'a str,
    /// What the carrier calls it.
    pub name: &'a str,
}

/// A file that is to be fetched now.
#[derive(Clone, Debug, PartialEq)]
pub struct DueFile {
    /// The attachment.
    pub id: AttachmentId,
    /// Its message.
    pub message: MessageId,
    /// Where that is filed.
    pub session: SessionId,
    /// On which channel.
    pub channel: ChannelId,
    /// The trunk to ask; `None`: it was deleted.
    pub trunk: Option<TrunkId>,
    /// Where the carrier has it.
    pub location: String,
    /// What the carrier calls it.
    pub name: String,
    /// How often it was tried.
    pub tries: u32,
    /// When its message came.
    pub at: Timestamp,
}

const ATTACHMENT: &str = "a.id, a.message_id, a.position, a.state, a.name, a.reason, a.steps, a.file_hash, \
     (SELECT coalesce(sum(l.fetched), 0) FROM media_links l WHERE l.message_id = a.message_id \
      AND (l.attachment_id IS NULL OR l.attachment_id = a.id)) AS fetched";

fn attachment(row: &Row<'_>) -> Result<Attachment, StoreError> {
    let hash: Option<FileHash> = row.get("file_hash")?;
    Ok(Attachment {
        id: row.get("id")?,
        message: row.get("message_id")?,
        position: row.get("position")?,
        state: row.get("state")?,
        name: row.get("name")?,
        file: hash.map(|_| stored(row)).transpose()?,
        reason: row.get("reason")?,
        steps: json(row, "steps")?.unwrap_or_default(),
        fetched: row.get("fetched")?,
    })
}

impl Snapshot<'_> {
    /// The files of a message, in their order.
    pub fn attachments(&self, message: MessageId) -> Result<Vec<Attachment>, StoreError> {
        let sql = format!(
            "SELECT {ATTACHMENT}, {FILE} FROM attachments a LEFT JOIN files f ON f.hash = a.file_hash \
             WHERE a.message_id = ?1 ORDER BY a.position"
        );
        all(self.conn.prepare_cached(&sql)?.query([message])?, attachment)
    }

    /// One file of a message.
    pub fn attachment(&self, id: AttachmentId) -> Result<Option<Attachment>, StoreError> {
        let sql = format!(
            "SELECT {ATTACHMENT}, {FILE} FROM attachments a LEFT JOIN files f ON f.hash = a.file_hash WHERE a.id = ?1"
        );
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, attachment)
    }

    /// Files that are to be fetched by now, the longest due first.
    pub fn due_files(&self, now: Timestamp, at_most: usize) -> Result<Vec<DueFile>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT a.id, a.message_id, m.session_id, a.channel_id, a.trunk_id, a.location, a.name, a.tries, a.at \
             FROM attachments a JOIN messages m ON m.id = a.message_id \
             WHERE a.state = 'loading' AND a.due_at <= ?1 ORDER BY a.due_at, a.id LIMIT ?2",
        )?;
        all(query.query((now, at_most))?, |row| {
            Ok(DueFile {
                id: row.get(0)?,
                message: row.get(1)?,
                session: row.get(2)?,
                channel: row.get(3)?,
                trunk: row.get(4)?,
                location: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
                name: row.get(6)?,
                tries: row.get(7)?,
                at: row.get(8)?,
            })
        })
    }

    /// When the next file after `now` is to be fetched.
    pub fn next_file_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(due_at) FROM attachments WHERE state = 'loading' AND due_at > ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([now], |row| row.get(0))?)
    }

    /// Messages of files alone that came before a moment, whose files are still loading and which nobody was told of.
    pub fn silent_messages(&self, before: Timestamp, at_most: usize) -> Result<Vec<MessageId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT DISTINCT a.message_id FROM attachments a JOIN messages m ON m.id = a.message_id \
             WHERE a.state = 'loading' AND a.at <= ?1 AND trim(m.text) = '' AND m.direction = 'in' \
             AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = a.message_id) LIMIT ?2",
        )?;
        all(query.query((before, at_most))?, |row| Ok(row.get(0)?))
    }

    /// Files of a channel older than `before`, with where their messages are filed.
    pub fn old_attachments(
        &self,
        channel: ChannelId,
        before: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(AttachmentId, MessageId, SessionId)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT a.id, a.message_id, m.session_id FROM attachments a JOIN messages m ON m.id = a.message_id \
             WHERE a.channel_id = ?1 AND a.at < ?2 AND a.state IN ('here', 'failed') ORDER BY a.at LIMIT ?3",
        )?;
        all(query.query((channel, before, at_most))?, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}

impl Tx<'_> {
    /// Notes a file that is still at the carrier; it is fetched at once.
    pub fn attach_from_carrier(
        &self,
        (message, channel): (MessageId, ChannelId),
        position: u32,
        file: &AtCarrier<'_>,
        now: Timestamp,
    ) -> Result<AttachmentId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO attachments (message_id, channel_id, position, state, name, trunk_id, location, due_at, at) \
                 VALUES (?1, ?2, ?3, 'loading', ?4, ?5, ?6, ?7, ?7)",
            )?
            .execute((message, channel, position, file.name, file.trunk, file.location, now))?;
        Ok(AttachmentId(self.conn.last_insert_rowid()))
    }

    /// Notes a file that is in the archive.
    pub fn attach_file(
        &self,
        (message, channel): (MessageId, ChannelId),
        position: u32,
        (hash, name, steps): (&FileHash, &str, &[FitStep]),
        now: Timestamp,
    ) -> Result<AttachmentId, StoreError> {
        let steps = (!steps.is_empty()).then(|| as_json(&steps));
        self.conn
            .prepare_cached(
                "INSERT INTO attachments (message_id, channel_id, position, state, file_hash, name, steps, at) \
                 VALUES (?1, ?2, ?3, 'here', ?4, ?5, ?6, ?7)",
            )?
            .execute((message, channel, position, hash, name, steps, now))?;
        Ok(AttachmentId(self.conn.last_insert_rowid()))
    }

    /// It was fetched and is kept under this name. `false`: it no longer waits for that.
    pub fn attachment_is_here(&self, id: AttachmentId, hash: &FileHash, name: &str) -> Result<bool, StoreError> {
        let moved = self
            .conn
            .prepare_cached(
                "UPDATE attachments SET state = 'here', file_hash = ?2, name = ?3, due_at = NULL, reason = NULL \
                 WHERE id = ?1 AND state = 'loading'",
            )?
            .execute((id, hash, name))?;
        Ok(moved == 1)
    }

    /// It could not be fetched now and is tried again.
    pub fn fetch_again(&self, id: AttachmentId, due_at: Timestamp, reason: &Reason) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE attachments SET due_at = ?2, tries = tries + 1, reason = ?3 WHERE id = ?1 AND state = 'loading'",
            )?
            .execute((id, due_at, reason))?;
        Ok(())
    }

    /// It will not come. `false`: it no longer waits.
    pub fn attachment_failed(&self, id: AttachmentId, reason: &Reason) -> Result<bool, StoreError> {
        let moved = self
            .conn
            .prepare_cached(
                "UPDATE attachments SET state = 'failed', due_at = NULL, tries = tries + 1, reason = ?2 \
                 WHERE id = ?1 AND state = 'loading'",
            )?
            .execute((id, reason))?;
        Ok(moved == 1)
    }

    /// The files of a message are needed at this moment: what their channel keeps them for begins then.
    pub fn need_attachments_at(&self, message: MessageId, at: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE attachments SET at = max(at, ?2) WHERE message_id = ?1")?
            .execute((message, at))?;
        Ok(())
    }

    /// Its channel keeps files no longer.
    pub fn expire_attachment(&self, id: AttachmentId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE attachments SET state = 'expired', file_hash = NULL, reason = ?2 WHERE id = ?1 \
                 AND state IN ('here', 'failed')",
            )?
            .execute((id, Reason::of(ReasonCode::FileExpired)))?;
        Ok(())
    }
}
