//! Message queues.

use crate::api::auth::{Admin, Who};
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::session_view::ExtensionRef;
use crate::api::state::ApiState;
use crate::api::trunks::version_of;
use crate::domain::id::{ExtensionId, QueueId};
use crate::domain::session::PickUp;
use crate::flow::settings::queues;
use crate::store::queues::{Queue, QueueEdit};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A message queue.
#[derive(Serialize, utoipa::ToSchema)]
pub struct QueueOut {
    id: QueueId,
    name: String,
    pick_up: PickUp,
    members: Vec<ExtensionRef>,
    /// Conversations that wait in it.
    waiting: u32,
    version: i64,
}

/// A message queue, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct QueueIn {
    name: String,
    pick_up: PickUp,
    members: Vec<ExtensionId>,
    version: Option<i64>,
}

impl QueueOut {
    fn of(queue: Queue, waiting: u32) -> QueueOut {
        let members = queue.members.into_iter();
        QueueOut {
            id: queue.id,
            name: queue.name,
            pick_up: queue.pick_up,
            members: members
                .map(|member| ExtensionRef { id: member.id, number: member.number, name: member.name })
                .collect(),
            waiting,
            version: queue.version,
        }
    }
}

impl From<QueueIn> for QueueEdit {
    fn from(given: QueueIn) -> QueueEdit {
        QueueEdit { name: given.name, pick_up: given.pick_up, members: given.members }
    }
}

/// All queues.
#[utoipa::path(get, path = "/queues", tag = "queues", responses((status = 200, body = Items<QueueOut>)))]
pub async fn list(State(state): State<ApiState>, _: Who) -> Result<Json<Items<QueueOut>>, Problem> {
    let items = state
        .reader
        .read(|snapshot| {
            let queues = snapshot.queues()?.into_iter();
            let counted = queues.map(|queue| Ok(QueueOut::of(queue.clone(), snapshot.waiting_in(queue.id)?)));
            counted.collect::<Result<Vec<_>, Problem>>()
        })
        .await?;
    Ok(Json(Items { items }))
}

/// Make a queue.
#[utoipa::path(post, path = "/queues", tag = "queues", request_body = QueueIn,
    responses((status = 201, body = QueueOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Admin,
    Body(given): Body<QueueIn>,
) -> Result<(StatusCode, Json<QueueOut>), Problem> {
    let id = queues::create(&state.desk, given.into()).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// One queue.
#[utoipa::path(get, path = "/queues/{id}", tag = "queues", params(("id" = i64, Path)),
    responses((status = 200, body = QueueOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Who, Id(id): Id) -> Result<Json<QueueOut>, Problem> {
    one(&state, QueueId(id)).await.map(Json)
}

/// Change a queue.
#[utoipa::path(put, path = "/queues/{id}", tag = "queues", params(("id" = i64, Path)), request_body = QueueIn,
    responses((status = 200, body = QueueOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<QueueIn>,
) -> Result<Json<QueueOut>, Problem> {
    let version = version_of(given.version)?;
    queues::update(&state.desk, QueueId(id), version, given.into()).await?;
    one(&state, QueueId(id)).await.map(Json)
}

/// Delete a queue that nothing uses.
#[utoipa::path(delete, path = "/queues/{id}", tag = "queues", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    queues::delete(&state.desk, QueueId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(state: &ApiState, id: QueueId) -> Result<QueueOut, Problem> {
    let (queue, waiting) =
        state.reader.read(move |snapshot| Ok::<_, Problem>((snapshot.queue(id)?, snapshot.waiting_in(id)?))).await?;
    queue.map(|queue| QueueOut::of(queue, waiting)).ok_or_else(|| Problem::not_found("queue"))
}
