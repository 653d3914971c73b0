//! Sources of contacts: directories and address books that are read on a schedule. A password goes in and never comes out
//! again.

use crate::api::auth::Admin;
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::state::ApiState;
use crate::api::trunks::{TestStepOut, version_of};
use crate::api::words;
use crate::domain::contact_form::{ContactForm, NumberForm};
use crate::domain::contact_source::{SourceCounts, SourceProblem, SourceSettings};
use crate::domain::id::{PhonebookId, SourceId};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::flow::contact_source::settings::{self, SourceForm};
use crate::store::contact_sources::{Source, SourceState};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const EVERY_USUAL_S: u64 = 3600;

/// A source of contacts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SourceOut {
    id: SourceId,
    /// Its name, and its phonebook's.
    name: String,
    /// `ldap` or `carddav`, as in `settings`.
    kind: &'static str,
    enabled: bool,
    settings: SourceSettings,
    has_password: bool,
    /// Seconds between readings.
    every_s: u64,
    next_at: Timestamp,
    /// When it was last read whole.
    read_at: Option<Timestamp>,
    /// `new`, `good`, `problem`, `reading`, `off` or `leaving`.
    #[schema(schema_with = words::source_state)]
    state: &'static str,
    /// How many of its contacts are here.
    contacts: u64,
    /// What the last whole reading changed.
    last: Option<SourceCounts>,
    /// Why the last reading changed nothing.
    problem: Option<SourceProblemOut>,
    /// Its phonebook.
    phonebook: PhonebookId,
    version: i64,
}

/// What is wrong with a source.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SourceProblemOut {
    en: String,
    de: String,
    todo_en: String,
    todo_de: String,
    /// Whether it can be read all the same, if somebody agrees (`may_shrink`).
    asks_to_shrink: bool,
}

/// A source, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct SourceIn {
    name: String,
    #[serde(default = "yes")]
    enabled: bool,
    settings: SourceSettings,
    /// Left out or null: as it is. Empty: none.
    password: Option<String>,
    /// From 300 to 604800; left out: an hour.
    every_s: Option<u64>,
    /// On a change: the version it was made on.
    version: Option<i64>,
}

/// How a source is read now.
#[derive(Default, Deserialize, utoipa::ToSchema)]
pub struct ReadIn {
    /// Also if it no longer names many of its contacts.
    #[serde(default)]
    may_shrink: bool,
}

/// A test of a source.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SourceTestOut {
    /// In order: `address`, `tls` (LDAP), `sign_in`, `book` (CardDAV), `entries`.
    steps: Vec<TestStepOut>,
    /// The first entries there, as they would become contacts.
    preview: Vec<SourcePreviewOut>,
}

/// An entry as it would become a contact.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SourcePreviewOut {
    first_name: String,
    last_name: String,
    company: String,
    email: String,
    numbers: Vec<NumberForm>,
}

impl From<ContactForm> for SourcePreviewOut {
    fn from(form: ContactForm) -> SourcePreviewOut {
        SourcePreviewOut {
            first_name: form.first_name,
            last_name: form.last_name,
            company: form.company,
            email: form.email,
            numbers: form.numbers,
        }
    }
}

impl From<SourceProblem> for SourceProblemOut {
    fn from(problem: SourceProblem) -> SourceProblemOut {
        use crate::domain::contact_source::ProblemCode;
        SourceProblemOut {
            asks_to_shrink: problem.code == ProblemCode::FarFewer,
            en: problem.en,
            de: problem.de,
            todo_en: problem.todo_en,
            todo_de: problem.todo_de,
        }
    }
}

impl From<Source> for SourceOut {
    fn from(source: Source) -> SourceOut {
        let state = match source.state {
            SourceState::Leaving => "leaving",
            _ if !source.enabled => "off",
            SourceState::Reading => "reading",
            SourceState::Idle if source.problem.is_some() => "problem",
            SourceState::Idle if source.read_at.is_none() => "new",
            SourceState::Idle => "good",
        };
        SourceOut {
            id: source.id,
            name: source.name,
            kind: source.settings.kind(),
            enabled: source.enabled,
            settings: source.settings,
            has_password: !source.password.is_empty(),
            every_s: source.every.as_secs(),
            next_at: source.next_at,
            read_at: source.read_at,
            state,
            contacts: source.contacts,
            last: source.counts,
            problem: source.problem.map(SourceProblemOut::from),
            phonebook: source.phonebook,
            version: source.version,
        }
    }
}

fn yes() -> bool {
    true
}

fn form(given: SourceIn) -> SourceForm {
    SourceForm {
        name: given.name,
        enabled: given.enabled,
        settings: given.settings,
        password: given.password.map(Secret::new),
        every: Duration::from_secs(given.every_s.unwrap_or(EVERY_USUAL_S)),
    }
}

/// All sources.
#[utoipa::path(get, path = "/contact-sources", tag = "contact_sources", responses((status = 200, body = Items<SourceOut>)))]
pub async fn list(State(state): State<ApiState>, _: Admin) -> Result<Json<Items<SourceOut>>, Problem> {
    let sources = state.reader.read(|rows| Ok::<_, Problem>(rows.sources()?)).await?;
    Ok(Json(Items { items: sources.into_iter().map(SourceOut::from).collect() }))
}

/// Make a source with its phonebook; it is read at once.
#[utoipa::path(post, path = "/contact-sources", tag = "contact_sources", request_body = SourceIn,
    responses((status = 201, body = SourceOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Admin,
    Body(given): Body<SourceIn>,
) -> Result<(StatusCode, Json<SourceOut>), Problem> {
    let id = settings::create(&state.desk, form(given)).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// One source.
#[utoipa::path(get, path = "/contact-sources/{id}", tag = "contact_sources", params(("id" = i64, Path)),
    responses((status = 200, body = SourceOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<Json<SourceOut>, Problem> {
    one(&state, SourceId(id)).await.map(Json)
}

/// Change a source; it is read anew.
#[utoipa::path(put, path = "/contact-sources/{id}", tag = "contact_sources", params(("id" = i64, Path)),
    request_body = SourceIn,
    responses((status = 200, body = SourceOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<SourceIn>,
) -> Result<Json<SourceOut>, Problem> {
    let version = version_of(given.version)?;
    settings::update(&state.desk, SourceId(id), version, form(given)).await?;
    one(&state, SourceId(id)).await.map(Json)
}

/// Delete a source with its phonebook and contacts; they go some at a time, after this.
#[utoipa::path(delete, path = "/contact-sources/{id}", tag = "contact_sources", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    settings::delete(&state.desk, SourceId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try a source out; nothing is written.
#[utoipa::path(post, path = "/contact-sources/{id}/test", tag = "contact_sources", params(("id" = i64, Path)),
    responses((status = 200, body = SourceTestOut), (status = 404, body = Problem)))]
pub async fn test(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<Json<SourceTestOut>, Problem> {
    let tested = settings::test(&state.desk, &state.switchboard.contact_sources(), SourceId(id)).await?;
    Ok(Json(SourceTestOut {
        steps: tested.steps.into_iter().map(TestStepOut::from).collect(),
        preview: tested.first.into_iter().map(SourcePreviewOut::from).collect(),
    }))
}

/// Read a source now; how it goes shows in its state.
#[utoipa::path(post, path = "/contact-sources/{id}/read", tag = "contact_sources", params(("id" = i64, Path)),
    request_body = ReadIn,
    responses((status = 202, body = SourceOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn read(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<ReadIn>,
) -> Result<(StatusCode, Json<SourceOut>), Problem> {
    settings::read_now(&state.desk, SourceId(id), given.may_shrink).await?;
    Ok((StatusCode::ACCEPTED, Json(one(&state, SourceId(id)).await?)))
}

async fn one(state: &ApiState, id: SourceId) -> Result<SourceOut, Problem> {
    let found = state.reader.read(move |rows| Ok::<_, Problem>(rows.source(id)?)).await?;
    found.map(SourceOut::from).ok_or_else(|| Problem::not_found("source"))
}
