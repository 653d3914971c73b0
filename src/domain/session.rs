//! The conversation of one peer with one of our numbers: waiting in a queue, held by an extension, or closed.
//! Every transition is a method that takes the session as it is and returns it as it will be; the row is the only copy.

use crate::domain::address::Address;
use crate::domain::id::{ChannelId, ExtensionId, MessageId, NumberId, PeerId, QueueId, SessionId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who has the conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionState {
    /// Nobody; it waits in a message queue.
    Waiting {
        /// Which.
        queue: QueueId,
    },
    /// An extension.
    Held {
        /// Which.
        extension: ExtensionId,
    },
    /// Ended.
    Closed,
}

/// How an extension comes to hold a waiting session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PickUp {
    /// All members see it and may answer until one of them picks it up.
    Manual,
    /// Who answers first owns it.
    Automatic,
    /// Nobody ever owns it; all members answer.
    None,
}

impl PickUp {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            PickUp::Manual => "manual",
            PickUp::Automatic => "automatic",
            PickUp::None => "none",
        }
    }

    /// Reads [`PickUp::as_str`].
    pub fn from_word(word: &str) -> Option<PickUp> {
        [PickUp::Manual, PickUp::Automatic, PickUp::None].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Where a session can be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// To one person.
    Extension(ExtensionId),
    /// To a message queue.
    Queue(QueueId),
}

/// Who does something to a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The portal user, where it is one.
    pub user: Option<UserId>,
    /// The extension, where it is one or the user has one.
    pub extension: Option<ExtensionId>,
    /// What the timeline calls them.
    pub name: String,
}

/// A session as it stands on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The channel of its number.
    pub channel: ChannelId,
    /// Our number.
    pub number: NumberId,
    /// The outside party.
    pub peer: PeerId,
    /// The address the peer last wrote from.
    pub peer_address: Address,
    /// Who has it.
    pub state: SessionState,
    /// The queue it came through; kept while it is held, so that it can go back.
    pub queue: Option<QueueId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The last traffic.
    pub last_at: Timestamp,
    /// The last message.
    pub last_message: Option<MessageId>,
    /// The last message from the peer.
    pub last_inbound: Option<MessageId>,
    /// Whether the peer wrote last.
    pub awaiting_reply: bool,
    /// Counts the changes.
    pub version: i64,
}

/// Why a session cannot do that.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
pub enum SessionError {
    /// Somebody else has it.
    #[error("another extension holds this conversation")]
    Taken {
        /// Who.
        by: ExtensionId,
    },
    /// It has ended.
    #[error("this conversation has ended")]
    Closed,
    /// Its queue lets nobody own conversations.
    #[error("conversations of this message queue are answered by all its members and owned by none")]
    NeverOwned,
}

impl SessionError {
    /// The same in both languages.
    pub fn wording(&self) -> Wording {
        let german = match self {
            SessionError::Taken { .. } => "eine andere Nebenstelle hat diese Unterhaltung",
            SessionError::Closed => "diese Unterhaltung ist beendet",
            SessionError::NeverOwned => {
                "Unterhaltungen dieser Warteschlange beantworten alle ihre Mitglieder; sie gehören niemandem"
            }
        };
        Wording::new(self.to_string(), german)
    }
}

impl Session {
    /// The extension that holds it.
    pub fn holder(&self) -> Option<ExtensionId> {
        match self.state {
            SessionState::Held { extension } => Some(extension),
            _ => None,
        }
    }

    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        self.state != SessionState::Closed
    }

    /// An extension takes it. Taking what one holds already changes nothing.
    pub fn picked_up(mut self, by: ExtensionId, mode: Option<PickUp>) -> Result<Session, SessionError> {
        match self.state {
            SessionState::Closed => Err(SessionError::Closed),
            SessionState::Held { extension } if extension == by => Ok(self),
            SessionState::Held { extension } => Err(SessionError::Taken { by: extension }),
            SessionState::Waiting { .. } if mode == Some(PickUp::None) => Err(SessionError::NeverOwned),
            SessionState::Waiting { .. } => {
                self.state = SessionState::Held { extension: by };
                Ok(self)
            }
        }
    }

    /// An extension answers: whether it may, and whether it owns it from now on.
    pub fn answered(self, by: ExtensionId, mode: Option<PickUp>) -> Result<Session, SessionError> {
        match (self.state, mode) {
            (SessionState::Waiting { .. }, Some(PickUp::Automatic)) => self.picked_up(by, mode),
            (SessionState::Waiting { .. }, _) => Ok(self),
            _ => self.picked_up(by, mode),
        }
    }

    /// It goes to somebody else.
    pub fn transferred(mut self, to: Destination) -> Result<Session, SessionError> {
        if !self.is_open() {
            return Err(SessionError::Closed);
        }
        match to {
            Destination::Extension(extension) => self.state = SessionState::Held { extension },
            Destination::Queue(queue) => {
                self.state = SessionState::Waiting { queue };
                self.queue = Some(queue);
            }
        }
        Ok(self)
    }

    /// It ends.
    pub fn ended(mut self, now: Timestamp) -> Result<Session, SessionError> {
        if !self.is_open() {
            return Err(SessionError::Closed);
        }
        self.state = SessionState::Closed;
        self.closed_at = Some(now);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: ExtensionId = ExtensionId(1);
    const BEN: ExtensionId = ExtensionId(2);

    fn waiting() -> Session {
        Session {
            id: SessionId(1),
            channel: ChannelId(1),
            number: NumberId(1),
            peer: PeerId(1),
            peer_address: Address::parse("+15550100").expect("valid"),
            state: SessionState::Waiting { queue: QueueId(1) },
            queue: Some(QueueId(1)),
            opened_at: Timestamp(0),
            closed_at: None,
            last_at: Timestamp(0),
            last_message: None,
            last_inbound: None,
            awaiting_reply: true,
            version: 1,
        }
    }

    #[test]
    fn who_picks_up_first_has_it_and_the_second_is_told_who() {
        let held = waiting().picked_up(ANNA, Some(PickUp::Manual)).expect("free");

        assert_eq!(held.clone().picked_up(BEN, Some(PickUp::Manual)), Err(SessionError::Taken { by: ANNA }));
        assert_eq!(held.clone().picked_up(ANNA, Some(PickUp::Manual)), Ok(held));
    }

    #[test]
    fn an_answer_takes_it_only_where_the_queue_says_so() {
        let holder = |mode| waiting().answered(ANNA, Some(mode)).expect("may answer").holder();

        assert_eq!(holder(PickUp::Automatic), Some(ANNA));
        assert_eq!(holder(PickUp::Manual), None);
        assert_eq!(holder(PickUp::None), None);
        assert_eq!(waiting().picked_up(ANNA, Some(PickUp::None)), Err(SessionError::NeverOwned));
    }

    #[test]
    fn what_has_ended_stays_ended() {
        let ended = waiting().ended(Timestamp(9)).expect("open");

        assert_eq!(ended.clone().picked_up(ANNA, None), Err(SessionError::Closed));
        assert_eq!(ended.clone().transferred(Destination::Extension(BEN)), Err(SessionError::Closed));
        assert_eq!(ended.ended(Timestamp(10)), Err(SessionError::Closed));
    }
}
