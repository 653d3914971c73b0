//! How a phone is connected: what to enter in it.

use crate::api::auth::Who;
use crate::api::state::{ApiState, Connect};
use axum::Json;
use axum::extract::State;

/// How to connect a phone.
#[utoipa::path(get, path = "/connect", tag = "extensions", responses((status = 200, body = Connect)))]
pub async fn connect(State(state): State<ApiState>, _: Who) -> Json<Connect> {
    Json((*state.connect).clone())
}
