//! What needs somebody's hand now: trunks that stopped, deliveries nobody knows the outcome of, phones that let texts wait,
//! numbers that customers write to and that are not set up, sources of contacts that cannot be read, and what is wrong with
//! the house itself.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::Items;
use crate::api::session_view::ReasonOut;
use crate::api::state::ApiState;
use crate::domain::id::TrunkId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::domain::trunk::TrunkState;
use crate::flow::troubles::{Part, Trouble};
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::time::Duration;

/// A phone may be off for a while before somebody should look at it.
const PHONE_PATIENCE: Duration = Duration::from_secs(3600);
/// Questions in a row; one or two may pass.
const POLLS_FAILED: u32 = 3;
/// Readings in a row; each is tried again within minutes.
const READINGS_FAILED: u32 = 3;
const PHONES_MAX: u32 = 50;
const NUMBERS_MAX: u32 = 50;

/// Something that needs somebody's hand.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AlarmOut {
    /// Tells alarms of one answer apart.
    id: u32,
    /// Since when.
    at: Timestamp,
    /// What it is about.
    kind: AlarmKind,
    /// Which trunk, extension, PBX, source, folder or file.
    subject: String,
    reason: ReasonOut,
}

/// What an alarm is about.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// A trunk, or a number on it.
    Trunk,
    /// An extension's phones.
    Phone,
    /// The PBX.
    Pbx,
    /// Room on the disk.
    Disk,
    /// The database.
    Store,
    /// A source of contacts.
    Source,
}

/// What needs somebody's hand now.
#[utoipa::path(get, path = "/alarms", tag = "alarms", responses((status = 200, body = Items<AlarmOut>)))]
pub async fn list(State(state): State<ApiState>, _: Supervisor) -> Result<Json<Items<AlarmOut>>, Problem> {
    let now = state.desk.now();
    let troubles = state.troubles.all();
    let (board, monotonic) = (state.board.clone(), state.desk.clock.monotonic());
    let interrupted = move |trunk| board.health(trunk, monotonic).interrupted;
    let found = state
        .reader
        .read(move |snapshot| {
            let mut found: Vec<Found> = troubles.into_iter().map(of_the_house).collect();
            found.extend(trunks(snapshot, &interrupted)?);
            found.extend(polls(snapshot)?);
            found.extend(phones(snapshot, now)?);
            found.extend(routes(snapshot, now)?);
            found.extend(numbers(snapshot, now)?);
            let mut found: Vec<Told> = found.into_iter().map(told).collect();
            found.extend(sources(snapshot)?);
            Ok::<_, StoreError>(found)
        })
        .await?;
    let numbered = (1..).zip(found);
    let items = numbered.map(|(id, (at, kind, subject, reason))| AlarmOut { id, at, kind, subject, reason });
    Ok(Json(Items { items: items.collect() }))
}

type Found = (Timestamp, AlarmKind, String, Reason);
type Told = (Timestamp, AlarmKind, String, ReasonOut);

fn told((since, kind, subject, reason): Found) -> Told {
    (since, kind, subject, reason.into())
}

fn of_the_house(trouble: Trouble) -> Found {
    let kind = match trouble.part {
        Part::Disk | Part::Files => AlarmKind::Disk,
        Part::Store | Part::StoreFile => AlarmKind::Store,
        Part::Pbx | Part::PbxRegistration => AlarmKind::Pbx,
    };
    (trouble.since, kind, trouble.subject, trouble.reason)
}

fn trunks(snapshot: &Snapshot<'_>, interrupted: &dyn Fn(TrunkId) -> bool) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for trunk in snapshot.trunks()?.into_iter().filter(|trunk| trunk.enabled) {
        let usual = match trunk.state {
            TrunkState::Misconfigured => Some(ReasonCode::CredentialsRefused),
            TrunkState::NoCredit => Some(ReasonCode::NoCredit),
            TrunkState::Unreachable => Some(ReasonCode::CarrierUnreachable),
            TrunkState::Ok | TrunkState::Unknown => None,
        };
        if interrupted(trunk.id) {
            let why = trunk.state_reason.as_ref().and_then(|reason| reason.detail.clone()).unwrap_or_default();
            let reason = Reason::of(ReasonCode::TrunkInterrupted).saying(&why);
            found.push((trunk.state_at, AlarmKind::Trunk, trunk.name.clone(), reason));
        } else if let Some(usual) = usual {
            let reason = trunk.state_reason.unwrap_or(Reason::of(usual));
            found.push((trunk.state_at, AlarmKind::Trunk, trunk.name.clone(), reason));
        }
        if let Some((count, since)) = snapshot.uncertain_on(trunk.id)? {
            let reason = Reason::of(ReasonCode::CarrierSilent).saying(&format!("{count}"));
            found.push((since, AlarmKind::Trunk, trunk.name, reason));
        }
    }
    Ok(found)
}

/// Carriers that do not tell what came in.
fn polls(snapshot: &Snapshot<'_>) -> Result<Vec<Found>, StoreError> {
    let failing = snapshot.polls()?.into_iter().filter(|poll| poll.failures >= POLLS_FAILED);
    Ok(failing
        .filter_map(|poll| {
            let since = poll.answered_at.or(poll.asked_at)?;
            Some((since, AlarmKind::Trunk, poll.name, poll.reason?))
        })
        .collect())
}

fn phones(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let waiting = snapshot.phones_waiting_since(now.minus(PHONE_PATIENCE), PHONES_MAX)?;
    let found = waiting.into_iter().map(|phone| {
        (phone.since, AlarmKind::Phone, phone.label, phone.reason.unwrap_or(Reason::of(ReasonCode::PhoneUnreachable)))
    });
    Ok(found.collect())
}

/// Settings refuse it; what an older version let through is said.
fn routes(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let found = snapshot.routes_to_nobody(PHONES_MAX)?.into_iter().map(|(extension, numbers)| {
        (now, AlarmKind::Phone, extension, Reason::of(ReasonCode::ExtensionOff).saying(&numbers))
    });
    Ok(found.collect())
}

fn numbers(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<Vec<Found>, StoreError> {
    let found = snapshot.unknown_numbers(now, NUMBERS_MAX)?.into_iter().map(|number| {
        let reason = Reason::of(ReasonCode::NumberNotSetUp).saying(&format!("{}: {}", number.address, number.texts));
        (number.since, AlarmKind::Trunk, number.trunk, reason)
    });
    Ok(found.collect())
}

/// They say in their own words what is wrong.
fn sources(snapshot: &Snapshot<'_>) -> Result<Vec<Told>, StoreError> {
    let failing = snapshot.sources()?.into_iter().filter(|source| source.enabled && source.failures >= READINGS_FAILED);
    Ok(failing
        .filter_map(|source| {
            let since = source.read_at.unwrap_or(source.created_at);
            Some((since, AlarmKind::Source, source.name, ReasonOut::of_source(source.problem?)))
        })
        .collect())
}
