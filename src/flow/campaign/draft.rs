//! A campaign that has not begun: what of it may still be changed.

use crate::domain::campaign::{CampaignStatus, Plan};
use crate::domain::id::CampaignId;
use crate::flow::campaign::limits;
use crate::flow::error::FlowError;
use crate::store::handle::Snapshot;

/// Its plan, if it has not begun; what has is not changed any more.
pub fn must_be_editable(db: &Snapshot<'_>, campaign: CampaignId) -> Result<Plan, FlowError> {
    let (plan, status) = plan_of(db, campaign)?;
    match status {
        CampaignStatus::Draft => Ok(plan),
        _ => Err(FlowError::Conflict(
            (
                "only a draft can be changed: take it back from its time, or duplicate it",
                "nur ein Entwurf lässt sich ändern: bitte die Planung zurücknehmen oder die Kampagne duplizieren",
            )
                .into(),
        )),
    }
}

/// Its plan and where it stands.
pub fn plan_of(db: &Snapshot<'_>, campaign: CampaignId) -> Result<(Plan, CampaignStatus), FlowError> {
    db.campaign_plan(campaign)?.ok_or(FlowError::NotFound("campaign"))
}

/// How many people one campaign may write to.
pub fn recipients_max(db: &Snapshot<'_>) -> Result<usize, FlowError> {
    Ok(limits::read(db)?.recipients_max as usize)
}
