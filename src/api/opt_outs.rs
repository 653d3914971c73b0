//! Who wants nothing more: the list, and what people put into it and take back.

use crate::api::auth::{Supervisor, Who};
use crate::api::download::{Format, download, gathered};
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body, Id, Page, bounded, bounded_q};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::id::OptOutId;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::consent::audit;
use crate::flow::consent::list::{self, Imported, OptOutForm};
use crate::store::opt_outs_list::{OptOutRow, OptOutsWanted};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most bytes of a list.
const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rows read at once for a file.
const STEP_MAX: u32 = 500;

/// Somebody who wants no more.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OptOutOut {
    id: OptOutId,
    /// Null: the person was erased, and only a digest of the number is left.
    address: Option<Address>,
    name: Option<String>,
    /// Null: the number or channel is gone.
    scope: Option<Scope>,
    /// The same for people, as the number and channel were called then.
    scope_label: String,
    /// Only advertising is meant.
    marketing_only: bool,
    source: OptOutSource,
    /// What was said or pressed; text from outside.
    words: Option<String>,
    note: String,
    channel_name: Option<String>,
    /// Who noted it, as they were called then.
    by_name: Option<String>,
    at: Timestamp,
    /// When it was taken back.
    withdrawn_at: Option<Timestamp>,
    /// By whom; null: by the person.
    withdrawn_by: Option<String>,
    /// In which words, or why.
    withdrawn_words: Option<String>,
}

impl From<OptOutRow> for OptOutOut {
    fn from(row: OptOutRow) -> OptOutOut {
        OptOutOut {
            scope_label: label(&row),
            id: row.id,
            address: row.address,
            name: row.name,
            scope: row.scope,
            marketing_only: row.marketing_only,
            source: row.source,
            words: row.words,
            note: row.note,
            channel_name: row.channel_name,
            by_name: row.by,
            at: row.at,
            withdrawn_at: row.withdrawn_at,
            withdrawn_by: row.withdrawn_by,
            withdrawn_words: row.withdrawn_words,
        }
    }
}

/// `+49301234567 · SMS Germany`; the word `everything` is for the portal to translate.
fn label(row: &OptOutRow) -> String {
    let channel = row.channel_name.clone().unwrap_or_default();
    match (row.reach.as_str(), &row.our_address) {
        ("number", Some(number)) => format!("{number} · {channel}"),
        ("channel", _) => channel,
        _ => "everything".to_owned(),
    }
}

/// Which part of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OptOutsAsked {
    /// Part of a number, a name, or the words.
    q: Option<String>,
    /// Only known from there.
    source: Option<OptOutSource>,
    /// Only those that stand, or only those taken back.
    active: Option<bool>,
    /// The last page's `next`.
    after: Option<i64>,
    limit: Option<u32>,
}

/// Who wants no more, newest first.
#[utoipa::path(get, path = "/opt-outs", tag = "opt_outs", params(OptOutsAsked),
    responses((status = 200, body = Page<OptOutOut>)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Supervisor,
    Asked(asked): Asked<OptOutsAsked>,
) -> Result<Json<Page<OptOutOut>>, Problem> {
    let limit = bounded(asked.limit);
    let wanted = OptOutsWanted {
        q: bounded_q(asked.q)?,
        source: asked.source,
        active: asked.active,
        after: asked.after.map(OptOutId),
        limit: limit + 1,
    };
    let mut rows = state.reader.read(move |db| Ok::<_, Problem>(db.opt_outs(&wanted)?)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Json(Page { items: rows.into_iter().map(OptOutOut::from).collect(), next }))
}

/// A refusal as somebody notes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct OptOutIn {
    address: Address,
    scope: Scope,
    #[serde(default)]
    marketing_only: bool,
    #[serde(default)]
    note: String,
}

/// Note that somebody wants no more. The one that stands already is answered as it is.
#[utoipa::path(post, path = "/opt-outs", tag = "opt_outs", request_body = OptOutIn,
    responses((status = 201, body = OptOutOut), (status = 422, body = Problem)))]
pub async fn add(
    State(state): State<ApiState>,
    who: Who,
    Body(given): Body<OptOutIn>,
) -> Result<(StatusCode, Json<OptOutOut>), Problem> {
    let form = OptOutForm {
        address: given.address,
        scope: given.scope,
        marketing_only: given.marketing_only,
        note: given.note,
    };
    let id = list::add(&state.desk, form, who.actor().name).await?;
    Ok((StatusCode::CREATED, one(&state, id).await?))
}

/// Why it is taken back.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct WithdrawIn {
    #[serde(default)]
    note: String,
}

/// Take one back for a person.
#[utoipa::path(post, path = "/opt-outs/{id}/withdraw", tag = "opt_outs", params(("id" = i64, Path)), request_body = WithdrawIn,
    responses((status = 200, body = OptOutOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn withdraw(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Body(given): Body<WithdrawIn>,
) -> Result<Json<OptOutOut>, Problem> {
    list::take_back(&state.desk, OptOutId(id), given.note, who.actor().name).await?;
    one(&state, OptOutId(id)).await
}

async fn one(state: &ApiState, id: OptOutId) -> Result<Json<OptOutOut>, Problem> {
    let row = state.reader.read(move |db| Ok::<_, Problem>(db.opt_out(id)?)).await?;
    Ok(Json(row.ok_or_else(|| Problem::not_found("opt-out"))?.into()))
}

/// Whether the list is only looked at.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportAsked {
    /// Says what would come of it, and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What came of a list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OptOutsImported {
    rows: usize,
    added: usize,
    /// Stood already.
    known: usize,
    /// Could not be taken.
    faulty: usize,
    /// The first hundred of them.
    faults: Vec<OptOutFault>,
}

/// What is wrong with a line.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OptOutFault {
    line: u64,
    en: String,
    de: String,
}

impl From<Imported> for OptOutsImported {
    fn from(imported: Imported) -> OptOutsImported {
        let fault = |(line, Wording { english, german })| OptOutFault { line, en: english, de: german };
        OptOutsImported {
            rows: imported.rows,
            added: imported.added,
            known: imported.known,
            faulty: imported.faulty,
            faults: imported.faults.into_iter().map(fault).collect(),
        }
    }
}

/// Take a list in: the body is the file. A column with numbers is enough; what was exported here is understood whole.
#[utoipa::path(post, path = "/opt-outs/import", tag = "opt_outs", params(ImportAsked),
    request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 200, body = OptOutsImported), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn import(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Asked(asked): Asked<ImportAsked>,
    body: axum::body::Body,
) -> Result<Json<OptOutsImported>, Problem> {
    let bytes = gathered(body, LIST_BYTES_MAX).await?;
    Ok(Json(list::import(&state.desk, bytes, asked.dry_run, who.actor().name).await?.into()))
}

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportAsked {
    #[param(inline)]
    format: Format,
}

const COLUMNS: [&str; 13] = [
    "address",
    "name",
    "scope",
    "our_number",
    "channel",
    "marketing_only",
    "source",
    "words",
    "note",
    "by",
    "at",
    "withdrawn_at",
    "withdrawn_by",
];

/// The whole list as a file.
#[utoipa::path(get, path = "/opt-outs/export", tag = "opt_outs", params(ExportAsked),
    responses((status = 200, body = Vec<u8>, content_type = "text/csv")))]
pub async fn export(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Asked(asked): Asked<ExportAsked>,
) -> Result<Response, Problem> {
    audit::note(&state.desk, who.actor().name, "opt_out.export", None, json!({ "format": asked.format.as_str() }))
        .await?;
    let reader = state.reader.clone();
    let page = move |after: Option<i64>| {
        let reader = reader.clone();
        async move {
            let wanted = OptOutsWanted { after: after.map(OptOutId), limit: STEP_MAX, ..OptOutsWanted::default() };
            let rows = reader.read(move |db| Ok::<_, Problem>(db.opt_outs(&wanted)?)).await?;
            let next = rows.last().filter(|_| rows.len() == STEP_MAX as usize).map(|row| row.id.0);
            Ok::<_, Problem>((rows.into_iter().map(cells).collect::<Vec<_>>(), next))
        }
    };
    download(&state, asked.format, "opt-outs", &COLUMNS, page).await
}

fn cells(row: OptOutRow) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map(|at| format!("{at:?}")).unwrap_or_default();
    vec![
        row.address.map(|address| address.to_string()).unwrap_or_default(),
        row.name.unwrap_or_default(),
        row.reach,
        row.our_address.map(|address| address.to_string()).unwrap_or_default(),
        row.channel_name.unwrap_or_default(),
        row.marketing_only.to_string(),
        row.source.as_str().to_owned(),
        row.words.unwrap_or_default(),
        row.note,
        row.by.unwrap_or_default(),
        time(Some(row.at)),
        time(row.withdrawn_at),
        row.withdrawn_by.unwrap_or_default(),
    ]
}
