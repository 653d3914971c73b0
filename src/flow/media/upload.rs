//! Somebody at the portal, or a program, puts a file here before it goes with a message.

use crate::domain::id::{UploadId, UserId};
use crate::domain::media::safe_name;
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::keep::keep;
use crate::media::incoming::Incoming;
use crate::store::uploads::{Upload, Uploader};

/// Files somebody may have here without sending them.
pub const UPLOADS_MAX: u32 = 100;
/// Bytes of them.
pub const UPLOADS_BYTES_MAX: u64 = 1_000_000_000;

/// Room for a file of this user, before its bytes come.
pub async fn begin(media: &MediaDesk, user: UserId) -> Result<Incoming, FlowError> {
    let by = Uploader::User(user);
    let (count, bytes) = media.desk.store.read(move |db| db.uploads_weigh(by)).await?;
    if count >= UPLOADS_MAX || bytes >= UPLOADS_BYTES_MAX {
        let reason = Reason::of(ReasonCode::FilesFull).saying("too many uploads are not sent yet");
        return Err(FlowError::File { reason, name: None });
    }
    media.archive.begin().await.map_err(|error| FlowError::File { reason: error.reason(), name: None })
}

/// The file has come in whole.
pub async fn take(media: &MediaDesk, user: UserId, name: &str, incoming: Incoming) -> Result<Upload, FlowError> {
    let shown = || Some(name.chars().take(100).collect());
    let file = keep(media, incoming).await.map_err(|reason| FlowError::File { reason, name: shown() })?.file;
    let name = safe_name(name, file.facts.media_type);
    let now = media.desk.now();
    let (hash, label) = (file.hash.clone(), name.clone());
    let id = media
        .desk
        .store
        .write(move |tx| Ok::<_, FlowError>(tx.insert_upload(Uploader::User(user), (&hash, &label), now)?))
        .await?;
    Ok(Upload { id, name, file, extension: None, at: now })
}

/// A user's own uploads among these, in this order.
pub async fn own(media: &MediaDesk, user: UserId, ids: Vec<UploadId>) -> Result<Vec<Upload>, FlowError> {
    media
        .desk
        .store
        .read(move |db| {
            let found = ids.into_iter().map(|id| db.upload_of(user, id));
            Ok(found.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?)
        })
        .await
}

/// Takes a file back that was not sent.
pub async fn take_back(media: &MediaDesk, user: UserId, id: UploadId) -> Result<(), FlowError> {
    media
        .desk
        .store
        .write(move |tx| {
            tx.upload_of(user, id)?.ok_or(FlowError::NotFound("upload"))?;
            tx.delete_upload(id)?;
            Ok(())
        })
        .await
}
