//! Ringing phones: who is rung by a message, and who is told when somebody else took the conversation.

use crate::domain::id::{ExtensionId, MessageId};
use crate::domain::session::{Session, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::desk::{Rules, new_delivery_reference};
use crate::store::deliveries::{Line, NewDelivery, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::time::Duration;

/// A notice that is not read soon helps nobody.
const NOTICE_EXPIRY: Duration = Duration::from_secs(300);

/// Puts one delivery into the outbox for each extension that should ring; says how many.
pub fn ring(
    tx: &Tx<'_>,
    rules: &Rules,
    session: &Session,
    message: MessageId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let extensions = match session.state {
        SessionState::Held { extension } => vec![extension],
        SessionState::Waiting { queue } => tx.queue_agents(queue)?,
        SessionState::Closed => Vec::new(),
    };
    let instead = words_for_phones(tx, message)?;
    for &extension in &extensions {
        let delivery = NewDelivery {
            message,
            line: Line::Extension(extension),
            priority: Priority::Reply,
            reference: new_delivery_reference(now),
            expires_at: now.plus(rules.phone_expiry),
            notice: instead.clone(),
            phone: None,
        };
        tx.insert_delivery(&delivery, now)?;
    }
    Ok(extensions.len())
}

/// A phone shows text alone: files are named beside it, and what is empty says so. `None`: the text as it is.
fn words_for_phones(tx: &Tx<'_>, message: MessageId) -> Result<Option<String>, StoreError> {
    let Some(message) = tx.message(message)? else { return Ok(None) };
    let text = message.text.trim();
    if message.media_count == 0 && !text.is_empty() {
        return Ok(None);
    }
    let german = tx.site("language")?.as_deref() == Some("de");
    let files = match (message.media_count, german) {
        (0, true) => "[leere Nachricht]".into(),
        (0, false) => "[empty message]".into(),
        (1, true) => "[1 Datei]".into(),
        (1, false) => "[1 file]".into(),
        (count, true) => format!("[{count} Dateien]"),
        (count, false) => format!("[{count} files]"),
    };
    Ok(Some(if text.is_empty() { files } else { format!("{text}\n{files}") }))
}

/// Somebody has the conversation now: what still waits for other phones is taken back, and phones that rang are told who;
/// all but that of `gave_it`, who knows.
pub fn tell_the_others(
    tx: &Tx<'_>,
    before: &Session,
    has_it: ExtensionId,
    gave_it: Option<ExtensionId>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rung = tx.phones_rung(before.id)?;
    tx.cancel_phones(before.id, Some(has_it), now)?;
    let Some(message) = before.last_inbound else { return Ok(()) };
    let notice = taken_notice(tx, before, has_it)?;
    for extension in rung.into_iter().filter(|&extension| extension != has_it && Some(extension) != gave_it) {
        let delivery = NewDelivery {
            message,
            line: Line::Extension(extension),
            priority: Priority::Automatic,
            reference: new_delivery_reference(now),
            expires_at: now.plus(NOTICE_EXPIRY),
            notice: Some(notice.clone()),
            phone: None,
        };
        tx.insert_delivery(&delivery, now)?;
    }
    Ok(())
}

fn taken_notice(tx: &Tx<'_>, session: &Session, has_it: ExtensionId) -> Result<String, StoreError> {
    let who = tx.extension_label(has_it)?;
    let peer = tx.peer_name(session.peer)?.unwrap_or_else(|| session.peer_address.to_string());
    Ok(match tx.site("language")?.as_deref() {
        Some("de") => format!("[{who} hat das Gespräch mit {peer} übernommen]"),
        _ => format!("[{who} has taken the conversation with {peer}]"),
    })
}
