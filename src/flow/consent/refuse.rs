//! Nobody is written to who wants nothing more: asked before anything is filed, and once more when it is about to leave.

use crate::domain::address::Address;
use crate::domain::consent::Refusal;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{DeliveryId, NumberId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::flow::error::FlowError;
use crate::store::deliveries::Priority;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};

/// Why a person may not be written to from a number by somebody here now, if so; `marketing`: with advertising.
pub fn stands(
    db: &Snapshot<'_>,
    to: &Address,
    number: NumberId,
    marketing: bool,
    now: Timestamp,
) -> Result<Option<Refusal>, StoreError> {
    let Some(refusal) = db.refusal_of(to, number, marketing)? else { return Ok(None) };
    // Advertising is no answer.
    if !marketing && refusal.may_reply(db.reopens()?, db.last_wrote(to, number)?, now) {
        return Ok(None);
    }
    Ok(Some(refusal))
}

/// Refuses what a person does not want.
pub fn must_be_wanted(
    db: &Snapshot<'_>,
    to: &Address,
    number: NumberId,
    marketing: bool,
    now: Timestamp,
) -> Result<(), FlowError> {
    match stands(db, to, number, marketing, now)? {
        Some(refusal) => Err(FlowError::OptedOut(Box::new(refusal))),
        None => Ok(()),
    }
}

/// Looks at a delivery that is about to leave: `false`, and it is over, where the person does not want it. Whoever never
/// opted out costs one look.
pub fn may_leave(
    tx: &Tx<'_>,
    delivery: DeliveryId,
    to: &Address,
    priority: Priority,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !tx.ever_refused(to)? || tx.is_automatic_answer(delivery)? {
        return Ok(true);
    }
    let marketing = priority == Priority::Campaign && tx.is_marketing(delivery)?;
    for number in tx.numbers_of_delivery(delivery)? {
        let refused = match priority {
            Priority::Campaign => tx.refusal_of(to, number, marketing)?,
            Priority::Reply | Priority::Automatic => stands(tx, to, number, false, now)?,
        };
        if refused.is_some() {
            skip(tx, delivery, now)?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn skip(tx: &Tx<'_>, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    let Some(delivery) = tx.delivery(id)? else { return Ok(()) };
    // What an earlier try may have handed over is never said not to have been sent.
    let state = if delivery.in_doubt { DeliveryState::Uncertain } else { DeliveryState::Skipped };
    tx.settle(id, state, None, Some(&Reason::of(ReasonCode::OptedOut)), now)?;
    if delivery.phone.is_some() && state == DeliveryState::Skipped {
        tx.emit(Event::ReceiptDue { message: delivery.message });
    }
    tx.emit(Event::DeliveryChanged { session: delivery.session, message: delivery.message });
    Ok(())
}
