//! Phonebooks.

use crate::api::auth::{Supervisor, Who};
use crate::api::contact_view::PhonebookOut;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body, Id, Items};
use crate::api::state::ApiState;
use crate::api::trunks::version_of;
use crate::domain::id::PhonebookId;
use crate::flow::phonebook::books;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

/// A phonebook, as somebody writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct PhonebookIn {
    name: String,
    #[serde(default)]
    remark: String,
    version: Option<i64>,
}

/// How a phonebook goes.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PhonebookGoes {
    /// With those contacts that stand in no other phonebook.
    with_contacts: Option<bool>,
}

/// All phonebooks.
#[utoipa::path(get, path = "/phonebooks", tag = "phonebooks", responses((status = 200, body = Items<PhonebookOut>)))]
pub async fn list(State(state): State<ApiState>, _: Who) -> Result<Json<Items<PhonebookOut>>, Problem> {
    let books = state.reader.read(|db| Ok::<_, Problem>(db.phonebooks()?)).await?;
    Ok(Json(Items { items: books.into_iter().map(PhonebookOut::from).collect() }))
}

/// Make a phonebook.
#[utoipa::path(post, path = "/phonebooks", tag = "phonebooks", request_body = PhonebookIn,
    responses((status = 201, body = PhonebookOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Supervisor,
    Body(given): Body<PhonebookIn>,
) -> Result<(StatusCode, Json<PhonebookOut>), Problem> {
    let id = books::create(&state.desk, &given.name, &given.remark).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// Name a phonebook anew.
#[utoipa::path(put, path = "/phonebooks/{id}", tag = "phonebooks", params(("id" = i64, Path)), request_body = PhonebookIn,
    responses((status = 200, body = PhonebookOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Body(given): Body<PhonebookIn>,
) -> Result<Json<PhonebookOut>, Problem> {
    let version = version_of(given.version)?;
    books::update(&state.desk, PhonebookId(id), version, &given.name, &given.remark).await?;
    one(&state, PhonebookId(id)).await.map(Json)
}

/// Delete a phonebook; contacts that stand in another one stay.
#[utoipa::path(delete, path = "/phonebooks/{id}", tag = "phonebooks", params(("id" = i64, Path), PhonebookGoes),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Asked(how): Asked<PhonebookGoes>,
) -> Result<StatusCode, Problem> {
    books::delete(&state.desk, PhonebookId(id), how.with_contacts.unwrap_or(false), who.actor().name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(state: &ApiState, id: PhonebookId) -> Result<PhonebookOut, Problem> {
    let book = state.reader.read(move |db| Ok::<_, Problem>(db.phonebook(id)?)).await?;
    book.map(PhonebookOut::from).ok_or_else(|| Problem::not_found("phonebook"))
}
