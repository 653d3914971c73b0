//! The customer's side of the simulated carriers: write as a customer, see what the customer's phone shows.

use crate::api::auth::{Supervisor, Who};
use crate::api::channels::TrunkRef;
use crate::api::error::Problem;
use crate::api::media_rules::mms_numbers;
use crate::api::numbers::NumberOut;
use crate::api::paging::{Asked, Body};
use crate::api::state::ApiState;
use crate::api::words;
use crate::carrier::simulator;
use crate::carrier::simulator::behaviour::Behaviour;
use crate::carrier::simulator::files::{CustomerFile, SimulatedFile};
use crate::domain::address::Address;
use crate::domain::id::UploadId;
use crate::domain::media::{FILES_MAX, MediaFamily, MediaType, safe_name};
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::time::Timestamp;
use crate::flow::media::upload;
use crate::net::file_answer::whole;
use crate::store::numbers::Number;
use crate::store::trunks::Trunk;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Customers that are listed.
const CUSTOMERS_MAX: usize = 200;

/// The simulator.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SimulatorOut {
    /// The first trunk that is one; null where there is none.
    trunk: Option<TrunkRef>,
    numbers: Vec<NumberOut>,
    customers: Vec<CustomerOut>,
    behaviours: Vec<BehaviourOut>,
}

/// Somebody who wrote or was written to.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CustomerOut {
    address: Address,
    last_at: Timestamp,
}

/// What happens to texts to customers whose number ends like this.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BehaviourOut {
    ending: &'static str,
    en: &'static str,
    de: &'static str,
}

/// Whose phone.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PhoneAsked {
    customer: String,
}

impl From<SimulatedFile> for CustomerFileOut {
    fn from(file: SimulatedFile) -> CustomerFileOut {
        let url = format!("/api/v1/simulator/files/{}", file.id);
        CustomerFileOut { url, media_type: file.media_type, name: file.name, bytes: file.bytes }
    }
}

/// What a customer's phone shows, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PhoneShows {
    texts: Vec<TextOut>,
}

/// A text on a customer's phone.
#[derive(Serialize, utoipa::ToSchema)]
pub struct TextOut {
    /// `to_customer` or `from_customer`.
    #[schema(schema_with = words::simulated_direction)]
    direction: &'static str,
    our_number: Address,
    text: String,
    at: Timestamp,
    /// As the customer's phone shows it: `sent` or `received`.
    state: &'static str,
    files: Vec<CustomerFileOut>,
}

/// A file on a customer's phone.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CustomerFileOut {
    /// Where it can be seen, until the simulated carrier needs its room.
    url: String,
    media_type: String,
    name: String,
    bytes: u64,
}

/// A customer's text to one of our numbers.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Write {
    customer: String,
    number: String,
    /// May be empty where there are files.
    text: String,
    /// Uploads of mine, which the customer sends.
    #[serde(default)]
    uploads: Vec<UploadId>,
}

/// On its way.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Written {
    carrier_id: String,
}

/// The simulator.
#[utoipa::path(get, path = "/simulator", tag = "simulator", responses((status = 200, body = SimulatorOut)))]
pub async fn get(State(state): State<ApiState>, _: Supervisor) -> Result<Json<SimulatorOut>, Problem> {
    let (trunks, numbers) = simulated(&state).await?;
    let mms = mms_numbers(&state).await?;
    let customers = state.switchboard.simulator().customers().into_iter().take(CUSTOMERS_MAX);
    Ok(Json(SimulatorOut {
        trunk: trunks.into_iter().next().map(|trunk| TrunkRef { id: trunk.id, name: trunk.name }),
        numbers: numbers.into_iter().map(|number| NumberOut::from(number).with_mms(&mms)).collect(),
        customers: customers.map(|(address, last_at)| CustomerOut { address, last_at }).collect(),
        behaviours: Behaviour::ALL
            .iter()
            .map(|behaviour| BehaviourOut {
                ending: behaviour.ending(),
                en: behaviour.english(),
                de: behaviour.german(),
            })
            .collect(),
    }))
}

/// What a customer's phone shows.
#[utoipa::path(get, path = "/simulator/phone", tag = "simulator", params(PhoneAsked),
    responses((status = 200, body = PhoneShows)))]
pub async fn phone(
    State(state): State<ApiState>,
    _: Supervisor,
    Asked(asked): Asked<PhoneAsked>,
) -> Result<Json<PhoneShows>, Problem> {
    let customer = typed(&state, "customer", &asked.customer).await?;
    let texts = state.switchboard.simulator().phone(&customer).into_iter();
    let shown = texts.map(|text| TextOut {
        direction: if text.by_customer { "from_customer" } else { "to_customer" },
        our_number: text.our_number,
        text: text.text,
        at: text.at,
        state: if text.by_customer { "sent" } else { "received" },
        files: text.files.into_iter().map(CustomerFileOut::from).collect(),
    });
    Ok(Json(PhoneShows { texts: shown.collect() }))
}

/// Write as a customer.
#[utoipa::path(post, path = "/simulator/write", tag = "simulator", request_body = Write,
    responses((status = 202, body = Written), (status = 422, body = Problem)))]
pub async fn write(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Body(write): Body<Write>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    let says_nothing = write.text.trim().is_empty() && write.uploads.is_empty();
    if says_nothing || write.text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::invalid(
            "text",
            (format!("between 1 and {TEXT_CHARS_MAX} characters"), format!("zwischen 1 und {TEXT_CHARS_MAX} Zeichen")),
        ));
    }
    let customer = typed(&state, "customer", &write.customer).await?;
    let ours = typed(&state, "number", &write.number).await?;
    let (_, numbers) = simulated(&state).await?;
    let number = numbers.into_iter().find(|number| number.address == ours);
    let number = number.ok_or_else(|| {
        Problem::invalid(
            "number",
            ("this is not a number of a simulated carrier", "das ist keine Rufnummer eines simulierten Anbieters"),
        )
    })?;
    let files = customer_files(&state, &who, write.uploads).await?;
    let simulator = state.switchboard.simulator();
    let written = simulator.customer_writes(number.trunk, &customer, &ours, number.kind, &write.text, files);
    let carrier_id = written.map_err(|error| Problem::busy(error.to_string()))?;
    Ok((StatusCode::ACCEPTED, Json(Written { carrier_id })))
}

/// A file on a customer's phone.
#[utoipa::path(get, path = "/simulator/files/{id}", tag = "simulator", params(("id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404, body = Problem)))]
pub async fn file(State(state): State<ApiState>, _: Supervisor, Path(id): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::not_found("file");
    let file = state.switchboard.simulator().file(&id).ok_or_else(missing)?;
    // What our own outbox handed over; all the same it is only ever shown as what the house knows.
    let media_type = MediaType::from_word(&file.media_type).ok_or_else(missing)?;
    let name = safe_name(&file.name, media_type);
    let inline = media_type.family() == MediaFamily::Picture;
    Ok(whole(file.bytes, media_type.as_str(), &name, inline))
}

/// The files of uploads, as the customer's phone has them; all of them or none.
async fn customer_files(state: &ApiState, who: &Who, uploads: Vec<UploadId>) -> Result<Vec<CustomerFile>, Problem> {
    let uploads: Vec<UploadId> = uploads.into_iter().take(FILES_MAX).collect();
    let found = upload::own(&state.media, who.known.user.id, uploads.clone()).await?;
    if found.len() != uploads.len() {
        return Err(Problem::invalid(
            "uploads",
            (
                "one of the files is no longer there: attach it again",
                "eine der Dateien ist nicht mehr da: bitte noch einmal anhängen",
            ),
        ));
    }
    let mut files = Vec::with_capacity(found.len());
    for upload in found {
        let bytes = state.media.archive.read(&upload.file.hash).await.ok().flatten();
        let bytes = bytes.ok_or_else(|| Problem::not_found("upload"))?;
        files.push(CustomerFile {
            media_type: upload.file.facts.media_type.as_str().to_owned(),
            name: upload.name,
            bytes,
        });
    }
    Ok(files)
}

/// The trunks that are simulators and switched on, and the numbers on them.
async fn simulated(state: &ApiState) -> Result<(Vec<Trunk>, Vec<Number>), Problem> {
    let (mut trunks, mut numbers) =
        state.reader.read(|snapshot| Ok::<_, Problem>((snapshot.enabled_trunks()?, snapshot.numbers()?))).await?;
    trunks.retain(|trunk| trunk.carrier == simulator::ENTRY.name);
    numbers.retain(|number| trunks.iter().any(|trunk| trunk.id == number.trunk));
    Ok((trunks, numbers))
}

async fn typed(state: &ApiState, field: &'static str, text: &str) -> Result<Address, Problem> {
    let country = state.reader.read(|snapshot| snapshot.country()).await?;
    Address::from_typed(text, &country).map_err(|error| Problem::invalid(field, error.wording()))
}
