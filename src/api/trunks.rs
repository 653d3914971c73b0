//! Trunks, and the carriers they can speak to. A secret goes in and never comes out again.

use crate::api::auth::Admin;
use crate::api::error::Problem;
use crate::api::paging::{Body, Id, Items};
use crate::api::sending::TrunkPaceOut;
use crate::api::session_view::ReasonOut;
use crate::api::state::ApiState;
use crate::api::words;
use crate::carrier::CARRIERS;
use crate::carrier::confirms;
use crate::carrier::dialect::Entry;
use crate::carrier::places::{Paste, place};
use crate::carrier::public_url;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::Confirms;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Intake, OnUncertain};
use crate::egress::trunk_test::TestStep;
use crate::flow::settings::trunks::{self, IntakeForm, TrunkForm};
use crate::store::polls::Poll;
use crate::store::trunks::Trunk;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A carrier that a trunk can speak to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CarrierOut {
    name: &'static str,
    title: &'static str,
    kinds: Vec<ChannelKind>,
    fields: Vec<FieldOut>,
    /// The heading it stands under: `us`, `eu`, `world`, `whatsapp`, `sip`, `own` or `trial`.
    #[schema(schema_with = words::carrier_group)]
    group: &'static str,
    /// Where our webhook address is entered at this carrier.
    paste: Vec<PasteOut>,
    /// What of it nobody could check with the vendor, in English; null: nothing.
    unverified_en: Option<&'static str>,
    /// The same in German.
    unverified_de: Option<&'static str>,
}

/// Where our webhook address is entered.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PasteOut {
    /// What comes to it: `messages`, `reports` or `all`.
    #[schema(schema_with = words::paste_kind)]
    kind: &'static str,
    en: &'static str,
    de: &'static str,
}

impl From<&Paste> for PasteOut {
    fn from(paste: &Paste) -> PasteOut {
        PasteOut { kind: paste.what.as_str(), en: paste.english, de: paste.german }
    }
}

/// One field of its settings.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FieldOut {
    key: &'static str,
    en: &'static str,
    de: &'static str,
    /// In English.
    hint: &'static str,
    /// In German.
    hint_de: &'static str,
    secret: bool,
    required: bool,
    default: Option<&'static str>,
    /// May have several lines.
    multiline: bool,
}

/// A trunk.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TrunkOut {
    id: TrunkId,
    name: String,
    carrier: String,
    enabled: bool,
    /// By field; a secret is null.
    settings: BTreeMap<String, Option<String>>,
    /// The secrets that are there.
    secrets_set: Vec<String>,
    mps: Option<f64>,
    on_uncertain: OnUncertain,
    /// How what comes in gets to us.
    intake: Intake,
    /// Seconds between questions, where it is polled.
    poll_every_s: u64,
    /// Who tells a peer that an opt-out was heard.
    confirms: Confirms,
    /// Whether the carrier can be asked what came in.
    can_poll: bool,
    /// How the polling goes, where there is any.
    poll: Option<PollOut>,
    /// What to enter at the carrier.
    webhook_url: String,
    /// `ok`, `off`, `misconfigured`, `no_credit`, `unreachable` or `unknown`.
    #[schema(schema_with = words::trunk_state)]
    state: &'static str,
    state_reason: Option<ReasonOut>,
    last_in_at: Option<Timestamp>,
    last_out_at: Option<Timestamp>,
    errors_24h: u32,
    /// How it bears up.
    pace: TrunkPaceOut,
    version: i64,
}

/// How a trunk's polling goes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PollOut {
    /// When the carrier was last asked.
    asked_at: Option<Timestamp>,
    /// When it last answered.
    answered_at: Option<Timestamp>,
    /// When it is asked next.
    next_at: Timestamp,
    /// Questions in a row that failed.
    failures: u32,
    /// Why the last one failed.
    reason: Option<ReasonOut>,
}

impl From<Poll> for PollOut {
    fn from(poll: Poll) -> PollOut {
        PollOut {
            asked_at: poll.asked_at,
            answered_at: poll.answered_at,
            next_at: poll.next_at,
            failures: poll.failures,
            reason: poll.reason.map(ReasonOut::from),
        }
    }
}

/// A trunk, as an admin writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct TrunkIn {
    name: String,
    carrier: String,
    #[serde(default = "yes")]
    enabled: bool,
    /// By field; a secret that is left out or null stays as it is.
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
    mps: Option<f64>,
    #[serde(default = "ask")]
    on_uncertain: OnUncertain,
    /// Left out: as is usual with the carrier on a new trunk, else as it is.
    confirms: Option<Confirms>,
    /// Left out: `webhooks` on a new trunk, else as it is.
    intake: Option<Intake>,
    /// Seconds between questions, from 5 to 3600; left out: 30, or as it is.
    poll_every_s: Option<u64>,
    /// On a change: the version it was made on.
    version: Option<i64>,
}

/// One step of a test.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TestStepOut {
    name: &'static str,
    /// `good`, `bad` or `skipped`.
    #[schema(schema_with = words::verdict)]
    verdict: &'static str,
    en: String,
    de: String,
    took_ms: u64,
}

/// A test, step by step.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Steps {
    /// In order.
    pub steps: Vec<TestStepOut>,
}

impl From<TestStep> for TestStepOut {
    fn from(step: TestStep) -> TestStepOut {
        TestStepOut {
            name: step.name,
            verdict: step.verdict.as_str(),
            en: step.en,
            de: step.de,
            took_ms: u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn yes() -> bool {
    true
}

fn ask() -> OnUncertain {
    OnUncertain::Ask
}

/// The version a change was made on; without one nobody could tell that something else came between.
pub fn version_of(version: Option<i64>) -> Result<i64, Problem> {
    version.ok_or_else(|| {
        Problem::invalid(
            "version",
            ("required: the version your change is made on", "nötig: die Version, auf der die Änderung beruht"),
        )
    })
}

/// The carriers.
#[utoipa::path(get, path = "/carriers", tag = "trunks", responses((status = 200, body = Vec<CarrierOut>)))]
pub async fn carriers(_: Admin) -> Json<Vec<CarrierOut>> {
    Json(CARRIERS.iter().map(carrier_out).collect())
}

/// All trunks.
#[utoipa::path(get, path = "/trunks", tag = "trunks", responses((status = 200, body = Items<TrunkOut>)))]
pub async fn list(State(state): State<ApiState>, _: Admin) -> Result<Json<Items<TrunkOut>>, Problem> {
    let since = state.desk.now().minus(DAY);
    let rows = state
        .reader
        .read(move |snapshot| {
            let trunks = snapshot.trunks()?.into_iter();
            trunks
                .map(|trunk| Ok((snapshot.failures_since(trunk.id, since)?, snapshot.poll_of(trunk.id)?, trunk)))
                .collect::<Result<Vec<_>, Problem>>()
        })
        .await?;
    let items = rows.into_iter().map(|(errors, poll, trunk)| trunk_out(&state, trunk, poll, errors)).collect();
    Ok(Json(Items { items }))
}

/// Make a trunk.
#[utoipa::path(post, path = "/trunks", tag = "trunks", request_body = TrunkIn,
    responses((status = 201, body = TrunkOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Admin,
    Body(given): Body<TrunkIn>,
) -> Result<(StatusCode, Json<TrunkOut>), Problem> {
    let way = way(&given, IntakeForm::default());
    let id = trunks::create_with(&state.desk, form(given), way).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// One trunk.
#[utoipa::path(get, path = "/trunks/{id}", tag = "trunks", params(("id" = i64, Path)),
    responses((status = 200, body = TrunkOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<Json<TrunkOut>, Problem> {
    one(&state, TrunkId(id)).await.map(Json)
}

/// Change a trunk.
#[utoipa::path(put, path = "/trunks/{id}", tag = "trunks", params(("id" = i64, Path)), request_body = TrunkIn,
    responses((status = 200, body = TrunkOut), (status = 412, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
    Body(given): Body<TrunkIn>,
) -> Result<Json<TrunkOut>, Problem> {
    let version = version_of(given.version)?;
    let before = state.reader.read(move |snapshot| Ok::<_, Problem>(snapshot.trunk(TrunkId(id))?)).await?;
    let before = before.ok_or_else(|| Problem::not_found("trunk"))?;
    let way = way(&given, IntakeForm { intake: before.intake, every: before.poll_every, confirms: before.confirms });
    trunks::update_with(&state.desk, TrunkId(id), version, form(given), Some(way)).await?;
    one(&state, TrunkId(id)).await.map(Json)
}

/// Delete a trunk that nothing uses.
#[utoipa::path(delete, path = "/trunks/{id}", tag = "trunks", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<StatusCode, Problem> {
    trunks::delete(&state.desk, TrunkId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try a trunk out.
#[utoipa::path(post, path = "/trunks/{id}/test", tag = "trunks", params(("id" = i64, Path)),
    responses((status = 200, body = Steps), (status = 404, body = Problem)))]
pub async fn test(State(state): State<ApiState>, _: Admin, Id(id): Id) -> Result<Json<Steps>, Problem> {
    let steps = trunks::test(&state.desk, &state.switchboard, TrunkId(id)).await?;
    Ok(Json(Steps { steps: steps.into_iter().map(TestStepOut::from).collect() }))
}

async fn one(state: &ApiState, id: TrunkId) -> Result<TrunkOut, Problem> {
    let since = state.desk.now().minus(DAY);
    let (trunk, poll, errors) = state
        .reader
        .read(move |rows| Ok::<_, Problem>((rows.trunk(id)?, rows.poll_of(id)?, rows.failures_since(id, since)?)))
        .await?;
    Ok(trunk_out(state, trunk.ok_or_else(|| Problem::not_found("trunk"))?, poll, errors))
}

fn way(given: &TrunkIn, before: IntakeForm) -> IntakeForm {
    IntakeForm {
        intake: given.intake.unwrap_or(before.intake),
        every: given.poll_every_s.map_or(before.every, Duration::from_secs),
        // What is usual is not kept: it follows the carrier.
        confirms: given.confirms.or(before.confirms).filter(|set| *set != confirms::usual(&given.carrier)),
    }
}

fn trunk_out(state: &ApiState, trunk: Trunk, poll: Option<Poll>, errors_24h: u32) -> TrunkOut {
    let can_poll = trunks::can_poll(&trunk.carrier, &trunk.merged_settings());
    let carrier = trunk.carrier.clone();
    let shown = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    let mut settings: BTreeMap<_, _> = trunk.settings.into_iter().map(|(key, value)| (key, shown(value))).collect();
    settings.extend(trunk.secrets.keys().map(|key| (key.clone(), None)));
    TrunkOut {
        id: trunk.id,
        name: trunk.name,
        carrier: trunk.carrier,
        enabled: trunk.enabled,
        settings,
        secrets_set: trunk.secrets.into_keys().collect(),
        mps: trunk.mps,
        on_uncertain: trunk.on_uncertain,
        intake: trunk.intake,
        poll_every_s: trunk.poll_every.as_secs(),
        confirms: trunk.confirms.unwrap_or_else(|| confirms::usual(&carrier)),
        can_poll,
        poll: poll.map(PollOut::from),
        webhook_url: state.switchboard.webhook_url(trunk.id, trunk.webhook_key.expose()),
        state: if trunk.enabled { trunk.state.as_str() } else { "off" },
        state_reason: trunk.state_reason.map(ReasonOut::from),
        last_in_at: trunk.last_in_at,
        last_out_at: trunk.last_out_at,
        errors_24h,
        pace: TrunkPaceOut::of(state.board.health(trunk.id, state.desk.clock.monotonic()), state.desk.now()),
        version: trunk.version,
    }
}

fn form(given: TrunkIn) -> TrunkForm {
    let value = |text: Option<String>| text.map_or(serde_json::Value::Null, serde_json::Value::String);
    TrunkForm {
        name: given.name,
        carrier: given.carrier,
        enabled: given.enabled,
        settings: given.settings.into_iter().map(|(key, text)| (key, value(text))).collect(),
        mps: given.mps,
        on_uncertain: given.on_uncertain,
    }
}

fn carrier_out(entry: &Entry) -> CarrierOut {
    let place = place(entry.name);
    CarrierOut {
        name: entry.name,
        title: entry.title,
        kinds: entry.kinds.to_vec(),
        fields: public_url::fields(entry)
            .map(|field| FieldOut {
                key: field.key,
                en: field.english,
                de: field.german,
                hint: field.hint,
                hint_de: if field.hint_german.is_empty() { field.hint } else { field.hint_german },
                secret: field.secret,
                required: field.required,
                default: field.default,
                multiline: field.multiline,
            })
            .collect(),
        group: place.group.as_str(),
        paste: place.paste.iter().map(PasteOut::from).collect(),
        unverified_en: entry.unverified.map(|(en, _)| en),
        unverified_de: entry.unverified.map(|(_, de)| de),
    }
}
