//! What needs somebody's hand now: trunks that stopped, deliveries nobody knows the outcome of, phones that let texts wait,
//! numbers that customers write to and that are not set up.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::Items;
use crate::api::session_view::ReasonOut;
use crate::api::state::ApiState;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::domain::trunk::TrunkState;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::time::Duration;

/// A phone may be off for a while before somebody should look at it.
const PHONE_PATIENCE: Duration = Duration::from_secs(3600);
const PHONES_MAX: u32 = 50;
const NUMBERS_MAX: u32 = 50;

/// Something that needs somebody's hand.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AlarmOut {
    /// Tells alarms of one answer apart.
    id: u32,
    /// Since when.
    at: Timestamp,
    /// `trunk` or `phone`.
    kind: &'static str,
    /// Which trunk or extension.
    subject: String,
    reason: ReasonOut,
}

/// What needs somebody's hand now.
#[utoipa::path(get, path = "/alarms", tag = "trunks", responses((status = 200, body = Items<AlarmOut>)))]
pub async fn list(State(state): State<ApiState>, _: Supervisor) -> Result<Json<Items<AlarmOut>>, Problem> {
    let now = state.desk.now();
    let found = state
        .reader
        .read(move |snapshot| {
            let mut found = trunks(snapshot)?;
            found.extend(phones(snapshot, now)?);
            found.extend(numbers(snapshot, now)?);
            Ok::<_, StoreError>(found)
        })
        .await?;
    let numbered = (1..).zip(found);
    let items =
        numbered.map(|(id, (at, kind, subject, reason))| AlarmOut { id, at, kind, subject, reason: reason.into() });
    Ok(Json(Items { items: items.collect() }))
}

type Found = (Timestamp, &'static str, String, Reason);

fn trunks(snapshot: &Snapshot<'_>) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for trunk in snapshot.trunks()?.into_iter().filter(|trunk| trunk.enabled) {
        let usual = match trunk.state {
            TrunkState::Misconfigured => Some(ReasonCode::CredentialsRefused),
            TrunkState::NoCredit => Some(ReasonCode::NoCredit),
            TrunkState::Unreachable => Some(ReasonCode::CarrierUnreachable),
            TrunkState::Ok | TrunkState::Unknown => None,
        };
        if let Some(usual) = usual {
            let reason = trunk.state_reason.unwrap_or(Reason::of(usual));
            found.push((trunk.state_at, "trunk", trunk.name.clone(), reason));
        }
        if let Some((count, since)) = snapshot.uncertain_on(trunk.id)? {
            let reason = Reason::of(ReasonCode::CarrierSilent).saying(&format!("{count}"));
            found.push((since, "trunk", trunk.name, reason));
        }
    }
    Ok(found)
}

fn phones(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let waiting = snapshot.phones_waiting_since(now.minus(PHONE_PATIENCE), PHONES_MAX)?;
    let found = waiting.into_iter().map(|phone| {
        (phone.since, "phone", phone.label, phone.reason.unwrap_or(Reason::of(ReasonCode::PhoneUnreachable)))
    });
    Ok(found.collect())
}

fn numbers(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let found = snapshot.unknown_numbers(now, NUMBERS_MAX)?.into_iter().map(|number| {
        let reason = Reason::of(ReasonCode::NumberNotSetUp).saying(&format!("{}: {}", number.address, number.texts));
        (number.since, "trunk", number.trunk, reason)
    });
    Ok(found.collect())
}
