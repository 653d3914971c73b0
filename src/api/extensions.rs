//! Extensions. A SIP password is shown once, when it is made.

use crate::api::auth::{Admin, Who};
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::state::{ApiState, ConnectMode};
use crate::api::trunks::{Steps, TestStepOut, version_of};
use crate::api::words;
use crate::domain::id::{ExtensionId, NumberId};
use crate::domain::time::Timestamp;
use crate::flow::phone_test;
use crate::flow::settings::extensions;
use crate::store::bindings::KeptBinding;
use crate::store::error::StoreError;
use crate::store::extensions::{Extension, ExtensionEdit};
use crate::store::handle::Snapshot;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// An extension.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExtensionOut {
    id: ExtensionId,
    number: String,
    name: String,
    enabled: bool,
    default_number: Option<NumberId>,
    bindings: Vec<BindingOut>,
    /// `registered`, `through_pbx` or `no`.
    #[schema(schema_with = words::reachable)]
    reachable: &'static str,
    waiting_texts: u32,
    version: i64,
}

/// Where a phone can be reached now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BindingOut {
    contact: String,
    transport: String,
    user_agent: Option<String>,
    expires_at: Timestamp,
}

/// An extension, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ExtensionIn {
    number: String,
    name: String,
    enabled: bool,
    default_number: Option<NumberId>,
    version: Option<i64>,
}

/// An extension with its password, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ExtensionWithPassword {
    extension: ExtensionOut,
    password: String,
}

impl From<ExtensionIn> for ExtensionEdit {
    fn from(given: ExtensionIn) -> ExtensionEdit {
        ExtensionEdit {
            number: given.number,
            name: given.name,
            enabled: given.enabled,
            default_number: given.default_number,
        }
    }
}

/// All extensions.
#[utoipa::path(get, path = "/extensions", tag = "extensions", responses((status = 200, body = Items<ExtensionOut>)))]
pub async fn list(State(state): State<ApiState>, who: Who) -> Result<Json<Items<ExtensionOut>>, Problem> {
    let eyes = Eyes::of(&state, &who);
    let items = state
        .reader
        .read(move |snapshot| {
            let extensions = snapshot.extensions()?.into_iter();
            extensions.map(|extension| eyes.see(snapshot, extension)).collect::<Result<Vec<_>, StoreError>>()
        })
        .await?;
    Ok(Json(Items { items }))
}

/// Make an extension.
#[utoipa::path(post, path = "/extensions", tag = "extensions", request_body = ExtensionIn,
    responses((status = 201, body = ExtensionWithPassword), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(given): Body<ExtensionIn>,
) -> Result<(StatusCode, Json<ExtensionWithPassword>), Problem> {
    let (id, password) = extensions::create(&state.desk, given.into()).await?;
    let extension = one(&state, &who, id).await?;
    let shown_once = password.expose().to_owned();
    Ok((StatusCode::CREATED, Json(ExtensionWithPassword { extension, password: shown_once })))
}

/// One extension.
#[utoipa::path(get, path = "/extensions/{id}", tag = "extensions", params(("id" = i64, Path)),
    responses((status = 200, body = ExtensionOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<ExtensionOut>, Problem> {
    one(&state, &who, ExtensionId(id)).await.map(Json)
}

/// Change an extension.
#[utoipa::path(put, path = "/extensions/{id}", tag = "extensions", params(("id" = i64, Path)),
    request_body = ExtensionIn,
    responses((status = 200, body = ExtensionOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Id(id): Id,
    Body(given): Body<ExtensionIn>,
) -> Result<Json<ExtensionOut>, Problem> {
    let version = version_of(given.version)?;
    extensions::update(&state.desk, ExtensionId(id), version, given.into()).await?;
    one(&state, &who, ExtensionId(id)).await.map(Json)
}

/// Give an extension a new password, shown this once.
#[utoipa::path(post, path = "/extensions/{id}/password", tag = "extensions", params(("id" = i64, Path)),
    responses((status = 200, body = ExtensionWithPassword), (status = 404, body = Problem)))]
pub async fn renew_password(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Id(id): Id,
) -> Result<Json<ExtensionWithPassword>, Problem> {
    let password = extensions::renew_password(&state.desk, ExtensionId(id)).await?;
    let extension = one(&state, &who, ExtensionId(id)).await?;
    Ok(Json(ExtensionWithPassword { extension, password: password.expose().to_owned() }))
}

/// Try its phone out: registered, answers, takes a test text.
#[utoipa::path(post, path = "/extensions/{id}/test", tag = "extensions", params(("id" = i64, Path)),
    responses((status = 200, body = Steps), (status = 404, body = Problem)))]
pub async fn test(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<Json<Steps>, Problem> {
    let steps = phone_test::run(&state.desk, &state.phones, ExtensionId(id)).await?;
    Ok(Json(Steps { steps: steps.into_iter().map(TestStepOut::from).collect() }))
}

/// Delete an extension that nothing uses.
#[utoipa::path(delete, path = "/extensions/{id}", tag = "extensions", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    extensions::delete(&state.desk, ExtensionId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(state: &ApiState, who: &Who, id: ExtensionId) -> Result<ExtensionOut, Problem> {
    let eyes = Eyes::of(state, who);
    let found = state
        .reader
        .read(move |snapshot| snapshot.extension(id)?.map(|extension| eyes.see(snapshot, extension)).transpose())
        .await?;
    found.ok_or_else(|| Problem::not_found("extension"))
}

/// Who looks, and when. Where a colleague's phone stands in the network is none of an agent's business.
#[derive(Clone, Copy)]
struct Eyes {
    now: Timestamp,
    through_pbx: bool,
    see_all: bool,
    own: Option<ExtensionId>,
}

impl Eyes {
    fn of(state: &ApiState, who: &Who) -> Eyes {
        Eyes {
            now: state.desk.now(),
            through_pbx: state.connect.mode == ConnectMode::Pbx,
            see_all: who.role().sees_all(),
            own: who.extension(),
        }
    }

    fn see(&self, snapshot: &Snapshot<'_>, extension: Extension) -> Result<ExtensionOut, StoreError> {
        let bindings = snapshot.bindings(extension.id, self.now)?;
        let reachable = match (extension.enabled, self.through_pbx, bindings.is_empty()) {
            (false, ..) => "no",
            (_, true, _) => "through_pbx",
            (.., false) => "registered",
            (.., true) => "no",
        };
        let shown = self.see_all || self.own == Some(extension.id);
        Ok(ExtensionOut {
            id: extension.id,
            number: extension.number,
            name: extension.name,
            enabled: extension.enabled,
            default_number: extension.default_number,
            bindings: bindings.into_iter().filter(|_| shown).map(BindingOut::from).collect(),
            reachable,
            waiting_texts: snapshot.texts_waiting_for(extension.id)?,
            version: extension.version,
        })
    }
}

/// What the registrar keeps of a binding, as far as people want to know it.
#[derive(Default, Deserialize)]
struct KeptParts {
    #[serde(default)]
    transport: String,
    #[serde(default)]
    user_agent: Option<String>,
}

impl From<KeptBinding> for BindingOut {
    fn from(kept: KeptBinding) -> BindingOut {
        let parts: KeptParts = serde_json::from_str(&kept.binding).unwrap_or_default();
        BindingOut {
            contact: kept.contact,
            transport: parts.transport.to_lowercase(),
            user_agent: parts.user_agent,
            expires_at: kept.expires_at,
        }
    }
}
