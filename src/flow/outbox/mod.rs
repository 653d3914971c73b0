//! The outbox: what is due is claimed with a lease, handed to its line, and what came of it is written down.
//! What leaves in one lane leaves in order; replies go before everything else; nothing is sent without a claim on disk.

pub mod ask;
pub mod at_once;
pub mod board;
pub mod claim;
pub mod decide;
pub mod file_room;
pub mod files;
pub mod health;
pub mod house_lines;
pub mod lines;
pub mod pace;
pub mod record;
pub mod recover;
pub mod taken_back;
pub mod whatsapp;

use crate::flow::desk::Desk;
use crate::flow::outbox::at_once::{Claiming, Lanes};
use crate::flow::outbox::claim::{Batch, Board, PHONE_BATCH_MAX};
use crate::flow::outbox::lines::Lines;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How long the outbox sleeps when nothing is due; a bell wakes it earlier.
const IDLE: Duration = Duration::from_secs(60);

/// Runs until told to stop; then waits for the calls that are under way.
pub async fn run<L: Lines>(desk: Desk, lines: Arc<L>, board: Board, stop: CancellationToken) {
    recover::settle_leftovers(&desk, lines.as_ref()).await;
    let asking = tokio::spawn(ask::run(desk.clone(), Arc::clone(&lines), stop.clone()));
    let (lanes, runtime) = (Lanes::default(), Handle::current());
    let claiming = Claiming::begin(&desk, &lines, &board, &lanes);
    let mut sweep_at = desk.clock.monotonic() + desk.rules.lease;
    while !stop.is_cancelled() {
        if desk.clock.monotonic() >= sweep_at {
            recover::settle_lost(&desk, lines.as_ref(), &board).await;
            sweep_at = desk.clock.monotonic() + desk.rules.lease;
        }
        let claimed = claim::claim(&desk, &board, &lines).await;
        let wait = match claimed {
            Ok(claimed) => {
                let look_again = claimed.more && !claimed.batches.is_empty();
                for batch in claimed.batches {
                    lanes.spawn(run_lane(desk.clone(), Arc::clone(&lines), board.clone(), batch), &runtime);
                }
                if look_again {
                    continue;
                }
                board.note_look(claimed.wait.map(|wait| desk.clock.monotonic() + wait));
                claimed.wait.unwrap_or(IDLE).min(IDLE)
            }
            Err(error) => {
                tracing::error!(%error, "The outbox cannot claim what is due: {error}");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = desk.bus.outbox_rung() => {}
            () = desk.clock.sleep(wait) => {}
        }
    }
    claiming.end().await;
    asking.abort();
}

/// Sends a batch of one lane, one after the other, and what joins the lane meanwhile; what cannot leave now makes the rest
/// wait with it.
async fn run_lane<L: Lines>(desk: Desk, lines: Arc<L>, board: Board, batch: Batch) {
    let Batch { lane, to_phone, leased: mut rest, from_outbox, .. } = batch;
    let mut guard = board.lane_guard(&lane, to_phone, desk.bus.clone());
    let mut may_wait = from_outbox;
    loop {
        let mut records = Vec::with_capacity(rest.len());
        let mut waits = false;
        while records.len() < PHONE_BATCH_MAX
            && let Some(leased) = rest.pop_front().or_else(|| board.next_in(&lane))
        {
            if to_phone && taken_back::taken_back_meanwhile(&desk, &leased).await {
                continue;
            }
            let tried = lines.send(&leased).await;
            let answers_again = decide::note_health(&desk, &board, &leased, &tried.outcome);
            let next = decide::decide(&desk, lines.as_ref(), &board, &leased, &tried.outcome);
            waits = next.waits();
            records.push(tokio::spawn(record::write(desk.clone(), board.clone(), leased, tried, next, answers_again)));
            if waits {
                break;
            }
        }
        // The result first: it decides when the lane is due; then the rest goes back behind it.
        for record in records {
            // A panic there was reported by the hook; the row stays claimed and is settled at the next start.
            let _ = record.await;
        }
        if waits {
            may_wait = true;
            rest.extend(board.send_back(&lane));
            taken_back::put_back_untried(&desk, std::mem::take(&mut rest).into()).await;
            board.are_back(&lane);
        }
        if rest.is_empty() && guard.leave(may_wait) {
            return;
        }
    }
}
