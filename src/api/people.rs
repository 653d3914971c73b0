//! What is kept of a person: shown, given out, erased.

use crate::api::auth::{Admin, Supervisor};
use crate::api::consent::read_address;
use crate::api::download::named;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::flow::consent::people;
use crate::media::zip::{Content, stream};
use crate::store::people::PersonCounts;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PersonAsked {
    address: String,
}

/// What is kept of a person, counted.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PersonOut {
    contacts: u32,
    sessions: u32,
    messages: u32,
    opt_outs: u32,
    consents: u32,
    /// Lines of campaigns.
    campaigns: u32,
}

impl From<PersonCounts> for PersonOut {
    fn from(counts: PersonCounts) -> PersonOut {
        let PersonCounts { contacts, sessions, messages, opt_outs, consents, campaigns } = counts;
        PersonOut { contacts, sessions, messages, opt_outs, consents, campaigns }
    }
}

/// What is kept of a person; noted in the audit log, once an hour.
#[utoipa::path(get, path = "/people", tag = "people", params(PersonAsked), responses((status = 200, body = PersonOut)))]
pub async fn get(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Asked(asked): Asked<PersonAsked>,
) -> Result<Json<PersonOut>, Problem> {
    let address = read_address(&asked.address)?;
    Ok(Json(people::look(&state.desk, address, who.actor().name).await?.into()))
}

/// All that is kept of a person: JSON by its parts, and the files of their messages.
#[utoipa::path(get, path = "/people/export", tag = "people", params(PersonAsked),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
pub async fn export(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Asked(asked): Asked<PersonAsked>,
) -> Result<Response, Problem> {
    let address = read_address(&asked.address)?;
    let (parts, files) = people::export(&state.desk, address, who.actor().name).await?;
    let parts = parts.into_iter().map(|(name, json)| (Content::Text(json), format!("{name}.json")));
    let archive = &state.media.archive;
    let files = files.into_iter().filter_map(|(hash, message, name)| {
        let path = archive.path_of(&hash);
        // A file may have gone since its row was read.
        path.exists().then(|| (Content::File(path), format!("files/{message} {}", name.replace(['/', '\\'], "_"))))
    });
    let body = axum::body::Body::from_stream(stream(parts.chain(files).collect()));
    Ok(named(body, "application/zip", "person.zip"))
}

/// Whom to erase; written twice, so that it is nobody else.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct EraseIn {
    address: Address,
    /// The address again.
    confirm: String,
}

/// Erase a person: messages, conversations, contacts, names and numbers in campaigns, agreements, the channel log. Files
/// that no one else needs follow. An opt-out stays as a keyed digest. Answers how many of each went.
#[utoipa::path(post, path = "/people/erase", tag = "people", request_body = EraseIn,
    responses((status = 200, body = Value), (status = 422, body = Problem)))]
pub async fn erase(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(given): Body<EraseIn>,
) -> Result<Json<Value>, Problem> {
    if Address::parse(&given.confirm).ok().as_ref() != Some(&given.address) {
        let why = ("write the number once more, just as it is", "bitte die Rufnummer noch einmal genau so schreiben");
        return Err(Problem::invalid("confirm", why));
    }
    Ok(Json(people::erase(&state.desk, given.address, who.actor().name).await?))
}
