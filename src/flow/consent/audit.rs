//! Who looked at, exported or changed what, noted beside what flows note themselves.

use crate::domain::address::Address;
use crate::domain::id::SessionId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody who reads on in the same conversation, or of the same person, is noted once in this time.
const ONCE_IN: Duration = Duration::from_secs(3600);
/// How long the log is kept.
pub const KEPT: Duration = Duration::from_secs(2 * 366 * 24 * 3600);

/// Notes that somebody did something to a thing, or to all of its kind.
pub async fn note(
    desk: &Desk,
    who: String,
    what: &'static str,
    about: Option<String>,
    detail: Value,
) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store.write(move |tx| Ok(tx.audit_thing(&who, what, about.as_deref(), &detail, now)?)).await
}

/// Notes that somebody changed a setting, by the path that was called.
pub async fn setting(desk: &Desk, who: String, path: String) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store.write(move |tx| Ok(tx.audit_thing(&who, "settings", Some(&path), &json!({}), now)?)).await
}

/// Notes that somebody opened a conversation that another agent holds.
pub async fn opened(desk: &Desk, who: String, session: SessionId, peer: Address) -> Result<(), FlowError> {
    seen(desk, who, "session.open", peer, json!({ "session": session })).await
}

/// Notes that somebody looked at something of a person; whoever looks again soon is not noted again.
pub(super) async fn seen(
    desk: &Desk,
    who: String,
    what: &'static str,
    about: Address,
    detail: Value,
) -> Result<(), FlowError> {
    let now = desk.now();
    let (by, whom, said) = (who.clone(), about.clone(), detail.to_string());
    let known = desk
        .store
        .read(move |db| Ok::<_, FlowError>(db.audited_since(&by, what, &whom, &said, now.minus(ONCE_IN))?))
        .await?;
    if known {
        return Ok(());
    }
    desk.store.write(move |tx| Ok(tx.audit(&who, what, Some(&about), &detail, now)?)).await
}
