//! How much campaigns sent, by user and number and day: for the limits of a day and a month.

use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};

impl Snapshot<'_> {
    /// How much campaigns sent for somebody, or from a number, on days from one to another, both included.
    pub fn campaign_usage(&self, of: &str, id: i64, from: &str, until: &str) -> Result<u32, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT coalesce(sum(sent), 0) FROM campaign_usage WHERE of = ?1 AND of_id = ?2 AND day BETWEEN ?3 AND ?4",
        )?;
        Ok(query.query_row((of, id, from, until), |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Counts what a campaign sent, for the limits of a day and a month.
    pub fn count_usage(&self, of: &str, id: i64, day: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO campaign_usage (of, of_id, day, sent) VALUES (?1, ?2, ?3, 1) \
                 ON CONFLICT (of, of_id, day) DO UPDATE SET sent = sent + 1",
            )?
            .execute((of, id, day))?;
        Ok(())
    }

    /// Takes one back that was counted and not sent.
    pub fn uncount_usage(&self, of: &str, id: i64, day: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE campaign_usage SET sent = sent - 1 WHERE of = ?1 AND of_id = ?2 AND day = ?3 AND sent > 0",
            )?
            .execute((of, id, day))?;
        Ok(())
    }

    /// Forgets what was counted before a day.
    pub fn forget_usage(&self, before: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM campaign_usage WHERE day < ?1")?.execute([before])?;
        Ok(())
    }
}
