//! What goes back into the outbox untried, and rings that are taken back, since somebody else took the conversation.

use crate::domain::delivery::DeliveryState;
use crate::domain::session::SessionState;
use crate::domain::time::Timestamp;
use crate::flow::desk::Desk;
use crate::flow::outbox::record::until_written;
use crate::store::deliveries::{Delivery, Leased, Line, Priority};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use std::sync::Arc;
use std::time::Duration;

/// How long a ring may stand behind others of its phone before it is asked once more whether it still rings.
const STOOD_LONG: Duration = Duration::from_secs(2);

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
pub fn taken_back(tx: &Tx<'_>, delivery: &Delivery, now: Timestamp) -> Result<bool, StoreError> {
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
