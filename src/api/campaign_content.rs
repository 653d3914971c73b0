//! What a campaign says and will be: its estimate, a preview for any recipient, a test send, its files, its variables.

use crate::api::auth::Supervisor;
use crate::api::campaigns::{self, CampaignOut};
use crate::api::error::Problem;
use crate::api::media_rules::WayOfFiles;
use crate::api::paging::{Asked, Body, Id, Ids, Items};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::id::{CampaignId, ListId, MessageId, RecipientId, UploadId};
use crate::domain::price::Price;
use crate::domain::rich::{Rich, TemplateUse};
use crate::domain::segment::count;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::audience::Source;
use crate::flow::campaign::blockers::Blocker;
use crate::flow::campaign::drafts::{plan_of, recipients_max};
use crate::flow::campaign::estimate::{self, Estimate, Fault};
use crate::flow::campaign::files;
use crate::flow::campaign::preview::{self, Preview, Whom};
use crate::flow::campaign::variables::{self, From as Origin, Known};
use crate::store::campaign_files::CampaignFile;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// An amount of money.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MoneyOut {
    /// Millionths of the unit.
    micros: i64,
    /// Three letters (ISO 4217).
    currency: String,
}

/// A sentence in both languages.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WordsOut {
    /// In English.
    en: String,
    /// In German.
    de: String,
}

/// What a campaign will be.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EstimateOut {
    /// People who are written to.
    recipients: usize,
    /// Messages.
    sends: usize,
    /// Who wants nothing.
    opted_out: usize,
    /// Numbers that cannot be read or reached.
    invalid: usize,
    /// Who stands above already.
    duplicates: usize,
    /// Who is left out, our own numbers among them.
    excluded: usize,
    /// To whom it cannot be said: it would be empty, too long, or not fit the template.
    unsaid: usize,
    /// Who would be outside their hours when it begins.
    outside_hours: usize,
    /// What is wrong, line by line; the first 200.
    faults: Vec<AudienceFault>,
    segments: Option<SegmentsOut>,
    /// `gsm7` or `ucs2`: the latter as soon as one message needs it.
    encoding: Option<&'static str>,
    /// Of all, where every price is known and all are of one currency.
    cost: Option<MoneyOut>,
    /// Of one message, on the average.
    cost_each: Option<MoneyOut>,
    /// How long it takes, quiet hours and limits included.
    seconds: u64,
    /// When it ends, if it begins when it is to.
    ends_at: Option<Timestamp>,
    /// How many messages the limits of its author and its numbers leave on the day it begins; null: it has no number yet.
    day_left: Option<u64>,
    /// The same of that month.
    month_left: Option<u64>,
    /// Limits that make it longer, or that somebody should know.
    limits: Vec<WordsOut>,
    /// Variables of the text that nothing has the name of.
    unknown_variables: Vec<String>,
    /// What stands in its way.
    blockers: Vec<BlockerOut>,
}

/// Segments of SMS.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SegmentsOut {
    /// Of the shortest message.
    least: u32,
    /// Of the longest.
    most: u32,
    /// Of all.
    all: u64,
}

/// What is wrong with a line of the audience.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AudienceFault {
    source: FaultSource,
    /// The line, from 1; null for a phonebook.
    line: Option<u64>,
    /// As it stands there.
    given: String,
    /// What is wrong, in English.
    en: String,
    /// In German.
    de: String,
}

/// Where a line came from: `"typed"`, `"phonebook"`, or the id of a list.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum FaultSource {
    /// Typed, or of a phonebook.
    Word(&'static str),
    /// A list.
    List(ListId),
}

/// What stands in a campaign's way.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BlockerOut {
    /// Which field of the plan, as in `content.text`; `files`, `lists`.
    field: String,
    /// A stable code.
    code: &'static str,
    /// What is wrong and what to do, in English.
    en: String,
    /// In German.
    de: String,
}

/// Whom a preview is for.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PreviewAsked {
    /// The so manieth of those who are written to, from 1.
    at: Option<usize>,
    /// A line of the ledger.
    recipient: Option<i64>,
}

/// How a campaign reads to one recipient.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PreviewOut {
    /// Which of those who are written to, from 1.
    at: usize,
    /// Of how many.
    of: usize,
    /// Their number; null: nobody is written to yet.
    to: Option<Address>,
    name: String,
    /// What is said; null: nothing, see `problem`.
    text: Option<String>,
    files: Vec<PreviewFile>,
    /// How the files go.
    way: WayOfFiles,
    /// The template, filled in.
    template: Option<TemplateUse>,
    segments: Option<u32>,
    encoding: Option<&'static str>,
    /// Variables for which nothing is known of them.
    missing: Vec<String>,
    /// Why nothing is said to them.
    problem: Option<WordsOut>,
    /// What stands in the way for everybody.
    blockers: Vec<BlockerOut>,
}

/// A file as it is sent.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PreviewFile {
    name: String,
    /// What was done so that it fits.
    steps: Vec<crate::domain::media::FitStep>,
}

/// Where a test goes.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct TestForm {
    /// As a person writes it.
    to: String,
}

/// A message that was filed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TestOut {
    message: MessageId,
}

/// An upload for a campaign.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct FileForm {
    upload: UploadId,
}

/// A file of a campaign.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CampaignFileOut {
    position: u32,
    name: String,
    /// What it truly is.
    #[serde(rename = "type")]
    media_type: String,
    bytes: u64,
}

/// For which campaign.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VariablesAsked {
    /// Its lists and phonebooks are looked at.
    campaign: Option<i64>,
}

/// A variable of a text.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VariableOut {
    name: String,
    from: VariableFrom,
    /// One of its values; empty: none is known.
    example: String,
}

/// Where values come from.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VariableFrom {
    /// The contact.
    Contact,
    /// A column of a list.
    List,
    /// The site.
    Site,
}

impl From<Price> for MoneyOut {
    fn from(price: Price) -> MoneyOut {
        MoneyOut { micros: price.micros, currency: price.currency }
    }
}

impl From<Wording> for WordsOut {
    fn from(words: Wording) -> WordsOut {
        WordsOut { en: words.english, de: words.german }
    }
}

impl From<Blocker> for BlockerOut {
    fn from(blocker: Blocker) -> BlockerOut {
        let Wording { english, german } = blocker.words;
        BlockerOut { field: blocker.field, code: blocker.code, en: english, de: german }
    }
}

impl From<Fault> for AudienceFault {
    fn from(fault: Fault) -> AudienceFault {
        let (source, line) = match fault.source {
            Source::Typed(line) => (FaultSource::Word("typed"), Some(line)),
            Source::List(list, line) => (FaultSource::List(list), Some(line)),
            Source::Book => (FaultSource::Word("phonebook"), None),
        };
        AudienceFault { source, line, given: fault.given, en: fault.words.english, de: fault.words.german }
    }
}

impl From<CampaignFile> for CampaignFileOut {
    fn from(file: CampaignFile) -> CampaignFileOut {
        let facts = file.file.facts;
        CampaignFileOut {
            position: file.position,
            name: file.name,
            media_type: facts.media_type.as_str().to_owned(),
            bytes: facts.bytes,
        }
    }
}

impl From<Known> for VariableOut {
    fn from(known: Known) -> VariableOut {
        let from = match known.from {
            Origin::Contact => VariableFrom::Contact,
            Origin::List => VariableFrom::List,
            Origin::Site => VariableFrom::Site,
        };
        VariableOut { name: known.name, from, example: known.example }
    }
}

impl From<Estimate> for EstimateOut {
    fn from(found: Estimate) -> EstimateOut {
        let segments = found.segments;
        EstimateOut {
            recipients: found.recipients,
            sends: found.sends,
            opted_out: found.opted_out,
            invalid: found.invalid,
            duplicates: found.duplicates,
            excluded: found.excluded,
            unsaid: found.unsaid,
            outside_hours: found.outside_hours,
            faults: found.faults.into_iter().map(AudienceFault::from).collect(),
            segments: segments.map(|known| SegmentsOut { least: known.least, most: known.most, all: known.all }),
            encoding: found.encoding.map(|encoding| encoding.as_str()),
            cost: found.cost.map(MoneyOut::from),
            cost_each: found.cost_each.map(MoneyOut::from),
            seconds: found.seconds,
            ends_at: found.ends_at,
            day_left: found.day_left,
            month_left: found.month_left,
            limits: found.limits.into_iter().map(WordsOut::from).collect(),
            unknown_variables: found.unknown_variables,
            blockers: found.blockers.into_iter().map(BlockerOut::from).collect(),
        }
    }
}

impl From<Preview> for PreviewOut {
    fn from(found: Preview) -> PreviewOut {
        let (to, name) = found.to.map(|to| (to.address, to.name)).unwrap_or_default();
        let mut out = PreviewOut {
            at: found.at,
            of: found.of,
            to,
            name,
            text: None,
            files: Vec::new(),
            way: WayOfFiles::None,
            template: None,
            segments: None,
            encoding: None,
            missing: Vec::new(),
            problem: None,
            blockers: found.blockers.into_iter().map(BlockerOut::from).collect(),
        };
        match found.said {
            Err(problem) => out.problem = Some(problem.into()),
            Ok(ready) => {
                out.encoding = ready.segments.map(|_| count(&ready.text).encoding.as_str());
                out.way = if ready.files.is_empty() { WayOfFiles::None } else { Some(ready.sent_as).into() };
                out.files =
                    ready.files.into_iter().map(|file| PreviewFile { name: file.name, steps: file.steps }).collect();
                out.template = ready.rich.and_then(|rich| match rich {
                    Rich::Template(used) => Some(used),
                    _ => None,
                });
                out.segments = ready.segments;
                out.missing = ready.missing;
                out.text = Some(ready.text);
            }
        }
        out
    }
}

/// What a campaign will be, as it is saved: to how many, for how much, how long, and what stands in its way.
#[utoipa::path(post, path = "/campaigns/{id}/estimate", tag = "campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = EstimateOut), (status = 404, body = Problem)))]
pub async fn estimate(State(state): State<ApiState>, _: Supervisor, Id(id): Id) -> Result<Json<EstimateOut>, Problem> {
    let campaign = CampaignId(id);
    let read = state.reader.read(move |db| Ok::<_, Problem>((plan_of(db, campaign)?.0, recipients_max(db)?)));
    let (plan, most) = read.await?;
    Ok(Json(estimate::estimate(&state.media, campaign, &plan, most).await?.into()))
}

/// How it reads to one recipient.
#[utoipa::path(get, path = "/campaigns/{id}/preview", tag = "campaigns", params(("id" = i64, Path), PreviewAsked),
    responses((status = 200, body = PreviewOut), (status = 404, body = Problem)))]
pub async fn preview(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Asked(asked): Asked<PreviewAsked>,
) -> Result<Json<PreviewOut>, Problem> {
    let whom = match asked.recipient {
        Some(recipient) => Whom::Recipient(RecipientId(recipient)),
        None => Whom::Nth(asked.at.unwrap_or(1)),
    };
    Ok(Json(preview::preview(&state.media, CampaignId(id), whom).await?.into()))
}

/// Send it to oneself, as it reads to the first recipient: a real message that no ledger counts.
#[utoipa::path(post, path = "/campaigns/{id}/test", tag = "campaigns", params(("id" = i64, Path)),
    request_body = TestForm,
    responses((status = 201, body = TestOut), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn test(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Body(form): Body<TestForm>,
) -> Result<(StatusCode, Json<TestOut>), Problem> {
    let country = state.reader.read(|db| Ok::<_, Problem>(db.country()?)).await?;
    let to = Address::from_typed(&form.to, &country).map_err(|error| Problem::invalid("to", error.wording()))?;
    let message = preview::test_send(&state.media, CampaignId(id), to, who.actor()).await?;
    Ok((StatusCode::CREATED, Json(TestOut { message })))
}

/// Put an upload of one's own to the campaign.
#[utoipa::path(post, path = "/campaigns/{id}/files", tag = "campaigns", params(("id" = i64, Path)),
    request_body = FileForm,
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn add_file(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Body(form): Body<FileForm>,
) -> Result<Json<CampaignOut>, Problem> {
    files::add(&state.media, CampaignId(id), who.known.user.id, form.upload).await?;
    campaigns::get(State(state), Supervisor(who), Id(id)).await
}

/// Take a file away.
#[utoipa::path(delete, path = "/campaigns/{id}/files/{position}", tag = "campaigns",
    params(("id" = i64, Path), ("position" = i64, Path)),
    responses((status = 200, body = CampaignOut), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove_file(
    State(state): State<ApiState>,
    who: Supervisor,
    Ids(id, position): Ids,
) -> Result<Json<CampaignOut>, Problem> {
    let position = u32::try_from(position).map_err(|_| Problem::not_found("file"))?;
    files::remove(&state.media, CampaignId(id), position).await?;
    campaigns::get(State(state), who, Id(id)).await
}

/// The variables a text can have.
#[utoipa::path(get, path = "/campaigns/variables", tag = "campaigns", params(VariablesAsked),
    responses((status = 200, body = Items<VariableOut>), (status = 404, body = Problem)))]
pub async fn variables(
    State(state): State<ApiState>,
    _: Supervisor,
    Asked(asked): Asked<VariablesAsked>,
) -> Result<Json<Items<VariableOut>>, Problem> {
    let (campaign, now) = (asked.campaign.map(CampaignId), state.desk.now());
    let read = state.reader.read(move |db| {
        let plan = campaign.map(|id| plan_of(db, id).map(|(plan, _)| (id, plan))).transpose()?;
        Ok::<_, Problem>(variables::all(db, plan.as_ref().map(|(id, plan)| (*id, plan)), now)?)
    });
    Ok(Json(Items { items: read.await?.into_iter().map(VariableOut::from).collect() }))
}
