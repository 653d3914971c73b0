//! Conversations change hands: picked up, transferred, ended; and end by themselves after a while.

use crate::domain::event::Event;
use crate::domain::id::SessionId;
use crate::domain::session::{Actor, Destination, Session, SessionError, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::queue::{ring_again, tell_the_others};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::sessions::Step;

/// An extension takes a waiting conversation.
pub async fn pick_up(desk: &Desk, id: SessionId, by: Actor) -> Result<(), FlowError> {
    let Some(extension) = by.extension else {
        return Err(FlowError::NotAllowed(
            (
                "only somebody with an extension can hold a conversation",
                "nur wer eine Nebenstelle hat, kann eine Unterhaltung übernehmen",
            )
                .into(),
        ));
    };
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let before = found(tx, id)?;
            let mode = match before.state {
                SessionState::Waiting { queue } => tx.queue_pick_up(queue)?,
                _ => None,
            };
            let after = before.clone().picked_up(extension, mode).map_err(|error| session_error(tx, error))?;
            Ok(note_holder(tx, &before, &after, &by, now)?)
        })
        .await
}

/// A conversation goes to somebody else; their phones ring with its last word.
pub async fn transfer(desk: &Desk, id: SessionId, to: Destination, by: Actor) -> Result<(), FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            let before = found(tx, id)?;
            let label = label_if_there(tx, to)?;
            let after = before.clone().transferred(to).map_err(|error| session_error(tx, error))?;
            if after.state == before.state {
                return Ok(());
            }
            let from = holder_label(tx, &before)?;
            tx.set_session_state(&after)?;
            tx.cancel_phones(id, None, now)?;
            if let Some(holder) = after.holder() {
                tell_the_others(tx, &before, holder, by.extension, now)?;
            }
            tx.note_step(id, Step::Transferred, Some(&by.name), from.as_deref(), Some(&label), now)?;
            if let Some(message) = after.last_inbound {
                ring_again(tx, &rules, &after, message, now)?;
            }
            tx.emit(Event::SessionChanged { session: id });
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// A conversation ends.
pub async fn end(desk: &Desk, id: SessionId, by: Actor) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let session = found(tx, id)?;
            close(tx, session, Step::Ended, Some(&by.name), now).map_err(|error| match error {
                Stop::Session(error) => session_error(tx, error),
                Stop::Store(error) => error.into(),
            })
        })
        .await
}

/// Ends conversations without traffic, as their channels say; at most `at_most`. Says how many.
pub async fn end_idle(desk: &Desk, at_most: usize) -> Result<usize, FlowError> {
    let now = desk.now();
    // Looking goes through all that are open: a reader does that.
    let idle = desk.store.read(move |db| db.idle_sessions(now, at_most)).await?;
    let count = idle.len();
    if count == 0 {
        return Ok(0);
    }
    desk.store
        .write(move |tx| {
            for id in idle {
                let Some(session) = tx.idle_session(id, now)? else { continue };
                match close(tx, session, Step::EndedAutomatically, None, now) {
                    Ok(()) | Err(Stop::Session(_)) => {}
                    Err(Stop::Store(error)) => return Err(error.into()),
                }
            }
            Ok(count)
        })
        .await
}

enum Stop {
    Session(SessionError),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

fn close(tx: &Tx<'_>, session: Session, step: Step, by: Option<&str>, now: Timestamp) -> Result<(), Stop> {
    let id = session.id;
    let ended = session.ended(now).map_err(Stop::Session)?;
    tx.set_session_state(&ended)?;
    tx.cancel_phones(id, None, now)?;
    tx.note_step(id, step, by, None, None, now)?;
    tx.emit(Event::SessionChanged { session: id });
    Ok(())
}

/// Writes down that a conversation is held by somebody now, where it was not before, and tells the others.
pub fn note_holder(
    tx: &Tx<'_>,
    before: &Session,
    after: &Session,
    by: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(holder) = after.holder().filter(|_| after.state != before.state) else { return Ok(()) };
    tx.set_session_state(after)?;
    let from = holder_label(tx, before)?;
    tx.note_step(after.id, Step::PickedUp, Some(&by.name), from.as_deref(), Some(&tx.extension_label(holder)?), now)?;
    tell_the_others(tx, before, holder, None, now)?;
    tx.emit(Event::SessionChanged { session: after.id });
    tx.emit(Event::OutboxRung);
    Ok(())
}

/// A session's refusal in words that name who has it.
pub fn session_error(tx: &Tx<'_>, error: SessionError) -> FlowError {
    match error {
        SessionError::Taken { by } => match tx.extension_label(by) {
            Ok(by) => FlowError::Taken { by },
            Err(error) => error.into(),
        },
        other => FlowError::Session(other),
    }
}

fn found(tx: &Tx<'_>, id: SessionId) -> Result<Session, FlowError> {
    tx.session(id)?.ok_or(FlowError::NotFound("conversation"))
}

fn holder_label(tx: &Tx<'_>, session: &Session) -> Result<Option<String>, StoreError> {
    match session.state {
        SessionState::Waiting { queue } => tx.queue_label(queue).map(Some),
        SessionState::Held { extension } => tx.extension_label(extension).map(Some),
        SessionState::Closed => Ok(None),
    }
}

fn label_if_there(tx: &Tx<'_>, to: Destination) -> Result<String, FlowError> {
    let there = match to {
        Destination::Extension(extension) => tx.extension_exists(extension)?,
        Destination::Queue(queue) => tx.queue_pick_up(queue)?.is_some(),
    };
    if there { Ok(tx.destination_label(to)?) } else { Err(FlowError::NotFound("destination")) }
}
