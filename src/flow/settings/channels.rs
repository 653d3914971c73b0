//! Channels are made, changed and deleted.

use crate::carrier;
use crate::domain::event::Event;
use crate::domain::id::ChannelId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_name};
use crate::store::channels::ChannelEdit;
use crate::store::handle::Tx;

/// Makes a channel.
pub async fn create(desk: &Desk, form: ChannelEdit) -> Result<ChannelId, FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let edit = checked(tx, form)?;
            let id = tx.insert_channel(&edit, now).map_err(about("channel"))?;
            tx.emit(Event::SettingsChanged);
            Ok(id)
        })
        .await
}

/// Changes a channel; its kind stays as it was made.
pub async fn update(desk: &Desk, id: ChannelId, version: i64, form: ChannelEdit) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let before = tx.channel(id)?.ok_or(FlowError::NotFound("channel"))?;
            if before.kind != form.kind {
                return Err(FlowError::invalid(
                    "kind",
                    (
                        "a channel keeps its kind: make a new channel for another one",
                        "ein Kanal behält seine Art: für eine andere bitte einen neuen anlegen",
                    ),
                ));
            }
            let edit = checked(tx, form)?;
            tx.update_channel(id, version, &edit).map_err(about("channel"))?;
            if before.trunk != edit.trunk {
                // What waited for the old trunk went with it, and the new one may take it now.
                tx.wake_trunk(edit.trunk, now)?;
            }
            tx.emit(Event::SettingsChanged);
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// How long a channel keeps its messages; `None`: for ever.
pub async fn keep_messages(desk: &Desk, id: ChannelId, days: Option<u32>) -> Result<(), FlowError> {
    if days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(FlowError::invalid(
            "keep_messages_days",
            ("between 1 and 3650 days, or empty for ever", "zwischen 1 und 3650 Tagen, oder leer für immer"),
        ));
    }
    desk.store
        .write(move |tx| {
            tx.set_keep_messages_days(id, days)?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

/// Deletes a channel that has no numbers.
pub async fn delete(desk: &Desk, id: ChannelId) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.delete_channel(id).map_err(about("channel"))?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

fn checked(tx: &Tx<'_>, mut form: ChannelEdit) -> Result<ChannelEdit, FlowError> {
    form.name = checked_name("name", &form.name)?;
    if form.close_after_days.is_some_and(|days| !(1..=3650).contains(&days)) {
        return Err(FlowError::invalid(
            "close_after_days",
            ("between 1 and 3650 days, or empty for never", "zwischen 1 und 3650 Tagen, oder leer für nie"),
        ));
    }
    let Some(trunk) = tx.trunk(form.trunk)? else {
        return Err(FlowError::invalid(
            "trunk",
            ("it does not exist (any more): choose another", "es gibt das nicht (mehr): bitte etwas anderes wählen"),
        ));
    };
    let carries = carrier::find(&trunk.carrier).is_some_and(|entry| entry.kinds.contains(&form.kind));
    if !carries {
        let (trunk, kind) = (trunk.name, form.kind.as_str());
        let problem = (format!("trunk {trunk} does not carry {kind}"), format!("Trunk {trunk} kann kein {kind}"));
        return Err(FlowError::invalid("kind", problem));
    }
    Ok(form)
}
