//! Files of contacts: put here, looked at, decided, looked through, taken over.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body as Json_, Id, Items};
use crate::api::state::ApiState;
use crate::domain::contact_import::{Export, ImportFormat, ImportState, Known};
use crate::domain::id::{ImportId, PhonebookId};
use crate::domain::time::Timestamp;
use crate::flow::phonebook::import::{plan, take};
use crate::net::file_answer::whole;
use crate::store::imports::{FAULTS_KEPT, Import, ImportFault, ImportPlan};
use crate::tabular::layout::Layout;
use crate::tabular::write::CsvWriter;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::StatusCode;
use http_body_util::LengthLimitError;
use serde::{Deserialize, Serialize};

/// Imports a list shows.
const IMPORTS_SHOWN: usize = 50;
/// Faults that are shown with an import.
const FAULTS_SHOWN: u32 = 100;

/// What the file is called.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportAsked {
    /// A label, nothing is opened or kept by it.
    name: Option<String>,
}

/// What was decided of an import.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ImportIn {
    layout: Layout,
    /// For each column `first_name`, `last_name`, `full_name`, `company`, `email`, `remark`, `address`, `language`, `time_zone`,
    /// `number:<kind>`, `custom:<name>`, or null.
    mapping: Vec<Option<String>>,
    phonebook: Option<PhonebookId>,
    known: Known,
}

/// A file of contacts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ImportOut {
    id: ImportId,
    name: String,
    format: ImportFormat,
    /// Whose export it looks like.
    recognised: Option<Export>,
    state: ImportState,
    layout: Layout,
    columns: Vec<String>,
    mapping: Vec<Option<String>>,
    /// The first rows, at most 20.
    first: Vec<Vec<String>>,
    phonebook: Option<PhonebookId>,
    known: Known,
    /// Null: not counted yet.
    rows_total: Option<u64>,
    rows_done: u64,
    added: u64,
    updated: u64,
    skipped: u64,
    /// Rows that are not taken.
    faulty: u64,
    /// How many faults were found in all, also in rows that are taken.
    faults_total: u64,
    /// The first of them, at most 100.
    faults: Vec<ImportFaultOut>,
    /// Why it broke off, in English; null: it did not.
    problem: Option<String>,
    /// The same in German.
    problem_de: Option<String>,
    at: Timestamp,
}

/// Something wrong in a row.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ImportFaultOut {
    line: u64,
    /// Null: the whole row.
    column: Option<String>,
    en: String,
    de: String,
}

impl ImportOut {
    fn of(import: Import, faults: Vec<ImportFault>) -> ImportOut {
        let fault = |fault: ImportFault| ImportFaultOut {
            line: fault.line,
            column: fault.column,
            en: fault.what.english,
            de: fault.what.german,
        };
        let (problem, problem_de) = import.problem.map(|problem| (problem.english, problem.german)).unzip();
        ImportOut {
            id: import.id,
            name: import.name,
            format: import.format,
            recognised: import.recognised,
            state: import.state,
            layout: import.plan.layout,
            columns: import.columns,
            mapping: import.plan.mapping,
            first: import.first,
            phonebook: import.plan.phonebook,
            known: import.plan.known,
            rows_total: import.progress.total,
            rows_done: import.progress.done,
            added: import.progress.added,
            updated: import.progress.updated,
            skipped: import.progress.skipped,
            faulty: import.progress.faulty,
            faults_total: import.progress.faults,
            faults: faults.into_iter().map(fault).collect(),
            problem,
            problem_de,
            at: import.at,
        }
    }
}

/// Put a file of contacts here: a table (CSV) or cards (vCard), at most 64 MB; the body is the file.
#[utoipa::path(post, path = "/imports", tag = "imports", params(ImportAsked),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = ImportOut), (status = 409, body = Problem), (status = 413, body = Problem),
              (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Asked(asked): Asked<ImportAsked>,
    body: Body,
) -> Result<(StatusCode, Json<ImportOut>), Problem> {
    let mut incoming = take::begin(&state.imports, who.known.user.id).await?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| broken_off(&error))?;
        incoming.write(&piece).await?;
    }
    let id = incoming.take(&asked.name.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// Larger than the door lets in, or an end before its end.
fn broken_off(error: &axum::Error) -> Problem {
    let mut causes = std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source());
    match causes.any(|cause| cause.is::<LengthLimitError>()) {
        true => take::too_large().into(),
        false => {
            Problem::invalid("body", ("the file broke off: send it again", "die Datei brach ab: bitte erneut senden"))
        }
    }
}

/// The newest imports.
#[utoipa::path(get, path = "/imports", tag = "imports", responses((status = 200, body = Items<ImportOut>)))]
pub async fn list(State(state): State<ApiState>, _: Supervisor) -> Result<Json<Items<ImportOut>>, Problem> {
    let imports = state.reader.read(|db| Ok::<_, Problem>(db.imports(IMPORTS_SHOWN)?)).await?;
    // What is in them is shown one by one.
    let short = |import: Import| ImportOut::of(Import { first: Vec::new(), ..import }, Vec::new());
    Ok(Json(Items { items: imports.into_iter().map(short).collect() }))
}

/// One import, with its first rows and faults.
#[utoipa::path(get, path = "/imports/{id}", tag = "imports", params(("id" = i64, Path)),
    responses((status = 200, body = ImportOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Json<ImportOut>, Problem> {
    one(&state, ImportId(id)).await.map(Json)
}

/// Decide how it is read and where it goes. What was found before counts no more.
#[utoipa::path(put, path = "/imports/{id}", tag = "imports", params(("id" = i64, Path)), request_body = ImportIn,
    responses((status = 200, body = ImportOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Json_(given): Json_<ImportIn>,
) -> Result<Json<ImportOut>, Problem> {
    let decided =
        ImportPlan { layout: given.layout, mapping: given.mapping, phonebook: given.phonebook, known: given.known };
    plan::decide(&state.imports, ImportId(id), decided).await?;
    one(&state, ImportId(id)).await.map(Json)
}

/// Look it through; nothing is written.
#[utoipa::path(post, path = "/imports/{id}/check", tag = "imports", params(("id" = i64, Path)),
    responses((status = 200, body = ImportOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn check(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Json<ImportOut>, Problem> {
    plan::check(&state.imports, ImportId(id)).await?;
    one(&state, ImportId(id)).await.map(Json)
}

/// Take it over; one that broke off goes on from where it came to.
#[utoipa::path(post, path = "/imports/{id}/run", tag = "imports", params(("id" = i64, Path)),
    responses((status = 200, body = ImportOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn run(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<Json<ImportOut>, Problem> {
    plan::run(&state.imports, ImportId(id), who.actor().name).await?;
    one(&state, ImportId(id)).await.map(Json)
}

/// Forget an import and its file; what was taken over stays.
#[utoipa::path(delete, path = "/imports/{id}", tag = "imports", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<StatusCode, Problem> {
    plan::delete(&state.imports, ImportId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The faults as a table: the first 10,000.
#[utoipa::path(get, path = "/imports/{id}/faults.csv", tag = "imports", params(("id" = i64, Path)),
    responses((status = 200, content_type = "text/csv"), (status = 404, body = Problem)))]
pub async fn faults(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Response, Problem> {
    let id = ImportId(id);
    let found = state.reader.read(move |db| {
        db.import(id)?.ok_or_else(|| Problem::not_found("import"))?;
        Ok::<_, Problem>(db.import_faults(id, 0, FAULTS_KEPT)?)
    });
    let faults = found.await?;
    let bytes =
        as_table(&faults).map_err(|error| Problem::unreadable(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()))?;
    Ok(whole(bytes.into(), "text/csv; charset=utf-8", &format!("import-{id}-faults.csv"), false).into_response())
}

fn as_table(faults: &[ImportFault]) -> std::io::Result<Vec<u8>> {
    let mut table = CsvWriter::new(Vec::new())?;
    table.row(["line", "column", "en", "de"])?;
    for fault in faults {
        let column = fault.column.as_deref().unwrap_or_default();
        table.row([&fault.line.to_string(), column, &fault.what.english, &fault.what.german])?;
    }
    table.finish()
}

async fn one(state: &ApiState, id: ImportId) -> Result<ImportOut, Problem> {
    let found = state.reader.read(move |db| {
        let import = db.import(id)?.ok_or_else(|| Problem::not_found("import"))?;
        Ok::<_, Problem>((import, db.import_faults(id, 0, FAULTS_SHOWN)?))
    });
    let (import, faults) = found.await?;
    Ok(ImportOut::of(import, faults))
}
