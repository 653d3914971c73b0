//! The peer learns that its message was read: blue ticks on WhatsApp. Best effort, once for each message, and only by who
//! has the conversation: a supervisor's look is nobody's business.

use crate::carrier::dialect::Question;
use crate::domain::id::{ExtensionId, MessageId, SessionId};
use crate::domain::session::SessionState;
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Tells carriers what was read; clones are the same.
#[derive(Clone)]
pub struct Seen {
    desk: Desk,
    switchboard: Switchboard,
    /// As many are told at once; what does not fit is not told.
    room: Arc<Semaphore>,
}

impl Seen {
    /// Over these trunks.
    pub fn new(desk: Desk, switchboard: Switchboard) -> Seen {
        Seen { desk, switchboard, room: Arc::new(Semaphore::new(8)) }
    }

    /// An extension has read a conversation up to a message. Does not wait for the carrier.
    pub fn read(&self, session: SessionId, by: Option<ExtensionId>, up_to: MessageId) {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else { return };
        let seen = self.clone();
        tokio::spawn(async move {
            if let Err(error) = seen.tell(session, by, up_to).await {
                tracing::debug!(%error, "A peer could not be told that its message was read: {error}");
            }
            drop(room);
        });
    }

    async fn tell(&self, session: SessionId, by: Option<ExtensionId>, up_to: MessageId) -> Result<(), FlowError> {
        let unseen = self
            .desk
            .store
            .reader()
            .read(move |db| {
                let held_by_reader = db.session(session)?.is_some_and(|session| match session.state {
                    SessionState::Held { extension } => Some(extension) == by,
                    SessionState::Waiting { .. } | SessionState::Closed => false,
                });
                if held_by_reader { db.untold_seen(session, up_to) } else { Ok(None) }
            })
            .await?;
        let Some(unseen) = unseen else { return Ok(()) };
        let question = Question::Seen { number: unseen.number.clone(), carrier_id: unseen.carrier_id.clone() };
        let (_, exchanges) = self.switchboard.ask(unseen.trunk, &question).await;
        // Told or not: it is not told again for the same message.
        self.desk
            .store
            .write(move |tx| {
                for exchange in &exchanges {
                    tx.insert_exchange(exchange)?;
                }
                tx.note_told_seen(unseen.of, unseen.message)?;
                Ok(())
            })
            .await
    }
}
