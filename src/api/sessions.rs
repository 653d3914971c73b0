//! Conversations: the inbox, one of them, and what one does with them.

use crate::api::auth::Who;
use crate::api::error::Problem;
use crate::api::media_rules::mms_numbers_lately;
use crate::api::messages::message_out;
use crate::api::paging::{Asked, Body, Id, Items, PAGE_MAX, Page, bounded, bounded_q, cursor, read_cursor};
use crate::api::session_view::{ItemOut, MessageOut, SessionOut};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::id::{ChannelId, ExtensionId, MessageId, NumberId, QueueId, SessionEventId, SessionId, UploadId};
use crate::domain::media::FILES_MAX;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::Destination;
use crate::domain::time::Timestamp;
use crate::flow::consent::audit;
use crate::flow::media::send::{self as media_send, WithFiles};
use crate::flow::schedule::Later;
use crate::flow::{reading, session};
use crate::store::view_sessions::{SessionRow, SessionsWanted, Sight, Tab};
use crate::store::view_thread::ThreadCursor;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Longest id the portal may give a message of its own.
const CLIENT_ID_CHARS_MAX: usize = 64;

/// Which conversations.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SessionsAsked {
    /// `mine`, `waiting`, `all` or `ended`.
    #[param(inline)]
    tab: Option<TabAsked>,
    /// Part of a name or number.
    q: Option<String>,
    channel: Option<i64>,
    queue: Option<i64>,
    extension: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

/// Which part of the inbox.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TabAsked {
    /// Held by my extension.
    Mine,
    /// Waiting in a queue.
    Waiting,
    /// Open.
    All,
    /// Closed.
    Ended,
}

/// Ids of conversations, at most 200.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct SessionIds {
    ids: Vec<SessionId>,
}

/// The figures beside the tabs.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Counts {
    mine: u32,
    waiting: u32,
    all: u32,
    ended: u32,
    unread: u32,
}

/// Which part of a conversation.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThreadAsked {
    /// `before` of the page after it.
    before: Option<String>,
    limit: Option<u32>,
}

/// A piece of a conversation, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Thread {
    items: Vec<ItemOut>,
    /// What to give as `before` for what is older; null at its beginning.
    before: Option<String>,
}

/// A text.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Reply {
    text: String,
    /// The portal's own id for it: the same again is the same message.
    client_id: String,
    /// Not before this moment, with its zone: `2026-11-21T09:00[Europe/Berlin]` or `2026-11-21T09:00:00+01:00`.
    send_at: Option<String>,
    /// Uploads of mine that go with it; then the text may be empty.
    #[serde(default)]
    attachments: Vec<UploadId>,
    /// The message of this conversation that it answers.
    in_reply_to: Option<MessageId>,
}

/// A text to somebody.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Start {
    channel: ChannelId,
    /// From this number, or from a pool.
    number: Option<NumberId>,
    /// The pool's word: who heard from one of its numbers before hears from the same.
    pool: Option<String>,
    /// As a person writes it.
    to: String,
    text: String,
    client_id: String,
    /// As in a reply.
    send_at: Option<String>,
    /// As in a reply.
    #[serde(default)]
    attachments: Vec<UploadId>,
}

/// What came of it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Started {
    pub(super) session: SessionOut,
    pub(super) message: MessageOut,
}

/// To whom: `{"to":{"extension":7}}` or `{"to":{"queue":3}}`.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Transfer {
    to: Destination,
}

/// Up to which message I have read.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ReadUpTo {
    up_to: MessageId,
}

/// The inbox.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionsAsked),
    responses((status = 200, body = Page<SessionOut>)))]
pub async fn list(
    State(state): State<ApiState>,
    who: Who,
    Asked(asked): Asked<SessionsAsked>,
) -> Result<Json<Page<SessionOut>>, Problem> {
    let limit = bounded(asked.limit);
    let after = asked.after.as_deref().map(read_cursor).transpose()?;
    let wanted = SessionsWanted {
        tab: match asked.tab.unwrap_or(TabAsked::All) {
            TabAsked::Mine => Tab::Mine,
            TabAsked::Waiting => Tab::Waiting,
            TabAsked::All => Tab::All,
            TabAsked::Ended => Tab::Ended,
        },
        q: bounded_q(asked.q)?,
        channel: asked.channel.map(ChannelId),
        queue: asked.queue.map(QueueId),
        extension: asked.extension.map(ExtensionId),
        after: after.map(|(at, id)| (Timestamp(at), SessionId(id))),
        limit: limit + 1,
    };
    let sight = who.sight();
    let mut rows = state.reader.read(move |snapshot| snapshot.sessions_page(sight, &wanted)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|last| cursor(last.last_at.0, last.id.0));
    Ok(Json(Page { items: seen(&state, &who, rows).await?, next }))
}

/// The figures beside the tabs.
#[utoipa::path(get, path = "/sessions/counts", tag = "sessions", responses((status = 200, body = Counts)))]
pub async fn counts(State(state): State<ApiState>, who: Who) -> Result<Json<Counts>, Problem> {
    let sight = who.sight();
    let counts = state.reader.read(move |snapshot| snapshot.session_counts(sight)).await?;
    Ok(Json(Counts {
        mine: counts.mine,
        waiting: counts.waiting,
        all: counts.all,
        ended: counts.ended,
        unread: counts.unread,
    }))
}

/// Those of these conversations that I may see.
#[utoipa::path(post, path = "/sessions/by-ids", tag = "sessions", request_body = SessionIds,
    responses((status = 200, body = Items<SessionOut>)))]
pub async fn by_ids(
    State(state): State<ApiState>,
    who: Who,
    Body(asked): Body<SessionIds>,
) -> Result<Json<Items<SessionOut>>, Problem> {
    if asked.ids.len() > PAGE_MAX as usize {
        return Err(Problem::invalid(
            "ids",
            (format!("at most {PAGE_MAX} at once"), format!("höchstens {PAGE_MAX} auf einmal")),
        ));
    }
    let sight = who.sight();
    let rows = state
        .reader
        .read(move |snapshot| {
            let found = asked.ids.iter().map(|&id| snapshot.session_seen(sight, id));
            found.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Json(Items { items: seen(&state, &who, rows).await? }))
}

/// One conversation.
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions", params(("id" = i64, Path)),
    responses((status = 200, body = SessionOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<SessionOut>, Problem> {
    session_out(&state, &who, SessionId(id)).await.map(Json)
}

/// What was said and done in it.
#[utoipa::path(get, path = "/sessions/{id}/thread", tag = "sessions", params(("id" = i64, Path), ThreadAsked),
    responses((status = 200, body = Thread), (status = 404, body = Problem)))]
pub async fn thread(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Asked(asked): Asked<ThreadAsked>,
) -> Result<Json<Thread>, Problem> {
    let row = who.session(&state, SessionId(id)).await?;
    note_opened(&state, &who, &row).await?;
    let limit = bounded(asked.limit) as usize;
    let before = match asked.before.as_deref().map(read_cursor).transpose()? {
        Some((message, step)) => ThreadCursor { message: MessageId(message), step: SessionEventId(step) },
        None => ThreadCursor::NEWEST,
    };
    let (items, older) = state.reader.read(move |snapshot| snapshot.thread(SessionId(id), before, limit)).await?;
    Ok(Json(Thread {
        items: items.into_iter().map(ItemOut::from).collect(),
        before: older.map(|older| cursor(older.message.0, older.step.0)),
    }))
}

/// Who opens what another agent holds is noted.
async fn note_opened(state: &ApiState, who: &Who, row: &SessionRow) -> Result<(), Problem> {
    let others = row.state == "held" && row.extension.as_ref().map(|holder| holder.id) != who.extension();
    if who.role().sees_all() && others {
        audit::opened(&state.desk, who.actor().name, row.id, row.peer.1.clone()).await?;
    }
    Ok(())
}

/// Write into a conversation.
#[utoipa::path(post, path = "/sessions/{id}/messages", tag = "sessions", params(("id" = i64, Path)),
    request_body = Reply, responses((status = 201, body = MessageOut), (status = 409, body = Problem)))]
pub async fn reply(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(reply): Body<Reply>,
) -> Result<(StatusCode, Json<MessageOut>), Problem> {
    who.session(&state, SessionId(id)).await?;
    let client_id = own_client_id(&who, &reply.client_id)?;
    let said = WithFiles {
        text: reply.text,
        uploads: files_of_one(reply.attachments)?,
        in_reply_to: reply.in_reply_to,
        later: reply.send_at.as_deref().map(Later::read).transpose()?,
        client_id,
        by: who.actor(),
        user: who.known.user.id,
    };
    let message = media_send::reply(&state.media, SessionId(id), said).await?;
    Ok((StatusCode::CREATED, Json(message_out(&state, message).await?)))
}

/// Write to somebody.
#[utoipa::path(post, path = "/sessions", tag = "sessions", request_body = Start,
    responses((status = 201, body = Started), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn start(
    State(state): State<ApiState>,
    who: Who,
    Body(start): Body<Start>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let country = state.reader.read(|snapshot| snapshot.country()).await?;
    let to = Address::from_typed(&start.to, &country).map_err(|error| Problem::invalid("to", error.wording()))?;
    let client_id = own_client_id(&who, &start.client_id)?;
    let number = sender(&state, (start.channel, start.number, start.pool), to.clone()).await?;
    let said = WithFiles {
        text: start.text,
        uploads: files_of_one(start.attachments)?,
        in_reply_to: None,
        later: start.send_at.as_deref().map(Later::read).transpose()?,
        client_id,
        by: who.actor(),
        user: who.known.user.id,
    };
    let message = media_send::start(&state.media, number, to, said).await?;
    let message = message_out(&state, message).await?;
    let session = session_out(&state, &who, message.session_id).await?;
    Ok((StatusCode::CREATED, Json(Started { session, message })))
}

/// No file twice, and not more than anybody could have here.
fn files_of_one(mut uploads: Vec<UploadId>) -> Result<Vec<UploadId>, Problem> {
    let mut seen = HashSet::new();
    uploads.retain(|id| seen.insert(*id));
    if uploads.len() > FILES_MAX {
        return Err(Problem::file(&Reason::of(ReasonCode::FilesTooMany), None));
    }
    Ok(uploads)
}

/// The number that was chosen, or the pool's for this peer.
async fn sender(
    state: &ApiState,
    (channel, number, pool): (ChannelId, Option<NumberId>, Option<String>),
    to: Address,
) -> Result<NumberId, Problem> {
    let wrong = || {
        let why =
            ("it is not on this channel: choose another", "sie liegt nicht auf diesem Kanal: bitte eine andere wählen");
        Problem::invalid("number", why)
    };
    state
        .reader
        .read(move |snapshot| match (number, pool) {
            (Some(number), _) => {
                let found = snapshot.number(number)?.filter(|found| found.channel == channel);
                found.map(|found| found.id).ok_or_else(wrong)
            }
            (None, Some(pool)) => {
                let peer = snapshot.peer_by_address(&to)?;
                let number = snapshot.pool_number(channel, &pool, peer)?;
                number.ok_or_else(|| {
                    let why = (
                        "it has no numbers on this channel (any more)",
                        "er hat auf diesem Kanal keine Rufnummern (mehr)",
                    );
                    Problem::invalid("pool", why)
                })
            }
            (None, None) => Err(wrong()),
        })
        .await
}

/// Take a waiting conversation.
#[utoipa::path(post, path = "/sessions/{id}/pick-up", tag = "sessions", params(("id" = i64, Path)),
    responses((status = 200, body = SessionOut), (status = 409, body = Problem)))]
pub async fn pick_up(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<SessionOut>, Problem> {
    concerned(&state, &who, SessionId(id)).await?;
    session::pick_up(&state.desk, SessionId(id), who.actor()).await?;
    session_out(&state, &who, SessionId(id)).await.map(Json)
}

/// Give it to an extension or a queue.
#[utoipa::path(post, path = "/sessions/{id}/transfer", tag = "sessions", params(("id" = i64, Path)),
    request_body = Transfer, responses((status = 200, body = SessionOut), (status = 409, body = Problem)))]
pub async fn transfer(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(transfer): Body<Transfer>,
) -> Result<Json<SessionOut>, Problem> {
    who.session(&state, SessionId(id)).await?;
    session::transfer(&state.desk, SessionId(id), transfer.to, who.actor()).await?;
    after_it(&state, &who, SessionId(id)).await.map(Json)
}

/// End it.
#[utoipa::path(post, path = "/sessions/{id}/end", tag = "sessions", params(("id" = i64, Path)),
    responses((status = 200, body = SessionOut), (status = 409, body = Problem)))]
pub async fn end(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Json<SessionOut>, Problem> {
    who.session(&state, SessionId(id)).await?;
    session::end(&state.desk, SessionId(id), who.actor()).await?;
    after_it(&state, &who, SessionId(id)).await.map(Json)
}

/// I have read it.
#[utoipa::path(post, path = "/sessions/{id}/read", tag = "sessions", params(("id" = i64, Path)),
    request_body = ReadUpTo, responses((status = 204)))]
pub async fn read(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(read): Body<ReadUpTo>,
) -> Result<StatusCode, Problem> {
    who.session(&state, SessionId(id)).await?;
    reading::mark_read(&state.desk, SessionId(id), who.known.user.id, read.up_to).await?;
    state.seen.read(SessionId(id), who.extension(), read.up_to);
    Ok(StatusCode::NO_CONTENT)
}

/// Let it stand out again.
#[utoipa::path(post, path = "/sessions/{id}/unread", tag = "sessions", params(("id" = i64, Path)),
    responses((status = 204)))]
pub async fn unread(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<StatusCode, Problem> {
    who.session(&state, SessionId(id)).await?;
    reading::mark_unread(&state.desk, SessionId(id), who.known.user.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn seen(state: &ApiState, who: &Who, rows: Vec<SessionRow>) -> Result<Vec<SessionOut>, Problem> {
    let mms = mms_numbers_lately(state).await?;
    Ok(rows.into_iter().map(|row| SessionOut::seen_by(who, row).with_mms(&mms)).collect())
}

pub(super) async fn session_out(state: &ApiState, who: &Who, id: SessionId) -> Result<SessionOut, Problem> {
    let row = who.session(state, id).await?;
    let mms = mms_numbers_lately(state).await?;
    Ok(SessionOut::seen_by(who, row).with_mms(&mms))
}

/// Whoever was offered a session may try to take it, and is told who was faster: it came through one of their queues.
async fn concerned(state: &ApiState, who: &Who, id: SessionId) -> Result<(), Problem> {
    let sight = who.sight();
    let concerns = state.reader.read(move |snapshot| snapshot.concerns_session(sight, id)).await?;
    if concerns { Ok(()) } else { Err(Problem::not_found("conversation")) }
}

/// A session after one gave it away or ended it: if it is no longer theirs, they see once more where it went, and can
/// do nothing with it.
async fn after_it(state: &ApiState, who: &Who, id: SessionId) -> Result<SessionOut, Problem> {
    if let Ok(still_theirs) = session_out(state, who, id).await {
        return Ok(still_theirs);
    }
    let sight = Sight { all: true, ..who.sight() };
    let row = state.reader.read(move |snapshot| snapshot.session_seen(sight, id)).await?;
    row.map(|row| SessionOut::let_go(who, row)).ok_or_else(|| Problem::not_found("conversation"))
}

/// The portal's id, made the user's own, so that nobody can ask for another one's message by guessing an id.
pub(super) fn own_client_id(who: &Who, client_id: &str) -> Result<String, Problem> {
    let plain = client_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if client_id.is_empty() || client_id.len() > CLIENT_ID_CHARS_MAX || !plain {
        return Err(Problem::invalid("client_id", "a UUID of the portal's own making"));
    }
    Ok(format!("{}:{client_id}", who.known.user.id))
}
