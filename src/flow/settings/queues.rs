//! Message queues are made, changed and deleted.

use crate::domain::event::Event;
use crate::domain::id::QueueId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_name};
use crate::store::queues::QueueEdit;

/// The field's bound for agents in one queue is 120; ours leaves room.
const MEMBERS_MAX: usize = 500;

/// Makes a queue.
pub async fn create(desk: &Desk, form: QueueEdit) -> Result<QueueId, FlowError> {
    let edit = checked(form)?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let id = tx.insert_queue(&edit, now).map_err(about("queue"))?;
            tx.emit(Event::SettingsChanged);
            Ok(id)
        })
        .await
}

/// Changes a queue and its members.
pub async fn update(desk: &Desk, id: QueueId, version: i64, form: QueueEdit) -> Result<(), FlowError> {
    let edit = checked(form)?;
    desk.store
        .write(move |tx| {
            tx.update_queue(id, version, &edit).map_err(about("queue"))?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

/// Deletes a queue that nothing uses.
pub async fn delete(desk: &Desk, id: QueueId) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.delete_queue(id).map_err(about("queue"))?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

fn checked(mut form: QueueEdit) -> Result<QueueEdit, FlowError> {
    form.name = checked_name("name", &form.name)?;
    if form.members.len() > MEMBERS_MAX {
        return Err(FlowError::invalid(
            "members",
            (format!("at most {MEMBERS_MAX} members"), format!("höchstens {MEMBERS_MAX} Mitglieder")),
        ));
    }
    Ok(form)
}
