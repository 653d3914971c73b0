//! Campaigns run: those whose time has come begin, one of each channel executes, its lines go into the outbox a few ahead of
//! what is sent, so that whoever holds it holds it at once. It halts by itself when too much fails, and says why. All it
//! goes by stands on disk: after a restart it goes on exactly where it was.

use crate::domain::campaign::{CampaignStatus, Plan};
use crate::domain::campaign_life::Act;
use crate::domain::event::Event;
use crate::domain::id::CampaignId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::domain::trunk::TrunkState;
use crate::flow::campaign::acts::{Halt, STEP_MAX, halt, resume, take_back};
use crate::flow::campaign::audience;
use crate::flow::campaign::content::prepare;
use crate::flow::campaign::drafts::{found, may, plan_of};
use crate::flow::campaign::feed::{LINES_MAX, Sending, feed};
use crate::flow::campaign::launch::freeze;
use crate::flow::campaign::{limits, repeat};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::campaigns::{Campaign, Counts, Run};
use crate::store::handle::Snapshot;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked while something is being sent.
const EVERY: Duration = Duration::from_millis(200);
/// How often while reports may still come.
const IDLE: Duration = Duration::from_secs(5);
/// How often where there is nothing at all; a bell rings for what is new.
const QUIET: Duration = Duration::from_secs(60);
/// How long what is the same for everybody is believed.
const PREPARED_FOR: Duration = Duration::from_secs(60);
/// How many seconds of its pace a campaign is ahead in the outbox: enough between two looks, little to be taken back.
const AHEAD_S: f64 = 1.0;
const AHEAD_MIN: usize = 16;
const AHEAD_MAX: usize = 300;
/// Lines that a trunk did not take before the campaign halts for its sake.
const UNREACHABLE_MAX: usize = 5;
/// Tries of one line after which the same is said.
const UNREACHABLE_TRIES: u32 = 3;
/// How long it rests before it goes on by itself.
const REST: Duration = Duration::from_secs(300);
/// How long after its end reports still move a campaign's figures.
const LIVELY: Duration = Duration::from_secs(3 * 24 * 3600);

/// What is remembered between two looks; what is lost is made anew.
#[derive(Default)]
pub struct Runner {
    ready: HashMap<CampaignId, Ready>,
    told: HashMap<CampaignId, Counts>,
    told_at: Duration,
    forgot_at: Option<Timestamp>,
}

struct Ready {
    sending: Sending,
    made_at: Duration,
    ahead: usize,
    /// When the next line may be fed, where the plan has a pace of its own.
    turn: Duration,
}

/// Runs campaigns until the daemon stops.
pub async fn run(media: MediaDesk, stop: tokio_util::sync::CancellationToken) {
    let mut runner = Runner::default();
    if let Err(error) = begin(&media).await {
        tracing::error!(%error, "Launches that were broken off could not be cleared away: {error}");
    }
    loop {
        let wait = match runner.round(&media).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "Campaigns cannot go on now: {error}");
                IDLE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = media.desk.clock.sleep(wait) => {}
            () = media.desk.bus.campaigns_rung(), if wait > EVERY => {}
        }
    }
}

/// After a start: launches that were broken off are drafts as before.
pub async fn begin(media: &MediaDesk) -> Result<(), FlowError> {
    media
        .desk
        .store
        .write(|tx| {
            tx.end_launching()?;
            Ok::<_, FlowError>(())
        })
        .await?;
    loop {
        let drafts = media.desk.store.read(|db| db.drafts_with_ledgers()).await?;
        if drafts.is_empty() {
            return Ok(());
        }
        for draft in drafts {
            audience::forget(&media.desk, draft).await?;
        }
    }
}

impl Runner {
    /// One look at everything; how long until the next.
    pub async fn round(&mut self, media: &MediaDesk) -> Result<Duration, FlowError> {
        let (mut wait, mut due) = (IDLE, QUIET);
        for campaign in self.in_status(media, CampaignStatus::Scheduled).await? {
            due = due.min(self.come_due(media, &campaign).await?);
        }
        let now = media.desk.now();
        for id in media.desk.store.read(move |db| db.campaigns_to_try_again(now)).await? {
            resume(&media.desk, id, None).await?;
        }
        for campaign in self.in_status(media, CampaignStatus::Pending).await? {
            begin_sending(media, &campaign).await?;
        }
        let mut sending = self.in_status(media, CampaignStatus::Executing).await?;
        sending.extend(self.in_status(media, CampaignStatus::Retrying).await?);
        self.ready.retain(|id, _| sending.iter().any(|campaign| campaign.id == *id));
        for campaign in sending {
            wait = wait.min(self.tend(media, campaign).await?);
        }
        if self.sweep(media).await? {
            wait = EVERY;
        }
        self.tell(media).await?;
        // Where there is nothing else, it is looked again when the next one begins, and no later.
        Ok(if self.told.is_empty() && wait == IDLE { due } else { wait.min(due) })
    }

    async fn in_status(&self, media: &MediaDesk, status: CampaignStatus) -> Result<Vec<Campaign>, FlowError> {
        Ok(media.desk.store.read(move |db| db.campaigns_in(status)).await?)
    }

    /// Whether the time of a scheduled campaign has come; if not, when it does.
    async fn come_due(&mut self, media: &MediaDesk, campaign: &Campaign) -> Result<Duration, FlowError> {
        let now = media.desk.now();
        let due_at = campaign.due_at.unwrap_or(now);
        if due_at > now {
            return Ok(due_at.since(now));
        }
        let id = campaign.id;
        let (plan, run) =
            media.desk.store.read(move |db| Ok::<_, FlowError>((plan_of(db, id)?.0, db.campaign_run(id)?))).await?;
        if !run.frozen {
            let frozen = freeze(media, id, &plan, false).await;
            if let Err(error) = frozen {
                if let FlowError::Store(error) = error {
                    return Err(error.into());
                }
                audience::forget(&media.desk, id).await?;
                let reason = Reason::of(ReasonCode::CampaignNotReady).saying(&error.to_string());
                tracing::warn!(campaign.id = %id, "Campaign {id} cannot begin: {error}");
                halt(&media.desk, id, Act::Halt, &Halt { reason: Some(reason), ..Halt::default() }).await?;
                return Ok(IDLE);
            }
        }
        media
            .desk
            .store
            .write(move |tx| {
                let campaign = found(tx, id)?;
                // Whoever took it back meanwhile, or changed its time, is believed.
                if campaign.status != CampaignStatus::Scheduled || campaign.due_at != Some(due_at) {
                    return Ok(());
                }
                let status = may(&campaign, Act::ComeDue)?;
                tx.set_campaign_run(id, &Run { frozen: true, ..tx.campaign_run(id)? })?;
                tx.set_campaign_status(id, status, None, now)?;
                tx.emit(Event::CampaignChanged { campaign: id });
                Ok::<_, FlowError>(())
            })
            .await?;
        Ok(EVERY)
    }

    /// Feeds a campaign that is being sent, or ends it; how long until the next look.
    async fn tend(&mut self, media: &MediaDesk, campaign: Campaign) -> Result<Duration, FlowError> {
        let id = campaign.id;
        let looked_at = campaign.clone();
        let (counts, run, reasons, trunk) = media.desk.store.read(move |db| look(db, &looked_at)).await?;
        if counts.open() == 0 {
            complete(media, id).await?;
            return Ok(EVERY);
        }
        let monotonic = media.desk.clock.monotonic();
        if self.ready.get(&id).is_none_or(|ready| monotonic >= ready.made_at + PREPARED_FOR) {
            let ready = make_ready(media, campaign, monotonic).await?;
            let blocker = ready.sending.prepared.blockers.first().cloned();
            if let Some(blocker) = blocker {
                let reason = Reason::of(ReasonCode::CampaignNotReady).saying(&blocker.words.english);
                halt_for(&media.desk, id, &ready.sending.plan, reason, false).await?;
                return Ok(EVERY);
            }
            self.ready.insert(id, ready);
        }
        let ready = self.ready.get_mut(&id).expect("just made");
        let plan = Arc::clone(&ready.sending.plan);
        if run.failures_in_row >= plan.rules.stop_after {
            let last = media.desk.store.read(move |db| db.last_failure(id)).await?;
            let mut reason = Reason::of(ReasonCode::FailuresInRow);
            if let Some(last) = last {
                reason = reason.coded(last.code.as_str()).saying(last.code.english());
            }
            halt_for(&media.desk, id, &plan, reason, false).await?;
            return Ok(EVERY);
        }
        if let Some(reason) = trouble_of_trunk(&reasons, trunk, plan.rules.stop_after) {
            halt_for(&media.desk, id, &plan, reason, true).await?;
            return Ok(EVERY);
        }
        ready.feed(media, &counts).await
    }

    /// Ends what was cancelled and takes away what was deleted, a few rows at a time; whether there is more.
    async fn sweep(&mut self, media: &MediaDesk) -> Result<bool, FlowError> {
        let now = media.desk.now();
        let mut more = false;
        for (id, under_way) in media.desk.store.read(|db| db.halted_with_queued()).await? {
            take_back(&media.desk, id).await?;
            more |= under_way > 0;
        }
        let cancelled = media.desk.store.read(|db| db.cancelled_with_waiting()).await?;
        more |= !cancelled.is_empty();
        for id in cancelled {
            let reason = Reason::of(ReasonCode::CampaignCancelled);
            media
                .desk
                .store
                .write(move |tx| Ok::<_, FlowError>(tx.cancel_waiting_lines(id, &reason, STEP_MAX, now)?))
                .await?;
        }
        let kept = media.desk.store.read(limits::read).await?.kept_days;
        let ended_before = kept.map(|days| now.minus(Duration::from_secs(u64::from(days) * 86_400)));
        for id in media.desk.store.read(move |db| db.campaigns_to_forget(ended_before)).await? {
            let left = media.desk.store.write(move |tx| {
                tx.mark_campaign_deleted(id, now)?;
                Ok::<_, FlowError>(tx.forget_campaign_rows(id, STEP_MAX)?)
            });
            more |= left.await?;
            self.told.remove(&id);
        }
        if self.forgot_at.is_none_or(|at| now.since(at) > Duration::from_secs(24 * 3600)) {
            self.forgot_at = Some(now);
            media.desk.store.write(move |tx| Ok::<_, FlowError>(limits::forget_old(tx, now)?)).await?;
        }
        Ok(more)
    }

    /// Tells who listens which ledgers moved: twice a second, whoever moved them.
    async fn tell(&mut self, media: &MediaDesk) -> Result<(), FlowError> {
        let monotonic = media.desk.clock.monotonic();
        if monotonic < self.told_at + Duration::from_millis(500) && !self.told.is_empty() {
            return Ok(());
        }
        self.told_at = monotonic;
        let since = media.desk.now().minus(LIVELY);
        let figures = media.desk.store.read(move |db| {
            let ids = db.lively_campaigns(since)?;
            ids.into_iter().map(|id| Ok((id, db.campaign_counts(id)?))).collect::<Result<Vec<_>, FlowError>>()
        });
        let figures: HashMap<CampaignId, Counts> = figures.await?.into_iter().collect();
        let moved: Vec<Event> = figures
            .iter()
            .filter(|(id, counts)| self.told.get(id).is_some_and(|told| told != *counts))
            .map(|(id, _)| Event::CampaignChanged { campaign: *id })
            .collect();
        self.told = figures;
        media.desk.bus.publish(&moved);
        Ok(())
    }
}

type Look = (Counts, Run, Vec<(Reason, u32)>, TrunkState);

fn look(db: &Snapshot<'_>, campaign: &Campaign) -> Result<Look, FlowError> {
    let id = campaign.id;
    let channel = campaign.channel.map(|channel| db.channel(channel)).transpose()?.flatten();
    let trunk = channel.map(|channel| db.trunk(channel.trunk)).transpose()?.flatten();
    let state = trunk.map_or(TrunkState::Unknown, |trunk| trunk.state);
    Ok((db.campaign_counts(id)?, db.campaign_run(id)?, db.queued_reasons(id)?, state))
}

async fn make_ready(media: &MediaDesk, campaign: Campaign, made_at: Duration) -> Result<Ready, FlowError> {
    let id = campaign.id;
    let plan = Arc::new(media.desk.store.read(move |db| plan_of(db, id)).await?.0);
    let prepared = Arc::new(prepare(media, id, &plan).await?);
    let numbers: Vec<_> = prepared.numbers().iter().map(|number| number.id).collect();
    let pace = media.desk.store.read(move |db| {
        let mut pace = 0.0;
        for id in numbers {
            let number = db.number(id)?;
            pace += number.map_or(0.0, |number| number.mps.unwrap_or_else(|| number.sender_class.usual_mps()));
        }
        Ok::<_, FlowError>(pace)
    });
    let pace: f64 = plan.rules.pace.map_or(pace.await?, |own| own.max(0.1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded in the next step")]
    let ahead = ((pace * AHEAD_S).ceil() as usize).clamp(AHEAD_MIN, AHEAD_MAX);
    Ok(Ready { sending: Sending { campaign, plan, prepared }, made_at, ahead, turn: media.desk.clock.monotonic() })
}

impl Ready {
    /// Fills the outbox up to where it should be; how long until the next look.
    async fn feed(&mut self, media: &MediaDesk, counts: &Counts) -> Result<Duration, FlowError> {
        let id = self.sending.campaign.id;
        let mut room = self.ahead.saturating_sub((counts.queued + counts.sending) as usize);
        room = room.min(self.turns(media.desk.clock.monotonic()));
        let mut queued = 0;
        while room > 0 {
            let fed = feed(&media.desk, &self.sending, room.min(LINES_MAX)).await?;
            queued += fed.queued;
            room -= fed.queued.min(room);
            self.took(fed.queued);
            if fed.looked_at == 0 {
                break;
            }
        }
        if queued > 0 || counts.queued + counts.sending > 0 {
            self.why_it_waits(media, None).await?;
            return Ok(EVERY);
        }
        let next = media.desk.store.read(move |db| db.next_not_before(id)).await?;
        let now = media.desk.now();
        match next.filter(|next| *next > now) {
            None => Ok(EVERY),
            Some(next) => {
                let reason = media.desk.store.read(move |db| db.why_lines_wait(id)).await?;
                self.why_it_waits(media, reason).await?;
                Ok(next.since(now).clamp(EVERY, IDLE))
            }
        }
    }

    async fn why_it_waits(&self, media: &MediaDesk, reason: Option<Reason>) -> Result<(), FlowError> {
        let id = self.sending.campaign.id;
        media
            .desk
            .store
            .write(move |tx| {
                if tx.set_campaign_reason(id, reason.as_ref())? {
                    tx.emit(Event::CampaignChanged { campaign: id });
                }
                Ok(())
            })
            .await
    }

    /// How many lines the plan's own pace allows now.
    fn turns(&self, now: Duration) -> usize {
        let Some(pace) = self.sending.plan.rules.pace.filter(|pace| *pace > 0.0) else { return usize::MAX };
        let since = now.saturating_sub(self.turn).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few a second")]
        let turns = (since * pace).floor() as usize + 1;
        if now < self.turn { 0 } else { turns.min(LINES_MAX) }
    }

    fn took(&mut self, lines: usize) {
        if let Some(pace) = self.sending.plan.rules.pace.filter(|pace| *pace > 0.0) {
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let turn = Duration::from_secs_f64(lines as f64 / pace);
            self.turn += turn;
        }
    }
}

/// Whether the trunk stands in the way, and why: credentials, credit, or nobody there.
fn trouble_of_trunk(reasons: &[(Reason, u32)], state: TrunkState, stop_after: u32) -> Option<Reason> {
    let first = reasons.first().map(|(reason, _)| reason.clone())?;
    if matches!(state, TrunkState::Misconfigured | TrunkState::NoCredit) {
        return Some(first);
    }
    let away = |code| {
        matches!(code, ReasonCode::CarrierUnreachable | ReasonCode::CarrierNotFound | ReasonCode::CarrierNotAuthentic)
    };
    let failed: Vec<_> = reasons.iter().filter(|(reason, _)| away(reason.code)).collect();
    let tried = failed.iter().any(|(_, tries)| *tries >= UNREACHABLE_TRIES);
    let many = failed.len() >= UNREACHABLE_MAX.min(stop_after as usize);
    failed.first().filter(|_| tried || many).map(|(reason, _)| reason.clone())
}

/// Halts a campaign by itself; where its trunk is the reason, it may go on by itself later.
pub(super) async fn halt_for(
    desk: &Desk,
    id: CampaignId,
    plan: &Plan,
    reason: Reason,
    for_trunk: bool,
) -> Result<(), FlowError> {
    tracing::warn!(campaign.id = %id, reason = reason.code.as_str(), "Campaign {id} stopped: {}", reason.code.english());
    let again = (for_trunk && plan.rules.goes_on_by_itself).then(|| desk.now().plus(REST));
    let how = Halt { reason: Some(reason), try_again_at: again, ..Halt::default() };
    halt(desk, id, Act::Halt, &how).await
}

async fn complete(media: &MediaDesk, id: CampaignId) -> Result<(), FlowError> {
    let now = media.desk.now();
    media
        .desk
        .store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            if tx.campaign_counts(id)?.open() > 0 || !campaign.status.is_sending() {
                return Ok(());
            }
            let status = may(&campaign, Act::Complete)?;
            tx.set_campaign_status(id, status, None, now)?;
            tracing::info!(campaign.id = %id, "Campaign {id} is completed");
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(())
        })
        .await
}

/// A pending campaign begins if its channel is free; then its next time is planned, if it comes again.
async fn begin_sending(media: &MediaDesk, campaign: &Campaign) -> Result<(), FlowError> {
    let (id, now) = (campaign.id, media.desk.now());
    media
        .desk
        .store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            let Some(channel) = campaign.channel.filter(|_| campaign.status == CampaignStatus::Pending) else {
                return Ok(());
            };
            if tx.executing_on(channel)?.is_some() {
                return Ok(());
            }
            let run = tx.campaign_run(id)?;
            let status = if run.retries { CampaignStatus::Retrying } else { may(&campaign, Act::Begin)? };
            tx.set_campaign_status(id, status, None, now)?;
            if !run.repeated {
                let (plan, _) = plan_of(tx, id)?;
                let planned = repeat::plan_next(tx, &campaign, &plan, now)?;
                tx.set_campaign_run(id, &Run { repeated: true, ..run })?;
                if let Some(next) = planned {
                    tx.emit(Event::CampaignChanged { campaign: next });
                }
            }
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(())
        })
        .await
}
