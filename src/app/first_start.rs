//! The first start of an installation: an administrator whose password is told once; on a trial also a simulated carrier
//! with two channels, three extensions and a message queue. What is there already is never touched.

use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::id::{ExtensionId, TrunkId};
use crate::domain::media_rules::Mms;
use crate::domain::secret::Secret;
use crate::domain::session::{Destination, PickUp};
use crate::domain::trunk::OnUncertain;
use crate::domain::user::Role;
use crate::flow::desk::{Desk, new_reference};
use crate::flow::error::FlowError;
use crate::flow::settings::numbers::NumberForm;
use crate::flow::settings::trunks::TrunkForm;
use crate::flow::settings::{channels, extensions, numbers, queues, trunks, users};
use crate::flow::users::hash::Hasher;
use crate::store::channels::ChannelEdit;
use crate::store::error::StoreError;
use crate::store::extensions::ExtensionEdit;
use crate::store::queues::QueueEdit;
use crate::store::users::UserEdit;

/// A password that is told now and never again.
#[derive(Clone, Debug)]
pub struct Told {
    /// Whose: a user of the portal, or an extension.
    pub whose: String,
    /// What for.
    pub what: What,
    /// The password.
    pub password: Secret,
}

/// What a password opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The portal.
    Portal,
    /// SIP, for a phone.
    Phone,
}

/// Makes the first administrator, where there is no user yet.
pub async fn first_admin(desk: &Desk, hasher: &Hasher) -> Result<Option<Told>, FlowError> {
    let none_yet = desk.store.read(|db| Ok::<_, StoreError>(db.users()?.is_empty())).await?;
    if !none_yet {
        return Ok(None);
    }
    let form = UserEdit { name: "admin".into(), role: Role::Admin, extension: None };
    let (_, password) = users::create(desk, hasher, form).await?;
    Ok(Some(Told { whose: "admin".into(), what: What::Portal, password }))
}

/// Sets up something to try, where there is no trunk and no extension yet.
pub async fn trial(desk: &Desk, hasher: &Hasher) -> Result<Vec<Told>, FlowError> {
    let empty =
        desk.store.read(|db| Ok::<_, StoreError>(db.trunks()?.is_empty() && db.extensions()?.is_empty())).await?;
    if !empty {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    let mut agents = Vec::new();
    for (number, name) in [("1001", "Anna Berger"), ("1002", "Ben Keller"), ("1003", "Carla Sommer")] {
        let form = ExtensionEdit { number: number.into(), name: name.into(), enabled: true, default_number: None };
        let (id, password) = extensions::create(desk, form).await?;
        agents.push(id);
        told.push(Told { whose: number.into(), what: What::Phone, password });
    }
    let form = UserEdit { name: "anna".into(), role: Role::Agent, extension: agents.first().copied() };
    let (_, password) = users::create(desk, hasher, form).await?;
    told.push(Told { whose: "anna".into(), what: What::Portal, password });

    let trunk = simulated_trunk(desk).await?;
    numbers_on(desk, trunk, &agents).await?;
    Ok(told)
}

async fn simulated_trunk(desk: &Desk) -> Result<TrunkId, FlowError> {
    let mut settings = serde_json::Map::new();
    settings.insert("secret".into(), new_reference().into());
    let form = TrunkForm {
        name: "Simulator".into(),
        carrier: "simulator".into(),
        enabled: true,
        settings,
        mps: None,
        on_uncertain: OnUncertain::Ask,
    };
    trunks::create(desk, form).await
}

/// An SMS number that leads to a queue of all agents, and a WhatsApp number that leads to the first.
async fn numbers_on(desk: &Desk, trunk: TrunkId, agents: &[ExtensionId]) -> Result<(), FlowError> {
    let queue = QueueEdit { name: "Service".into(), pick_up: PickUp::Automatic, members: agents.to_vec() };
    let queue = queues::create(desk, queue).await?;
    let first = agents.first().copied().ok_or(FlowError::NotFound("extension"))?;
    let rows = [
        ("SMS", ChannelKind::Sms, "+4915550000100", "Service", SenderClass::LongCode, Destination::Queue(queue)),
        (
            "WhatsApp",
            ChannelKind::WhatsApp,
            "+4915550000200",
            "Anna",
            SenderClass::WhatsApp,
            Destination::Extension(first),
        ),
    ];
    for (name, kind, address, label, sender_class, route) in rows {
        let form =
            ChannelEdit { name: format!("{name} (simulated)"), kind, trunk, enabled: true, close_after_days: Some(30) };
        let channel = channels::create(desk, form).await?;
        let form = NumberForm {
            channel,
            address: address.into(),
            label: label.into(),
            sender_class,
            mps: None,
            route,
            mms: Mms::Auto,
        };
        numbers::create(desk, form).await?;
    }
    Ok(())
}
