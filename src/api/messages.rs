//! One message: how it fares, sending it again, settling what is uncertain.

use crate::api::auth::{Supervisor, Who};
use crate::api::error::Problem;
use crate::api::log::ExchangeOut;
use crate::api::paging::{Body, Id, Items};
use crate::api::session_view::MessageOut;
use crate::api::state::ApiState;
use crate::domain::id::MessageId;
use crate::flow::schedule::{self, Later};
use crate::flow::send;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

/// What became of a message, by somebody who knows.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Settle {
    state: Settled,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Settled {
    /// It was sent.
    Sent,
    /// It was not.
    Failed,
}

/// A change of a message that waits for its moment; what is left out stays.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Rescheduled {
    text: Option<String>,
    /// With its zone: `2026-11-21T09:00[Europe/Berlin]` or `2026-11-21T09:00:00+01:00`.
    send_at: Option<String>,
}

/// One message.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", params(("id" = i64, Path)),
    responses((status = 200, body = MessageOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<MessageOut>, Problem> {
    seen(&state, &who, MessageId(id)).await.map(Json)
}

/// Send it again, although the customer may get it twice.
#[utoipa::path(post, path = "/messages/{id}/send-again", tag = "messages", params(("id" = i64, Path)),
    responses((status = 200, body = MessageOut), (status = 409, body = Problem)))]
pub async fn send_again(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<MessageOut>, Problem> {
    seen(&state, &who, MessageId(id)).await?;
    send::again(&state.desk, MessageId(id), who.actor()).await?;
    message_out(&state, MessageId(id)).await.map(Json)
}

/// Say what became of an uncertain message.
#[utoipa::path(post, path = "/messages/{id}/settle", tag = "messages", params(("id" = i64, Path)),
    request_body = Settle, responses((status = 200, body = MessageOut), (status = 409, body = Problem)))]
pub async fn settle(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(settle): Body<Settle>,
) -> Result<Json<MessageOut>, Problem> {
    seen(&state, &who, MessageId(id)).await?;
    send::settle(&state.desk, MessageId(id), settle.state == Settled::Sent, who.actor()).await?;
    message_out(&state, MessageId(id)).await.map(Json)
}

/// Take it back before it leaves.
#[utoipa::path(post, path = "/messages/{id}/cancel", tag = "messages", params(("id" = i64, Path)),
    responses((status = 200, body = MessageOut), (status = 409, body = Problem)))]
pub async fn cancel(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<MessageOut>, Problem> {
    seen(&state, &who, MessageId(id)).await?;
    schedule::cancel(&state.desk, MessageId(id), who.actor()).await?;
    message_out(&state, MessageId(id)).await.map(Json)
}

/// Change a message that waits for its moment.
#[utoipa::path(patch, path = "/messages/{id}", tag = "messages", params(("id" = i64, Path)),
    request_body = Rescheduled,
    responses((status = 200, body = MessageOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(given): Body<Rescheduled>,
) -> Result<Json<MessageOut>, Problem> {
    seen(&state, &who, MessageId(id)).await?;
    let later = given.send_at.as_deref().map(Later::read).transpose()?;
    schedule::change(&state.desk, MessageId(id), given.text, later, who.actor()).await?;
    message_out(&state, MessageId(id)).await.map(Json)
}

/// What was said on the wire about it, secrets removed.
#[utoipa::path(get, path = "/messages/{id}/log", tag = "messages", params(("id" = i64, Path)),
    responses((status = 200, body = Items<ExchangeOut>), (status = 403, body = Problem)))]
pub async fn log(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<Json<Items<ExchangeOut>>, Problem> {
    seen(&state, &who, MessageId(id)).await?;
    let rows = state.reader.read(move |snapshot| snapshot.exchanges_of_message(MessageId(id))).await?;
    Ok(Json(Items { items: rows.into_iter().map(ExchangeOut::from).collect() }))
}

/// A message in the shape of the API. The caller has checked that it may be seen.
pub async fn message_out(state: &ApiState, id: MessageId) -> Result<MessageOut, Problem> {
    let row = state.reader.read(move |snapshot| snapshot.message_row(id)).await?;
    row.map(MessageOut::from).ok_or_else(|| Problem::not_found("message"))
}

/// A message of a session that `who` may see; else it is not there.
async fn seen(state: &ApiState, who: &Who, id: MessageId) -> Result<MessageOut, Problem> {
    let sight = who.sight();
    let row = state
        .reader
        .read(move |snapshot| {
            let Some(row) = snapshot.message_row(id)? else { return Ok::<_, Problem>(None) };
            Ok(snapshot.sees_session(sight, row.message.session)?.then_some(row))
        })
        .await?;
    row.map(MessageOut::from).ok_or_else(|| Problem::not_found("message"))
}
