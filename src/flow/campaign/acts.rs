//! What somebody does to a campaign that was launched: hold it, let it go on, end it, send again what failed, say what
//! became of what nobody knows.

use crate::domain::campaign::CampaignStatus;
use crate::domain::campaign_life::Act;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{CampaignId, DeliveryId, RecipientId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::Actor;
use crate::domain::time::Timestamp;
use crate::flow::campaign::audience;
use crate::flow::campaign::drafts::{found, may};
use crate::flow::campaign::limits::Usage;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::campaigns::Run;
use crate::store::deliveries::Line;
use crate::store::handle::Tx;
use serde_json::json;

/// Lines that are changed in one commit.
pub(super) const STEP_MAX: usize = 200;

/// Holds a campaign: what stands in the outbox and was not tried is taken back.
pub async fn pause(desk: &Desk, id: CampaignId, by: Actor) -> Result<(), FlowError> {
    halt(desk, id, Act::Pause, &Halt::default()).await?;
    tracing::info!(campaign.id = %id, by = %by.name, "Campaign {id} is paused by {}", by.name);
    Ok(())
}

/// Lets a held or stopped campaign go on, where it was.
pub async fn resume(desk: &Desk, id: CampaignId, by: Option<Actor>) -> Result<(), FlowError> {
    let now = desk.now();
    let name = by.map_or_else(|| "itself".to_owned(), |by| by.name);
    desk.store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            let status = may(&campaign, Act::Resume)?;
            let run = tx.campaign_run(id)?;
            if run.frozen {
                tx.set_campaign_status(id, status, None, now)?;
            } else {
                // Its time came and it could not be sent as it was planned: it is looked at again.
                tx.set_campaign_status(id, CampaignStatus::Scheduled, None, now)?;
                tx.set_campaign_due(id, now)?;
            }
            tx.set_campaign_run(id, &Run { failures_in_row: 0, try_again_at: None, ..run })?;
            tx.emit(Event::CampaignChanged { campaign: id });
            tracing::info!(campaign.id = %id, "Campaign {id} goes on, by {name}");
            Ok(())
        })
        .await
}

/// Ends a campaign: whoever was not written to yet is not any more. Their lines are ended in small steps, by the runner.
pub async fn cancel(desk: &Desk, id: CampaignId, by: Actor) -> Result<(), FlowError> {
    halt(desk, id, Act::Cancel, &Halt { noted_by: Some(by.name.clone()), ..Halt::default() }).await?;
    tracing::info!(campaign.id = %id, by = %by.name, "Campaign {id} is cancelled by {}", by.name);
    Ok(())
}

/// Takes a scheduled campaign back to be edited: it is a draft again, without a ledger.
pub async fn unschedule(desk: &Desk, id: CampaignId) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            let status = may(&campaign, Act::Unschedule)?;
            tx.set_campaign_status(id, status, None, now)?;
            tx.set_campaign_run(id, &Run::default())?;
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok::<_, FlowError>(())
        })
        .await?;
    audience::forget(desk, id).await
}

/// What stands beside a halt.
#[derive(Clone, Debug, Default)]
pub(super) struct Halt {
    /// Why, where it halts by itself.
    pub reason: Option<Reason>,
    /// When it goes on by itself.
    pub try_again_at: Option<Timestamp>,
    /// By whom, where the audit log is to know.
    pub noted_by: Option<String>,
}

/// Halts a campaign: first its status, so that nothing more is fed; then what waits in the outbox is taken back.
pub(super) async fn halt(desk: &Desk, id: CampaignId, act: Act, how: &Halt) -> Result<(), FlowError> {
    let (now, how) = (desk.now(), how.clone());
    desk.store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            let status = may(&campaign, act)?;
            tx.set_campaign_status(id, status, how.reason.as_ref(), now)?;
            let run = tx.campaign_run(id)?;
            tx.set_campaign_run(id, &Run { try_again_at: how.try_again_at, ..run })?;
            if let Some(by) = &how.noted_by {
                let what = format!("campaign.{}", act.as_str());
                tx.audit_thing(by, &what, Some(&campaign.name), &json!({ "campaign": id }), now)?;
            }
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok::<_, FlowError>(())
        })
        .await?;
    take_back(desk, id).await
}

/// Takes back what stands in the outbox and was certainly taken by nobody; its lines wait again.
pub(super) async fn take_back(desk: &Desk, id: CampaignId) -> Result<(), FlowError> {
    loop {
        let now = desk.now();
        let left = desk
            .store
            .write(move |tx| {
                let lines = tx.lines_in_outbox(id)?;
                let left = lines.len() > STEP_MAX;
                let user = tx.campaign(id)?.and_then(|campaign| campaign.by_user);
                let usage = Usage::now(tx, now)?;
                for line in lines.into_iter().take(STEP_MAX) {
                    // It counts again when its turn comes.
                    if let Some(Line::Carrier { number, .. }) = tx.delivery(line.1)?.map(|delivery| delivery.line) {
                        usage.take_back(tx, user, number)?;
                    }
                    tx.take_line_back(line, now)?;
                }
                Ok::<_, FlowError>(left)
            })
            .await?;
        if !left {
            return Ok(());
        }
    }
}

/// Sends again what failed: never what may have arrived. All of it, or these lines. How many.
pub async fn retry(
    desk: &Desk,
    id: CampaignId,
    lines: Option<Vec<RecipientId>>,
    by: Actor,
) -> Result<usize, FlowError> {
    let campaign = desk.store.read(move |db| found(db, id)).await?;
    may(&campaign, Act::Retry)?;
    let mut again = 0;
    match lines {
        Some(lines) => {
            for some in lines.chunks(STEP_MAX).map(<[RecipientId]>::to_vec) {
                again += write_lines(desk, id, some).await?;
            }
        }
        None => loop {
            let now = desk.now();
            let changed =
                desk.store.write(move |tx| Ok::<_, FlowError>(tx.retry_failed_lines(id, None, STEP_MAX, now)?)).await?;
            again += changed;
            if changed < STEP_MAX {
                break;
            }
        },
    }
    if again == 0 {
        return Err(FlowError::NotAllowed(
            (
                "none of these failed: only what certainly did not arrive is sent again",
                "davon ist nichts gescheitert: nur was sicher nicht angekommen ist, wird erneut gesendet",
            )
                .into(),
        ));
    }
    go_on_with(desk, id).await?;
    tracing::info!(campaign.id = %id, by = %by.name, "Campaign {id}: {again} that failed are sent again, by {}", by.name);
    Ok(again)
}

async fn write_lines(desk: &Desk, id: CampaignId, lines: Vec<RecipientId>) -> Result<usize, FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let mut changed = 0;
            for line in lines {
                changed += tx.retry_failed_lines(id, Some(line), 1, now)?;
            }
            Ok(changed)
        })
        .await
}

/// A campaign that ended has lines to send again.
async fn go_on_with(desk: &Desk, id: CampaignId) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            if let Some(status) = campaign.status.after(Act::Retry) {
                tx.set_campaign_status(id, status, None, now)?;
                let run = tx.campaign_run(id)?;
                tx.set_campaign_run(id, &Run { retries: true, failures_in_row: 0, try_again_at: None, ..run })?;
            }
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(())
        })
        .await
}

/// What somebody decides about lines of which nobody knows whether they arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UncertainChoice {
    /// They arrived.
    Arrived,
    /// They did not.
    Failed,
    /// Twice is better than not at all.
    SendAgain,
}

/// Settles uncertain lines: all of them, or these. How many.
pub async fn settle(
    desk: &Desk,
    id: CampaignId,
    lines: Option<Vec<RecipientId>>,
    choice: UncertainChoice,
    by: Actor,
) -> Result<usize, FlowError> {
    let campaign = desk.store.read(move |db| found(db, id)).await?;
    if choice == UncertainChoice::SendAgain {
        may(&campaign, Act::Retry)?;
    }
    let (mut after, mut settled) = (RecipientId(0), 0);
    loop {
        let (wanted, by, now) = (lines.clone(), by.clone(), desk.now());
        let (last, changed) = desk
            .store
            .write(move |tx| {
                let found = tx.uncertain_lines(id, after, STEP_MAX)?;
                let last = found.last().map(|(line, _)| *line);
                let mut changed = 0;
                for (line, delivery) in found {
                    if wanted.as_ref().is_none_or(|wanted| wanted.contains(&line)) {
                        settle_one(tx, (line, delivery), choice, &by, now)?;
                        changed += 1;
                    }
                }
                Ok::<_, FlowError>((last, changed))
            })
            .await?;
        settled += changed;
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    if settled > 0 && choice == UncertainChoice::SendAgain {
        go_on_with(desk, id).await?;
    }
    desk.bus.publish(&[Event::CampaignChanged { campaign: id }]);
    Ok(settled)
}

fn settle_one(
    tx: &Tx<'_>,
    (line, delivery): (RecipientId, Option<DeliveryId>),
    choice: UncertainChoice,
    by: &Actor,
    now: Timestamp,
) -> Result<(), FlowError> {
    if choice == UncertainChoice::SendAgain {
        return Ok(tx.line_again(line, now)?);
    }
    let Some(delivery) = delivery else { return Ok(()) };
    let (state, reason) = match choice {
        UncertainChoice::Arrived => (DeliveryState::Sent, None),
        _ => (
            DeliveryState::Failed,
            Some(Reason::of(ReasonCode::CarrierSilent).saying(&format!("settled by {}", by.name))),
        ),
    };
    Ok(tx.settle(delivery, state, None, reason.as_ref(), now)?)
}
