//! How channels and numbers send: pools, the second way, validity, look-alikes, prices; and how a message leaves.

use crate::api::auth::{Admin, Who};
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::id::{ChannelId, NumberId};
use crate::domain::price::Price;
use crate::domain::time::Timestamp;
use crate::flow::outbox::health::TrunkHealth;
use crate::flow::settings::sending::{self, PriceForm, SendingForm};
use crate::store::sending::{ChannelSending, NumberSending, Pool};
use crate::store::view_thread::Way;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a channel sends.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelSendingDoc {
    /// How long a message may wait, in seconds; null: 10 hours.
    valid_for_s: Option<u32>,
    /// The number, on another trunk, over which goes what this channel's trunk certainly did not take.
    fallback: Option<NumberId>,
    /// Whether look-alike characters are replaced where that makes a text GSM-7.
    #[serde(default)]
    smart: bool,
    /// What a segment (or a WhatsApp message) costs.
    #[serde(default)]
    prices: Vec<PriceDoc>,
}

/// One price.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct PriceDoc {
    /// The beginning of the recipient's number, such as `+49`; empty: any. The longest that fits counts.
    prefix: String,
    /// As a decimal, such as `0.0079`.
    amount: String,
    /// Three letters.
    currency: String,
}

/// How a number sends, beside its pace.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
pub struct NumberSendingDoc {
    /// Whether its carrier counts segments instead of messages.
    #[serde(default)]
    in_segments: bool,
    /// Numbers of one channel with the same word are one pool.
    pool: Option<String>,
}

/// Numbers of one channel of which a peer always hears from the same.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PoolOut {
    channel: ChannelId,
    channel_name: String,
    name: String,
    numbers: u32,
}

/// An amount of money.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CostOut {
    /// As a decimal, such as `0.0158`.
    amount: String,
    currency: String,
}

/// How a message leaves.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WayOut {
    /// How often it was tried.
    tries: u32,
    /// When it is tried next, while it waits.
    next_try_at: Option<Timestamp>,
    /// When it is given up, while it waits.
    expires_at: Option<Timestamp>,
    /// When somebody wants it to be sent.
    send_at: Option<Timestamp>,
    /// The zone that was said in.
    zone: Option<String>,
    /// The number of the second way, where it left over that.
    instead_from: Option<Address>,
    /// How many parts the carrier reports by themselves; 0: it reports the whole.
    parts: u32,
}

/// How a trunk bears up.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TrunkPaceOut {
    /// Percent of its pace: less after the carrier asked for patience.
    percent: u8,
    /// Until when nothing leaves over it.
    held_until: Option<Timestamp>,
    /// Failures in a row.
    failures: u32,
    /// Whether it is left alone because of them; one message tries it after a while.
    interrupted: bool,
}

impl TrunkPaceOut {
    /// As it is now.
    pub fn of(health: TrunkHealth, now: Timestamp) -> TrunkPaceOut {
        TrunkPaceOut {
            percent: health.pace_percent,
            held_until: health.held_for.map(|time| now.plus(time)),
            failures: health.failures,
            interrupted: health.interrupted,
        }
    }
}

impl From<Price> for CostOut {
    fn from(price: Price) -> CostOut {
        CostOut { amount: price.amount(), currency: price.currency }
    }
}

impl WayOut {
    /// Times to come are told while it waits only.
    pub fn of(way: &Way, waits: bool) -> WayOut {
        WayOut {
            tries: way.tries,
            next_try_at: waits.then_some(way.due_at),
            expires_at: waits.then_some(way.expires_at),
            send_at: way.scheduled_at,
            zone: way.scheduled_zone.clone(),
            instead_from: way.instead_from.clone(),
            parts: way.parts,
        }
    }
}

impl From<ChannelSending> for ChannelSendingDoc {
    fn from(sending: ChannelSending) -> ChannelSendingDoc {
        ChannelSendingDoc {
            valid_for_s: sending.valid_for.and_then(|time| u32::try_from(time.as_secs()).ok()),
            fallback: sending.fallback,
            smart: sending.smart,
            prices: sending
                .prices
                .into_iter()
                .map(|row| PriceDoc { prefix: row.prefix, amount: row.price.amount(), currency: row.price.currency })
                .collect(),
        }
    }
}

/// How a channel sends.
#[utoipa::path(get, path = "/channels/{id}/sending", tag = "channels", params(("id" = i64, Path)),
    responses((status = 200, body = ChannelSendingDoc), (status = 404, body = Problem)))]
pub async fn of_channel(State(state): State<ApiState>, _: Who, Id(id): Id) -> Result<Json<ChannelSendingDoc>, Problem> {
    let found = state.reader.read(move |snapshot| snapshot.channel_sending(ChannelId(id))).await?;
    found.map(|sending| Json(sending.into())).ok_or_else(|| Problem::not_found("channel"))
}

/// Change how a channel sends.
#[utoipa::path(put, path = "/channels/{id}/sending", tag = "channels", params(("id" = i64, Path)),
    request_body = ChannelSendingDoc,
    responses((status = 200, body = ChannelSendingDoc), (status = 422, body = Problem)))]
pub async fn change_channel(
    State(state): State<ApiState>,
    admin: Admin,
    Id(id): Id,
    Body(given): Body<ChannelSendingDoc>,
) -> Result<Json<ChannelSendingDoc>, Problem> {
    let form = SendingForm {
        valid_for: given.valid_for_s.map(|seconds| Duration::from_secs(seconds.into())),
        fallback: given.fallback,
        smart: given.smart,
        prices: given
            .prices
            .into_iter()
            .map(|row| PriceForm { prefix: row.prefix, amount: row.amount, currency: row.currency })
            .collect(),
    };
    sending::change_channel(&state.desk, ChannelId(id), form).await?;
    of_channel(State(state), admin.0, Id(id)).await
}

/// How a number sends, beside its pace.
#[utoipa::path(get, path = "/numbers/{id}/sending", tag = "numbers", params(("id" = i64, Path)),
    responses((status = 200, body = NumberSendingDoc), (status = 404, body = Problem)))]
pub async fn of_number(State(state): State<ApiState>, _: Who, Id(id): Id) -> Result<Json<NumberSendingDoc>, Problem> {
    let found = state.reader.read(move |snapshot| snapshot.number_sending(NumberId(id))).await?;
    let sending = found.ok_or_else(|| Problem::not_found("number"))?;
    Ok(Json(NumberSendingDoc { in_segments: sending.in_segments, pool: sending.pool }))
}

/// Change how a number sends.
#[utoipa::path(put, path = "/numbers/{id}/sending", tag = "numbers", params(("id" = i64, Path)),
    request_body = NumberSendingDoc,
    responses((status = 200, body = NumberSendingDoc), (status = 422, body = Problem)))]
pub async fn change_number(
    State(state): State<ApiState>,
    admin: Admin,
    Id(id): Id,
    Body(given): Body<NumberSendingDoc>,
) -> Result<Json<NumberSendingDoc>, Problem> {
    let form = NumberSending { in_segments: given.in_segments, pool: given.pool };
    sending::change_number(&state.desk, NumberId(id), form).await?;
    of_number(State(state), admin.0, Id(id)).await
}

/// The pools of numbers.
#[utoipa::path(get, path = "/pools", tag = "numbers", responses((status = 200, body = Items<PoolOut>)))]
pub async fn pools(State(state): State<ApiState>, _: Who) -> Result<Json<Items<PoolOut>>, Problem> {
    let rows = state.reader.read(|snapshot| snapshot.pools()).await?;
    let out = |pool: Pool| PoolOut {
        channel: pool.channel,
        channel_name: pool.channel_name,
        name: pool.name,
        numbers: pool.numbers,
    };
    Ok(Json(Items { items: rows.into_iter().map(out).collect() }))
}
