//! Who looked at, exported, erased or changed what.

use crate::domain::address::Address;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::all;
use rusqlite::named_params;

/// What the log is asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditWanted {
    /// Part of who.
    pub who: Option<String>,
    /// What was done: a whole word, or its beginning before the dot.
    pub what: Option<String>,
    /// About this person.
    pub address: Option<Address>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Only older than this one.
    pub after: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its id.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who, as they were called then.
    pub who: String,
    /// What.
    pub what: String,
    /// About whom or what; `None` also where the person is erased.
    pub about: Option<String>,
    /// More of it.
    pub detail: serde_json::Value,
}

impl Snapshot<'_> {
    /// A page of the log, newest first.
    pub fn audit_page(&self, wanted: &AuditWanted) -> Result<Vec<AuditRow>, StoreError> {
        let digest = wanted.address.as_ref().map(|address| self.digest_of(address));
        let mut query = self.conn.prepare_cached(
            "SELECT id, at, who, what, about, detail FROM audit_log \
             WHERE (:after IS NULL OR id < :after) AND (:who IS NULL OR instr(lower(who), lower(:who)) > 0) \
             AND (:what IS NULL OR what = :what OR substr(what, 1, length(:what) + 1) = :what || '.') \
             AND (:digest IS NULL OR digest = :digest) AND (:from IS NULL OR at >= :from) \
             AND (:until IS NULL OR at < :until) ORDER BY id DESC LIMIT :limit",
        )?;
        let values = named_params! {
            ":after": wanted.after, ":who": wanted.who, ":what": wanted.what, ":digest": digest, ":from": wanted.from,
            ":until": wanted.until, ":limit": wanted.limit,
        };
        all(query.query(values)?, |row| {
            let detail: String = row.get("detail")?;
            Ok(AuditRow {
                id: row.get("id")?,
                at: row.get("at")?,
                who: row.get("who")?,
                what: row.get("what")?,
                about: row.get("about")?,
                detail: serde_json::from_str(&detail).unwrap_or_default(),
            })
        })
    }
}

impl Snapshot<'_> {
    /// Whether this very thing was noted since a moment.
    pub fn audited_since(
        &self,
        who: &str,
        what: &str,
        about: &Address,
        detail: &str,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let digest = self.digest_of(about);
        let mut query = self.conn.prepare_cached(
            "SELECT 1 FROM audit_log WHERE digest = ?1 AND who = ?2 AND what = ?3 AND detail = ?4 AND at > ?5",
        )?;
        Ok(query.exists((digest, who, what, detail, since))?)
    }
}

impl Tx<'_> {
    /// Writes into the log who did what about a person, in this transaction: what is not on disk was not done.
    pub fn audit(
        &self,
        who: &str,
        what: &str,
        about: Option<&Address>,
        detail: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let digest = about.map(|address| self.digest_of(address));
        self.conn
            .prepare_cached(
                "INSERT INTO audit_log (at, who, what, about, digest, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((now, who, what, about, digest, detail.to_string()))?;
        Ok(())
    }

    /// The same about a thing, as it is called; `None`: all of its kind.
    pub fn audit_thing(
        &self,
        who: &str,
        what: &str,
        about: Option<&str>,
        detail: &serde_json::Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO audit_log (at, who, what, about, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((now, who, what, about, detail.to_string()))?;
        Ok(())
    }

    /// Forgets what is older; at most `at_most` lines.
    pub fn forget_audit(&self, before: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached("DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < ?1 LIMIT ?2)")?
            .execute((before, at_most))?)
    }
}
