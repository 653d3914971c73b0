//! Files whose time is up: attachments by their channel's retention, uploads nobody sent, files nobody needs, and what lies
//! in the archive without a row. Small steps, so that no commit takes long.

use crate::domain::event::Event;
use crate::domain::media::FileHash;
use crate::domain::time::Timestamp;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::handle::Tx;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(600);
/// In every so manieth round the whole archive is looked through: once a day.
const STRAYS_EVERY: u32 = 144;
/// How many rows one step touches at most.
const STEP_MAX: usize = 200;
/// How long an upload waits to be sent.
pub const UPLOADS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// A file that nobody needs is kept a day: whoever is just about to need it has noted it again by then.
const UNNEEDED_KEPT: Duration = Duration::from_secs(24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Looks until the daemon stops.
pub async fn run(media: MediaDesk, stop: CancellationToken) {
    let mut rounds = 0_u32;
    loop {
        let went_round = async {
            round(&media).await?;
            if rounds.is_multiple_of(STRAYS_EVERY) { forget_strays(&media).await } else { Ok(()) }
        };
        if let Err(error) = went_round.await {
            tracing::error!(%error, "Old files could not be cleared away: {error}");
        }
        rounds = rounds.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = media.desk.clock.sleep(EVERY) => {}
        }
    }
}

/// One round.
pub async fn round(media: &MediaDesk) -> Result<(), FlowError> {
    while expire(media).await? >= STEP_MAX {}
    while forget_uploads(media).await? >= STEP_MAX {}
    while forget_files(media).await? >= STEP_MAX {}
    Ok(())
}

/// Attachments that their channel keeps no longer.
async fn expire(media: &MediaDesk) -> Result<usize, FlowError> {
    let now = media.desk.now();
    media
        .desk
        .store
        .write(move |tx| {
            let mut expired = 0;
            for channel in tx.channels()? {
                let kept = DAY.saturating_mul(tx.channel_media(channel.id)?.kept_days.max(1));
                for (id, message, session) in tx.old_attachments(channel.id, now.minus(kept), STEP_MAX)? {
                    tx.expire_attachment(id)?;
                    tx.emit(Event::AttachmentChanged { session, message });
                    expired += 1;
                }
            }
            tx.end_media_links(now, STEP_MAX)?;
            Ok(expired)
        })
        .await
}

async fn forget_uploads(media: &MediaDesk) -> Result<usize, FlowError> {
    let before = media.desk.now().minus(UPLOADS_KEPT);
    media
        .desk
        .store
        .write(move |tx| {
            let old = tx.old_uploads(before, STEP_MAX)?;
            old.iter().try_for_each(|&id| tx.delete_upload(id).map(drop))?;
            Ok(old.len())
        })
        .await
}

/// First the row, then the file: a crash between the two leaves a stray, which is found below.
async fn forget_files(media: &MediaDesk) -> Result<usize, FlowError> {
    let before = media.desk.now().minus(UNNEEDED_KEPT);
    // Found by a reader: the writer is needed for what is found alone.
    let unneeded = media.desk.store.read(move |db| db.unneeded_files(before, STEP_MAX)).await?;
    if unneeded.is_empty() {
        return Ok(0);
    }
    let work = move |tx: &Tx<'_>| {
        let mut forgotten = Vec::new();
        for hash in unneeded {
            if tx.forget_file(&hash, before)? {
                forgotten.push(hash);
            }
        }
        Ok::<_, FlowError>(forgotten)
    };
    let forgotten: Vec<FileHash> = media.desk.store.write(work).await?;
    for hash in &forgotten {
        remove(media, hash, before).await;
    }
    Ok(forgotten.len())
}

/// Files without a row, older than a day: of a crash, or of a backup that was restored.
pub async fn forget_strays(media: &MediaDesk) -> Result<(), FlowError> {
    let before = media.desk.now().minus(UNNEEDED_KEPT);
    let mut after = None;
    loop {
        let page = match media.archive.all(after, STEP_MAX).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "The archive of files cannot be looked through: {error}");
                return Ok(());
            }
        };
        let Some(last) = page.last().map(|file| file.hash.clone()) else { return Ok(()) };
        let strays: Vec<FileHash> = media
            .desk
            .store
            .read(move |db| {
                let mut strays = Vec::new();
                for file in page.into_iter().filter(|file| file.kept_at < before) {
                    if !db.knows_file(&file.hash)? {
                        strays.push(file.hash);
                    }
                }
                Ok::<_, FlowError>(strays)
            })
            .await?;
        for hash in &strays {
            remove(media, hash, before).await;
        }
        after = Some(last);
    }
}

/// Unless it was kept again meanwhile: then its row is just being written.
async fn remove(media: &MediaDesk, hash: &FileHash, before: Timestamp) {
    if let Err(error) = media.archive.remove_if_kept_before(hash, before).await {
        tracing::warn!(%error, "A file of the archive could not be removed: {error}");
    }
}
