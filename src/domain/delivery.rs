//! One message to one destination: its state, which only moves forward, and why it failed.

use crate::domain::reason::{Reason, ReasonCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The state of a delivery, in the order it moves through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waiting in the outbox.
    Queued,
    /// Leased: a call to the carrier or phone may be under way.
    Sending,
    /// The carrier or phone took it.
    Sent,
    /// The carrier says it reached the handset.
    Delivered,
    /// The peer opened it.
    Read,
    /// Never reached the carrier, or the carrier refused it.
    Failed,
    /// The carrier took it and gave up.
    Undelivered,
    /// No answer was seen and the carrier offers no way to know.
    Uncertain,
    /// Not sent on purpose: opted out, duplicate, invalid.
    Skipped,
    /// Taken back while still queued.
    Cancelled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [DeliveryState; 10] = [
        DeliveryState::Queued,
        DeliveryState::Sending,
        DeliveryState::Sent,
        DeliveryState::Delivered,
        DeliveryState::Read,
        DeliveryState::Failed,
        DeliveryState::Undelivered,
        DeliveryState::Uncertain,
        DeliveryState::Skipped,
        DeliveryState::Cancelled,
    ];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Queued => "queued",
            DeliveryState::Sending => "sending",
            DeliveryState::Sent => "sent",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Read => "read",
            DeliveryState::Failed => "failed",
            DeliveryState::Undelivered => "undelivered",
            DeliveryState::Uncertain => "uncertain",
            DeliveryState::Skipped => "skipped",
            DeliveryState::Cancelled => "cancelled",
        }
    }

    /// Reads [`DeliveryState::as_str`].
    pub fn from_word(word: &str) -> Option<DeliveryState> {
        DeliveryState::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The state after a carrier's report says `reported`, or `None` where the report is old news.
    ///
    /// Reports come in any order, twice, and sometimes before the answer to the send. `delivered` and `read` are the
    /// strongest words; a late `failed` never takes them back. A report also settles what was `uncertain`.
    pub fn after_report(self, reported: DeliveryState) -> Option<DeliveryState> {
        use DeliveryState::*;
        let rank = |state: DeliveryState| match state {
            Queued => 0,
            Sending => 1,
            Uncertain => 2,
            Sent => 3,
            Failed | Undelivered => 4,
            Delivered => 5,
            Read => 6,
            Skipped | Cancelled => 7,
        };
        let speaks = matches!(reported, Sent | Delivered | Read | Failed | Undelivered);
        (speaks && rank(reported) > rank(self)).then_some(reported)
    }

    /// Whether nothing more is expected.
    pub fn is_final(self) -> bool {
        use DeliveryState::*;
        matches!(self, Read | Failed | Undelivered | Skipped | Cancelled)
    }
}

/// Why a message was not taken. It decides what happens next, so nobody downstream has to.
///
/// Every variant says that the carrier certainly did not take the message, except [`SendError::Unreadable`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Too fast: try again after this long; everyone on the trunk slows down.
    Throttled {
        /// What the carrier asked for (429, Retry-After), if it said.
        retry_after: Option<Duration>,
    },
    /// Not reached, or reached and "not now" (refused connection, DNS, 503): try again with growing pauses.
    Unreachable {
        /// What happened, for the operator.
        why: String,
    },
    /// The carrier refused this very message: no use in trying again.
    Rejected {
        /// Why, in our words, with the carrier's code beside it.
        reason: Reason,
    },
    /// The carrier knows that this peer refused us.
    OptedOut {
        /// The carrier's code beside ours.
        reason: Reason,
    },
    /// Credentials or settings are wrong: the trunk stops until somebody mends it.
    Misconfigured {
        /// Why, in our words.
        reason: Reason,
    },
    /// No credit at the carrier: the trunk stops until it is topped up.
    NoCredit {
        /// The carrier's code beside ours.
        reason: Reason,
    },
    /// An answer came that cannot be read (garbage in a 200, a 500, a 502, a 504): the message may have been taken.
    Unreadable {
        /// What came, shortened.
        why: String,
    },
}

impl SendError {
    /// The reason as it is kept beside the delivery.
    pub fn reason(&self) -> Reason {
        match self {
            SendError::Throttled { .. } => Reason::of(ReasonCode::CarrierThrottled),
            SendError::Unreachable { why } => Reason::of(why_unreachable(why)).saying(why),
            SendError::Rejected { reason }
            | SendError::OptedOut { reason }
            | SendError::Misconfigured { reason }
            | SendError::NoCredit { reason } => reason.clone(),
            SendError::Unreadable { why } => Reason::of(ReasonCode::CarrierUnreadable).saying(why),
        }
    }
}

/// What stands in the way, told apart by the words of net/dial.rs: a name nobody knows and an identity that cannot be
/// checked are mended by different people.
fn why_unreachable(why: &str) -> ReasonCode {
    if why.contains(": TLS: ") && why.contains("certificate") {
        ReasonCode::CarrierNotAuthentic
    } else if why.contains(": no address found") {
        ReasonCode::CarrierNotFound
    } else {
        ReasonCode::CarrierUnreachable
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryState::*;
    use super::*;

    #[test]
    fn a_delivery_only_moves_forward() {
        for before in DeliveryState::ALL {
            for reported in DeliveryState::ALL {
                let Some(after) = before.after_report(reported) else { continue };

                assert_eq!(after, reported);
                assert_eq!(after.after_report(before), None, "{before:?} -> {after:?} must not go back");
            }
        }
    }

    #[test]
    fn a_late_sent_does_not_hide_delivered() {
        assert_eq!(Delivered.after_report(Sent), None);
        assert_eq!(Sending.after_report(Delivered), Some(Delivered));
        assert_eq!(Uncertain.after_report(Delivered), Some(Delivered));
        assert_eq!(Delivered.after_report(Undelivered), None);
        assert_eq!(Undelivered.after_report(Delivered), Some(Delivered));
    }

    #[test]
    fn words_read_back() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::from_word(state.as_str()), Some(state));
        }
    }
}
