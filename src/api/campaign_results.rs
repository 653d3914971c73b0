//! What became of a campaign: its figures, its course, its links, its ledger line by line, and all of it as a file.

use crate::api::auth::Supervisor;
use crate::api::campaign_content::MoneyOut;
use crate::api::campaigns::CountsOut;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id, Page, bounded, bounded_q};
use crate::api::session_view::ReasonOut;
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::id::{CampaignId, MessageId, RecipientId, SessionId};
use crate::domain::price::Price;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::campaign_course::{Course, ReasonLines};
use crate::store::recipients::{Flag, RecipientRow, RecipientsWanted};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// Steps of a course at most.
const STEPS_MAX: usize = 200;
/// The states of the ledger.
pub(super) const STATES: [&str; 11] = [
    "waiting",
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "failed",
    "undelivered",
    "uncertain",
    "skipped",
    "cancelled",
];

/// What became of a campaign.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ResultsOut {
    counts: CountsOut,
    /// What it cost, for each currency.
    cost: Vec<MoneyOut>,
    /// Why lines were not sent or did not arrive, the most frequent first.
    reasons: Vec<ReasonCount>,
    /// Its course, in steps of equal length.
    timeline: Vec<TimelineStep>,
    /// How long a step is, in milliseconds.
    step_ms: i64,
    /// Whether any report of a delivery came: where a carrier gives none, `sent` is the end.
    reports: bool,
    /// Its counted links.
    links: Vec<LinkOut>,
}

/// How often something was the reason.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ReasonCount {
    #[serde(flatten)]
    reason: ReasonOut,
    /// In which state these lines are.
    state: String,
    count: u32,
}

/// What happened in a step of time.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TimelineStep {
    /// When it begins.
    at: Timestamp,
    sent: u32,
    delivered: u32,
    read: u32,
    failed: u32,
}

/// A counted link.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LinkOut {
    /// Where it leads.
    target: String,
    clicks: u32,
    /// By how many people.
    people: u32,
}

/// What a page of the ledger is asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecipientsAsked {
    /// Only in this state.
    state: Option<String>,
    /// Only those who `replied`, `opted_out` or `clicked`.
    flag: Option<String>,
    /// Part of a name or number.
    q: Option<String>,
    /// What the page before said is next.
    after: Option<String>,
    /// How many, at most 200.
    limit: Option<u32>,
}

/// A line of the ledger.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RecipientOut {
    id: RecipientId,
    name: String,
    /// The number as it came.
    given: String,
    address: Option<Address>,
    state: String,
    reason: Option<ReasonOut>,
    tries: u32,
    /// Until when it waits.
    not_before: Option<Timestamp>,
    changed_at: Timestamp,
    sent_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    replied_at: Option<Timestamp>,
    opted_out_at: Option<Timestamp>,
    clicks: u32,
    /// Their conversation; null: there is none that anybody sees.
    session: Option<SessionId>,
    message: Option<MessageId>,
    segments: Option<u32>,
    cost: Option<MoneyOut>,
}

impl From<ReasonLines> for ReasonCount {
    fn from(found: ReasonLines) -> ReasonCount {
        ReasonCount { reason: Reason::of(found.code).into(), state: found.state, count: found.lines }
    }
}

impl From<RecipientRow> for RecipientOut {
    fn from(row: RecipientRow) -> RecipientOut {
        RecipientOut {
            id: row.id,
            name: row.name,
            given: row.given,
            address: row.address,
            state: row.state,
            reason: row.reason.map(ReasonOut::from),
            tries: row.tries,
            not_before: row.not_before,
            changed_at: row.changed_at,
            sent_at: row.sent_at,
            delivered_at: row.delivered_at,
            read_at: row.read_at,
            replied_at: row.replied_at,
            opted_out_at: row.opted_out_at,
            clicks: row.clicks,
            session: row.session,
            message: row.message,
            segments: row.segments,
            cost: row.cost.map(|(micros, currency)| Price { micros, currency }.into()),
        }
    }
}

/// What became of a campaign, so far.
#[utoipa::path(get, path = "/campaigns/{id}/results", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = ResultsOut), (status = 404, body = Problem)))]
pub async fn results(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Json<ResultsOut>, Problem> {
    let id = CampaignId(id);
    let read = state.reader.read(move |db| {
        db.campaign(id)?.ok_or_else(|| Problem::not_found("campaign"))?;
        let counts = db.campaign_counts(id)?;
        let Course { step_ms, steps, reasons } = db.campaign_course(id, STEPS_MAX)?;
        let mut reasons: Vec<ReasonCount> = reasons.into_iter().map(ReasonCount::from).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        Ok::<_, Problem>(ResultsOut {
            reports: counts.delivered + counts.read + counts.undelivered > 0,
            counts: counts.into(),
            cost: db
                .campaign_cost(id)?
                .into_iter()
                .map(|(micros, currency)| Price { micros, currency }.into())
                .collect(),
            reasons,
            timeline: steps
                .into_iter()
                .map(|(at, [sent, delivered, read, failed])| TimelineStep {
                    at: Timestamp(at),
                    sent,
                    delivered,
                    read,
                    failed,
                })
                .collect(),
            step_ms,
            links: db
                .campaign_links(id)?
                .into_iter()
                .map(|(target, clicks, people)| LinkOut { target, clicks, people })
                .collect(),
        })
    });
    Ok(Json(read.await?))
}

/// The ledger of a campaign, page by page.
#[utoipa::path(get, path = "/campaigns/{id}/recipients", tag = "campaigns", params(("id" = i64, Path), RecipientsAsked),
    responses((status = 200, body = Page<RecipientOut>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn recipients(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Asked(asked): Asked<RecipientsAsked>,
) -> Result<Json<Page<RecipientOut>>, Problem> {
    let id = CampaignId(id);
    let after = match &asked.after {
        None => RecipientId(0),
        Some(after) => {
            let words = ("no such place in the list", "diese Stelle der Liste gibt es nicht");
            RecipientId(after.parse().map_err(|_| Problem::invalid("after", words))?)
        }
    };
    let limit = bounded(asked.limit);
    let wanted = RecipientsWanted {
        state: state_asked(asked.state)?,
        flag: flag_asked(asked.flag.as_deref())?,
        q: bounded_q(asked.q)?,
        after,
        limit,
    };
    let read = state.reader.read(move |db| {
        db.campaign(id)?.ok_or_else(|| Problem::not_found("campaign"))?;
        let found = db.recipients_page(id, &wanted)?;
        let next = found.last().filter(|_| found.len() == limit as usize).map(|last| last.id.to_string());
        Ok::<_, Problem>(Page { items: found.into_iter().map(RecipientOut::from).collect(), next })
    });
    Ok(Json(read.await?))
}

pub(super) fn state_asked(state: Option<String>) -> Result<Option<String>, Problem> {
    match state {
        Some(state) if !STATES.contains(&state.as_str()) => {
            let words = (format!("one of {}", STATES.join(", ")), format!("eines von {}", STATES.join(", ")));
            Err(Problem::invalid("state", words))
        }
        state => Ok(state),
    }
}

fn flag_asked(flag: Option<&str>) -> Result<Option<Flag>, Problem> {
    match flag {
        None => Ok(None),
        Some("replied") => Ok(Some(Flag::Replied)),
        Some("opted_out") => Ok(Some(Flag::OptedOut)),
        Some("clicked") => Ok(Some(Flag::Clicked)),
        Some(_) => {
            let words = ("replied, opted_out or clicked", "replied, opted_out oder clicked");
            Err(Problem::invalid("flag", words))
        }
    }
}
