//! `/healthz`: whether the house does its work, for the service manager and for monitoring. It says nothing else.

use crate::api::state::ApiState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use std::time::Duration;

/// A writer that needs longer than this is in trouble.
const WITHIN: Duration = Duration::from_secs(3);

/// 200 while the writer commits and a reader reads; else 503.
pub async fn healthz(State(state): State<ApiState>) -> Response {
    let store = &state.desk.store;
    let writes = tokio::time::timeout(WITHIN, store.alive()).await.is_ok_and(|alive| alive.is_ok());
    let reads = tokio::time::timeout(WITHIN, state.reader.read(|snapshot| snapshot.country())).await;
    let well = writes && reads.is_ok_and(|read| read.is_ok());
    let (status, word) = if well { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unwell") };
    let body = serde_json::json!({ "status": word, "version": env!("CARGO_PKG_VERSION") });
    (status, Json(body)).into_response()
}
