//! What a try means for its delivery: whether it is with the carrier or phone, over, tried again, or waits.

use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::event::Event;
use crate::domain::reason::{Reason, ReasonCode};
use crate::egress::outcome::Outcome;
use crate::flow::desk::Desk;
use crate::flow::outbox::claim::Board;
use crate::flow::outbox::health::{FAILURES_MAX, Sign, Turn};
use crate::flow::outbox::lines::Lines;
use crate::store::deliveries::{Leased, Line};
use std::time::Duration;

/// A trunk with a wrong setting or no credit is tried again this often; mending it in the portal wakes it at once.
const TRUNK_PAUSE: Duration = Duration::from_secs(300);

/// A throttled trunk that lets us wait longer than this is no reason to wait, where there is a second way.
pub const SHORT_WAIT: Duration = Duration::from_secs(60);

/// How often a phone may answer that it failed (5xx, 6xx) before the text is given up.
const PHONE_FAILURES_MAX: u32 = 6;

/// What a try means for its delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// It is with the carrier or phone.
    Sent {
        /// The carrier's id.
        carrier_id: Option<String>,
        /// Segments, if the carrier counted.
        segments: Option<u32>,
        /// The carrier's ids of the further parts.
        parts: Vec<String>,
    },
    /// It is over.
    Over {
        /// `Failed` or `Uncertain`.
        state: DeliveryState,
        /// Why.
        reason: Reason,
    },
    /// It is tried again after this long; its lane waits with it.
    Again {
        /// From now.
        after: Duration,
        /// Why it waits.
        reason: Reason,
        /// Whether this counts as a try.
        counts: bool,
        /// Whether this try may have been taken.
        in_doubt: bool,
        /// Whether it may leave over its channel's second way instead: it was certainly not taken here, and it will be a while.
        elsewhere: bool,
    },
    /// It waits for the phone to register.
    UntilItIsBack,
}

impl Next {
    /// Whether the rest of the lane must wait too.
    pub fn waits(&self) -> bool {
        matches!(self, Next::Again { .. } | Next::UntilItIsBack)
    }
}

/// Decides; also makes the trunk wait where the carrier asked for it.
pub fn decide<L: Lines>(desk: &Desk, lines: &L, board: &Board, leased: &Leased, outcome: &Outcome) -> Next {
    let tries = leased.delivery.tries;
    match outcome {
        Outcome::Taken { carrier_id, segments, parts } => {
            Next::Sent { carrier_id: carrier_id.clone(), segments: *segments, parts: parts.clone() }
        }
        Outcome::Absent => Next::UntilItIsBack,
        Outcome::Never { reason } => Next::Over { state: DeliveryState::Failed, reason: reason.clone() },
        Outcome::Later { reason } if will_not(reason, tries) => {
            let reason = Reason { code: ReasonCode::PhoneRefused, ..reason.clone() };
            Next::Over { state: DeliveryState::Failed, reason }
        }
        Outcome::Later { reason } => again(board.pause(tries, 15, 600), reason.clone()),
        Outcome::Unknown { why } => {
            unknown(desk, lines, board, leased, Reason::of(ReasonCode::CarrierSilent).saying(why))
        }
        Outcome::Refused(error) => refused(desk, lines, board, leased, error),
    }
}

/// One text must not block a phone for days: a decline is final, and so is a phone that fails at it again and again.
fn will_not(reason: &Reason, tries: u32) -> bool {
    let status: u16 = reason.carrier_code.as_deref().and_then(|code| code.parse().ok()).unwrap_or(0);
    match status {
        603 => true,
        503 | 504 => false,
        500..=699 => tries >= PHONE_FAILURES_MAX,
        _ => false,
    }
}

fn again(after: Duration, reason: Reason) -> Next {
    Next::Again { after, reason, counts: true, in_doubt: false, elsewhere: false }
}

/// What a try says about how its trunk bears up. Whether it answers again after a time in which it did not.
pub fn note_health(desk: &Desk, board: &Board, leased: &Leased, outcome: &Outcome) -> bool {
    let Line::Carrier { trunk, .. } = leased.delivery.line else { return false };
    let sign = match outcome {
        Outcome::Refused(SendError::Unreachable { .. } | SendError::Unreadable { .. }) | Outcome::Unknown { .. } => {
            Sign::Failed
        }
        _ => Sign::Answered,
    };
    match board.note(trunk, sign, desk.clock.monotonic()) {
        Turn::None => return false,
        Turn::Opened(pause) => tracing::warn!(
            trunk.id = %trunk,
            "Trunk {trunk} failed {FAILURES_MAX} times in a row or its probe failed: nothing is sent over it for {} s",
            pause.as_secs()
        ),
        Turn::Closed => tracing::info!(trunk.id = %trunk, "Trunk {trunk} answers again"),
    }
    desk.bus.publish(&[Event::TroublesChanged]);
    !board.health(trunk, desk.clock.monotonic()).interrupted
}

fn refused<L: Lines>(desk: &Desk, lines: &L, board: &Board, leased: &Leased, error: &SendError) -> Next {
    let reason = error.reason();
    let tries = leased.delivery.tries;
    let hold = |pause: Duration| {
        if let Line::Carrier { trunk, .. } = leased.delivery.line {
            board.hold(trunk, desk.clock.monotonic() + pause);
        }
    };
    match error {
        SendError::Rejected { .. } | SendError::OptedOut { .. } => Next::Over { state: ended_badly(leased), reason },
        SendError::Unreadable { .. } => unknown(desk, lines, board, leased, reason),
        _ if tries >= desk.rules.carrier_tries_max => Next::Over {
            state: ended_badly(leased),
            reason: Reason::of(ReasonCode::TriesUsedUp).saying(reason.code.english()),
        },
        SendError::Throttled { retry_after } => {
            let after = retry_after.unwrap_or_else(|| board.pause(tries, 1, 60)).min(Duration::from_secs(3600));
            if let Line::Carrier { trunk, .. } = leased.delivery.line {
                let now = desk.clock.monotonic();
                board.slow_down(trunk, now + after, now);
            }
            // Not a try: the carrier did not look at it. Its expiry bounds how long it waits.
            Next::Again { after, reason, counts: false, in_doubt: false, elsewhere: after > SHORT_WAIT }
        }
        SendError::Unreachable { .. } => {
            let after = board.pause(tries, 5, 300);
            Next::Again { after, reason, counts: true, in_doubt: false, elsewhere: true }
        }
        SendError::Misconfigured { .. } | SendError::NoCredit { .. } => {
            hold(TRUNK_PAUSE);
            Next::Again { after: TRUNK_PAUSE, reason, counts: false, in_doubt: false, elsewhere: true }
        }
    }
}

/// What an earlier try may have handed over is never said to have failed.
fn ended_badly(leased: &Leased) -> DeliveryState {
    if leased.delivery.in_doubt { DeliveryState::Uncertain } else { DeliveryState::Failed }
}

/// The message may have been taken. Only where a repetition is harmless, or wanted, is it sent again; not for ever.
/// Else it is uncertain, and the carrier is asked; see [`crate::flow::outbox::ask`].
fn unknown<L: Lines>(desk: &Desk, lines: &L, board: &Board, leased: &Leased, reason: Reason) -> Next {
    let tries = leased.delivery.tries;
    match leased.delivery.line {
        Line::Carrier { trunk, .. } if tries >= desk.rules.carrier_tries_max || !lines.is_idempotent(trunk) => {
            Next::Over { state: DeliveryState::Uncertain, reason }
        }
        _ => Next::Again { after: board.pause(tries, 15, 600), reason, counts: true, in_doubt: true, elsewhere: false },
    }
}
