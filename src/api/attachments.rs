//! Files of messages, for those who may see the message: one, a small picture of it, or all of a message as an archive.

use crate::api::auth::Who;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id};
use crate::api::session_view::ReasonOut;
use crate::api::state::ApiState;
use crate::domain::id::{AttachmentId, MessageId};
use crate::domain::media::{AttachmentState, FitStep, MediaFamily};
use crate::media::zip::Content;
use crate::net::file_answer::{FileAnswer, disposition};
use crate::store::attachments::Attachment;
use crate::store::files::StoredFile;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A file never changes under its id; rights are asked anew after this.
const KEEP_FOR: Duration = Duration::from_secs(3600);
/// What all files of an archive weigh together, for a bar that shows how far it is.
const FILES_BYTES: HeaderName = HeaderName::from_static("x-files-bytes");

/// A file of a message.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AttachmentOut {
    id: AttachmentId,
    /// Its place among the message's files, from 0.
    position: u32,
    /// What its sender called it, made safe.
    name: String,
    /// Picture, paper and so on; null until it is here.
    family: Option<MediaFamily>,
    /// What it truly is; null until it is here.
    media_type: Option<String>,
    bytes: Option<u64>,
    /// Pixels across.
    width: Option<u32>,
    /// Pixels down.
    height: Option<u32>,
    /// Frames, or pages.
    count: Option<u32>,
    state: AttachmentState,
    /// Why it is not here.
    reason: Option<ReasonOut>,
    has_thumb: bool,
    /// What was done to it so that it fits.
    steps: Vec<FitStep>,
    /// How often somebody opened it under one of its addresses.
    fetched: u32,
}

impl From<Attachment> for AttachmentOut {
    fn from(one: Attachment) -> AttachmentOut {
        let facts = one.file.as_ref().map(|file| &file.facts);
        AttachmentOut {
            id: one.id,
            position: one.position,
            family: facts.map(|facts| facts.media_type.family()),
            media_type: facts.map(|facts| facts.media_type.as_str().to_owned()),
            bytes: facts.map(|facts| facts.bytes),
            width: facts.and_then(|facts| facts.width),
            height: facts.and_then(|facts| facts.height),
            count: facts.and_then(|facts| facts.count),
            state: one.state,
            reason: one.reason.map(ReasonOut::from),
            has_thumb: one.file.is_some_and(|file| file.has_thumb),
            steps: one.steps,
            fetched: one.fetched,
            name: one.name,
        }
    }
}

/// How a file is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileAsked {
    /// To be saved, not shown.
    download: Option<String>,
}

/// The file.
#[utoipa::path(get, path = "/attachments/{id}/file", tag = "attachments", params(("id" = i64, Path), FileAsked),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)))]
pub async fn file(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Asked(asked): Asked<FileAsked>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (stored, name) = seen(&state, &who, AttachmentId(id)).await?;
    answer_file(&state, (&method, &headers), (&stored, &name), asked.download.is_some()).await
}

/// A small picture of it.
#[utoipa::path(get, path = "/attachments/{id}/thumb", tag = "attachments", params(("id" = i64, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = Problem)))]
pub async fn thumb(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (stored, _) = seen(&state, &who, AttachmentId(id)).await?;
    answer_thumb(&state, (&method, &headers), &stored).await
}

/// All files of a message as one ZIP archive.
#[utoipa::path(get, path = "/messages/{id}/media.zip", tag = "attachments", params(("id" = i64, Path)),
    responses((status = 200, content_type = "application/zip"), (status = 404, body = Problem)))]
pub async fn zip(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<Response, Problem> {
    let message = MessageId(id);
    let found = state.reader.read(move |db| Ok::<_, Problem>((db.message(message)?, db.attachments(message)?)));
    let (said, files) = found.await?;
    let said = said.ok_or_else(|| Problem::not_found("message"))?;
    who.session(&state, said.session).await.map_err(|_| Problem::not_found("message"))?;
    let files: Vec<(StoredFile, String)> =
        files.into_iter().filter_map(|one| one.file.map(|file| (file, one.name))).collect();
    if files.is_empty() {
        return Err(Problem::not_found("file"));
    }
    let bytes: u64 = files.iter().map(|(file, _)| file.facts.bytes).sum();
    let entries =
        files.into_iter().map(|(file, name)| (Content::File(state.media.archive.path_of(&file.hash)), name)).collect();
    let mut answer = Response::new(Body::from_stream(crate::media::zip::stream(entries)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(FILES_BYTES, HeaderValue::from(bytes));
    if let Ok(named) = HeaderValue::from_str(&disposition(false, &format!("message-{id}.zip"))) {
        headers.insert(CONTENT_DISPOSITION, named);
    }
    Ok(answer)
}

/// A file of a message that these eyes may see; what is not theirs is not there.
async fn seen(state: &ApiState, who: &Who, id: AttachmentId) -> Result<(StoredFile, String), Problem> {
    let missing = || Problem::not_found("file");
    let found = state.reader.read(move |db| {
        let Some(attachment) = db.attachment(id)? else { return Ok(None) };
        let session = db.message(attachment.message)?.map(|message| message.session);
        Ok::<_, Problem>(session.map(|session| (session, attachment)))
    });
    let (session, attachment) = found.await?.ok_or_else(missing)?;
    who.session(state, session).await.map_err(|_| missing())?;
    let name = attachment.name;
    attachment.file.map(|file| (file, name)).ok_or_else(missing)
}

/// A file as an answer. Pictures that were opened and found to be such are shown in place; everything else is saved.
pub(super) async fn answer_file(
    state: &ApiState,
    (method, headers): (&Method, &HeaderMap),
    (stored, name): (&StoredFile, &str),
    download: bool,
) -> Result<Response, Problem> {
    let open = state.media.archive.open_file(&stored.hash).await.map_err(|error| {
        tracing::error!(%error, "A file of the archive cannot be opened: {error}");
        Problem::not_found("file")
    })?;
    let (file, bytes) = open.ok_or_else(|| Problem::not_found("file"))?;
    let media_type = stored.facts.media_type;
    let answer = FileAnswer {
        file,
        bytes,
        media_type: media_type.as_str(),
        name: name.to_owned(),
        inline: !download && media_type.family() == MediaFamily::Picture,
        etag: stored.hash.as_str().to_owned(),
        keep_for: KEEP_FOR,
    };
    Ok(answer.to(method, headers).await.into_response())
}

/// The small picture of a file as an answer.
pub(super) async fn answer_thumb(
    state: &ApiState,
    (method, headers): (&Method, &HeaderMap),
    stored: &StoredFile,
) -> Result<Response, Problem> {
    let open = state.media.archive.open_thumb(&stored.hash).await;
    let open = open.ok().flatten().filter(|_| stored.has_thumb);
    let (file, bytes) = open.ok_or_else(|| Problem::not_found("picture"))?;
    let answer = FileAnswer {
        file,
        bytes,
        media_type: "image/jpeg",
        name: "thumb.jpg".into(),
        inline: true,
        etag: format!("{}-thumb", stored.hash.as_str()),
        keep_for: KEEP_FOR,
    };
    Ok(answer.to(method, headers).await.into_response())
}
