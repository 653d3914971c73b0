//! Links: addresses under which files of a message can be fetched for a while.

use crate::domain::address::Address;
use crate::domain::id::{AttachmentId, MediaLinkId, MessageId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::first;
use rusqlite::Row;

/// Who is to open a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForWhom {
    /// A carrier that fetches what we send.
    Carrier,
    /// The person we write to.
    Peer,
    /// A phone of ours.
    Phone,
}

impl ForWhom {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ForWhom::Carrier => "carrier",
            ForWhom::Peer => "peer",
            ForWhom::Phone => "phone",
        }
    }

    /// Reads [`ForWhom::as_str`].
    pub fn from_word(word: &str) -> Option<ForWhom> {
        [ForWhom::Carrier, ForWhom::Peer, ForWhom::Phone].into_iter().find(|one| one.as_str() == word)
    }
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLink {
    /// Its id.
    pub id: MediaLinkId,
    /// The message.
    pub message: MessageId,
    /// The one file that is meant; `None`: all of the message's.
    pub attachment: Option<AttachmentId>,
    /// The short part of its address, if it has one.
    pub token: Option<String>,
    /// Who is to open it.
    pub for_whom: ForWhom,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What stands on the page of a link: who sent it, and the words beside the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPage {
    /// What our number is called; empty: nothing.
    pub label: String,
    /// Our number.
    pub number: Address,
    /// The message's text.
    pub text: String,
    /// Whether the message came from the peer.
    pub from_peer: bool,
}

const LINK: &str = "SELECT id, message_id, attachment_id, token, for_whom, expires_at FROM media_links";

fn link(row: &Row<'_>) -> Result<MediaLink, StoreError> {
    Ok(MediaLink {
        id: row.get("id")?,
        message: row.get("message_id")?,
        attachment: row.get("attachment_id")?,
        token: row.get("token")?,
        for_whom: crate::store::words::word(row, "for_whom", ForWhom::from_word)?,
        expires_at: row.get("expires_at")?,
    })
}

impl Snapshot<'_> {
    /// What the long addresses of files are signed with: it follows from the key beside the database.
    pub fn link_key(&self) -> [u8; 32] {
        self.sealer.derived("addresses of files")
    }

    /// The link with this id.
    pub fn media_link(&self, id: MediaLinkId) -> Result<Option<MediaLink>, StoreError> {
        first(&mut self.conn.prepare_cached(&format!("{LINK} WHERE id = ?1"))?.query([id])?, link)
    }

    /// The link with this short address.
    pub fn media_link_by_token(&self, token: &str) -> Result<Option<MediaLink>, StoreError> {
        first(&mut self.conn.prepare_cached(&format!("{LINK} WHERE token = ?1"))?.query([token])?, link)
    }

    /// The link of a message for somebody: to one of its files, or to all of them.
    pub fn media_link_for(
        &self,
        message: MessageId,
        attachment: Option<AttachmentId>,
        for_whom: ForWhom,
    ) -> Result<Option<MediaLink>, StoreError> {
        let sql = format!("{LINK} WHERE message_id = ?1 AND attachment_id IS ?2 AND for_whom = ?3");
        first(&mut self.conn.prepare_cached(&sql)?.query((message, attachment, for_whom.as_str()))?, link)
    }

    /// What stands on the page of a link to a message.
    pub fn link_page(&self, message: MessageId) -> Result<Option<LinkPage>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT n.label, n.address, m.text, m.direction = 'in' AS from_peer FROM messages m \
             JOIN sessions s ON s.id = m.session_id JOIN numbers n ON n.id = s.number_id WHERE m.id = ?1",
        )?;
        first(&mut query.query([message])?, |row| {
            Ok(LinkPage { label: row.get(0)?, number: row.get(1)?, text: row.get(2)?, from_peer: row.get(3)? })
        })
    }
}

impl Tx<'_> {
    /// Makes a link.
    pub fn insert_media_link(
        &self,
        (message, attachment): (MessageId, Option<AttachmentId>),
        for_whom: ForWhom,
        token: Option<&str>,
        expires_at: Timestamp,
    ) -> Result<MediaLinkId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO media_links (message_id, attachment_id, token, for_whom, expires_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((message, attachment, token, for_whom.as_str(), expires_at))?;
        Ok(MediaLinkId(self.conn.last_insert_rowid()))
    }

    /// Gives a link a new short address: its old one ended.
    pub fn renew_media_link(&self, id: MediaLinkId, token: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE media_links SET token = ?2 WHERE id = ?1")?.execute((id, token))?;
        Ok(())
    }

    /// Gives the links of a message more time.
    pub fn extend_media_links(&self, message: MessageId, expires_at: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE media_links SET expires_at = max(expires_at, ?2) WHERE message_id = ?1")?
            .execute((message, expires_at))?;
        Ok(())
    }

    /// Somebody fetched a file under it.
    pub fn count_fetch(&self, id: MediaLinkId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE media_links SET fetched = fetched + 1, fetched_at = ?2 WHERE id = ?1")?
            .execute((id, now))?;
        Ok(())
    }

    /// Takes the short addresses from links that ended before; how often they were opened stays known.
    pub fn end_media_links(&self, before: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE media_links SET token = NULL WHERE id IN (SELECT id FROM media_links WHERE expires_at < ?1 \
                 AND token IS NOT NULL ORDER BY expires_at LIMIT ?2)",
            )?
            .execute((before, at_most))?)
    }
}
