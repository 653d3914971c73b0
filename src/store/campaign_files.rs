//! Files of a campaign: what it sends with its text, or in the head of its template.

use crate::domain::id::CampaignId;
use crate::domain::media::FileHash;
use crate::store::error::StoreError;
use crate::store::files::{FILE, StoredFile, stored};
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;

/// A file of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignFile {
    /// Its place, from 0.
    pub position: u32,
    /// What people call it.
    pub name: String,
    /// The file as it was put here.
    pub file: StoredFile,
}

impl Snapshot<'_> {
    /// The files of a campaign, in their order.
    pub fn campaign_files(&self, campaign: CampaignId) -> Result<Vec<CampaignFile>, StoreError> {
        let sql = format!(
            "SELECT c.position, c.name, {FILE} FROM campaign_files c JOIN files f ON f.hash = c.file_hash \
             WHERE c.campaign_id = ?1 ORDER BY c.position"
        );
        all(self.conn.prepare_cached(&sql)?.query([campaign])?, |row| {
            Ok(CampaignFile { position: row.get("position")?, name: row.get("name")?, file: stored(row)? })
        })
    }
}

impl Tx<'_> {
    /// Puts a file behind those of a campaign; its place.
    pub fn add_campaign_file(&self, campaign: CampaignId, hash: &FileHash, name: &str) -> Result<u32, StoreError> {
        let position = self
            .conn
            .prepare_cached("SELECT coalesce(max(position) + 1, 0) FROM campaign_files WHERE campaign_id = ?1")?
            .query_row([campaign], |row| row.get(0))?;
        self.conn
            .prepare_cached(
                "INSERT INTO campaign_files (campaign_id, position, file_hash, name) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((campaign, position, hash, name))?;
        Ok(position)
    }

    /// Takes a file from a campaign; `false`: there is none at this place.
    pub fn remove_campaign_file(&self, campaign: CampaignId, position: u32) -> Result<bool, StoreError> {
        let removed = self
            .conn
            .prepare_cached("DELETE FROM campaign_files WHERE campaign_id = ?1 AND position = ?2")?
            .execute((campaign, position))?;
        Ok(removed == 1)
    }
}
