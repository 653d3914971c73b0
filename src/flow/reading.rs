//! Reading: what a user has read of a conversation, which is the user's own business, and what is to be found by a search.

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

/// Somebody is about to search: what was filed a moment ago is to be found, too. Where the disk is full it is found by
/// what was entered before.
pub async fn prepare_search(desk: &Desk) {
    if let Err(error) = desk.store.make_searchable().await {
        tracing::warn!(%error, "The newest messages could not be entered into the search index: {error}");
    }
}
