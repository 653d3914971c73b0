//! Channels.

use crate::api::auth::{Admin, Who};
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::state::ApiState;
use crate::api::trunks::version_of;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ChannelId, TrunkId};
use crate::flow::settings::channels;
use crate::store::channels::{Channel, ChannelEdit};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A channel.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChannelOut {
    id: ChannelId,
    name: String,
    kind: ChannelKind,
    trunk: TrunkRef,
    enabled: bool,
    close_after_days: Option<u32>,
    /// Null: messages are kept for ever.
    keep_messages_days: Option<u32>,
    version: i64,
}

/// A trunk by id and name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TrunkRef {
    /// Its id.
    pub id: TrunkId,
    /// Its name.
    pub name: String,
}

/// A channel, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ChannelIn {
    name: String,
    /// Stays as it was made.
    kind: ChannelKind,
    trunk: TrunkId,
    enabled: bool,
    /// Null: conversations never end by themselves.
    close_after_days: Option<u32>,
    /// Null: messages are kept for ever; left out: as it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    keep_messages_days: Option<Option<u32>>,
    version: Option<i64>,
}

/// Tells what is null from what is left out.
fn given<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::<u32>::deserialize(field).map(Some)
}

impl From<Channel> for ChannelOut {
    fn from(channel: Channel) -> ChannelOut {
        ChannelOut {
            id: channel.id,
            name: channel.name,
            kind: channel.kind,
            trunk: TrunkRef { id: channel.trunk, name: channel.trunk_name },
            enabled: channel.enabled,
            close_after_days: channel.close_after_days,
            keep_messages_days: channel.keep_messages_days,
            version: channel.version,
        }
    }
}

impl From<ChannelIn> for ChannelEdit {
    fn from(given: ChannelIn) -> ChannelEdit {
        ChannelEdit {
            name: given.name,
            kind: given.kind,
            trunk: given.trunk,
            enabled: given.enabled,
            close_after_days: given.close_after_days,
        }
    }
}

/// All channels.
#[utoipa::path(get, path = "/channels", tag = "channels", responses((status = 200, body = Items<ChannelOut>)))]
pub async fn list(State(state): State<ApiState>, _: Who) -> Result<Json<Items<ChannelOut>>, Problem> {
    let rows = state.reader.read(|snapshot| snapshot.channels()).await?;
    Ok(Json(Items { items: rows.into_iter().map(ChannelOut::from).collect() }))
}

/// Make a channel.
#[utoipa::path(post, path = "/channels", tag = "channels", request_body = ChannelIn,
    responses((status = 201, body = ChannelOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Admin,
    Body(given): Body<ChannelIn>,
) -> Result<(StatusCode, Json<ChannelOut>), Problem> {
    let keep = given.keep_messages_days;
    let id = channels::create(&state.desk, given.into()).await?;
    if let Some(days) = keep {
        channels::keep_messages(&state.desk, id, days).await?;
    }
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// One channel.
#[utoipa::path(get, path = "/channels/{id}", tag = "channels", params(("id" = i64, Path)),
    responses((status = 200, body = ChannelOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Who, Id(id): Id) -> Result<Json<ChannelOut>, Problem> {
    one(&state, ChannelId(id)).await.map(Json)
}

/// Change a channel.
#[utoipa::path(put, path = "/channels/{id}", tag = "channels", params(("id" = i64, Path)), request_body = ChannelIn,
    responses((status = 200, body = ChannelOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<ChannelIn>,
) -> Result<Json<ChannelOut>, Problem> {
    let version = version_of(given.version)?;
    let keep = given.keep_messages_days;
    channels::update(&state.desk, ChannelId(id), version, given.into()).await?;
    if let Some(days) = keep {
        channels::keep_messages(&state.desk, ChannelId(id), days).await?;
    }
    one(&state, ChannelId(id)).await.map(Json)
}

/// Delete a channel that has no numbers.
#[utoipa::path(delete, path = "/channels/{id}", tag = "channels", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    channels::delete(&state.desk, ChannelId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(state: &ApiState, id: ChannelId) -> Result<ChannelOut, Problem> {
    let row = state.reader.read(move |snapshot| snapshot.channel(id)).await?;
    row.map(ChannelOut::from).ok_or_else(|| Problem::not_found("channel"))
}
