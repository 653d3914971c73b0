//! How the house deals with words that stop, and who agreed to be written to.

use crate::api::auth::{Admin, Supervisor, Who};
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body, Id, Items};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::consent_words::ConsentSettings;
use crate::domain::id::ContactId;
use crate::domain::time::Timestamp;
use crate::flow::consent::{people, settings};
use crate::store::consents::{Consent, NewConsent};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Agreements shown at once.
const CONSENTS_MAX: u32 = 200;

/// The words, their answers, and what they do.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsentSettingsOut {
    #[serde(flatten)]
    settings: ConsentSettings,
    version: i64,
}

/// How the house deals with words that stop, start again and ask for help.
#[utoipa::path(get, path = "/consent/settings", tag = "consent", responses((status = 200, body = ConsentSettingsOut)))]
pub async fn get(State(state): State<ApiState>, _: Supervisor) -> Result<Json<ConsentSettingsOut>, Problem> {
    let (settings, version) = state.reader.read(|db| Ok::<_, Problem>(settings::with_version(db)?)).await?;
    Ok(Json(ConsentSettingsOut { settings, version }))
}

/// Change it.
#[utoipa::path(put, path = "/consent/settings", tag = "consent", request_body = ConsentSettingsOut,
    responses((status = 200, body = ConsentSettingsOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(given): Body<ConsentSettingsOut>,
) -> Result<Json<ConsentSettingsOut>, Problem> {
    settings::change(&state.desk, given.settings, given.version, who.actor().name).await?;
    get(State(state), Supervisor(who)).await
}

/// Whose.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConsentsAsked {
    address: String,
}

/// An agreement.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ConsentOut {
    id: i64,
    address: Address,
    contact: Option<ContactId>,
    source: String,
    text: String,
    at: Timestamp,
    by_name: String,
    withdrawn_at: Option<Timestamp>,
}

impl From<Consent> for ConsentOut {
    fn from(consent: Consent) -> ConsentOut {
        ConsentOut {
            id: consent.id,
            address: consent.address,
            contact: consent.contact,
            source: consent.source,
            text: consent.text,
            at: consent.at,
            by_name: consent.by,
            withdrawn_at: consent.withdrawn_at,
        }
    }
}

/// What somebody agreed to.
#[utoipa::path(get, path = "/consents", tag = "consent", params(ConsentsAsked),
    responses((status = 200, body = Items<ConsentOut>)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Who,
    Asked(asked): Asked<ConsentsAsked>,
) -> Result<Json<Items<ConsentOut>>, Problem> {
    let address = read_address(&asked.address)?;
    let rows = state.reader.read(move |db| Ok::<_, Problem>(db.consents_of(&address, CONSENTS_MAX)?)).await?;
    Ok(Json(Items { items: rows.into_iter().map(ConsentOut::from).collect() }))
}

/// An address that stands in a query, where a plus may have become a space.
pub(super) fn read_address(text: &str) -> Result<Address, Problem> {
    let text = text.trim();
    let plus = if text.starts_with(|c: char| c.is_ascii_digit()) && text.len() > 8 {
        format!("+{text}")
    } else {
        text.to_owned()
    };
    Address::parse(&plus).map_err(|error| Problem::invalid("address", error.wording()))
}

/// An agreement as somebody notes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ConsentIn {
    address: Address,
    contact: Option<ContactId>,
    /// Where it was given: a form, a call.
    source: String,
    /// What was agreed to.
    text: String,
    at: Timestamp,
}

/// Note an agreement.
#[utoipa::path(post, path = "/consents", tag = "consent", request_body = ConsentIn,
    responses((status = 201, body = ConsentOut), (status = 422, body = Problem)))]
pub async fn add(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Body(given): Body<ConsentIn>,
) -> Result<(StatusCode, Json<ConsentOut>), Problem> {
    let address = given.address.clone();
    let new = NewConsent {
        address: given.address,
        contact: given.contact,
        source: given.source,
        text: given.text,
        at: given.at,
    };
    let id = people::agree(&state.desk, new, who.actor().name).await?;
    let rows = state.reader.read(move |db| Ok::<_, Problem>(db.consents_of(&address, CONSENTS_MAX)?)).await?;
    let noted = rows.into_iter().find(|row| row.id == id).ok_or_else(|| Problem::not_found("consent"))?;
    Ok((StatusCode::CREATED, Json(noted.into())))
}

/// Take an agreement back.
#[utoipa::path(post, path = "/consents/{id}/withdraw", tag = "consent", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn withdraw(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    people::agree_no_more(&state.desk, id, who.actor().name).await?;
    Ok(StatusCode::NO_CONTENT)
}
