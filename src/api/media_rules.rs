//! What of files goes from a number to a peer, what was done so that they fit, and what an admin sets on a channel.

use crate::api::auth::{Admin, Who};
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body, Id};
use crate::api::session_view::ReasonOut;
use crate::api::state::{ApiState, Moment};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ChannelId, NumberId, SessionId, UploadId};
use crate::domain::media::{FILES_MAX, FitStep, MediaFamily};
use crate::domain::media_rules::{ChannelMedia, usual_bytes, usual_families};
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::media::fit::{Fitting, Given, fit_all, plan_for};
use crate::flow::media::outgoing::SentAs;
use crate::flow::media::plan::{FILE_BYTES_MAX, Plan, can_mms};
use crate::flow::media::upload;
use crate::flow::settings::media as settings;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// How old what lists show may be.
const LATELY: Duration = Duration::from_secs(3);

/// How files would reach the peer.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WayOfFiles {
    /// As files, through the carrier.
    Files,
    /// As a link beside the text.
    Links,
    /// Not at all.
    None,
}

impl From<Option<SentAs>> for WayOfFiles {
    fn from(sent_as: Option<SentAs>) -> WayOfFiles {
        match sent_as {
            Some(SentAs::Files) => WayOfFiles::Files,
            Some(SentAs::Links) => WayOfFiles::Links,
            None => WayOfFiles::None,
        }
    }
}

/// What may be attached.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MediaRulesOut {
    way: WayOfFiles,
    /// Why not as files.
    why: Option<ReasonOut>,
    files_max: usize,
    /// Bytes of all files together, as they leave.
    total_bytes_max: u64,
    /// Bytes of one file as it is given; pictures and PDFs are made smaller.
    upload_bytes_max: u64,
    types: Vec<TypeOut>,
}

/// A type of file that may be attached.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TypeOut {
    media_type: String,
    family: MediaFamily,
    /// Bytes it must end within.
    bytes_max: u64,
}

impl MediaRulesOut {
    /// Where the archive takes files of so many bytes.
    fn of(plan: Plan, file_bytes_max: u64) -> MediaRulesOut {
        let types = plan.types.iter().map(|(media_type, most)| TypeOut {
            media_type: media_type.as_str().to_owned(),
            family: media_type.family(),
            bytes_max: *most,
        });
        MediaRulesOut {
            way: plan.sent_as.into(),
            why: plan.why.map(|code| Reason::of(code).into()),
            files_max: plan.files_max,
            total_bytes_max: plan.total_bytes_max,
            upload_bytes_max: FILE_BYTES_MAX.min(file_bytes_max),
            types: types.collect(),
        }
    }
}

/// To whom.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ToAsked {
    /// As a person writes it.
    to: String,
}

/// Which files.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct FitIn {
    /// Uploads of mine, in their order.
    uploads: Vec<UploadId>,
}

/// Which files, to whom.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct FitToIn {
    /// As a person writes it.
    to: String,
    /// Uploads of mine, in their order.
    uploads: Vec<UploadId>,
}

/// How files would leave.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FitOut {
    way: WayOfFiles,
    total_bytes: u64,
    total_bytes_max: u64,
    files: Vec<FitFileOut>,
    /// What is wrong with all of them together.
    problem: Option<ReasonOut>,
}

/// How a file would leave.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FitFileOut {
    upload: UploadId,
    /// As it would leave; as it was given where it cannot.
    bytes: u64,
    media_type: String,
    width: Option<u32>,
    height: Option<u32>,
    /// What was done to it.
    steps: Vec<FitStep>,
    /// Why it cannot be sent.
    problem: Option<ReasonOut>,
}

/// The numbers of ours that can send MMS, as it was a moment ago; a change of the settings shows at once.
pub(super) async fn mms_numbers_lately(state: &ApiState) -> Result<Arc<HashSet<NumberId>>, Problem> {
    let now = Moment { at: state.desk.clock.monotonic(), moves: state.desk.bus.moves() };
    match state.mms.get(now, LATELY) {
        Some(known) => Ok(known),
        None => Ok(state.mms.note(now, mms_numbers(state).await?)),
    }
}

/// The numbers of ours that can send MMS.
pub(super) async fn mms_numbers(state: &ApiState) -> Result<HashSet<NumberId>, Problem> {
    let senders = state.reader.read(|db| db.media_senders()).await?;
    let able = senders.iter().filter(|sender| {
        let line = state.switchboard.trunk(sender.trunk);
        can_mms(sender, line.as_ref().and_then(|line| line.carrier.limits().media_for(sender.kind)))
    });
    Ok(able.map(|sender| sender.number).collect())
}

/// What may be attached in a conversation.
#[utoipa::path(get, path = "/sessions/{id}/media-rules", tag = "sessions", params(("id" = i64, Path)),
    responses((status = 200, body = MediaRulesOut), (status = 404, body = Problem)))]
pub async fn session_rules(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
) -> Result<Json<MediaRulesOut>, Problem> {
    let (number, to) = ends_of(&state, &who, SessionId(id)).await?;
    let (_, plan) = plan_for(&state.media, number, &to).await?;
    Ok(Json(MediaRulesOut::of(plan, state.media.archive.bounds().file_bytes_max)))
}

/// What may be attached from a number to somebody.
#[utoipa::path(get, path = "/numbers/{id}/media-rules", tag = "numbers", params(("id" = i64, Path), ToAsked),
    responses((status = 200, body = MediaRulesOut), (status = 404, body = Problem)))]
pub async fn number_rules(
    State(state): State<ApiState>,
    _: Who,
    Id(id): Id,
    Asked(asked): Asked<ToAsked>,
) -> Result<Json<MediaRulesOut>, Problem> {
    let to = typed(&state, &asked.to).await?;
    let (_, plan) = plan_for(&state.media, NumberId(id), &to).await?;
    Ok(Json(MediaRulesOut::of(plan, state.media.archive.bounds().file_bytes_max)))
}

/// Make files fit a conversation, and see what was done.
#[utoipa::path(post, path = "/sessions/{id}/fit", tag = "sessions", params(("id" = i64, Path)), request_body = FitIn,
    responses((status = 200, body = FitOut), (status = 404, body = Problem)))]
pub async fn fit_session(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(given): Body<FitIn>,
) -> Result<Json<FitOut>, Problem> {
    let (number, to) = ends_of(&state, &who, SessionId(id)).await?;
    fit(&state, &who, (number, to), given.uploads).await
}

/// Make files fit from a number to somebody, and see what was done.
#[utoipa::path(post, path = "/numbers/{id}/fit", tag = "numbers", params(("id" = i64, Path)), request_body = FitToIn,
    responses((status = 200, body = FitOut), (status = 404, body = Problem)))]
pub async fn fit_number(
    State(state): State<ApiState>,
    who: Who,
    Id(id): Id,
    Body(given): Body<FitToIn>,
) -> Result<Json<FitOut>, Problem> {
    let to = typed(&state, &given.to).await?;
    fit(&state, &who, (NumberId(id), to), given.uploads).await
}

async fn fit(
    state: &ApiState,
    who: &Who,
    (number, to): (NumberId, Address),
    uploads: Vec<UploadId>,
) -> Result<Json<FitOut>, Problem> {
    // More than any channel takes are named as too many; many more are not looked at.
    let uploads: Vec<UploadId> = uploads.into_iter().take(5 * FILES_MAX).collect();
    let found = upload::own(&state.media, who.known.user.id, uploads.clone()).await?;
    let given: Vec<Given> = found.iter().map(|one| Given { name: one.name.clone(), file: one.file.clone() }).collect();
    let (sender, plan) = plan_for(&state.media, number, &to).await?;
    let fitting = fit_all(&state.media, (&sender, plan), &given).await?;
    let (total_bytes, total_bytes_max) = (fitting.total_bytes(), fitting.plan.total_bytes_max);
    let Fitting { plan, files, problem } = fitting;
    let mut fitted: Vec<FitFileOut> =
        found.iter().zip(files).map(|(upload, fit)| shown(upload.id, &upload.file, fit.made)).collect();
    let gone = uploads.iter().filter(|id| !found.iter().any(|upload| upload.id == **id));
    fitted.extend(gone.map(|&id| gone_out(id)));
    Ok(Json(FitOut {
        way: plan.sent_as.into(),
        total_bytes,
        total_bytes_max,
        files: fitted,
        problem: problem.map(ReasonOut::from),
    }))
}

fn shown(
    upload: UploadId,
    given: &crate::store::files::StoredFile,
    made: Result<(crate::store::files::StoredFile, Vec<FitStep>), Reason>,
) -> FitFileOut {
    let (file, steps, problem) = match made {
        Ok((file, steps)) => (file, steps, None),
        Err(reason) => (given.clone(), Vec::new(), Some(reason.into())),
    };
    FitFileOut {
        upload,
        bytes: file.facts.bytes,
        media_type: file.facts.media_type.as_str().to_owned(),
        width: file.facts.width,
        height: file.facts.height,
        steps,
        problem,
    }
}

fn gone_out(upload: UploadId) -> FitFileOut {
    let problem = Some(Reason::of(ReasonCode::FileExpired).into());
    FitFileOut { upload, bytes: 0, media_type: String::new(), width: None, height: None, steps: Vec::new(), problem }
}

async fn ends_of(state: &ApiState, who: &Who, id: SessionId) -> Result<(NumberId, Address), Problem> {
    let row = who.session(state, id).await?;
    Ok((row.number.0, row.peer.1))
}

async fn typed(state: &ApiState, to: &str) -> Result<Address, Problem> {
    let country = state.reader.read(|db| db.country()).await?;
    Address::from_typed(to, &country).map_err(|error| Problem::invalid("to", error.wording()))
}

/// What a channel takes of files, and what null means now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChannelMediaOut {
    #[serde(flatten)]
    set: ChannelMedia,
    defaults: ChannelMedia,
}

/// What a channel takes of files.
#[utoipa::path(get, path = "/channels/{id}/media", tag = "channels", params(("id" = i64, Path)),
    responses((status = 200, body = ChannelMediaOut), (status = 404, body = Problem)))]
pub async fn channel_media(
    State(state): State<ApiState>,
    _: Who,
    Id(id): Id,
) -> Result<Json<ChannelMediaOut>, Problem> {
    channel_out(&state, ChannelId(id)).await
}

/// Set what a channel takes of files.
#[utoipa::path(put, path = "/channels/{id}/media", tag = "channels", params(("id" = i64, Path)),
    request_body = ChannelMedia,
    responses((status = 200, body = ChannelMediaOut), (status = 422, body = Problem)))]
pub async fn change_channel_media(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<ChannelMedia>,
) -> Result<Json<ChannelMediaOut>, Problem> {
    settings::change(&state.desk, ChannelId(id), given).await?;
    channel_out(&state, ChannelId(id)).await
}

async fn channel_out(state: &ApiState, id: ChannelId) -> Result<Json<ChannelMediaOut>, Problem> {
    let read = state.reader.read(move |db| Ok::<_, Problem>((db.channel(id)?, db.channel_media(id)?)));
    let (channel, rules) = read.await?;
    let channel = channel.ok_or_else(|| Problem::not_found("channel"))?;
    let line = state.switchboard.trunk(channel.trunk);
    let countries = line.and_then(|line| line.carrier.limits().media_for(channel.kind).map(|media| media.countries()));
    let defaults = defaults(channel.kind, countries.unwrap_or_default());
    Ok(Json(ChannelMediaOut { set: rules, defaults }))
}

fn defaults(kind: ChannelKind, countries: &[&str]) -> ChannelMedia {
    let open = ChannelMedia::default();
    ChannelMedia {
        families: Some(usual_families(kind).to_vec()),
        files_max: Some(u32::try_from(FILES_MAX).expect("ten fits")),
        picture_bytes_max: Some(usual_bytes(kind, MediaFamily::Picture)),
        paper_bytes_max: Some(usual_bytes(kind, MediaFamily::Paper)),
        other_bytes_max: Some(usual_bytes(kind, MediaFamily::Video)),
        total_bytes_max: Some(open.total_bytes_max(kind)),
        countries: Some(countries.iter().map(|&code| code.to_owned()).collect()),
        ..open
    }
}
