//! Phones are told of a file: each as a delivery of its own, so that the text never waits for it. What the phone can take
//! decides what it is sent: the file itself, or these words with a short address.

use crate::domain::id::{AttachmentId, ExtensionId, MessageId};
use crate::domain::media::{AttachmentState, MediaFamily};
use crate::domain::reason::ReasonCode;
use crate::domain::time::Timestamp;
use crate::flow::desk::{Rules, new_delivery_reference};
use crate::flow::media::links::{new_token, short_url};
use crate::store::attachments::Attachment;
use crate::store::deliveries::{Line, NewDelivery, Priority};
use crate::store::error::StoreError;
use crate::store::files::StoredFile;
use crate::store::handle::Tx;
use crate::store::media_links::ForWhom;

/// Tells these extensions of a file that is here, or will not come.
pub fn ring_file(
    tx: &Tx<'_>,
    rules: &Rules,
    extensions: &[ExtensionId],
    file: &Attachment,
    now: Timestamp,
) -> Result<(), StoreError> {
    if extensions.is_empty() || file.state == AttachmentState::Loading {
        return Ok(());
    }
    let german = tx.site("language")?.as_deref() == Some("de");
    let words = match (&file.file, &rules.phone_base_url) {
        (Some(stored), Some(base)) => {
            format!("{} {}", shown(file, stored, german), short_url(base, &token(tx, rules, file, now)?))
        }
        (Some(stored), None) => in_the_portal(&shown(file, stored, german), german),
        (None, _) => lost(file, german),
    };
    ring_each(tx, rules, extensions, &Ring { message: file.message, instead: Some(words), file: Some(file.id) }, now)
}

/// What phones are told.
pub struct Ring {
    /// The message it is about.
    pub message: MessageId,
    /// Words instead of its text.
    pub instead: Option<String>,
    /// One of its files.
    pub file: Option<AttachmentId>,
}

/// Puts it into the outbox for each of these extensions.
pub fn ring_each(
    tx: &Tx<'_>,
    rules: &Rules,
    extensions: &[ExtensionId],
    ring: &Ring,
    now: Timestamp,
) -> Result<(), StoreError> {
    for &extension in extensions {
        let delivery = NewDelivery {
            message: ring.message,
            line: Line::Extension(extension),
            priority: Priority::Reply,
            reference: new_delivery_reference(now),
            expires_at: now.plus(rules.phone_expiry),
            notice: None,
            instead: ring.instead.clone(),
            attachment: ring.file,
            phone: None,
        };
        tx.insert_delivery(&delivery, now)?;
    }
    Ok(())
}

/// The short address of a file for phones: made once.
fn token(tx: &Tx<'_>, rules: &Rules, file: &Attachment, now: Timestamp) -> Result<String, StoreError> {
    let known = tx.media_link_for(file.message, Some(file.id), ForWhom::Phone)?;
    if let Some(token) = known.filter(|link| link.expires_at > now).and_then(|link| link.token) {
        return Ok(token);
    }
    let token = new_token();
    let until = now.plus(rules.links_kept);
    tx.insert_media_link((file.message, Some(file.id)), ForWhom::Phone, Some(&token), until)?;
    Ok(token)
}

/// "Picture holiday.jpg, 1.2 MB:"
fn shown(file: &Attachment, stored: &StoredFile, german: bool) -> String {
    let what = match (stored.facts.media_type.family(), german) {
        (MediaFamily::Picture, true) => "Bild",
        (MediaFamily::Picture, false) => "Picture",
        (MediaFamily::Paper, true) => "Dokument",
        (MediaFamily::Paper, false) => "Document",
        (MediaFamily::Video, _) => "Video",
        (MediaFamily::Audio, true) => "Tonaufnahme",
        (MediaFamily::Audio, false) => "Recording",
        (MediaFamily::Card, true) => "Kontakt",
        (MediaFamily::Card, false) => "Contact",
        (MediaFamily::Document, true) => "Datei",
        (MediaFamily::Document, false) => "File",
    };
    format!("[{what} {}, {}]", file.name, size(stored.facts.bytes, german))
}

fn in_the_portal(shown: &str, german: bool) -> String {
    let where_to = if german { "im Portal zu sehen" } else { "to be seen in the portal" };
    format!("{shown} {where_to}")
}

fn lost(file: &Attachment, german: bool) -> String {
    let code = file.reason.as_ref().map_or(ReasonCode::FileNotFetched, |reason| reason.code);
    let why = if german { code.german() } else { code.english() };
    format!("[{}: {why}]", file.name)
}

/// As people read it: "640 KB", "1.2 MB".
fn size(bytes: u64, german: bool) -> String {
    if bytes < 1_000_000 {
        return format!("{} KB", bytes.div_ceil(1000));
    }
    let text = format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000);
    if german { text.replace('.', ",") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_written_as_people_read_it() {
        assert_eq!((size(1, false), size(640_000, true)), ("1 KB".into(), "640 KB".into()));
        assert_eq!((size(1_260_000, false), size(1_260_000, true)), ("1.2 MB".into(), "1,2 MB".into()));
    }
}
