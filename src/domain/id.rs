//! A type for each kind of thing, so that ids cannot be swapped. All are SQLite row ids.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

ids! {
    /// A connection to the outside.
    TrunkId,
    /// A configured presence of one kind on one trunk.
    ChannelId,
    /// One of our numbers.
    NumberId,
    /// The outside party of sessions.
    PeerId,
    /// The conversation of one peer with one of our numbers on one channel.
    SessionId,
    /// A message queue.
    QueueId,
    /// A SIP user of the PBX.
    ExtensionId,
    /// What was said.
    MessageId,
    /// One message to one destination: a row of the outbox.
    DeliveryId,
    /// Who may log in to the portal.
    UserId,
    /// One portal login.
    LoginId,
    /// Where an extension can be reached now.
    BindingId,
    /// One recorded exchange.
    ExchangeId,
    /// One step in the life of a session.
    SessionEventId,
    /// A file that belongs to a message.
    AttachmentId,
    /// A file that somebody put here and has not sent yet.
    UploadId,
    /// An address under which files of a message can be fetched for a while.
    MediaLinkId,
    /// A book of contacts.
    PhonebookId,
    /// A person in a phonebook.
    ContactId,
    /// Where contacts are read from.
    SourceId,
    /// A file of contacts on its way into a phonebook.
    ImportId,
    /// A bulk sending.
    CampaignId,
    /// One line of its ledger.
    RecipientId,
    /// A table of recipients that somebody uploaded.
    ListId,
    /// A standing refusal.
    OptOutId,
}
