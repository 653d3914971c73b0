//! Campaigns: the list, the plan, and what may be done to one where it stands.

use crate::api::auth::{Admin, Supervisor};
use crate::api::campaign_content::{CampaignFileOut, MoneyOut};
use crate::api::campaign_lists::ListOut;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body, Id, Page, bounded, bounded_q};
use crate::api::session_view::ReasonOut;
use crate::api::state::ApiState;
use crate::domain::campaign::{CampaignStatus, Plan, SenderPick};
use crate::domain::campaign_life::Act;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{CampaignId, ChannelId, RecipientId};
use crate::domain::price::Price;
use crate::domain::time::Timestamp;
use crate::flow::campaign::acts::{self, UncertainChoice};
use crate::flow::campaign::drafts;
use crate::flow::campaign::launch::{self, Shown};
use crate::flow::campaign::limits::{self, CampaignLimits};
use crate::store::campaigns::{Campaign, CampaignsWanted, Counts};
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Lines that are named in one request.
const LINES_MAX: usize = 1_000;

/// What a list is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CampaignsAsked {
    /// Only in this status.
    #[param(inline)]
    status: Option<CampaignStatus>,
    /// Only of this channel.
    channel: Option<i64>,
    /// Part of the name.
    q: Option<String>,
    /// What the page before said is next.
    after: Option<String>,
    /// How many, at most 200.
    limit: Option<u32>,
}

/// A campaign as a list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CampaignRow {
    id: CampaignId,
    name: String,
    channel: Option<ChannelId>,
    channel_name: Option<String>,
    kind: Option<ChannelKind>,
    /// The number, or the pool.
    sender_label: Option<String>,
    status: CampaignStatus,
    /// Why it stopped, or waits.
    reason: Option<ReasonOut>,
    /// How many stand before it, while it is pending.
    position: Option<u32>,
    counts: CountsOut,
    /// When it begins by itself.
    due_at: Option<Timestamp>,
    /// The zone in which that was said.
    zone: Option<String>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    created_at: Timestamp,
    by_name: String,
    /// What may be done to it now: `edit`, `launch`, `schedule`, `unschedule`, `pause`, `resume`, `retry`, `cancel`,
    /// `delete`, `duplicate`.
    may: Vec<&'static str>,
    version: i64,
}

/// Lines of its ledger by state; what they add up to is `all`. `replied`, `opted_out` and `clicked` stand beside them.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CountsOut {
    all: u32,
    waiting: u32,
    queued: u32,
    sending: u32,
    sent: u32,
    delivered: u32,
    read: u32,
    failed: u32,
    undelivered: u32,
    uncertain: u32,
    skipped: u32,
    cancelled: u32,
    replied: u32,
    opted_out: u32,
    clicked: u32,
}

/// A campaign as a whole.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CampaignOut {
    #[serde(flatten)]
    row: CampaignRow,
    plan: Plan,
    files: Vec<CampaignFileOut>,
    lists: Vec<ListOut>,
    /// What it was duplicated or repeated from.
    copy_of: Option<CampaignId>,
    /// What it cost so far, in the currency most of it was in.
    cost: Option<MoneyOut>,
}

/// What a duplicate has of its original.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DuplicateOut {
    campaign: CampaignOut,
    /// Parts of the plan that were copied.
    copied: Vec<&'static str>,
    /// Parts that were not.
    not_copied: Vec<&'static str>,
}

/// A new draft.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct CampaignForm {
    plan: Plan,
}

/// A draft, changed.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct CampaignEdit {
    plan: Plan,
    /// Of the draft that was changed.
    version: i64,
}

/// A launch.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct LaunchForm {
    /// Of the draft that was looked at.
    version: Option<i64>,
    /// What was shown; where it is not so any more, nothing is launched.
    expect: Option<Expected>,
}

/// What was shown before a launch.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Expected {
    recipients: usize,
}

/// Lines that failed and are sent again.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct RetryForm {
    /// Which; null: all.
    recipients: Option<Vec<RecipientId>>,
}

/// What somebody decides about uncertain lines.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct UncertainForm {
    /// Which; null: all.
    recipients: Option<Vec<RecipientId>>,
    choice: UncertainChoice,
}

/// How many lines were changed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChangedOut {
    changed: usize,
}

impl From<Counts> for CountsOut {
    fn from(counts: Counts) -> CountsOut {
        CountsOut {
            all: counts.all(),
            waiting: counts.waiting,
            queued: counts.queued,
            sending: counts.sending,
            sent: counts.sent,
            delivered: counts.delivered,
            read: counts.read,
            failed: counts.failed,
            undelivered: counts.undelivered,
            uncertain: counts.uncertain,
            skipped: counts.skipped,
            cancelled: counts.cancelled,
            replied: counts.replied,
            opted_out: counts.opted_out,
            clicked: counts.clicked,
        }
    }
}

/// What may be done to it now.
fn acts_of(status: CampaignStatus, counts: &Counts) -> Vec<&'static str> {
    let possible = |act: &Act| status.after(*act).is_some() && (*act != Act::Retry || counts.failed > 0);
    let acts = Act::BY_SOMEBODY.into_iter().filter(possible).map(Act::as_str);
    acts.chain(["duplicate"]).collect()
}

fn row(db: &Snapshot<'_>, campaign: Campaign) -> Result<CampaignRow, StoreError> {
    let number = match &campaign.sender {
        Some(SenderPick::Number(number)) => Some(*number),
        _ => None,
    };
    let (channel, address) = db.campaign_labels(campaign.channel, number)?;
    let counts = db.campaign_counts(campaign.id)?;
    let position = match campaign.status {
        CampaignStatus::Pending => Some(db.campaign_position(campaign.id)?),
        _ => None,
    };
    let (channel_name, kind) = channel.unzip();
    Ok(CampaignRow {
        id: campaign.id,
        name: campaign.name,
        channel: campaign.channel,
        channel_name,
        kind,
        sender_label: match campaign.sender {
            Some(SenderPick::Pool(pool)) => Some(pool),
            _ => address.map(|address| address.to_string()),
        },
        status: campaign.status,
        reason: campaign.reason.map(ReasonOut::from),
        position,
        may: acts_of(campaign.status, &counts),
        counts: counts.into(),
        due_at: campaign.due_at,
        zone: campaign.zone,
        started_at: campaign.started_at,
        ended_at: campaign.ended_at,
        created_at: campaign.created_at,
        by_name: campaign.by_name,
        version: campaign.version,
    })
}

async fn whole(state: &ApiState, id: CampaignId) -> Result<CampaignOut, Problem> {
    state
        .reader
        .read(move |db| {
            let campaign = db.campaign(id)?.ok_or_else(|| Problem::not_found("campaign"))?;
            let copy_of = campaign.copy_of;
            let cost = db.campaign_cost(id)?.into_iter().next();
            Ok::<_, Problem>(CampaignOut {
                row: row(db, campaign)?,
                plan: drafts::plan_of(db, id)?.0,
                files: db.campaign_files(id)?.into_iter().map(CampaignFileOut::from).collect(),
                lists: db.campaign_lists(id)?.into_iter().map(ListOut::from).collect(),
                copy_of,
                cost: cost.map(|(micros, currency)| Price { micros, currency }.into()),
            })
        })
        .await
}

fn bounded_lines(lines: Option<Vec<RecipientId>>) -> Result<Option<Vec<RecipientId>>, Problem> {
    match lines {
        Some(lines) if lines.len() > LINES_MAX => {
            let words = (
                format!("at most {LINES_MAX} at once; null: all"),
                format!("höchstens {LINES_MAX} auf einmal; null: alle"),
            );
            Err(Problem::invalid("recipients", words))
        }
        lines => Ok(lines),
    }
}

/// The campaigns, the newest first.
#[utoipa::path(get, path = "/campaigns", tag = "campaigns", params(CampaignsAsked),
    responses((status = 200, body = Page<CampaignRow>)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Supervisor,
    Asked(asked): Asked<CampaignsAsked>,
) -> Result<Json<Page<CampaignRow>>, Problem> {
    let before = match &asked.after {
        None => None,
        Some(after) => {
            let words = ("no such place in the list", "diese Stelle der Liste gibt es nicht");
            Some(CampaignId(after.parse().map_err(|_| Problem::invalid("after", words))?))
        }
    };
    let limit = bounded(asked.limit);
    let wanted = CampaignsWanted {
        status: asked.status,
        channel: asked.channel.map(ChannelId),
        q: bounded_q(asked.q)?,
        before,
        limit,
    };
    let read = state.reader.read(move |db| {
        let found = db.campaigns_page(&wanted)?;
        let next = found.last().filter(|_| found.len() == limit as usize).map(|last| last.id.to_string());
        let items = found.into_iter().map(|campaign| row(db, campaign)).collect::<Result<_, _>>()?;
        Ok::<_, Problem>(Page { items, next })
    });
    Ok(Json(read.await?))
}

/// Save a new draft. It may be unfinished, but it has a name.
#[utoipa::path(post, path = "/campaigns", tag = "campaigns", request_body = CampaignForm,
    responses((status = 201, body = CampaignOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Body(form): Body<CampaignForm>,
) -> Result<(StatusCode, Json<CampaignOut>), Problem> {
    let id = drafts::create(&state.desk, form.plan, who.actor()).await?;
    Ok((StatusCode::CREATED, Json(whole(&state, id).await?)))
}

/// One campaign.
#[utoipa::path(get, path = "/campaigns/{id}", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Json<CampaignOut>, Problem> {
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// Change a draft.
#[utoipa::path(put, path = "/campaigns/{id}", tag = "campaigns", params(("id" = i64, Path)), request_body = CampaignEdit,
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Body(form): Body<CampaignEdit>,
) -> Result<Json<CampaignOut>, Problem> {
    drafts::save(&state.desk, CampaignId(id), form.plan, form.version).await?;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// Delete a draft, or a campaign that has ended.
#[utoipa::path(delete, path = "/campaigns/{id}", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    drafts::delete(&state.desk, CampaignId(id), who.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Launch a draft: now, or for the time in its plan. Its audience is frozen. Launched twice is launched once.
#[utoipa::path(post, path = "/campaigns/{id}/launch", tag = "campaigns", params(("id" = i64, Path)),
    request_body = LaunchForm,
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn launch(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Body(form): Body<LaunchForm>,
) -> Result<Json<CampaignOut>, Problem> {
    let shown = Shown { version: form.version, recipients: form.expect.map(|expected| expected.recipients) };
    // To its end, also where whoever asked goes away meanwhile: half a ledger is cleared away by whoever began it.
    let media = state.media.clone();
    let launched = tokio::spawn(async move { launch::launch(&media, CampaignId(id), shown, who.actor()).await });
    launched.await.map_err(|_| Problem::panicked())??;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// Take a scheduled campaign back: it is a draft again.
#[utoipa::path(post, path = "/campaigns/{id}/unschedule", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn unschedule(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
) -> Result<Json<CampaignOut>, Problem> {
    acts::unschedule(&state.desk, CampaignId(id)).await?;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// Hold a campaign: nothing of it leaves from now on, but for what is just being sent.
#[utoipa::path(post, path = "/campaigns/{id}/pause", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn pause(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<Json<CampaignOut>, Problem> {
    acts::pause(&state.desk, CampaignId(id), who.actor()).await?;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// Let a held or stopped campaign go on where it was.
#[utoipa::path(post, path = "/campaigns/{id}/resume", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn resume(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<Json<CampaignOut>, Problem> {
    acts::resume(&state.desk, CampaignId(id), Some(who.actor())).await?;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// End a campaign: whoever was not written to yet is not any more.
#[utoipa::path(post, path = "/campaigns/{id}/cancel", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<Json<CampaignOut>, Problem> {
    acts::cancel(&state.desk, CampaignId(id), who.actor()).await?;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// A new draft like this one.
#[utoipa::path(post, path = "/campaigns/{id}/duplicate", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 201, body = DuplicateOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn duplicate(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<(StatusCode, Json<DuplicateOut>), Problem> {
    let copy = drafts::duplicate(&state.desk, CampaignId(id), who.actor()).await?;
    let out = DuplicateOut {
        campaign: whole(&state, copy).await?,
        copied: vec!["channel", "sender", "audience", "lists", "content", "files", "rules"],
        not_copied: vec!["rules.start", "results"],
    };
    Ok((StatusCode::CREATED, Json(out)))
}

/// Send again what failed; never what may have arrived.
#[utoipa::path(post, path = "/campaigns/{id}/retry", tag = "campaigns", params(("id" = i64, Path)),
    request_body = RetryForm,
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn retry(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Body(form): Body<RetryForm>,
) -> Result<Json<CampaignOut>, Problem> {
    acts::retry(&state.desk, CampaignId(id), bounded_lines(form.recipients)?, who.actor()).await?;
    Ok(Json(whole(&state, CampaignId(id)).await?))
}

/// Say what became of lines of which nobody knows: they arrived, they did not, or they are sent again.
#[utoipa::path(post, path = "/campaigns/{id}/uncertain", tag = "campaigns", params(("id" = i64, Path)),
    request_body = UncertainForm,
    responses((status = 200, body = ChangedOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn uncertain(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Body(form): Body<UncertainForm>,
) -> Result<Json<ChangedOut>, Problem> {
    let lines = bounded_lines(form.recipients)?;
    let changed = acts::settle(&state.desk, CampaignId(id), lines, form.choice, who.actor()).await?;
    Ok(Json(ChangedOut { changed }))
}

/// The bounds of campaigns.
#[utoipa::path(get, path = "/campaigns/settings", tag = "campaigns", responses((status = 200, body = CampaignLimits)))]
pub async fn settings(State(state): State<ApiState>, _: Supervisor) -> Result<Json<CampaignLimits>, Problem> {
    Ok(Json(state.reader.read(|db| Ok::<_, Problem>(limits::read(db)?)).await?))
}

/// Set them.
#[utoipa::path(put, path = "/campaigns/settings", tag = "campaigns", request_body = CampaignLimits,
    responses((status = 200, body = CampaignLimits), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change_settings(
    State(state): State<ApiState>,
    _: Admin,
    Body(form): Body<CampaignLimits>,
) -> Result<Json<CampaignLimits>, Problem> {
    Ok(Json(limits::change(&state.desk, form).await?))
}
