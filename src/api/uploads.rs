//! Uploads: files put here before they go with a message. A broken one is sent again from its start; the same content is
//! kept once.

use crate::api::attachments::{answer_file, answer_thumb};
use crate::api::auth::Who;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id, Items};
use crate::api::state::ApiState;
use crate::domain::id::UploadId;
use crate::domain::media::MediaFamily;
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::error::FlowError;
use crate::flow::media::upload;
use crate::store::uploads::Upload;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::LengthLimitError;
use serde::{Deserialize, Serialize};

/// Uploads that are looked up at once.
const IDS_MAX: usize = 100;

/// What a file is called.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadAsked {
    /// As its owner calls it; a label, nothing is opened or kept by it.
    name: Option<String>,
}

/// Which uploads.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadsAsked {
    /// Their ids with commas between, at most 100.
    ids: String,
}

/// A file that was put here.
#[derive(Serialize, utoipa::ToSchema)]
pub struct UploadOut {
    id: UploadId,
    name: String,
    family: MediaFamily,
    /// What it truly is, whatever its name says.
    media_type: String,
    bytes: u64,
    /// Pixels across.
    width: Option<u32>,
    /// Pixels down.
    height: Option<u32>,
    /// Frames, or pages.
    count: Option<u32>,
    has_thumb: bool,
}

impl From<Upload> for UploadOut {
    fn from(upload: Upload) -> UploadOut {
        let facts = upload.file.facts;
        UploadOut {
            id: upload.id,
            name: upload.name,
            family: facts.media_type.family(),
            media_type: facts.media_type.as_str().to_owned(),
            bytes: facts.bytes,
            width: facts.width,
            height: facts.height,
            count: facts.count,
            has_thumb: upload.file.has_thumb,
        }
    }
}

/// Put a file here: the body is the file. It is opened, and what it truly is decides.
#[utoipa::path(post, path = "/uploads", tag = "uploads", params(UploadAsked),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = UploadOut), (status = 413, body = Problem), (status = 415, body = Problem),
              (status = 422, body = Problem), (status = 507, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    who: Who,
    Asked(asked): Asked<UploadAsked>,
    body: Body,
) -> Result<(StatusCode, Json<UploadOut>), Problem> {
    let user = who.known.user.id;
    let name = asked.name.unwrap_or_default();
    let mut incoming = upload::begin(&state.media, user).await?;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| broken_off(&error, &name))?;
        let full = |error: crate::media::archive::ArchiveError| {
            Problem::from(FlowError::File { reason: error.reason(), name: Some(name.chars().take(100).collect()) })
        };
        incoming.write(&piece).await.map_err(full)?;
    }
    let upload = upload::take(&state.media, user, &name, incoming).await?;
    Ok((StatusCode::CREATED, Json(upload.into())))
}

/// Larger than the door lets in, or an end before its end.
fn broken_off(error: &axum::Error, name: &str) -> Problem {
    let mut causes = std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source());
    if causes.any(|cause| cause.is::<LengthLimitError>()) {
        return Problem::file(&Reason::of(ReasonCode::FileTooLarge), Some(name).filter(|name| !name.is_empty()));
    }
    Problem::invalid("body", ("the file broke off: send it again", "die Datei brach ab: bitte erneut senden"))
}

/// My uploads among these.
#[utoipa::path(get, path = "/uploads", tag = "uploads", params(UploadsAsked),
    responses((status = 200, body = Items<UploadOut>)))]
pub async fn list(
    State(state): State<ApiState>,
    who: Who,
    Asked(asked): Asked<UploadsAsked>,
) -> Result<Json<Items<UploadOut>>, Problem> {
    let ids = asked.ids.split(',').filter(|id| !id.is_empty()).take(IDS_MAX).map(|id| id.trim().parse().map(UploadId));
    let ids = ids.collect::<Result<Vec<_>, _>>().map_err(|_| {
        Problem::invalid("ids", ("ids are digits with commas between", "Ids sind Ziffern mit Kommas dazwischen"))
    })?;
    let found = upload::own(&state.media, who.known.user.id, ids).await?;
    Ok(Json(Items { items: found.into_iter().map(UploadOut::from).collect() }))
}

/// Take a file back that was not sent.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, who: Who, Id(id): Id) -> Result<StatusCode, Problem> {
    upload::take_back(&state.media, who.known.user.id, UploadId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file.
#[utoipa::path(get, path = "/uploads/{id}/file", tag = "uploads", params(("id" = i64, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)))]
pub async fn file(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upload = mine(&state, &who, id).await?;
    answer_file(&state, (&method, &headers), (&upload.file, &upload.name), false).await
}

/// A small picture of it.
#[utoipa::path(get, path = "/uploads/{id}/thumb", tag = "uploads", params(("id" = i64, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = 404, body = Problem)))]
pub async fn thumb(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upload = mine(&state, &who, id).await?;
    answer_thumb(&state, (&method, &headers), &upload.file).await
}

async fn mine(state: &ApiState, who: &Who, id: i64) -> Result<Upload, Problem> {
    let found = upload::own(&state.media, who.known.user.id, vec![UploadId(id)]).await?;
    found.into_iter().next().ok_or_else(|| Problem::not_found("upload"))
}
