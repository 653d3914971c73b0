//! WhatsApp templates: which there are, how they stand, fetching them anew; and who wants no advertising.

use crate::api::auth::{Admin, Supervisor, Who};
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::id::{ChannelId, TrunkId};
use crate::domain::template::Component;
use crate::domain::template_check::Needs;
use crate::domain::time::Timestamp;
use crate::flow::{numbers_at_carrier, templates};
use crate::store::templates::{Fetch, KeptTemplate};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// Templates shown at once; one account has at most 6000, and ours keep 2000.
const TEMPLATES_MAX: u32 = 2000;

/// Which templates.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplatesAsked {
    /// Only of this trunk.
    trunk: Option<i64>,
    /// Only of this channel's trunk.
    channel: Option<i64>,
}

/// A template.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TemplateOut {
    id: i64,
    trunk: TrunkName,
    name: String,
    language: String,
    category: String,
    /// The carrier's word: `APPROVED`, `PENDING`, `REJECTED`, `PAUSED` …
    status: &'static str,
    /// Whether it can be sent now.
    usable: bool,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    quality: Option<String>,
    /// Why it was refused or paused; text from outside.
    reason: Option<String>,
    /// Whether its variables have names.
    named: bool,
    components: Vec<Component>,
    /// What it wants filled in.
    needs: Needs,
    updated_at: Timestamp,
}

/// A trunk by id and name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TrunkName {
    id: TrunkId,
    name: String,
}

/// How a trunk's templates were last fetched.
#[derive(Serialize, utoipa::ToSchema)]
pub struct FetchOut {
    trunk: TrunkName,
    fetched_at: Option<Timestamp>,
    /// Why it did not work.
    problem: Option<String>,
}

/// All templates, and how they were fetched.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TemplatesOut {
    items: Vec<TemplateOut>,
    fetches: Vec<FetchOut>,
}

/// A number of the account at the carrier.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AccountNumberOut {
    address: Address,
    carrier_id: String,
    /// The name peers see, its quality, as the carrier writes it.
    says: String,
}

/// What an account has at the carrier, and what belongs into the trunk's settings.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AccountNumbers {
    items: Vec<AccountNumberOut>,
    /// The value of the setting `phone_numbers`.
    setting: String,
}

impl From<KeptTemplate> for TemplateOut {
    fn from(kept: KeptTemplate) -> TemplateOut {
        let (trunk, name) = kept.trunk;
        let needs = kept.template.needs();
        let template = kept.template;
        TemplateOut {
            id: kept.id,
            trunk: TrunkName { id: trunk, name },
            name: template.name,
            language: template.language,
            category: template.category,
            status: template.status.carrier_word(),
            usable: template.status.is_usable(),
            quality: template.quality,
            reason: template.reason,
            named: template.named,
            components: template.components,
            needs,
            updated_at: kept.updated_at,
        }
    }
}

impl From<Fetch> for FetchOut {
    fn from(fetch: Fetch) -> FetchOut {
        let (id, name) = fetch.trunk;
        FetchOut { trunk: TrunkName { id, name }, fetched_at: fetch.fetched_at, problem: fetch.problem }
    }
}

/// The templates.
#[utoipa::path(get, path = "/templates", tag = "templates", params(TemplatesAsked),
    responses((status = 200, body = TemplatesOut)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Who,
    Asked(asked): Asked<TemplatesAsked>,
) -> Result<Json<TemplatesOut>, Problem> {
    let trunk = match asked.channel.map(ChannelId) {
        Some(channel) => {
            let found = state.reader.read(move |snapshot| Ok::<_, Problem>(snapshot.channel(channel)?)).await?;
            Some(found.ok_or_else(|| Problem::not_found("channel"))?.trunk)
        }
        None => asked.trunk.map(TrunkId),
    };
    templates_out(&state, trunk).await.map(Json)
}

/// Fetch the templates of all WhatsApp trunks now.
#[utoipa::path(post, path = "/templates/refresh", tag = "templates", responses((status = 200, body = TemplatesOut)))]
pub async fn refresh(State(state): State<ApiState>, _: Supervisor) -> Result<Json<TemplatesOut>, Problem> {
    templates::fetch_all(&state.desk, &state.switchboard).await?;
    templates_out(&state, None).await.map(Json)
}

async fn templates_out(state: &ApiState, trunk: Option<TrunkId>) -> Result<TemplatesOut, Problem> {
    let (kept, fetches) = state
        .reader
        .read(move |snapshot| {
            Ok::<_, Problem>((snapshot.templates(trunk, TEMPLATES_MAX)?, snapshot.template_fetches()?))
        })
        .await?;
    Ok(TemplatesOut {
        items: kept.into_iter().map(TemplateOut::from).collect(),
        fetches: fetches.into_iter().map(FetchOut::from).collect(),
    })
}

/// Ask the carrier which numbers a trunk's account has.
#[utoipa::path(post, path = "/trunks/{id}/account-numbers", tag = "trunks", params(("id" = i64, Path)),
    responses((status = 200, body = AccountNumbers), (status = 409, body = Problem)))]
pub async fn account_numbers(
    State(state): State<ApiState>,
    _: Admin,
    Id(id): Id,
) -> Result<Json<AccountNumbers>, Problem> {
    let numbers = numbers_at_carrier::ask(&state.desk, &state.switchboard, TrunkId(id)).await?;
    let pairs: Vec<String> = numbers.iter().map(|one| format!("{}={}", one.address, one.carrier_id)).collect();
    let out = |one: crate::carrier::dialect::AccountNumber| AccountNumberOut {
        address: one.address,
        carrier_id: one.carrier_id,
        says: one.says,
    };
    Ok(Json(AccountNumbers { items: numbers.into_iter().map(out).collect(), setting: pairs.join(", ") }))
}
