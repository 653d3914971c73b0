//! What is set up in every world: a trunk with an SMS and a WhatsApp channel, another trunk, three people, and a message
//! queue of each kind with a number that leads to it.

use depesche::domain::address::Address;
use depesche::domain::channel::{ChannelKind, SenderClass};
use depesche::domain::id::{ChannelId, ExtensionId, NumberId, QueueId, TrunkId};
use depesche::domain::media_rules::Mms;
use depesche::domain::secret::Secret;
use depesche::domain::session::{Destination, PickUp};
use depesche::domain::time::Timestamp;
use depesche::domain::trunk::OnUncertain;
use depesche::flow::desk::{Desk, new_reference};
use depesche::store::channels::ChannelEdit;
use depesche::store::edit::EditError;
use depesche::store::extensions::ExtensionEdit;
use depesche::store::handle::Tx;
use depesche::store::numbers::NumberEdit;
use depesche::store::queues::QueueEdit;
use depesche::store::trunks::TrunkEdit;
use std::collections::BTreeMap;

/// Anna's own number.
pub const ANNAS: &str = "+15550100101";
/// Leads to the queue where somebody must pick up.
pub const SALES: &str = "+15550100102";
/// Leads to the queue where who answers first owns it.
pub const SUPPORT: &str = "+15550100103";
/// Leads to the queue where nobody owns anything.
pub const TEAM: &str = "+15550100104";
/// A customer.
pub const CARLA: &str = "+15550100150";
/// Another customer.
pub const DAVID: &str = "+15550100151";

/// What is set up.
#[derive(Clone, Debug)]
pub struct House {
    /// The trunk of all numbers.
    pub trunk: TrunkId,
    /// Another trunk.
    pub other_trunk: TrunkId,
    /// SMS.
    pub sms: ChannelId,
    /// WhatsApp, on the same trunk.
    pub whatsapp: ChannelId,
    /// 1001.
    pub anna: ExtensionId,
    /// 1002.
    pub ben: ExtensionId,
    /// 1003, in no queue and without a number.
    pub cleo: ExtensionId,
    /// Anna and Ben, by hand.
    pub sales: QueueId,
    /// Anna and Ben, by answering.
    pub support: QueueId,
    /// Anna and Ben, owned by nobody.
    pub team: QueueId,
    /// [`ANNAS`].
    pub annas: NumberId,
    /// [`SALES`].
    pub sales_number: NumberId,
    /// [`SUPPORT`].
    pub support_number: NumberId,
    /// [`TEAM`].
    pub team_number: NumberId,
    /// [`ANNAS`] once more, on WhatsApp.
    pub whatsapp_number: NumberId,
}

impl House {
    /// Sets it all up in one transaction.
    pub async fn set_up(desk: &Desk) -> House {
        let now = desk.now();
        desk.store.write(move |tx| set_up(tx, now)).await.unwrap_or_else(|error: EditError| panic!("{error:?}"))
    }
}

fn set_up(tx: &Tx<'_>, now: Timestamp) -> Result<House, EditError> {
    tx.set_site("country", "DE")?;
    let (trunk, other_trunk) = (new_trunk(tx, "Carrier", now)?, new_trunk(tx, "Other carrier", now)?);
    let channel = |name: &str, kind, close_after_days| {
        let edit = ChannelEdit { name: name.into(), kind, trunk, enabled: true, close_after_days };
        tx.insert_channel(&edit, now)
    };
    let (sms, whatsapp) =
        (channel("SMS", ChannelKind::Sms, Some(7))?, channel("WhatsApp", ChannelKind::WhatsApp, None)?);
    let extension = |number: &str, name: &str| {
        let edit = ExtensionEdit { number: number.into(), name: name.into(), enabled: true, default_number: None };
        tx.insert_extension(&edit, &Secret::new("a password of a phone"), now)
    };
    let (anna, ben, cleo) = (extension("1001", "Anna")?, extension("1002", "Ben")?, extension("1003", "Cleo")?);
    let queue =
        |name: &str, pick_up| tx.insert_queue(&QueueEdit { name: name.into(), pick_up, members: vec![anna, ben] }, now);
    let sales = queue("Sales", PickUp::Manual)?;
    let support = queue("Support", PickUp::Automatic)?;
    let team = queue("Team", PickUp::None)?;
    let number = |channel, address: &str, sender_class, route| {
        let address = Address::parse(address).expect("a number");
        let label = String::new();
        tx.insert_number(
            &NumberEdit { channel, address, label, sender_class, mps: Some(10_000.0), route, mms: Mms::Auto },
            now,
        )
    };
    let long = SenderClass::LongCode;
    Ok(House {
        trunk,
        other_trunk,
        sms,
        whatsapp,
        anna,
        ben,
        cleo,
        sales,
        support,
        team,
        annas: number(sms, ANNAS, long, Destination::Extension(anna))?,
        sales_number: number(sms, SALES, long, Destination::Queue(sales))?,
        support_number: number(sms, SUPPORT, long, Destination::Queue(support))?,
        team_number: number(sms, TEAM, long, Destination::Queue(team))?,
        whatsapp_number: number(whatsapp, ANNAS, SenderClass::WhatsApp, Destination::Queue(support))?,
    })
}

fn new_trunk(tx: &Tx<'_>, name: &str, now: Timestamp) -> Result<TrunkId, EditError> {
    let edit = TrunkEdit {
        name: name.into(),
        carrier: "simulator".into(),
        enabled: true,
        settings: serde_json::Map::new(),
        secrets: BTreeMap::from([("secret".to_owned(), Secret::new("a-secret-of-the-simulator"))]),
        mps: None,
        on_uncertain: OnUncertain::Ask,
    };
    tx.insert_trunk(&edit, &Secret::new(new_reference()), now)
}
