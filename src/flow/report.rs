//! Delivery reports: a delivery only moves forward, in whatever order they come; one that overtakes the answer to the send is kept.

use crate::carrier::dialect::DeliveryReport;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{Delivery, Line};
use crate::store::error::StoreError;
use crate::store::handle::Tx;

/// What became of a report.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Reported {
    /// The delivery moved forward.
    Moved(MessageId),
    /// The delivery was already as far or further.
    OldNews(MessageId),
    /// No such delivery yet: kept for a day.
    Early,
}

/// Takes a carrier's report in.
pub fn take(tx: &Tx<'_>, trunk: TrunkId, report: &DeliveryReport, now: Timestamp) -> Result<Reported, StoreError> {
    let Some(delivery) = find(tx, trunk, report)? else {
        tx.keep_early_report(
            trunk,
            report.carrier_id.as_deref(),
            report.reference.as_deref(),
            report.state,
            report.reason.as_ref(),
            now,
        )?;
        return Ok(Reported::Early);
    };
    if delivery.parts > 0
        && let Some(part) = &report.carrier_id
        && let Some(reported) = part_reported(tx, &delivery, trunk, part, report.state, report.reason.as_ref(), now)?
    {
        return Ok(reported);
    }
    move_forward(tx, &delivery, report.state, report.reason.as_ref(), report.carrier_id.as_deref(), now)
}

/// One part of a long text: delivered is the text when all its parts are, undelivered as soon as one is. `None`: that is
/// no part of it.
pub fn part_reported(
    tx: &Tx<'_>,
    delivery: &Delivery,
    trunk: TrunkId,
    part: &str,
    state: DeliveryState,
    reason: Option<&Reason>,
    now: Timestamp,
) -> Result<Option<Reported>, StoreError> {
    let Some((before, _)) = tx.part(trunk, part)? else { return Ok(None) };
    let Some(after) = before.after_report(state) else { return Ok(Some(Reported::OldNews(delivery.message))) };
    tx.settle_part(trunk, part, after, reason)?;
    let parts = tx.parts_of(delivery.id)?;
    let all = |least: &[DeliveryState]| parts.iter().all(|(state, _)| least.contains(state));
    let lost = parts.iter().find(|(state, _)| matches!(state, DeliveryState::Failed | DeliveryState::Undelivered));
    let (whole, why) = match lost {
        Some((_, why)) => (DeliveryState::Undelivered, why.as_ref()),
        None if all(&[DeliveryState::Read]) => (DeliveryState::Read, None),
        None if all(&[DeliveryState::Delivered, DeliveryState::Read]) => (DeliveryState::Delivered, None),
        None => (DeliveryState::Sent, None),
    };
    move_forward(tx, delivery, whole, why, None, now).map(Some)
}

/// By our own reference first: it is known before the carrier's id is. A trunk speaks of its own deliveries only.
fn find(tx: &Tx<'_>, trunk: TrunkId, report: &DeliveryReport) -> Result<Option<Delivery>, StoreError> {
    let of_this_trunk = |delivery: &Delivery| matches!(delivery.line, Line::Carrier { trunk: own, .. } if own == trunk);
    if let Some(reference) = &report.reference
        && let Some(delivery) = tx.delivery_by_reference(reference)?.filter(of_this_trunk)
    {
        return Ok(Some(delivery));
    }
    match &report.carrier_id {
        Some(carrier_id) => match tx.delivery_by_carrier_id(trunk, carrier_id)? {
            Some(delivery) => Ok(Some(delivery)),
            None => tx.delivery_of_part(trunk, carrier_id)?.map_or(Ok(None), |id| tx.delivery(id)),
        },
        None => Ok(None),
    }
}

/// Moves a delivery to what was reported, if that is forward.
pub fn move_forward(
    tx: &Tx<'_>,
    delivery: &Delivery,
    reported: DeliveryState,
    reason: Option<&Reason>,
    carrier_id: Option<&str>,
    now: Timestamp,
) -> Result<Reported, StoreError> {
    let Some(after) = delivery.state.after_report(reported) else {
        return Ok(Reported::OldNews(delivery.message));
    };
    tx.settle(delivery.id, after, carrier_id, reason, now)?;
    tx.emit_moved(delivery)?;
    let tells = matches!(
        after,
        DeliveryState::Delivered | DeliveryState::Read | DeliveryState::Failed | DeliveryState::Undelivered
    );
    if tells && delivery.phone.is_some() {
        tx.emit(Event::ReceiptDue { message: delivery.message });
    }
    Ok(Reported::Moved(delivery.message))
}
