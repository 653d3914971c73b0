//! What a user has read of a conversation. It is the user's own business: nobody else is told.

use crate::domain::id::{MessageId, SessionId, UserId};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;

/// A user has read a conversation up to a message.
pub async fn mark_read(desk: &Desk, session: SessionId, user: UserId, up_to: MessageId) -> Result<(), FlowError> {
    desk.store.write(move |tx| Ok(tx.mark_read(session, user, up_to)?)).await
}

/// A user wants a conversation to stand out again.
pub async fn mark_unread(desk: &Desk, session: SessionId, user: UserId) -> Result<(), FlowError> {
    desk.store.write(move |tx| Ok(tx.mark_unread(session, user)?)).await
}
