//! A campaign is launched: its audience is frozen into its ledger, in small commits, while it is still a draft; the last
//! commit flips its status. Broken off anywhere, it is a draft as before. A second launch is none (T18).

use crate::domain::campaign::{CampaignStatus, Plan};
use crate::domain::campaign_life::Act;
use crate::domain::event::Event;
use crate::domain::id::CampaignId;
use crate::domain::session::Actor;
use crate::flow::campaign::audience::{self, Built};
use crate::flow::campaign::blockers::Blocker;
use crate::flow::campaign::check;
use crate::flow::campaign::drafts::{being_launched, found, may, plan_of};
use crate::flow::campaign::limits;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::campaigns::{Campaign, Run};
use serde_json::json;

/// What whoever launches it was shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// The plan's version.
    pub version: Option<i64>,
    /// How many recipients.
    pub recipients: Option<usize>,
}

/// Launches a draft: now, or for its time. What was launched before stays as it is.
pub async fn launch(media: &MediaDesk, id: CampaignId, shown: Shown, by: Actor) -> Result<(), FlowError> {
    let Some((campaign, plan)) = claim(media, id, shown).await? else { return Ok(()) };
    let outcome = freeze_and_flip(media, &campaign, &plan, shown, by.name.clone()).await;
    match &outcome {
        Ok(built) => {
            tracing::info!(
                campaign.id = %id, by = %by.name,
                "Campaign {id} is launched by {}: {} recipients, {} lines", by.name, built.recipients, built.lines
            );
            Ok(())
        }
        Err(error) => {
            let error = error.clone();
            release(media, id).await?;
            Err(error)
        }
    }
}

/// Whoever claims it first fills its ledger. `None`: it was launched already.
async fn claim(media: &MediaDesk, id: CampaignId, shown: Shown) -> Result<Option<(Campaign, Plan)>, FlowError> {
    media
        .desk
        .store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            let (plan, _) = plan_of(tx, id)?;
            use CampaignStatus::{Executing, Pending, Scheduled};
            if matches!(campaign.status, Scheduled | Pending | Executing) {
                return Ok(None);
            }
            may(&campaign, Act::Launch)?;
            if shown.version.is_some_and(|version| version != campaign.version) {
                return Err(FlowError::Stale);
            }
            if tx.campaign_run(id)?.launching {
                return Err(being_launched());
            }
            tx.set_campaign_run(id, &Run { launching: true, ..Run::default() })?;
            Ok(Some((campaign, plan)))
        })
        .await
}

/// It is a draft again, without a ledger.
async fn release(media: &MediaDesk, id: CampaignId) -> Result<(), FlowError> {
    audience::forget(&media.desk, id).await?;
    media
        .desk
        .store
        .write(move |tx| {
            tx.set_campaign_run(id, &Run::default())?;
            Ok(())
        })
        .await
}

async fn freeze_and_flip(
    media: &MediaDesk,
    campaign: &Campaign,
    plan: &Plan,
    shown: Shown,
    by: String,
) -> Result<Built, FlowError> {
    let built = freeze(media, campaign.id, plan, true).await?;
    if let Some(expected) = shown.recipients
        && expected != built.recipients
    {
        return Err(FlowError::AudienceChanged { recipients: built.recipients });
    }
    let now = media.desk.now();
    let start = check::start_of(plan, now).filter(|start| *start > now);
    let (id, version) = (campaign.id, campaign.version);
    let detail = json!({ "campaign": id, "recipients": built.recipients });
    media
        .desk
        .store
        .write(move |tx| {
            let current = found(tx, id)?;
            if current.version != version {
                return Err(FlowError::Stale);
            }
            let act = if start.is_some() { Act::Schedule } else { Act::Launch };
            let status = may(&current, act)?;
            tx.set_campaign_run(id, &Run { frozen: true, ..Run::default() })?;
            tx.set_campaign_status(id, status, None, now)?;
            tx.audit_thing(&by, "campaign.launch", Some(&current.name), &detail, now)?;
            if let Some(start) = start {
                tx.set_campaign_due(id, start)?;
            }
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(())
        })
        .await?;
    Ok(built)
}

/// Checks a plan and fills its ledger. `with_start`: its time must still come.
pub(super) async fn freeze(
    media: &MediaDesk,
    id: CampaignId,
    plan: &Plan,
    with_start: bool,
) -> Result<Built, FlowError> {
    let most = media.desk.store.read(limits::read).await?.recipients_max as usize;
    let (prepared, mut blockers) = check::ready(media, id, plan).await?;
    if !with_start {
        blockers.retain(|blocker| blocker.field != "rules.start");
    }
    refuse(blockers)?;
    let built = audience::build(&media.desk, id, plan, prepared, most).await?;
    refuse(check::of_count(built.recipients, built.unsaid, most).into_iter().collect())?;
    Ok(built)
}

fn refuse(blockers: Vec<Blocker>) -> Result<(), FlowError> {
    match blockers.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(FlowError::Invalid { field: first.field, problem: first.words }),
    }
}
