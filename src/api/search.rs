//! Search: messages by their words, conversations by name or number.

use crate::api::auth::Who;
use crate::api::error::Problem;
use crate::api::media_rules::mms_numbers_lately;
use crate::api::paging::{Asked, bounded, bounded_q};
use crate::api::session_view::{MessageOut, SessionOut};
use crate::api::state::ApiState;
use crate::flow::reading;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// What is searched for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchAsked {
    q: Option<String>,
    limit: Option<u32>,
}

/// A message that was found.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FoundMessage {
    message: MessageOut,
    session: SessionOut,
    /// A piece of the text; hits stand between U+E000 and U+E001.
    marked: String,
}

/// What was found.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Found {
    messages: Vec<FoundMessage>,
    sessions: Vec<SessionOut>,
}

/// Search.
#[utoipa::path(get, path = "/search", tag = "sessions", params(SearchAsked), responses((status = 200, body = Found)))]
pub async fn search(
    State(state): State<ApiState>,
    who: Who,
    Asked(asked): Asked<SearchAsked>,
) -> Result<Json<Found>, Problem> {
    let limit = bounded(asked.limit);
    let q = bounded_q(asked.q)?.unwrap_or_default();
    if q.trim().chars().count() < 2 {
        return Err(Problem::invalid("q", ("at least two characters", "mindestens zwei Zeichen")));
    }
    let sight = who.sight();
    reading::prepare_search(&state.desk).await;
    let (hits, rows) = state
        .reader
        .read(move |snapshot| {
            let hits = snapshot.search_messages(sight, &q, limit)?;
            Ok::<_, Problem>((hits, snapshot.search_sessions(sight, &q, limit)?))
        })
        .await?;
    let mms = mms_numbers_lately(&state).await?;
    let found = |hit: crate::store::view_search::Hit| FoundMessage {
        message: hit.message.into(),
        session: SessionOut::seen_by(&who, hit.session).with_mms(&mms),
        marked: hit.marked,
    };
    Ok(Json(Found {
        messages: hits.into_iter().map(found).collect(),
        sessions: rows.into_iter().map(|row| SessionOut::seen_by(&who, row).with_mms(&mms)).collect(),
    }))
}
