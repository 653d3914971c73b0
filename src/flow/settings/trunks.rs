//! Trunks are made, changed and deleted. A trunk is built from its settings first, so that a wrong one is refused here
//! and not by the first customer.

use crate::carrier;
use crate::carrier::dialect::{Entry, Question};
use crate::carrier::{public_url, sip_trunk};
use crate::domain::consent::Confirms;
use crate::domain::event::Event;
use crate::domain::id::TrunkId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::trunk::{Intake, OnUncertain};
use crate::egress::switchboard::Switchboard;
use crate::egress::trunk_test::{OurNumber, TestStep, Tested};
use crate::flow::desk::{Desk, new_reference};
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_mps, checked_name};
use crate::store::handle::Snapshot;
use crate::store::trunks::{Settings, TrunkEdit};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Carriers count questions as well.
const EVERY_LEAST: Duration = Duration::from_secs(5);
const EVERY_MOST: Duration = Duration::from_secs(3600);
/// The setting of a SIP trunk under which a gateway registers here.
const GATEWAY_USER: &str = "inbound_user";

/// What an admin says about a trunk.
#[derive(Clone, Debug)]
pub struct TrunkForm {
    /// Its name.
    pub name: String,
    /// The carrier it speaks to; stays as it was made.
    pub carrier: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Settings by field; a secret that is missing or null stays as it is, an empty one is taken away.
    pub settings: Settings,
    /// Pace of the whole trunk.
    pub mps: Option<f64>,
    /// What happens to a delivery whose outcome nobody knows.
    pub on_uncertain: OnUncertain,
}

/// How what comes in gets to us.
#[derive(Clone, Copy, Debug)]
pub struct IntakeForm {
    /// Which way.
    pub intake: Intake,
    /// How long there is between questions, where it is polled.
    pub every: Duration,
    /// Who confirms an opt-out that comes in; `None`: as is usual with its carrier.
    pub confirms: Option<Confirms>,
}

impl Default for IntakeForm {
    fn default() -> IntakeForm {
        IntakeForm { intake: Intake::Webhooks, every: Duration::from_secs(30), confirms: None }
    }
}

/// Makes a trunk, with a webhook address nobody guesses.
pub async fn create(desk: &Desk, form: TrunkForm) -> Result<TrunkId, FlowError> {
    create_with(desk, form, IntakeForm::default()).await
}

/// The same, with a way in.
pub async fn create_with(desk: &Desk, form: TrunkForm, way: IntakeForm) -> Result<TrunkId, FlowError> {
    let edit = checked(form, &BTreeMap::new())?;
    check_way(&edit, way)?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            check_gateway_user(tx, None, &edit)?;
            let id = tx.insert_trunk(&edit, &Secret::new(new_reference()), now).map_err(about("trunk"))?;
            tx.set_intake(id, way.intake, way.every, now)?;
            tx.set_confirms(id, way.confirms)?;
            tx.emit(Event::TrunkChanged { trunk: id });
            Ok(id)
        })
        .await
}

/// Changes a trunk; what waits for it is tried at once.
pub async fn update(desk: &Desk, id: TrunkId, version: i64, form: TrunkForm) -> Result<(), FlowError> {
    update_with(desk, id, version, form, None).await
}

/// The same, with a way in; without one it stays as it is.
pub async fn update_with(
    desk: &Desk,
    id: TrunkId,
    version: i64,
    form: TrunkForm,
    way: Option<IntakeForm>,
) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let before = tx.trunk(id)?.ok_or(FlowError::NotFound("trunk"))?;
            if before.carrier != form.carrier {
                return Err(FlowError::invalid(
                    "carrier",
                    (
                        "a trunk keeps its carrier: make a new trunk for another one",
                        "ein Trunk behält seinen Anbieter: für einen anderen bitte einen neuen anlegen",
                    ),
                ));
            }
            let edit = checked(form, &before.secrets)?;
            let way = way.unwrap_or(IntakeForm {
                intake: before.intake,
                every: before.poll_every,
                confirms: before.confirms,
            });
            check_way(&edit, way)?;
            check_gateway_user(tx, Some(id), &edit)?;
            tx.update_trunk(id, version, &edit, now).map_err(about("trunk"))?;
            tx.set_intake(id, way.intake, way.every, now)?;
            tx.set_confirms(id, way.confirms)?;
            tx.wake_trunk(id, now)?;
            tx.emit(Event::TrunkChanged { trunk: id });
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// Deletes a trunk that nothing uses.
pub async fn delete(desk: &Desk, id: TrunkId) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.delete_trunk(id).map_err(about("trunk"))?;
            tx.emit(Event::TrunkChanged { trunk: id });
            Ok(())
        })
        .await
}

/// Tries a trunk out with all of its numbers, and keeps what was said on the wire.
pub async fn test(desk: &Desk, switchboard: &Switchboard, id: TrunkId) -> Result<Vec<TestStep>, FlowError> {
    let numbers = desk
        .store
        .read(move |rows| {
            rows.trunk(id)?.ok_or(FlowError::NotFound("trunk"))?;
            Ok::<_, FlowError>(rows.numbers_of_trunk(id)?)
        })
        .await?;
    let numbers: Vec<_> =
        numbers.into_iter().map(|number| OurNumber { kind: number.kind, address: number.address }).collect();
    let Tested { steps, exchanges } = switchboard.test(id, &numbers).await;
    desk.store
        .write(move |tx| Ok::<_, FlowError>(exchanges.iter().try_for_each(|exchange| tx.insert_exchange(exchange))?))
        .await?;
    Ok(steps)
}

/// Whether what comes in can be asked for at this carrier.
pub fn can_poll(carrier: &str, settings: &Settings) -> bool {
    let built = carrier::find(carrier).and_then(|entry| public_url::build(entry, settings).ok());
    built.is_some_and(|(dialect, _)| dialect.ask(&Question::Inbox { since: Timestamp(0) }, &[]).is_some())
}

fn check_way(edit: &TrunkEdit, way: IntakeForm) -> Result<(), FlowError> {
    if !(EVERY_LEAST..=EVERY_MOST).contains(&way.every) {
        return Err(FlowError::invalid(
            "poll_every_s",
            ("from 5 seconds to an hour (3600)", "von 5 Sekunden bis zu einer Stunde (3600)"),
        ));
    }
    let mut merged = edit.settings.clone();
    merged.extend(edit.secrets.iter().map(|(key, secret)| (key.clone(), Value::from(secret.expose()))));
    if way.intake != Intake::Webhooks && !can_poll(&edit.carrier, &merged) {
        return Err(FlowError::invalid(
            "intake",
            (
                "this carrier cannot be asked what came in: choose webhooks, and set a public address",
                "dieser Anbieter kann nicht gefragt werden, was eingegangen ist: bitte Webhooks wählen und eine öffentliche Adresse einstellen",
            ),
        ));
    }
    Ok(())
}

/// A gateway that registers here is known by its user alone: two trunks with the same one could not be told apart.
fn check_gateway_user(rows: &Snapshot<'_>, id: Option<TrunkId>, edit: &TrunkEdit) -> Result<(), FlowError> {
    let Some(user) = gateway_user(&edit.carrier, &edit.settings) else { return Ok(()) };
    let others = rows.trunks()?.into_iter().filter(|other| Some(other.id) != id);
    match others.into_iter().find(|other| gateway_user(&other.carrier, &other.settings) == Some(user)) {
        None => Ok(()),
        Some(other) => Err(FlowError::invalid(
            format!("settings.{GATEWAY_USER}"),
            (
                format!("the trunk \"{}\" has this user already: choose another", other.name),
                format!("diesen Benutzer hat schon der Trunk „{}“: bitte einen anderen wählen", other.name),
            ),
        )),
    }
}

fn gateway_user<'a>(carrier: &str, settings: &'a Settings) -> Option<&'a str> {
    let user = settings.get(GATEWAY_USER)?.as_str()?.trim();
    (carrier == sip_trunk::ENTRY.name && !user.is_empty()).then_some(user)
}

fn checked(form: TrunkForm, kept: &BTreeMap<String, Secret>) -> Result<TrunkEdit, FlowError> {
    let name = checked_name("name", &form.name)?;
    let mps = checked_mps(form.mps)?;
    let Some(entry) = carrier::find(&form.carrier) else {
        return Err(FlowError::invalid(
            "carrier",
            (
                "no such carrier: choose one of the list",
                "diesen Anbieter gibt es nicht: bitte einen aus der Liste wählen",
            ),
        ));
    };
    let (settings, secrets) = sorted(entry, form.settings, kept)?;
    let mut merged = settings.clone();
    merged.extend(secrets.iter().map(|(key, secret)| (key.clone(), Value::from(secret.expose()))));
    public_url::build(entry, &merged)
        .map_err(|error| FlowError::invalid(format!("settings.{}", error.field), error.problem))?;
    Ok(TrunkEdit {
        name,
        carrier: form.carrier,
        enabled: form.enabled,
        settings,
        secrets,
        mps,
        on_uncertain: form.on_uncertain,
    })
}

/// What may be shown again, and what may not.
fn sorted(
    entry: &Entry,
    given: Settings,
    kept: &BTreeMap<String, Secret>,
) -> Result<(Settings, BTreeMap<String, Secret>), FlowError> {
    let mut settings = Settings::new();
    let mut secrets = kept.clone();
    for (key, value) in given {
        let Some(field) = public_url::fields(entry).find(|field| field.key == key) else {
            let key: String = key.chars().take(60).collect();
            return Err(FlowError::invalid(
                format!("settings.{key}"),
                (
                    "this carrier has no such setting: remove it",
                    "dieser Anbieter kennt diese Einstellung nicht: bitte entfernen",
                ),
            ));
        };
        match value {
            Value::Null => {}
            Value::String(text) if text.trim().is_empty() => {
                secrets.remove(&key);
            }
            Value::String(text) if field.secret => {
                secrets.insert(key, Secret::new(text.trim()));
            }
            value @ Value::String(_) => {
                settings.insert(key, value);
            }
            _ => return Err(FlowError::invalid(format!("settings.{key}"), ("must be a text", "muss ein Text sein"))),
        }
    }
    Ok((settings, secrets))
}
