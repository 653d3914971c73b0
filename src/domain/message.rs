//! What was said: text, in or out, filed in a session.

use crate::domain::id::{ExtensionId, MessageId, SessionId, UserId};
use crate::domain::rich::Rich;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest text the house sends, in characters; the field's bound.
pub const TEXT_CHARS_MAX: usize = 1600;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the peer to us.
    In,
    /// From us to the peer.
    Out,
}

impl Direction {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }

    /// Reads [`Direction::as_str`].
    pub fn from_word(word: &str) -> Option<Direction> {
        [Direction::In, Direction::Out].into_iter().find(|direction| direction.as_str() == word)
    }
}

/// A message as it stands on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it is filed.
    pub session: SessionId,
    /// Which way.
    pub direction: Direction,
    /// The text, as it was written.
    pub text: String,
    /// When we took it.
    pub at: Timestamp,
    /// The extension that wrote it.
    pub author_extension: Option<ExtensionId>,
    /// The portal user that wrote it.
    pub author_user: Option<UserId>,
    /// What the author was called then.
    pub author_name: String,
    /// How many segments it has on the air.
    pub segments: Option<u32>,
    /// How many files came with it.
    pub media_count: u32,
    /// What it is beyond text and files.
    pub rich: Option<Rich>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
}

/// A message to be filed.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Where.
    pub session: SessionId,
    /// Which way.
    pub direction: Direction,
    /// The text.
    pub text: String,
    /// The extension that wrote it.
    pub author_extension: Option<ExtensionId>,
    /// The portal user that wrote it.
    pub author_user: Option<UserId>,
    /// What the author is called.
    pub author_name: String,
    /// The portal's own id for it.
    pub client_id: Option<String>,
    /// How many segments it has on the air, where it goes out as SMS.
    pub segments: Option<u32>,
    /// How many files came with it.
    pub media_count: u32,
}
