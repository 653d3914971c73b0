//! Our numbers.

use crate::api::auth::{Admin, Who};
use crate::api::error::Problem;
use crate::api::media_rules::mms_numbers;
use crate::api::paging::{Body, Id, Items};
use crate::api::session_view::ChannelRef;
use crate::api::state::ApiState;
use crate::api::trunks::version_of;
use crate::domain::address::Address;
use crate::domain::channel::SenderClass;
use crate::domain::id::{ChannelId, NumberId};
use crate::domain::media_rules::Mms;
use crate::domain::session::Destination;
use crate::flow::settings::numbers::{self, NumberForm};
use crate::store::numbers::Number;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// One of our numbers.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NumberOut {
    id: NumberId,
    channel: ChannelRef,
    address: Address,
    label: String,
    sender_class: SenderClass,
    /// Null: usual for its class.
    mps: Option<f64>,
    route: Destination,
    /// Whether it can send MMS: by its class, country and carrier, or as an admin says.
    mms: Mms,
    /// What comes of that now.
    can_mms: bool,
    version: i64,
}

/// One of our numbers, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NumberIn {
    channel: ChannelId,
    /// As a person writes it.
    address: String,
    #[serde(default)]
    label: String,
    sender_class: SenderClass,
    mps: Option<f64>,
    route: Destination,
    #[serde(default)]
    mms: Mms,
    version: Option<i64>,
}

impl From<Number> for NumberOut {
    fn from(number: Number) -> NumberOut {
        NumberOut {
            id: number.id,
            channel: ChannelRef { id: number.channel, name: number.channel_name, kind: number.kind },
            address: number.address,
            label: number.label,
            sender_class: number.sender_class,
            mps: number.mps,
            route: number.route,
            mms: number.mms,
            can_mms: false,
            version: number.version,
        }
    }
}

impl NumberOut {
    /// Whether it is among those that can send MMS.
    pub(super) fn with_mms(self, numbers: &HashSet<NumberId>) -> NumberOut {
        NumberOut { can_mms: numbers.contains(&self.id), ..self }
    }
}

impl From<NumberIn> for NumberForm {
    fn from(given: NumberIn) -> NumberForm {
        NumberForm {
            channel: given.channel,
            address: given.address,
            label: given.label,
            sender_class: given.sender_class,
            mps: given.mps,
            route: given.route,
            mms: given.mms,
        }
    }
}

/// All numbers.
#[utoipa::path(get, path = "/numbers", tag = "numbers", responses((status = 200, body = Items<NumberOut>)))]
pub async fn list(State(state): State<ApiState>, _: Who) -> Result<Json<Items<NumberOut>>, Problem> {
    let rows = state.reader.read(|snapshot| snapshot.numbers()).await?;
    let mms = mms_numbers(&state).await?;
    Ok(Json(Items { items: rows.into_iter().map(|row| NumberOut::from(row).with_mms(&mms)).collect() }))
}

/// Add a number.
#[utoipa::path(post, path = "/numbers", tag = "numbers", request_body = NumberIn,
    responses((status = 201, body = NumberOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Admin,
    Body(given): Body<NumberIn>,
) -> Result<(StatusCode, Json<NumberOut>), Problem> {
    let id = numbers::create(&state.desk, given.into()).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// One number.
#[utoipa::path(get, path = "/numbers/{id}", tag = "numbers", params(("id" = i64, Path)),
    responses((status = 200, body = NumberOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Who, Id(id): Id) -> Result<Json<NumberOut>, Problem> {
    one(&state, NumberId(id)).await.map(Json)
}

/// Change a number.
#[utoipa::path(put, path = "/numbers/{id}", tag = "numbers", params(("id" = i64, Path)), request_body = NumberIn,
    responses((status = 200, body = NumberOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<NumberIn>,
) -> Result<Json<NumberOut>, Problem> {
    let version = version_of(given.version)?;
    numbers::update(&state.desk, NumberId(id), version, given.into()).await?;
    one(&state, NumberId(id)).await.map(Json)
}

/// Delete a number that has no conversations.
#[utoipa::path(delete, path = "/numbers/{id}", tag = "numbers", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    numbers::delete(&state.desk, NumberId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn one(state: &ApiState, id: NumberId) -> Result<NumberOut, Problem> {
    let row = state.reader.read(move |snapshot| snapshot.number(id)).await?;
    let mms = mms_numbers(state).await?;
    row.map(|row| NumberOut::from(row).with_mms(&mms)).ok_or_else(|| Problem::not_found("number"))
}
