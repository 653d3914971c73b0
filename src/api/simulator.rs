//! The customer's side of the simulated carriers: write as a customer, see what the customer's phone shows.

use crate::api::auth::Supervisor;
use crate::api::channels::TrunkRef;
use crate::api::error::Problem;
use crate::api::numbers::NumberOut;
use crate::api::paging::{Asked, Body};
use crate::api::state::ApiState;
use crate::api::words;
use crate::carrier::simulator;
use crate::carrier::simulator::behaviour::Behaviour;
use crate::domain::address::Address;
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::time::Timestamp;
use crate::store::numbers::Number;
use crate::store::trunks::Trunk;
use axum::Json;
use axum::extract::State;
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
}

/// A customer's text to one of our numbers.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Write {
    customer: String,
    number: String,
    text: String,
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
    let customers = state.switchboard.simulator().customers().into_iter().take(CUSTOMERS_MAX);
    Ok(Json(SimulatorOut {
        trunk: trunks.into_iter().next().map(|trunk| TrunkRef { id: trunk.id, name: trunk.name }),
        numbers: numbers.into_iter().map(NumberOut::from).collect(),
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
    });
    Ok(Json(PhoneShows { texts: shown.collect() }))
}

/// Write as a customer.
#[utoipa::path(post, path = "/simulator/write", tag = "simulator", request_body = Write,
    responses((status = 202, body = Written), (status = 422, body = Problem)))]
pub async fn write(
    State(state): State<ApiState>,
    _: Supervisor,
    Body(write): Body<Write>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    if write.text.trim().is_empty() || write.text.chars().count() > TEXT_CHARS_MAX {
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
    let written = state.switchboard.simulator().customer_writes(
        number.trunk,
        &customer,
        &ours,
        number.kind,
        &write.text,
        Vec::new(),
    );
    let carrier_id = written.map_err(|error| Problem::busy(error.to_string()))?;
    Ok((StatusCode::ACCEPTED, Json(Written { carrier_id })))
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
