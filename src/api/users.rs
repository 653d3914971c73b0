//! Portal users. A password is shown once, when it is made.

use crate::api::auth::Admin;
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::session_view::ExtensionRef;
use crate::api::state::ApiState;
use crate::domain::id::{ExtensionId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::user::Role;
use crate::flow::settings::users;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::users::{User, UserEdit};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A portal user.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UserOut {
    id: UserId,
    name: String,
    role: Role,
    extension: Option<ExtensionRef>,
    must_change_password: bool,
    last_login_at: Option<Timestamp>,
    version: i64,
}

/// A portal user, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct UserIn {
    name: String,
    role: Role,
    extension: Option<ExtensionId>,
    /// On a change: the version it was made on; without one the change is made on whatever is there.
    version: Option<i64>,
}

/// A user with its password, shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UserWithPassword {
    user: UserOut,
    password: String,
}

impl From<UserIn> for UserEdit {
    fn from(given: UserIn) -> UserEdit {
        UserEdit { name: given.name, role: given.role, extension: given.extension }
    }
}

/// All users.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Items<UserOut>)))]
pub async fn list(State(state): State<ApiState>, _: Admin) -> Result<Json<Items<UserOut>>, Problem> {
    let items = state
        .reader
        .read(|snapshot| {
            let users = snapshot.users()?.into_iter();
            users.map(|user| user_out(snapshot, user)).collect::<Result<Vec<_>, StoreError>>()
        })
        .await?;
    Ok(Json(Items { items }))
}

/// Make a user.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserIn,
    responses((status = 201, body = UserWithPassword), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Admin,
    Body(given): Body<UserIn>,
) -> Result<(StatusCode, Json<UserWithPassword>), Problem> {
    let (id, password) = users::create(&state.desk, &state.gate.hasher, given.into()).await?;
    let user = one(&state, id).await?;
    Ok((StatusCode::CREATED, Json(UserWithPassword { user, password: password.expose().to_owned() })))
}

/// One user.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = UserOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<Json<UserOut>, Problem> {
    one(&state, UserId(id)).await.map(Json)
}

/// Change a user.
#[utoipa::path(put, path = "/users/{id}", tag = "users", params(("id" = i64, Path)), request_body = UserIn,
    responses((status = 200, body = UserOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<UserIn>,
) -> Result<Json<UserOut>, Problem> {
    users::update(&state.desk, UserId(id), given.version, given.into()).await?;
    one(&state, UserId(id)).await.map(Json)
}

/// Give a user a new password, shown this once; its logins end.
#[utoipa::path(post, path = "/users/{id}/password", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = UserWithPassword), (status = 404, body = Problem)))]
pub async fn renew_password(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
) -> Result<Json<UserWithPassword>, Problem> {
    let password = users::renew_password(&state.desk, &state.gate.hasher, UserId(id)).await?;
    let user = one(&state, UserId(id)).await?;
    Ok(Json(UserWithPassword { user, password: password.expose().to_owned() }))
}

/// Delete a user; its logins end.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    users::delete(&state.desk, UserId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(state: &ApiState, id: UserId) -> Result<UserOut, Problem> {
    let found =
        state.reader.read(move |snapshot| snapshot.user(id)?.map(|user| user_out(snapshot, user)).transpose()).await?;
    found.ok_or_else(|| Problem::not_found("user"))
}

fn user_out(snapshot: &Snapshot<'_>, user: User) -> Result<UserOut, StoreError> {
    let extension = user.extension.map(|id| snapshot.extension_name(id)).transpose()?.flatten();
    Ok(UserOut {
        id: user.id,
        name: user.name,
        role: user.role,
        extension: extension.map(ExtensionRef::from),
        must_change_password: user.must_change_password,
        last_login_at: user.last_login_at,
        version: user.version,
    })
}
