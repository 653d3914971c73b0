//! A file comes into the house, whichever way: it is opened once in the workshop, kept, and noted.

use crate::domain::media::FileFacts;
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::media::desk::MediaDesk;
use crate::media::incoming::Incoming;
use crate::store::files::StoredFile;

/// A file that was opened once and is kept.
pub struct Kept {
    /// The file.
    pub file: StoredFile,
    /// Whether it is a PDF that can do more than be read.
    pub active: bool,
}

/// Opens a file that has come in whole, and keeps it. What cannot be opened is not kept.
pub async fn keep(media: &MediaDesk, mut incoming: Incoming) -> Result<Kept, Reason> {
    if incoming.bytes() == 0 {
        return Err(Reason::of(ReasonCode::FileUnreadable).saying("the file is empty"));
    }
    incoming.flush().await.map_err(|error| error.reason())?;
    let inspected = media.workshop.inspect(incoming.path(), Some(incoming.thumb_path())).await?;
    let kept = incoming.keep().await.map_err(|error| error.reason())?;
    let file = StoredFile { hash: kept.hash, facts: inspected.facts, has_thumb: inspected.has_thumb };
    Ok(Kept { file: note(media, file).await?, active: inspected.active })
}

/// Writes a kept file down: from then on nobody cleans it away for a day, and whoever needs it says so.
async fn note(media: &MediaDesk, file: StoredFile) -> Result<StoredFile, Reason> {
    let now = media.desk.now();
    let noted = file.clone();
    let written = media.desk.store.write_together(move |tx| tx.note_file(&noted, now)).await;
    written.map_err(|error| Reason::of(ReasonCode::FileProblem).saying(&error.to_string()))?;
    Ok(file)
}

/// Keeps a file that the workshop made of another one; the small picture of that one is its own, too.
pub async fn keep_made(
    media: &MediaDesk,
    mut made: Incoming,
    facts: FileFacts,
    of: &StoredFile,
) -> Result<StoredFile, Reason> {
    made.reread().await.map_err(|error| error.reason())?;
    let thumb = media.archive.thumb_path_of(&of.hash);
    let has_thumb = of.has_thumb && tokio::fs::copy(thumb, made.thumb_path()).await.is_ok();
    let kept = made.keep().await.map_err(|error| error.reason())?;
    note(media, StoredFile { hash: kept.hash, facts, has_thumb }).await
}
