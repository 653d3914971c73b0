//! The channel log: what was said on the wire, secrets removed.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id, Page, bounded};
use crate::api::state::ApiState;
use crate::api::words;
use crate::domain::id::{DeliveryId, ExchangeId, ExtensionId, MessageId, SessionId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::view_log::{ExchangeRow, LogFilter, LogLine};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

const FIRST_LINE_CHARS_MAX: usize = 200;

/// Which part of the log.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogAsked {
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

/// One exchange on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExchangeOut {
    id: ExchangeId,
    at: Timestamp,
    trunk: Option<TrunkId>,
    extension: Option<ExtensionId>,
    message: Option<MessageId>,
    /// Which of its deliveries.
    delivery: Option<DeliveryId>,
    /// `out`: we asked.
    #[schema(schema_with = words::direction)]
    direction: String,
    /// `send`, `webhook`, `sip`, `test` or `ask`.
    #[schema(schema_with = words::exchange_purpose)]
    what: String,
    took_ms: i64,
    status: String,
    outcome: String,
    /// Whether it went well: a carrier's error inside a 200 did not.
    good: bool,
    request: String,
    answer: String,
}

impl From<ExchangeRow> for ExchangeOut {
    fn from(row: ExchangeRow) -> ExchangeOut {
        ExchangeOut {
            id: row.id,
            at: row.at,
            trunk: row.trunk,
            extension: row.extension,
            message: row.message,
            delivery: row.delivery,
            direction: row.direction,
            what: row.what,
            took_ms: row.took_ms,
            status: row.status,
            outcome: row.outcome,
            good: row.good,
            request: row.request,
            answer: row.answer,
        }
    }
}

/// Which exchanges; all that is given must fit.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogSearch {
    message: Option<i64>,
    delivery: Option<i64>,
    trunk: Option<i64>,
    extension: Option<i64>,
    /// `good` or `bad`.
    outcome: Option<String>,
    /// Milliseconds since 1970: not before.
    since: Option<i64>,
    /// Milliseconds since 1970: not after.
    until: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

/// One exchange as a list shows it; its texts are at `/log/{id}`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LogLineOut {
    id: ExchangeId,
    at: Timestamp,
    trunk: Option<TrunkId>,
    trunk_name: Option<String>,
    extension: Option<ExtensionId>,
    /// Number and name.
    extension_label: Option<String>,
    message: Option<MessageId>,
    delivery: Option<DeliveryId>,
    /// The conversation of the message.
    session: Option<SessionId>,
    /// `out`: we asked.
    #[schema(schema_with = words::direction)]
    direction: String,
    /// `send`, `webhook`, `sip`, `test` or `ask`.
    #[schema(schema_with = words::exchange_purpose)]
    what: String,
    took_ms: i64,
    status: String,
    outcome: String,
    good: bool,
    /// The first line of the request.
    first_line: String,
}

impl From<LogLine> for LogLineOut {
    fn from(line: LogLine) -> LogLineOut {
        let LogLine { row, trunk_name, extension_label, session } = line;
        LogLineOut {
            id: row.id,
            at: row.at,
            trunk: row.trunk,
            trunk_name,
            extension: row.extension,
            extension_label,
            message: row.message,
            delivery: row.delivery,
            session,
            direction: row.direction,
            what: row.what,
            took_ms: row.took_ms,
            status: row.status,
            outcome: row.outcome,
            good: row.good,
            first_line: row.request.lines().next().unwrap_or_default().chars().take(FIRST_LINE_CHARS_MAX).collect(),
        }
    }
}

/// What was said on the wire, newest first.
#[utoipa::path(get, path = "/log", tag = "log", params(LogSearch),
    responses((status = 200, body = Page<LogLineOut>), (status = 403, body = Problem)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Supervisor,
    Asked(asked): Asked<LogSearch>,
) -> Result<Json<Page<LogLineOut>>, Problem> {
    let limit = bounded(asked.limit);
    let good = match asked.outcome.as_deref() {
        None | Some("") => None,
        Some("good") => Some(true),
        Some("bad") => Some(false),
        Some(_) => return Err(Problem::invalid("outcome", ("good or bad", "good oder bad"))),
    };
    let filter = LogFilter {
        message: asked.message.map(MessageId),
        delivery: asked.delivery.map(DeliveryId),
        trunk: asked.trunk.map(TrunkId),
        extension: asked.extension.map(ExtensionId),
        good,
        since: asked.since.map(Timestamp),
        until: asked.until.map(Timestamp),
        before: before(asked.after.as_deref())?,
    };
    let mut rows = state.reader.read(move |snapshot| snapshot.log(&filter, limit + 1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|last| last.row.id.to_string());
    Ok(Json(Page { items: rows.into_iter().map(LogLineOut::from).collect(), next }))
}

/// One exchange, with what was said.
#[utoipa::path(get, path = "/log/{id}", tag = "log", params(("id" = i64, Path)),
    responses((status = 200, body = ExchangeOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Json<ExchangeOut>, Problem> {
    let line = state.reader.read(move |snapshot| snapshot.log_line(ExchangeId(id))).await?;
    line.map(|line| Json(line.row.into())).ok_or_else(|| Problem::not_found("exchange"))
}

fn before(after: Option<&str>) -> Result<Option<ExchangeId>, Problem> {
    let bad = |_| {
        Problem::invalid(
            "after",
            (
                "this is no cursor: leave it out for the first page",
                "das ist keine Marke: für die erste Seite bitte weglassen",
            ),
        )
    };
    after.map(|after| after.parse().map(ExchangeId)).transpose().map_err(bad)
}

/// What was said on a trunk, newest first.
#[utoipa::path(get, path = "/trunks/{id}/log", tag = "trunks", params(("id" = i64, Path), LogAsked),
    responses((status = 200, body = Page<ExchangeOut>), (status = 403, body = Problem)))]
pub async fn of_trunk(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Asked(asked): Asked<LogAsked>,
) -> Result<Json<Page<ExchangeOut>>, Problem> {
    let limit = bounded(asked.limit);
    let before = before(asked.after.as_deref())?;
    let (exists, mut rows) = state
        .reader
        .read(move |snapshot| {
            let exists = snapshot.trunk(TrunkId(id))?.is_some();
            Ok::<_, Problem>((exists, snapshot.exchanges_of_trunk(TrunkId(id), before, limit + 1)?))
        })
        .await?;
    if !exists {
        return Err(Problem::not_found("trunk"));
    }
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(Page { items: rows.into_iter().map(ExchangeOut::from).collect(), next }))
}
