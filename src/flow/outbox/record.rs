//! What came of a try is written down: result, channel log and early reports are one transaction.

use crate::domain::channel::ChannelKind;
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::event::Event;
use crate::domain::id::{DeliveryId, TrunkId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::flow::desk::Desk;
use crate::flow::outbox::claim::Board;
use crate::flow::outbox::decide::Next;
use crate::flow::outbox::taken_back::taken_back;
use crate::flow::report::{move_forward, part_reported};
use crate::flow::send::note_cost;
use crate::store::deliveries::{Delivery, Leased, Line};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::opt_outs::NewOptOut;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Writes down what came of a try, and does not let go before it is on disk: the lane waits, and so does the way out.
pub async fn write(desk: Desk, board: Board, leased: Leased, mut tried: Tried, next: Next, answers_again: bool) {
    let id = leased.delivery.id;
    tried.exchanges.iter_mut().for_each(|exchange| exchange.delivery = Some(id));
    let kept = Arc::new((leased, tried, next));
    until_written(
        &desk,
        || format!("What came of delivery {id}"),
        || {
            let kept = Arc::clone(&kept);
            let (now, monotonic, board) = (desk.now(), desk.clock.monotonic(), board.clone());
            desk.store.write_together(move |tx| {
                let (leased, tried, next) = &*kept;
                tried.exchanges.iter().try_for_each(|exchange| tx.insert_exchange(exchange))?;
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
pub(super) async fn until_written<F>(desk: &Desk, what: impl Fn() -> String, mut write: impl FnMut() -> F)
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
