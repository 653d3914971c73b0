//! Saying more than text: places, contacts, signs, choices, templates, answers to a message.

use crate::api::auth::Who;
use crate::api::error::Problem;
use crate::api::messages::message_out;
use crate::api::paging::{Body, Id};
use crate::api::session_view::MessageOut;
use crate::api::sessions::{Started, own_client_id, session_out};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::id::{MessageId, NumberId, SessionId};
use crate::domain::rich::Place;
use crate::domain::say::{PlaceGiven, Say};
use crate::flow::compose::{self, Draft};
use crate::flow::media::send::for_head;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

/// What is to be said in a conversation.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct SayIn {
    say: Say,
    /// The message of this conversation it answers.
    in_reply_to: Option<MessageId>,
    /// The portal's own id for it: the same again is the same message.
    client_id: String,
}

/// What is to be said to somebody.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct StartRich {
    number: NumberId,
    /// As a person writes it.
    to: String,
    say: Say,
    client_id: String,
}

/// Say more than text in a conversation.
#[utoipa::path(post, path = "/sessions/{id}/say", tag = "sessions", params(("id" = i64, Path)),
    request_body = SayIn, responses((status = 201, body = MessageOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn say(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(given): Body<SayIn>,
) -> Result<(StatusCode, Json<MessageOut>), Problem> {
    who.session(&state, SessionId(id)).await?;
    let client_id = own_client_id(&who, &given.client_id)?;
    let file = match given.say.upload() {
        Some(upload) => {
            let row = who.session(&state, SessionId(id)).await?;
            for_head(&state.media, (row.number.0, row.peer.1), (who.known.user.id, &client_id), upload).await?
        }
        None => None,
    };
    let draft = Draft { say: given.say, in_reply_to: given.in_reply_to, client_id, by: who.actor(), file };
    let message = compose::reply(&state.desk, SessionId(id), draft).await?;
    Ok((StatusCode::CREATED, Json(message_out(&state, message).await?)))
}

/// Say more than text to somebody: a template, where WhatsApp wants one.
#[utoipa::path(post, path = "/sessions/say", tag = "sessions", request_body = StartRich,
    responses((status = 201, body = Started), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn start_with(
    State(state): State<ApiState>,
    who: Who,
    Body(given): Body<StartRich>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let country = state.reader.read(|snapshot| Ok::<_, Problem>(snapshot.country()?)).await?;
    let to = Address::from_typed(&given.to, &country).map_err(|error| Problem::invalid("to", error.to_string()))?;
    let client_id = own_client_id(&who, &given.client_id)?;
    let file = match given.say.upload() {
        Some(upload) => {
            for_head(&state.media, (given.number, to.clone()), (who.known.user.id, &client_id), upload).await?
        }
        None => None,
    };
    let draft = Draft { say: given.say, in_reply_to: None, client_id, by: who.actor(), file };
    let message = compose::start(&state.desk, given.number, to, draft).await?;
    let message = message_out(&state, message).await?;
    let session = session_out(&state, &who, message.session_id).await?;
    Ok((StatusCode::CREATED, Json(Started { session, message })))
}

/// The place a pasted address of a map means.
#[utoipa::path(post, path = "/places", tag = "sessions", request_body = PlaceGiven,
    responses((status = 200, body = Place), (status = 422, body = Problem)))]
pub async fn read_place(_: Who, Body(given): Body<PlaceGiven>) -> Result<Json<Place>, Problem> {
    Ok(Json(compose::read_place(given)?))
}
