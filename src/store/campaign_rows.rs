//! What hangs on a campaign, as a whole: taken away in small steps, or copied to another.

use crate::domain::id::{CampaignId, ListId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::words::all;
use std::collections::BTreeMap;

impl Tx<'_> {
    /// Takes a campaign out of every list; its rows go in small steps, see [`Tx::forget_campaign_rows`].
    pub fn mark_campaign_deleted(&self, id: CampaignId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE campaigns SET deleted_at = ?2 WHERE id = ?1 AND deleted_at IS NULL")?
            .execute((id, now))?;
        Ok(())
    }

    /// Takes some rows of a campaign away, and in the end itself; `false`: it is gone.
    pub fn forget_campaign_rows(&self, id: CampaignId, at_most: usize) -> Result<bool, StoreError> {
        for table in ["recipients", "campaign_list_rows"] {
            let which = if table == "recipients" {
                "DELETE FROM recipients WHERE id IN (SELECT id FROM recipients WHERE campaign_id = ?1 LIMIT ?2)"
            } else {
                "DELETE FROM campaign_list_rows WHERE (list_id, line) IN (SELECT r.list_id, r.line \
                 FROM campaign_list_rows r JOIN campaign_lists l ON l.id = r.list_id WHERE l.campaign_id = ?1 LIMIT ?2)"
            };
            if self.conn.prepare_cached(which)?.execute((id, at_most))? > 0 {
                return Ok(true);
            }
        }
        self.conn.prepare_cached("DELETE FROM campaigns WHERE id = ?1")?.execute([id])?;
        Ok(false)
    }

    /// Copies files and lists of a campaign to another; the lists' rows too. Says which list became which.
    pub fn copy_campaign_parts(
        &self,
        from: CampaignId,
        to: CampaignId,
        now: Timestamp,
    ) -> Result<BTreeMap<ListId, ListId>, StoreError> {
        let mut copies = BTreeMap::new();
        self.conn
            .prepare_cached(
                "INSERT INTO campaign_files (campaign_id, position, file_hash, name) \
                 SELECT ?2, position, file_hash, name FROM campaign_files WHERE campaign_id = ?1",
            )?
            .execute((from, to))?;
        let mut lists = self.conn.prepare_cached("SELECT id FROM campaign_lists WHERE campaign_id = ?1 ORDER BY id")?;
        for list in all(lists.query([from])?, |row| Ok(row.get::<_, ListId>(0)?))? {
            self.conn
                .prepare_cached(
                    "INSERT INTO campaign_lists (campaign_id, name, columns, at) \
                     SELECT ?2, name, columns, ?3 FROM campaign_lists WHERE id = ?1",
                )?
                .execute((list, to, now))?;
            let copy = ListId(self.conn.last_insert_rowid());
            copies.insert(list, copy);
            for sql in [
                "INSERT INTO campaign_list_rows (list_id, line, given, address, variables) \
                 SELECT ?2, line, given, address, variables FROM campaign_list_rows WHERE list_id = ?1",
                "INSERT INTO campaign_list_parts (list_id, position, bytes) \
                 SELECT ?2, position, bytes FROM campaign_list_parts WHERE list_id = ?1",
            ] {
                self.conn.prepare_cached(sql)?.execute((list, copy))?;
            }
        }
        Ok(copies)
    }
}
