//! What comes of a try: the outcome decides the next state, and result, channel log and early reports are one transaction.

use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::TrunkId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::flow::desk::Desk;
use crate::flow::outbox::claim::Board;
use crate::flow::outbox::lines::Lines;
use crate::flow::report::move_forward;
use crate::store::deliveries::{Delivery, Leased, Line, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A trunk with a wrong setting or no credit is tried again this often; mending it in the portal wakes it at once.
const TRUNK_PAUSE: Duration = Duration::from_secs(300);

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
        Outcome::Taken { carrier_id, segments } => Next::Sent { carrier_id: carrier_id.clone(), segments: *segments },
        Outcome::Absent => Next::UntilItIsBack,
        Outcome::Never { reason } => Next::Over { state: DeliveryState::Failed, reason: reason.clone() },
        Outcome::Later { reason } if will_not(reason, tries) => {
            let reason = Reason { code: ReasonCode::PhoneRefused, ..reason.clone() };
            Next::Over { state: DeliveryState::Failed, reason }
        }
        Outcome::Later { reason } => again(pause(tries, 15, 600), reason.clone()),
        Outcome::Unknown { why } => unknown(desk, lines, leased, Reason::of(ReasonCode::CarrierSilent).saying(why)),
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
    Next::Again { after, reason, counts: true, in_doubt: false }
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
        SendError::Unreadable { .. } => unknown(desk, lines, leased, reason),
        _ if tries >= desk.rules.carrier_tries_max => Next::Over {
            state: ended_badly(leased),
            reason: Reason::of(ReasonCode::TriesUsedUp).saying(reason.code.english()),
        },
        SendError::Throttled { retry_after } => {
            let after = retry_after.unwrap_or_else(|| pause(tries, 1, 60)).min(Duration::from_secs(3600));
            hold(after);
            // Not a try: the carrier did not look at it. Its expiry bounds how long it waits.
            Next::Again { after, reason, counts: false, in_doubt: false }
        }
        SendError::Unreachable { .. } => again(pause(tries, 5, 300), reason),
        SendError::Misconfigured { .. } | SendError::NoCredit { .. } => {
            hold(TRUNK_PAUSE);
            Next::Again { after: TRUNK_PAUSE, reason, counts: false, in_doubt: false }
        }
    }
}

/// What an earlier try may have handed over is never said to have failed.
fn ended_badly(leased: &Leased) -> DeliveryState {
    if leased.delivery.in_doubt { DeliveryState::Uncertain } else { DeliveryState::Failed }
}

/// The message may have been taken. Only where a repetition is harmless, or wanted, is it sent again; not for ever.
fn unknown<L: Lines>(desk: &Desk, lines: &L, leased: &Leased, reason: Reason) -> Next {
    let tries = leased.delivery.tries;
    match leased.delivery.line {
        Line::Carrier { trunk, .. } if tries >= desk.rules.carrier_tries_max || !lines.may_repeat(trunk) => {
            Next::Over { state: DeliveryState::Uncertain, reason }
        }
        _ => Next::Again { after: pause(tries, 15, 600), reason, counts: true, in_doubt: true },
    }
}

/// Growing pauses, doubled each time up to `most`, with a quarter of jitter so that a thousand do not come back at once.
fn pause(tries: u32, first_s: u64, most_s: u64) -> Duration {
    let base_ms = (first_s << tries.saturating_sub(1).min(16)).min(most_s) * 1000;
    let mut random = [0_u8; 2];
    getrandom::fill(&mut random).expect("the system's random numbers");
    let share = u64::from(u16::from_le_bytes(random));
    Duration::from_millis(base_ms - base_ms / 4 * share / u64::from(u16::MAX))
}

/// Writes down what came of a try, and does not let go before it is on disk: the lane waits, and so does the way out.
pub async fn write(desk: Desk, leased: Leased, tried: Tried, next: Next) {
    let kept = Arc::new((leased, tried, next));
    let id = kept.0.delivery.id;
    until_written(&desk, &format!("What came of delivery {id}"), || {
        let kept = Arc::clone(&kept);
        let now = desk.now();
        desk.store.write_together(move |tx| {
            let (leased, tried, next) = &*kept;
            for exchange in &tried.exchanges {
                tx.insert_exchange(&Exchange { delivery: Some(id), ..exchange.clone() })?;
            }
            note_trunk(tx, leased, &tried.outcome, now)?;
            apply(tx, leased, next, now)
        })
    })
    .await;
}

/// A full disk or a busy database pass; a closed one does not, and a row that breaks a rule never will.
async fn until_written<F>(desk: &Desk, what: &str, mut write: impl FnMut() -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut pause = Duration::from_millis(200);
    while let Err(error) = write().await {
        let hopeless = matches!(error, StoreError::Closed | StoreError::Constraint(_) | StoreError::Unreadable(_));
        tracing::error!(%error, "{what} could not be stored{}: {error}", if hopeless { "" } else { " yet" });
        if hopeless {
            return;
        }
        desk.clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

fn apply(tx: &Tx<'_>, leased: &Leased, next: &Next, now: Timestamp) -> Result<(), StoreError> {
    let delivery = &leased.delivery;
    if let Next::Sent { carrier_id, segments } = next
        && tx.settle_sent(delivery.id, &delivery.reference, carrier_id.as_deref(), now)?
    {
        // Still under this claim, as nearly always: there is no need to look first.
        return taken(tx, delivery, DeliveryState::Sent, (carrier_id.as_deref(), *segments), now);
    }
    let Some(current) = tx.delivery(delivery.id)? else { return Ok(()) };
    if current.reference != delivery.reference {
        // Somebody has it sent anew meanwhile: this try no longer counts.
        return Ok(());
    }
    if current.state != DeliveryState::Sending && !matches!(next, Next::Sent { .. }) {
        // A report was faster than this end of the call, and it knows.
        return Ok(());
    }
    match next {
        waiting if waiting.waits() && taken_back(tx, delivery, now)? => {}
        Next::Sent { carrier_id, segments } => {
            // A report by our own reference was faster than this answer; only the carrier's id is news.
            tx.settle(current.id, current.state, carrier_id.as_deref(), current.reason.as_ref(), now)?;
            return taken(tx, delivery, current.state, (carrier_id.as_deref(), *segments), now);
        }
        Next::Over { state, reason } => {
            tx.settle(delivery.id, *state, None, Some(reason), now)?;
            if delivery.phone.is_some() && *state == DeliveryState::Failed {
                tx.emit(Event::ReceiptDue { message: delivery.message });
            }
        }
        Next::Again { after, reason, counts, in_doubt } => {
            if *in_doubt {
                tx.set_in_doubt(delivery.id, true)?;
            }
            // A phone that registered anew during this try is tried where it is now, not after a pause.
            let due_at = if tx.came_back_meanwhile(delivery.id)? { now } else { now.plus(*after) };
            tx.put_back(delivery, due_at, Some(reason), *counts, now)?;
        }
        Next::UntilItIsBack => {
            // It may have registered between the look and now: then its lane is woken already, and this must not undo it.
            let due_at = if tx.came_back_meanwhile(delivery.id)? { now } else { delivery.expires_at };
            tx.put_back(delivery, due_at, Some(&Reason::of(ReasonCode::PhoneUnreachable)), false, now)?;
        }
    }
    tx.emit(Event::DeliveryChanged { session: delivery.session, message: delivery.message });
    Ok(())
}

/// It is with the carrier or phone: under the carrier's id, reports that overtook this answer are found and count now.
fn taken(
    tx: &Tx<'_>,
    delivery: &Delivery,
    mut state: DeliveryState,
    (carrier_id, segments): (Option<&str>, Option<u32>),
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(segments) = segments {
        tx.set_segments(delivery.message, segments)?;
    }
    if let (Line::Carrier { trunk, .. }, Some(carrier_id)) = (&delivery.line, carrier_id) {
        for (reported, reason) in tx.take_early_reports(*trunk, carrier_id)? {
            let so_far = Delivery { state, ..delivery.clone() };
            move_forward(tx, &so_far, reported, reason.as_ref(), None, now)?;
            state = state.after_report(reported).unwrap_or(state);
        }
    }
    tx.emit(Event::DeliveryChanged { session: delivery.session, message: delivery.message });
    Ok(())
}

/// The trunk's own state follows from what its carrier says; only a change is written.
fn note_trunk(tx: &Tx<'_>, leased: &Leased, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
    let Line::Carrier { trunk, .. } = leased.delivery.line else { return Ok(()) };
    let (state, reason) = match outcome {
        Outcome::Taken { .. } => ("ok", None),
        Outcome::Refused(error @ SendError::Misconfigured { .. }) => ("misconfigured", Some(error.reason())),
        Outcome::Refused(error @ SendError::NoCredit { .. }) => ("no_credit", Some(error.reason())),
        Outcome::Refused(error @ SendError::Unreachable { .. }) => ("unreachable", Some(error.reason())),
        _ => return Ok(()),
    };
    note_state(tx, trunk, state, reason.as_ref(), now)
}

fn note_state(
    tx: &Tx<'_>,
    trunk: TrunkId,
    state: &str,
    reason: Option<&Reason>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if tx.note_trunk_sent(trunk, state, reason, now)? {
        tracing::info!(trunk.id = %trunk, "Trunk {trunk} is now {state}");
        tx.emit(Event::TrunkChanged { trunk });
    }
    Ok(())
}

/// Puts back what was claimed and not tried, because the one before it in the lane must wait.
pub async fn put_back_untried(desk: &Desk, untried: Vec<Leased>) {
    if untried.is_empty() {
        return;
    }
    let untried = Arc::new(untried);
    until_written(desk, "What was not tried", || {
        let untried = Arc::clone(&untried);
        let now = desk.now();
        desk.store.write(move |tx| {
            for leased in untried.iter() {
                if taken_back(tx, &leased.delivery, now)? {
                    continue;
                }
                // Behind the one that waits: the lane's due time was moved when that was put back.
                let due_at = tx.lane_due_at(&leased.delivery.lane)?.unwrap_or(now);
                tx.put_back(&leased.delivery, due_at, leased.delivery.reason.as_ref(), false, now)?;
            }
            Ok::<_, StoreError>(())
        })
    })
    .await;
}

/// A ring that was under way while somebody else took the conversation is not tried again: its phone was told.
fn taken_back(tx: &Tx<'_>, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
    let Line::Extension(extension) = delivery.line else { return Ok(false) };
    if delivery.priority != Priority::Reply {
        return Ok(false);
    }
    let rings = match tx.session(delivery.session)?.map(|session| session.state) {
        Some(SessionState::Held { extension: holder }) => holder == extension,
        Some(SessionState::Waiting { queue }) => tx.is_agent_of(extension, queue)?,
        Some(SessionState::Closed) | None => false,
    };
    if !rings {
        tx.settle(delivery.id, DeliveryState::Cancelled, None, None, now)?;
    }
    Ok(!rings)
}
