//! What comes of a try: the outcome decides the next state, and result, channel log and early reports are one transaction.

use crate::domain::channel::ChannelKind;
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::{DeliveryId, TrunkId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::flow::desk::Desk;
use crate::flow::outbox::claim::Board;
use crate::flow::outbox::health::{FAILURES_MAX, Sign, Turn};
use crate::flow::outbox::lines::Lines;
use crate::flow::report::{move_forward, part_reported};
use crate::flow::send::note_cost;
use crate::store::deliveries::{Delivery, Leased, Line, Priority};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::opt_outs::NewOptOut;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A trunk with a wrong setting or no credit is tried again this often; mending it in the portal wakes it at once.
const TRUNK_PAUSE: Duration = Duration::from_secs(300);

/// A throttled trunk that lets us wait longer than this is no reason to wait, where there is a second way.
pub const SHORT_WAIT: Duration = Duration::from_secs(60);

/// How often a phone may answer that it failed (5xx, 6xx) before the text is given up.
const PHONE_FAILURES_MAX: u32 = 6;

/// How long a ring may stand behind others of its phone before it is asked once more whether it still rings.
const STOOD_LONG: Duration = Duration::from_secs(2);

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

/// Writes down what came of a try, and does not let go before it is on disk: the lane waits, and so does the way out.
pub async fn write(desk: Desk, board: Board, leased: Leased, tried: Tried, next: Next, answers_again: bool) {
    let kept = Arc::new((leased, tried, next));
    let id = kept.0.delivery.id;
    until_written(
        &desk,
        || format!("What came of delivery {id}"),
        || {
            let kept = Arc::clone(&kept);
            let (now, monotonic, board) = (desk.now(), desk.clock.monotonic(), board.clone());
            desk.store.write_together(move |tx| {
                let (leased, tried, next) = &*kept;
                for exchange in &tried.exchanges {
                    tx.insert_exchange(&Exchange { delivery: Some(id), ..exchange.clone() })?;
                }
                note_trunk(tx, leased, &tried.outcome, now)?;
                note_opt_out(tx, leased, &tried.outcome, now)?;
                if let Line::Carrier { trunk, .. } = leased.delivery.line
                    && answers_again
                {
                    tx.wake_trunk(trunk, now)?;
                    tx.emit(Event::OutboxRung);
                }
                let may_leave = |trunk| board.wait(trunk, monotonic).is_zero();
                apply(tx, leased, next, &may_leave, now)
            })
        },
    )
    .await;
}

/// A full disk or a busy database pass; a closed one does not, and a row that breaks a rule never will.
async fn until_written<F>(desk: &Desk, what: impl Fn() -> String, mut write: impl FnMut() -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut pause = Duration::from_millis(200);
    while let Err(error) = write().await {
        let hopeless = matches!(error, StoreError::Closed | StoreError::Constraint(_) | StoreError::Unreadable(_));
        let what = what();
        tracing::error!(%error, "{what} could not be stored{}: {error}", if hopeless { "" } else { " yet" });
        if hopeless {
            return;
        }
        desk.clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

fn apply(
    tx: &Tx<'_>,
    leased: &Leased,
    next: &Next,
    may_leave: &dyn Fn(TrunkId) -> bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let delivery = &leased.delivery;
    if let Next::Sent { carrier_id, segments, parts } = next
        && tx.settle_sent(delivery.id, &delivery.reference, carrier_id.as_deref(), now)?
    {
        // Still under this claim, as nearly always: there is no need to look first.
        return taken(tx, delivery, DeliveryState::Sent, (carrier_id.as_deref(), *segments, parts), now);
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
        Next::Sent { carrier_id, segments, parts } => {
            // A report by our own reference was faster than this answer; only the carrier's id is news.
            tx.settle(current.id, current.state, carrier_id.as_deref(), current.reason.as_ref(), now)?;
            return taken(tx, delivery, current.state, (carrier_id.as_deref(), *segments, parts), now);
        }
        Next::Over { state, reason } => {
            tx.settle(delivery.id, *state, None, Some(reason), now)?;
            if delivery.phone.is_some() && *state == DeliveryState::Failed {
                tx.emit(Event::ReceiptDue { message: delivery.message });
            }
        }
        Next::Again { after, reason, counts, in_doubt, elsewhere } => {
            if *in_doubt {
                tx.set_in_doubt(delivery.id, true)?;
            }
            // A phone that registered anew during this try is tried where it is now, not after a pause.
            let due_at = if tx.came_back_meanwhile(delivery.id)? { now } else { now.plus(*after) };
            tx.put_back(delivery, due_at, Some(reason), *counts, now)?;
            // Once at once; a second way that fails, too, is tried with the usual pauses.
            if *elsewhere && !delivery.in_doubt && delivery.moved_from.is_none() {
                fail_over(tx, delivery, may_leave, now)?;
            }
        }
        Next::UntilItIsBack => {
            // It may have registered between the look and now: then its lane is woken already, and this must not undo it.
            let due_at = if tx.came_back_meanwhile(delivery.id)? { now } else { delivery.expires_at };
            tx.put_back(delivery, due_at, Some(&Reason::of(ReasonCode::PhoneUnreachable)), false, now)?;
        }
    }
    tx.emit_moved(delivery)?;
    Ok(())
}

/// What the trunk certainly did not take leaves over the channel's second way, and all behind it in its lane.
pub fn fail_over(
    tx: &Tx<'_>,
    delivery: &Delivery,
    may_leave: &dyn Fn(TrunkId) -> bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some((number, trunk)) = tx.other_way(delivery)?.filter(|(_, trunk)| may_leave(*trunk)) else {
        return Ok(false);
    };
    // Files were made to fit this trunk's carrier, and the other may take none: they wait with all that is behind them.
    if tx.lane_has_files(&delivery.lane)? {
        return Ok(false);
    }
    let moved = tx.move_lane(delivery, (number, trunk), now)?;
    tracing::info!(
        delivery.id = %delivery.id,
        "Delivery {} and {} behind it leave over trunk {trunk}: their own cannot take them now",
        delivery.id,
        moved.saturating_sub(1)
    );
    if moved > 0 {
        tx.emit_moved(delivery)?;
        tx.emit(Event::OutboxRung);
    }
    Ok(moved > 0)
}

/// What the carrier said when it took a message: its id, segments, the ids of further parts.
type Word<'a> = (Option<&'a str>, Option<u32>, &'a [String]);

/// It is with the carrier or phone: under the carrier's id, reports that overtook this answer are found and count now.
fn taken(
    tx: &Tx<'_>,
    delivery: &Delivery,
    mut state: DeliveryState,
    (carrier_id, segments, parts): Word<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let (Line::Carrier { number, to, .. }, Some(segments)) = (&delivery.line, segments) {
        tx.set_segments(delivery.message, segments)?;
        note_cost(tx, delivery.message, *number, to, segments)?;
    }
    if let (Line::Carrier { trunk, .. }, Some(carrier_id)) = (&delivery.line, carrier_id) {
        if !parts.is_empty() {
            sent_in_parts(tx, delivery.id, *trunk, carrier_id, parts, now)?;
        }
        for (reported, reason) in tx.take_early_reports(*trunk, carrier_id)? {
            let so_far = Delivery { state, ..delivery.clone() };
            move_forward(tx, &so_far, reported, reason.as_ref(), None, now)?;
            state = state.after_report(reported).unwrap_or(state);
        }
    }
    tx.emit_moved(delivery)?;
    Ok(())
}

/// Each part is reported by itself, also those whose reports overtook this answer.
pub fn sent_in_parts(
    tx: &Tx<'_>,
    id: DeliveryId,
    trunk: TrunkId,
    first: &str,
    further: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<&str> = std::iter::once(first).chain(further.iter().map(String::as_str)).collect();
    tx.insert_parts(id, trunk, &ids)?;
    for part in ids {
        for (state, reason) in tx.take_early_reports(trunk, part)? {
            if let Some(delivery) = tx.delivery(id)? {
                part_reported(tx, &delivery, trunk, part, state, reason.as_ref(), now)?;
            }
        }
    }
    Ok(())
}

/// A refusal because the peer stopped marketing stands in the list: nobody runs into it twice.
fn note_opt_out(tx: &Tx<'_>, leased: &Leased, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
    let Outcome::Refused(SendError::OptedOut { reason }) = outcome else { return Ok(()) };
    let Line::Carrier { number, .. } = leased.delivery.line else { return Ok(()) };
    let Some(session) = tx.session(leased.delivery.session)? else { return Ok(()) };
    let new = NewOptOut {
        address: &session.peer_address,
        scope: Scope::Number { number },
        // WhatsApp refuses only advertising to them; a text message is refused whatever it says.
        marketing_only: leased.kind == ChannelKind::WhatsApp,
        source: OptOutSource::Refusal,
        words: reason.detail.as_deref(),
        note: "",
        by: None,
        said_to: None,
    };
    tx.note_opt_out(&new, now).map(drop)
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
    until_written(
        desk,
        || "What was not tried".into(),
        || {
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
        },
    )
    .await;
}

/// Whether a ring that stood in its lane for a while is taken back, since somebody else took the conversation meanwhile.
pub async fn taken_back_meanwhile(desk: &Desk, leased: &Leased) -> bool {
    let (now, delivery) = (desk.now(), leased.delivery.clone());
    if delivery.tried_at.is_none_or(|claimed_at| now.since(claimed_at) < STOOD_LONG) {
        return false;
    }
    let look = delivery.clone();
    // Where the store cannot say, the phone rings.
    if desk.store.read(move |db| still_rings(db, &look)).await.unwrap_or(true) {
        return false;
    }
    let taken_back = desk.store.write(move |tx| {
        let taken_back = taken_back(tx, &delivery, now)?;
        if taken_back {
            tx.emit_moved(&delivery)?;
        }
        Ok::<_, StoreError>(taken_back)
    });
    taken_back.await.unwrap_or(false)
}

/// A ring that was under way while somebody else took the conversation is not tried again: its phone was told.
fn taken_back(tx: &Tx<'_>, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
    let rings = still_rings(tx, delivery)?;
    if !rings {
        tx.settle(delivery.id, DeliveryState::Cancelled, None, None, now)?;
    }
    Ok(!rings)
}

fn still_rings(db: &Snapshot<'_>, delivery: &Delivery) -> Result<bool, StoreError> {
    let Line::Extension(extension) = delivery.line else { return Ok(true) };
    if delivery.priority != Priority::Reply {
        return Ok(true);
    }
    Ok(match db.session(delivery.session)?.map(|session| session.state) {
        Some(SessionState::Held { extension: holder }) => holder == extension,
        Some(SessionState::Waiting { queue }) => db.is_agent_of(extension, queue)?,
        Some(SessionState::Closed) | None => false,
    })
}
