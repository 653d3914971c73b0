//! Polling: from where each trunk's carrier is asked next, and how the last question went. The place moves on in the
//! transaction that files what was said.

use crate::domain::id::TrunkId;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::domain::trunk::Intake;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};
use rusqlite::Row;
use std::time::Duration;

/// How a trunk's polling stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Poll {
    /// The trunk.
    pub trunk: TrunkId,
    /// Its name.
    pub name: String,
    /// Whether webhooks come in as well.
    pub intake: Intake,
    /// What was said before this moment has been heard.
    pub heard_up_to: Timestamp,
    /// How long there is between questions.
    pub every: Duration,
    /// When the carrier is asked next.
    pub next_at: Timestamp,
    /// When it was last asked.
    pub asked_at: Option<Timestamp>,
    /// When it last answered.
    pub answered_at: Option<Timestamp>,
    /// Questions in a row that failed.
    pub failures: u32,
    /// Why the last one failed.
    pub reason: Option<Reason>,
}

const COLUMNS: &str = "SELECT p.trunk_id, t.name, t.intake, t.poll_every_s, p.heard_up_to, p.next_at, p.asked_at, \
                       p.answered_at, p.failures, p.reason FROM polls p JOIN trunks t ON t.id = p.trunk_id";

fn poll(row: &Row<'_>) -> Result<Poll, StoreError> {
    Ok(Poll {
        trunk: row.get("trunk_id")?,
        name: row.get("name")?,
        intake: row.get("intake")?,
        heard_up_to: row.get("heard_up_to")?,
        every: Duration::from_secs(u64::from(row.get::<_, u32>("poll_every_s")?)),
        next_at: row.get("next_at")?,
        asked_at: row.get("asked_at")?,
        answered_at: row.get("answered_at")?,
        failures: row.get("failures")?,
        reason: row.get("reason")?,
    })
}

impl Snapshot<'_> {
    /// The polling of all trunks that are switched on, what is due first.
    pub fn polls(&self) -> Result<Vec<Poll>, StoreError> {
        let sql = format!("{COLUMNS} WHERE t.enabled = 1 ORDER BY p.next_at, p.trunk_id");
        all(self.conn.prepare_cached(&sql)?.query([])?, poll)
    }

    /// The polling of a trunk, switched on or not.
    pub fn poll_of(&self, trunk: TrunkId) -> Result<Option<Poll>, StoreError> {
        let sql = format!("{COLUMNS} WHERE p.trunk_id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([trunk])?, poll)
    }
}

impl Tx<'_> {
    /// Sets how what comes in gets to us. Polling begins at `now`: what is older came another way, or not to us.
    pub fn set_intake(&self, id: TrunkId, intake: Intake, every: Duration, now: Timestamp) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE trunks SET intake = ?2, poll_every_s = ?3 WHERE id = ?1")?.execute((
            id,
            intake,
            every.as_secs(),
        ))?;
        if intake == Intake::Webhooks {
            self.conn.prepare_cached("DELETE FROM polls WHERE trunk_id = ?1")?.execute([id])?;
            return Ok(());
        }
        self.conn
            .prepare_cached(
                "INSERT INTO polls (trunk_id, heard_up_to, next_at) VALUES (?1, ?2, ?2)
                 ON CONFLICT (trunk_id) DO UPDATE SET next_at = ?2",
            )?
            .execute((id, now))?;
        Ok(())
    }

    /// The carrier answered: everything up to this moment is heard. Never goes back. Says whether it had failed before.
    pub fn poll_answered(
        &self,
        trunk: TrunkId,
        up_to: Timestamp,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let failed = self.poll_of(trunk)?.is_some_and(|poll| poll.failures > 0);
        self.conn
            .prepare_cached(
                "UPDATE polls SET heard_up_to = max(heard_up_to, ?2), next_at = ?3, asked_at = ?4, answered_at = ?4,
                                  failures = 0, reason = NULL
                 WHERE trunk_id = ?1",
            )?
            .execute((trunk, up_to, next_at, now))?;
        Ok(failed)
    }

    /// The question failed; it is asked again later. Nothing is skipped.
    pub fn poll_failed(
        &self,
        trunk: TrunkId,
        reason: &Reason,
        next_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE polls SET next_at = ?3, asked_at = ?4, failures = failures + 1, reason = ?2 WHERE trunk_id = ?1",
            )?
            .execute((trunk, reason, next_at, now))?;
        Ok(())
    }
}
