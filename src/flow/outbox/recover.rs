//! After a start: what was under way when the house went dark. To phones it goes again, under the same Call-ID;
//! to a carrier only where a repetition is harmless; else it is `uncertain`, and visible.

use crate::domain::delivery::DeliveryState;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::flow::desk::Desk;
use crate::flow::outbox::claim::Board;
use crate::flow::outbox::lines::Lines;
use crate::store::deliveries::{Delivery, Line};
use crate::store::error::StoreError;
use std::time::Duration;

/// How many are settled in one transaction.
const STEP_MAX: usize = 500;

/// Settles all of it before anything new is claimed; waits for the store if it must.
pub async fn settle_leftovers<L: Lines>(desk: &Desk, lines: &L) {
    loop {
        match settle_some(desk, lines).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "What was under way before the start cannot be settled yet: {error}");
                desk.clock.sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// While running: what was claimed and then lost, because the task that held it broke down. Nobody else holds its lane.
pub async fn settle_lost<L: Lines>(desk: &Desk, lines: &L, board: &Board) {
    let now = desk.now();
    let lost = desk.store.read(move |db| db.under_lease(now, STEP_MAX)).await;
    let lost = lost.map(|lost| lost.into_iter().filter(|delivery| !board.is_busy(&delivery.lane)).collect());
    let settled = match lost {
        Ok(lost) => settle(desk, lines, lost).await,
        Err(error) => Err(error),
    };
    if let Err(error) = settled {
        tracing::error!(%error, "Claims that were lost cannot be settled yet: {error}");
    }
}

async fn settle_some<L: Lines>(desk: &Desk, lines: &L) -> Result<usize, StoreError> {
    let leftovers = desk.store.read(|db| db.under_lease(Timestamp(i64::MAX), STEP_MAX)).await?;
    settle(desk, lines, leftovers).await
}

async fn settle<L: Lines>(desk: &Desk, lines: &L, leftovers: Vec<Delivery>) -> Result<usize, StoreError> {
    let now = desk.now();
    let count = leftovers.len();
    let decided: Vec<_> = leftovers
        .into_iter()
        .map(|delivery| {
            let again = match delivery.line {
                Line::Extension(_) => true,
                Line::Carrier { trunk, .. } => lines.is_idempotent(trunk),
            };
            (delivery, again)
        })
        .collect();
    if count == 0 {
        return Ok(0);
    }
    desk.store
        .write(move |tx| {
            for (delivery, again) in &decided {
                let still = tx.delivery(delivery.id)?.is_some_and(|found| found.state == DeliveryState::Sending);
                if !still {
                    // A report came meanwhile, and it knows.
                    continue;
                }
                if *again {
                    tx.set_in_doubt(delivery.id, true)?;
                    tx.put_back(delivery, now, delivery.reason.as_ref(), true, now)?;
                } else {
                    let reason = Reason::of(ReasonCode::Interrupted);
                    tx.settle(delivery.id, DeliveryState::Uncertain, None, Some(&reason), now)?;
                }
                tx.emit_moved(delivery)?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    tracing::warn!(
        "{count} deliveries were under way when the house went dark or their task broke down; they are settled"
    );
    Ok(count)
}
