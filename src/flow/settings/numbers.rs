//! Our numbers are added, changed and deleted.

use crate::domain::address::{Address, AddressKind};
use crate::domain::channel::SenderClass;
use crate::domain::event::Event;
use crate::domain::id::{ChannelId, NumberId};
use crate::domain::media_rules::Mms;
use crate::domain::session::Destination;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_mps};
use crate::store::handle::Tx;
use crate::store::numbers::NumberEdit;

/// What an admin says about a number.
#[derive(Clone, Debug)]
pub struct NumberForm {
    /// The channel it is on.
    pub channel: ChannelId,
    /// The number, as a person writes it.
    pub address: String,
    /// What people call it.
    pub label: String,
    /// What kind of sender it is.
    pub sender_class: SenderClass,
    /// Its pace.
    pub mps: Option<f64>,
    /// Where its new sessions go.
    pub route: Destination,
    /// Whether it can send MMS.
    pub mms: Mms,
}

/// Adds a number.
pub async fn create(desk: &Desk, form: NumberForm) -> Result<NumberId, FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let edit = checked(tx, form)?;
            let id = tx.insert_number(&edit, now).map_err(about("number"))?;
            tx.emit(Event::SettingsChanged);
            Ok(id)
        })
        .await
}

/// Changes a number.
pub async fn update(desk: &Desk, id: NumberId, version: i64, form: NumberForm) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            let edit = checked(tx, form)?;
            tx.update_number(id, version, &edit).map_err(about("number"))?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

/// Deletes a number that has no sessions.
pub async fn delete(desk: &Desk, id: NumberId) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.delete_number(id).map_err(about("number"))?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

fn checked(tx: &Tx<'_>, form: NumberForm) -> Result<NumberEdit, FlowError> {
    let country = tx.country()?;
    let address =
        Address::from_typed(&form.address, &country).map_err(|error| FlowError::invalid("address", error.wording()))?;
    let fits = match form.sender_class {
        SenderClass::Alphanumeric => address.kind() == AddressKind::Alphanumeric,
        SenderClass::ShortCode => address.kind() == AddressKind::ShortCode,
        SenderClass::LongCode | SenderClass::TollFree | SenderClass::WhatsApp => address.kind() == AddressKind::E164,
    };
    if !fits {
        return Err(FlowError::invalid(
            "sender_class",
            ("this is not the kind of sender that the number is", "das passt nicht zur Art der Rufnummer"),
        ));
    }
    let label = form.label.trim();
    if label.chars().count() > 80 || label.chars().any(char::is_control) {
        return Err(FlowError::invalid(
            "label",
            ("at most 80 characters on one line", "höchstens 80 Zeichen in einer Zeile"),
        ));
    }
    let there = match form.route {
        Destination::Extension(extension) => match tx.extension(extension)? {
            Some(off) if !off.enabled => {
                let problem = (
                    format!("extension {} is switched off: switch it on first, or choose another", off.number),
                    format!("Nebenstelle {} ist abgeschaltet: bitte einschalten oder eine andere wählen", off.number),
                );
                return Err(FlowError::invalid("route", problem));
            }
            found => found.is_some(),
        },
        Destination::Queue(queue) => tx.queue_pick_up(queue)?.is_some(),
    };
    if !there {
        return Err(FlowError::invalid(
            "route",
            ("it does not exist (any more): choose another", "es gibt das nicht (mehr): bitte etwas anderes wählen"),
        ));
    }
    Ok(NumberEdit {
        channel: form.channel,
        address,
        label: label.to_owned(),
        sender_class: form.sender_class,
        mps: checked_mps(form.mps)?,
        route: form.route,
        mms: form.mms,
    })
}
