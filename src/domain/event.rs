//! What happened, in the past tense. Events are published after the commit and carry kinds and ids, never contents.

use crate::domain::id::{CampaignId, ExtensionId, ImportId, MessageId, SessionId, SourceId, TrunkId};

/// Something that is now on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A message was filed in a session.
    MessageFiled {
        /// Where.
        session: SessionId,
        /// Which.
        message: MessageId,
    },
    /// A session was opened, changed hands or ended.
    SessionChanged {
        /// Which.
        session: SessionId,
    },
    /// A delivery of a message moved on.
    DeliveryChanged {
        /// Where.
        session: SessionId,
        /// Of which message.
        message: MessageId,
    },
    /// A trunk's state or settings changed.
    TrunkChanged {
        /// Which.
        trunk: TrunkId,
    },
    /// A phone came, went, or an extension was edited.
    ExtensionChanged {
        /// Which.
        extension: ExtensionId,
    },
    /// Channels, numbers, queues, users or the like were edited.
    SettingsChanged,
    /// What is wrong with the house itself changed.
    TroublesChanged,
    /// A file of a message was fetched, given up or thrown away.
    AttachmentChanged {
        /// Where.
        session: SessionId,
        /// Of which message.
        message: MessageId,
    },
    /// Contacts or phonebooks were made, changed or deleted.
    ContactsChanged,
    /// A source of contacts was edited, or is read, or was.
    SourceChanged {
        /// Which.
        source: SourceId,
    },
    /// A file of contacts got further, or ended.
    ImportChanged {
        /// Which.
        import: ImportId,
    },
    /// A file waits at a carrier.
    FilesRung,
    /// A campaign was edited, moved on, or its ledger did.
    CampaignChanged {
        /// Which.
        campaign: CampaignId,
    },
    /// Somebody opted out, or took it back.
    OptOutsChanged,
    /// Something waits in the outbox.
    OutboxRung,
    /// A delivery report wants to be shown on the phone that wrote the message.
    ReceiptDue {
        /// Of which message.
        message: MessageId,
    },
}
