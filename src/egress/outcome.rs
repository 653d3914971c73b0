//! How a try ended, as the outbox needs to know it, and what was said on the wire meanwhile.

use crate::domain::delivery::SendError;
use crate::domain::exchange::Exchange;
use crate::domain::reason::{Reason, ReasonCode};

/// How one try to hand over a delivery ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The carrier or phone took it.
    Taken {
        /// The carrier's id for it.
        carrier_id: Option<String>,
        /// How many segments the carrier counted.
        segments: Option<u32>,
        /// Its ids for the further parts, where it reports each part by itself.
        parts: Vec<String>,
    },
    /// A carrier did not take it; the error decides what happens next.
    Refused(SendError),
    /// The call was made and no answer was seen: the carrier may have taken it.
    Unknown {
        /// What happened, for the operator.
        why: String,
    },
    /// The phone is not registered: it waits for the next registration.
    Absent,
    /// The phone was reached or tried, and cannot take it now (busy, silent, overloaded): later, with the same Call-ID.
    Later {
        /// Why, with the phone's status beside it.
        reason: Reason,
    },
    /// The phone will never take this one.
    Never {
        /// Why, with the phone's status beside it.
        reason: Reason,
    },
}

/// A try: how it ended and what was said.
#[derive(Clone, Debug)]
pub struct Tried {
    /// How it ended.
    pub outcome: Outcome,
    /// Every exchange of it, secrets removed.
    pub exchanges: Vec<Exchange>,
}

impl Tried {
    /// It will never be taken, without a word on the wire.
    pub fn never(why: &str) -> Tried {
        let reason = Reason::of(ReasonCode::PhoneRefused).saying(why);
        Tried { outcome: Outcome::Never { reason }, exchanges: Vec::new() }
    }

    /// It cannot be tried now, without a word on the wire.
    pub fn later(why: &str) -> Tried {
        let reason = Reason::of(ReasonCode::PhoneUnreachable).saying(why);
        Tried { outcome: Outcome::Later { reason }, exchanges: Vec::new() }
    }
}
