//! Who looked at, exported, erased or changed what; and the notes that are taken for it at the door.

use crate::api::auth::{Admin, login_token};
use crate::api::consent::read_address;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Page, bounded};
use crate::api::state::ApiState;
use crate::domain::time::Timestamp;
use crate::flow::consent::audit;
use crate::flow::users::who;
use crate::store::audit::{AuditRow, AuditWanted};
use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What changes the settings of the house.
const SETTINGS: [&str; 7] =
    ["/trunks", "/channels", "/numbers", "/queues", "/extensions", "/users", "/campaigns/settings"];

/// Which part of the log.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditAsked {
    /// Part of a name.
    who: Option<String>,
    /// What was done, as in `person.export`, or its beginning, as in `person`.
    what: Option<String>,
    address: Option<String>,
    from: Option<i64>,
    until: Option<i64>,
    /// The last page's `next`.
    after: Option<i64>,
    limit: Option<u32>,
}

/// A line of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AuditOut {
    id: i64,
    at: Timestamp,
    who: String,
    what: String,
    /// About whom or what; null also where the person is erased.
    about: Option<String>,
    detail: Value,
}

impl From<AuditRow> for AuditOut {
    fn from(row: AuditRow) -> AuditOut {
        let AuditRow { id, at, who, what, about, detail } = row;
        AuditOut { id, at, who, what, about, detail }
    }
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditAsked), responses((status = 200, body = Page<AuditOut>)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Admin,
    Asked(asked): Asked<AuditAsked>,
) -> Result<Json<Page<AuditOut>>, Problem> {
    let limit = bounded(asked.limit);
    let wanted = AuditWanted {
        who: asked.who,
        what: asked.what,
        address: asked.address.as_deref().map(read_address).transpose()?,
        from: asked.from.map(Timestamp),
        until: asked.until.map(Timestamp),
        after: asked.after,
        limit: limit + 1,
    };
    let mut rows = state.reader.read(move |db| Ok::<_, Problem>(db.audit_page(&wanted)?)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Json(Page { items: rows.into_iter().map(AuditOut::from).collect(), next }))
}

/// Notes who changed a setting, once it is changed.
pub async fn note_settings(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let path = path.strip_prefix("/api/v1").unwrap_or(path).to_owned();
    let asks = path.ends_with("/fit") || path.ends_with("/test");
    let writes = *request.method() != Method::GET && !asks && SETTINGS.iter().any(|place| path.starts_with(place));
    if !writes {
        return next.run(request).await;
    }
    let said = format!("{} {path}", request.method());
    let token = login_token(request.headers()).map(str::to_owned);
    let answer = next.run(request).await;
    if answer.status().is_success()
        && let Some(token) = token
        && let Ok(Some(known)) = who(&state.reader, &token, state.desk.now()).await
        && let Err(error) = audit::setting(&state.desk, known.user.name, said).await
    {
        tracing::error!(%error, "A change of settings could not be noted in the audit log: {error}");
    }
    answer
}
