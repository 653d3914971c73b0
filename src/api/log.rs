//! The channel log: what was said on the wire, secrets removed.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id, Page, bounded};
use crate::api::state::ApiState;
use crate::api::words;
use crate::domain::id::{ExchangeId, ExtensionId, MessageId, TrunkId};
use crate::domain::time::Timestamp;
use crate::store::view_log::ExchangeRow;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

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
    /// `out`: we asked.
    #[schema(schema_with = words::direction)]
    direction: String,
    /// `send`, `webhook`, `sip`, `test` or `ask`.
    #[schema(schema_with = words::exchange_purpose)]
    what: String,
    took_ms: i64,
    status: String,
    outcome: String,
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
            direction: row.direction,
            what: row.what,
            took_ms: row.took_ms,
            status: row.status,
            outcome: row.outcome,
            request: row.request,
            answer: row.answer,
        }
    }
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
    let bad = |_| {
        Problem::invalid(
            "after",
            (
                "this is no cursor: leave it out for the first page",
                "das ist keine Marke: für die erste Seite bitte weglassen",
            ),
        )
    };
    let before = asked.after.map(|after| after.parse().map(ExchangeId)).transpose().map_err(bad)?;
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
