//! Files of a campaign: an upload becomes the campaign's own, and is kept as long as the campaign needs it.

use crate::domain::event::Event;
use crate::domain::id::{CampaignId, UploadId, UserId};
use crate::domain::media::FILES_MAX;
use crate::flow::campaign::drafts::must_be_editable;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;

/// Takes an upload of this user over.
pub async fn add(media: &MediaDesk, campaign: CampaignId, user: UserId, upload: UploadId) -> Result<(), FlowError> {
    media
        .desk
        .store
        .write(move |tx| {
            must_be_editable(tx, campaign)?;
            let found = tx.upload_of(user, upload)?.ok_or(FlowError::NotFound("upload"))?;
            if tx.campaign_files(campaign)?.len() >= FILES_MAX {
                let words = (
                    format!("at most {FILES_MAX} files for one campaign"),
                    format!("höchstens {FILES_MAX} Dateien je Kampagne"),
                );
                return Err(FlowError::invalid("files", words));
            }
            tx.add_campaign_file(campaign, &found.file.hash, &found.name)?;
            tx.delete_upload(upload)?;
            tx.emit(Event::CampaignChanged { campaign });
            Ok(())
        })
        .await
}

/// Takes a file away.
pub async fn remove(media: &MediaDesk, campaign: CampaignId, position: u32) -> Result<(), FlowError> {
    media
        .desk
        .store
        .write(move |tx| {
            must_be_editable(tx, campaign)?;
            match tx.remove_campaign_file(campaign, position)? {
                true => {
                    tx.emit(Event::CampaignChanged { campaign });
                    Ok(())
                }
                false => Err(FlowError::NotFound("file")),
            }
        })
        .await
}
