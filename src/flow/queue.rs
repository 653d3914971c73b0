//! Ringing phones: who is rung by a message, and who is told when somebody else took the conversation.

use crate::domain::id::{ExtensionId, MessageId};
use crate::domain::media::AttachmentState;
use crate::domain::message::Message;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::desk::{Rules, new_delivery_reference};
use crate::flow::media::ring::{Ring, ring_each, ring_file};
use crate::store::attachments::Attachment;
use crate::store::deliveries::{Line, NewDelivery, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::time::Duration;

/// A notice that is not read soon helps nobody.
const NOTICE_EXPIRY: Duration = Duration::from_secs(300);

/// A message's text, as a phone is rung with it.
#[derive(Clone, Copy)]
pub struct TextToRing<'a> {
    /// The message.
    pub message: MessageId,
    /// Its text.
    pub text: &'a str,
    /// How many files came with it.
    pub files: u32,
}

impl<'a> From<&'a Message> for TextToRing<'a> {
    fn from(message: &'a Message) -> TextToRing<'a> {
        TextToRing { message: message.id, text: &message.text, files: message.media_count }
    }
}

/// A message has come: puts its text into the outbox for each extension that should ring. Its files
/// ring when they are here, so that no text waits for them.
pub fn ring(
    tx: &Tx<'_>,
    rules: &Rules,
    session: &Session,
    said: TextToRing<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let extensions = who_rings(tx, session)?;
    let files_alone = said.text.trim().is_empty() && said.files > 0 && !tx.attachments(said.message)?.is_empty();
    if !files_alone {
        ring_text(tx, rules, &extensions, said, now)?;
    }
    Ok(())
}

/// A conversation was handed on: whoever has it now is rung by its last message, with the files that are here.
pub fn ring_again(
    tx: &Tx<'_>,
    rules: &Rules,
    session: &Session,
    message: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let extensions = who_rings(tx, session)?;
    let Some(said) = tx.message(message)? else { return Ok(()) };
    let files = if said.media_count > 0 { tx.attachments(message)? } else { Vec::new() };
    let is_loading = |file: &Attachment| file.state == AttachmentState::Loading;
    if !said.text.trim().is_empty() || files.iter().all(is_loading) {
        ring_text(tx, rules, &extensions, (&said).into(), now)?;
    }
    files.iter().try_for_each(|file| ring_file(tx, rules, &extensions, file, now))
}

/// Puts a message's text, or words for what it has instead, into the outbox for these extensions.
pub fn ring_text(
    tx: &Tx<'_>,
    rules: &Rules,
    extensions: &[ExtensionId],
    said: TextToRing<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ring = Ring { message: said.message, instead: words_for_phones(tx, said)?, file: None };
    ring_each(tx, rules, extensions, &ring, now)
}

/// The extensions that a message of a session rings: its holder, or all who may take it.
pub fn who_rings(tx: &Tx<'_>, session: &Session) -> Result<Vec<ExtensionId>, StoreError> {
    Ok(match session.state {
        SessionState::Held { extension } => vec![extension],
        SessionState::Waiting { queue } => tx.queue_agents(queue)?,
        SessionState::Closed => Vec::new(),
    })
}

/// A phone is never sent an empty text: what is empty says so, and so do files that are not here. `None`: the text as it is.
fn words_for_phones(tx: &Tx<'_>, said: TextToRing<'_>) -> Result<Option<String>, StoreError> {
    let text = said.text.trim();
    if !text.is_empty() && (said.files == 0 || !tx.attachments(said.message)?.is_empty()) {
        return Ok(None);
    }
    let german = tx.site("language")?.as_deref() == Some("de");
    let words = match (said.files, german) {
        (0, true) => "[leere Nachricht]".into(),
        (0, false) => "[empty message]".into(),
        (1, true) => "[1 Datei]".into(),
        (1, false) => "[1 file]".into(),
        (count, true) => format!("[{count} Dateien]"),
        (count, false) => format!("[{count} files]"),
    };
    Ok(Some(if text.is_empty() { words } else { format!("{text}\n{words}") }))
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
            instead: None,
            attachment: None,
            phone: None,
        };
        tx.insert_delivery(&delivery, now)?;
    }
    Ok(())
}

fn taken_notice(tx: &Tx<'_>, session: &Session, has_it: ExtensionId) -> Result<String, StoreError> {
    let who = tx.extension_label(has_it)?;
    let contact = tx.contact_name(&session.peer_address)?;
    let known = contact.map_or_else(|| tx.peer_name(session.peer), |name| Ok(Some(name)))?;
    let peer = known.unwrap_or_else(|| session.peer_address.to_string());
    Ok(match tx.site("language")?.as_deref() {
        Some("de") => format!("[{who} hat das Gespräch mit {peer} übernommen]"),
        _ => format!("[{who} has taken the conversation with {peer}]"),
    })
}
