//! One entry of the channel log: what was said on the wire in one exchange, secrets already removed.

use crate::domain::id::{DeliveryId, ExtensionId, MessageId, TrunkId};
use crate::domain::time::Timestamp;
use std::time::Duration;

/// What an exchange was for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A message to a carrier.
    Send,
    /// A carrier's call to us.
    Webhook,
    /// A SIP request, either way.
    Sip,
    /// A test of a trunk.
    Test,
    /// A question to a carrier.
    Ask,
}

impl Purpose {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Send => "send",
            Purpose::Webhook => "webhook",
            Purpose::Sip => "sip",
            Purpose::Test => "test",
            Purpose::Ask => "ask",
        }
    }
}

/// Longest request or answer that is kept, in bytes.
pub const KEPT_BYTES_MAX: usize = 8 * 1024;

/// An exchange to be kept. Whoever makes one has removed the secrets.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it began.
    pub at: Timestamp,
    /// With which trunk.
    pub trunk: Option<TrunkId>,
    /// With which extension's phone.
    pub extension: Option<ExtensionId>,
    /// About which message.
    pub message: Option<MessageId>,
    /// About which of its deliveries.
    pub delivery: Option<DeliveryId>,
    /// Who asked: `Out`, we did.
    pub direction: crate::domain::message::Direction,
    /// What for.
    pub purpose: Purpose,
    /// How long it took.
    pub took: Duration,
    /// The status on the wire: `200`, `timeout`.
    pub status: String,
    /// Whether it went well: a carrier's error inside a 200 did not.
    pub good: bool,
    /// What it meant, in a few words.
    pub outcome: String,
    /// The request, at most [`KEPT_BYTES_MAX`].
    pub request: String,
    /// The answer, at most [`KEPT_BYTES_MAX`].
    pub answer: String,
}
