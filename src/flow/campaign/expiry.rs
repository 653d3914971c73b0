//! Lines of campaigns whose time was up while they stood in the outbox: the clock was set, or the house was dark. They wait
//! again and their turn comes anew, by hours, limits and pace. Where the trunk was asked all the time and took nothing, the
//! campaign halts for its sake instead of asking for ever.

use crate::domain::id::CampaignId;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::flow::campaign::drafts::{found, plan_of};
use crate::flow::campaign::limits::Usage;
use crate::flow::campaign::runner::halt_for;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::send::valid_for;
use crate::store::deliveries::{Delivery, Line, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::time::Duration;

/// Longer than any pause between two tries: where the last one is not longer ago, the trunk was asked all the time.
const ASKED_WITHIN: Duration = Duration::from_secs(2 * 3600);

/// A line that waits again.
pub struct TakenBack {
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Why the trunk did not take it, where it was asked all the time.
    pub refused: Option<Reason>,
}

/// Takes back an expired line that was certainly taken by nobody; `None`: it is no line of a ledger, or may have been taken.
pub fn take_back_expired(
    tx: &Tx<'_>,
    rules: &Rules,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Option<TakenBack>, StoreError> {
    let Line::Carrier { number, .. } = delivery.line else { return Ok(None) };
    if delivery.priority != Priority::Campaign || delivery.in_doubt {
        return Ok(None);
    }
    let Some((campaign, line)) = tx.line_of_delivery(delivery.id)? else { return Ok(None) };
    let user = tx.campaign(campaign)?.and_then(|campaign| campaign.by_user);
    // It was counted on the day it was queued, which may be over.
    let queued_at = delivery.expires_at.minus(valid_for(tx, rules, delivery)?);
    Usage::now(tx, queued_at)?.take_back(tx, user, number)?;
    tx.take_line_back((line, delivery.id, delivery.message, delivery.session), now)?;
    let asked = delivery.tried_at.is_some_and(|tried_at| now.since(tried_at) < ASKED_WITHIN);
    Ok(Some(TakenBack { campaign, refused: delivery.reason.clone().filter(|_| asked) }))
}

/// Halts a campaign whose trunk took nothing for as long as its lines were valid.
pub async fn halt_refused(desk: &Desk, id: CampaignId, reason: Reason) -> Result<(), FlowError> {
    let (campaign, plan) = desk.store.read(move |db| Ok::<_, FlowError>((found(db, id)?, plan_of(db, id)?.0))).await?;
    if !campaign.status.is_sending() {
        return Ok(());
    }
    halt_for(desk, id, &plan, reason, true).await
}
