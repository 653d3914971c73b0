//! What happened since a backup was made is not forgotten with it: who wants nothing more (T17), who was erased, what was
//! sent (T18). The database that a restore replaces is asked for it, as far as it can still be read; and what cannot be
//! known is held back, since nobody is texted twice on a guess.

use crate::domain::address::Address;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::store::migrate;
use crate::store::open::{connect_reader, is_sealed_with};
use crate::store::seal::Sealer;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use std::path::Path;

/// From this schema on, refusals belong to addresses, and erasures are noted.
const WITH_CONSENT: usize = 9;
/// From this schema on, there are campaigns.
const WITH_CAMPAIGNS: usize = 10;

/// What the database that was replaced knew of the time since the backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Refusals noted since: they stand again.
    pub refused: usize,
    /// Refusals taken back since.
    pub taken_back: usize,
    /// Persons erased since: the daemon erases them again.
    pub erased: usize,
    /// Messages and lines of campaigns whose fate it knew.
    pub sent: usize,
    /// Why not all of it could be read.
    pub unread: Option<String>,
}

/// Looks after a copy of a backup before it takes the place of `replaced`.
pub(in crate::store) fn look_after(
    copy: &mut Connection,
    replaced: &Path,
    sealer: &Sealer,
    now: Timestamp,
) -> rusqlite::Result<Since> {
    let (schema, _) = migrate::schema_of(copy)?;
    let all = copy.transaction()?;
    hold_back_messages(&all, now)?;
    if schema >= WITH_CAMPAIGNS {
        hold_back_campaigns(&all, now)?;
    }
    let mut since = Since::default();
    match Replaced::open(replaced, &all, sealer) {
        Ok(replaced) => replaced.carry_over(&all, schema, sealer, now, &mut since)?,
        Err(why) => since.unread = Some(why),
    }
    all.commit()?;
    Ok(since)
}

/// What waited for a carrier when the backup was made has most likely been sent since.
/// Phones know a text again by its Call-ID, so what waits for them stays.
fn hold_back_messages(copy: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    copy.execute(
        "UPDATE deliveries SET state = 'uncertain', in_doubt = 1, lease_until = NULL, reason = ?1, updated_at = ?2 \
         WHERE line = 'carrier' AND state IN ('queued', 'sending')",
        (as_json(ReasonCode::Restored), now.0),
    )
    .map(drop)
}

/// A campaign goes on only when somebody says so who knows what was sent since.
fn hold_back_campaigns(copy: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    copy.execute(
        "UPDATE campaigns SET reason = ?1, changed_at = ?2, status = CASE status WHEN 'paused' THEN 'paused' ELSE 'stop' END \
         WHERE status IN ('scheduled', 'pending', 'executing', 'retrying', 'paused')",
        (as_json(ReasonCode::CampaignRestored), now.0),
    )?;
    copy.execute("UPDATE campaign_runs SET try_again_at = NULL", []).map(drop)
}

fn as_json(code: ReasonCode) -> String {
    serde_json::to_string(&Reason::of(code)).expect("a reason is plain data")
}

/// The database that goes. It may be damaged: what can be read of it counts.
struct Replaced {
    conn: Connection,
    schema: usize,
}

impl Replaced {
    /// Opens it, if it is of the same house.
    fn open(path: &Path, copy: &Connection, sealer: &Sealer) -> Result<Replaced, String> {
        if !path.exists() {
            return Err("there was no database".into());
        }
        let conn = connect_reader(path).map_err(|error| error.to_string())?;
        let (schema, _) = migrate::schema_of(&conn).map_err(|error| error.to_string())?;
        let mark = |conn: &Connection| -> rusqlite::Result<String> {
            conn.query_row("SELECT mark FROM installation WHERE id = 1", [], |row| row.get(0))
        };
        if mark(&conn).map_err(|error| error.to_string())? != mark(copy).map_err(|error| error.to_string())? {
            return Err("it belonged to another installation".into());
        }
        let ours = is_sealed_with(&conn, sealer);
        if ours { Ok(Replaced { conn, schema }) } else { Err("it was sealed with another key".into()) }
    }

    fn carry_over(
        &self,
        copy: &Connection,
        schema: usize,
        sealer: &Sealer,
        now: Timestamp,
        since: &mut Since,
    ) -> rusqlite::Result<()> {
        let both = self.schema.min(schema);
        if both < WITH_CAMPAIGNS {
            since.unread = Some("one of the two is of an older version".into());
        }
        if both >= WITH_CONSENT {
            self.refusals(copy, since)?;
            self.agreements_taken_back(copy, since)?;
            self.erasures(copy, sealer, since)?;
        }
        self.fates_of_messages(copy, since)?;
        if both >= WITH_CAMPAIGNS {
            self.fates_of_lines(copy, since)?;
            self.fates_of_campaigns(copy, now, since)?;
        }
        Ok(())
    }

    /// Takes over row by row what can be read and fits; the rest is said. A disk that is full shows at the commit.
    fn each(&self, sql: &str, since: &mut Since, mut enter: impl FnMut(&Row<'_>, &mut Since) -> rusqlite::Result<()>) {
        let mut read = || {
            let mut query = self.conn.prepare(sql)?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                if let Err(error) = enter(row, since) {
                    since.unread = Some(error.to_string());
                }
            }
            Ok::<_, rusqlite::Error>(())
        };
        if let Err(error) = read() {
            since.unread = Some(error.to_string());
        }
    }

    /// Refusals that the backup does not know, and what became of those it knows. One is the same under its id and moment.
    fn refusals(&self, copy: &Connection, since: &mut Since) -> rusqlite::Result<()> {
        const COLUMNS: &str = "id, at, address, scope, kind, our_address, channel_id, channel_name, marketing_only, source, \
                               words, note, by_name, said_again_at, withdrawn_at, withdrawn_by, withdrawn_words";
        let mut known = copy.prepare("SELECT withdrawn_at FROM opt_outs WHERE id = ?1 AND at = ?2")?;
        let mut taken = copy
            .prepare("UPDATE opt_outs SET withdrawn_at = ?2, withdrawn_by = ?3, withdrawn_words = ?4 WHERE id = ?1")?;
        let mut free = copy.prepare("SELECT 1 FROM opt_outs WHERE id = ?1")?;
        let marks = vec!["?"; COLUMNS.split(',').count()].join(", ");
        let mut enter = copy.prepare(&format!("INSERT INTO opt_outs ({COLUMNS}) VALUES ({marks})"))?;
        let mut keys = HashMap::new();
        self.each(&format!("SELECT {COLUMNS} FROM opt_outs ORDER BY id"), since, |row, since| {
            let mut values =
                (0..row.as_ref().column_count()).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()?;
            let (id, at): (i64, i64) = (row.get("id")?, row.get("at")?);
            let found: Option<Option<i64>> = known.query_row((id, at), |row| row.get(0)).optional()?;
            match found {
                Some(None) if row.get::<_, Option<i64>>("withdrawn_at")?.is_some() => {
                    taken.execute(params![id, values[14], values[15], values[16]])?;
                    since.taken_back += 1;
                }
                Some(_) => {}
                None => {
                    if free.exists([id])? {
                        values[0] = Value::Null;
                    }
                    enter.execute(rusqlite::params_from_iter(values))?;
                    keys.insert(id, copy.last_insert_rowid());
                    since.refused += 1;
                }
            }
            Ok(())
        });
        let mut enter = copy.prepare(
            "INSERT OR IGNORE INTO opt_out_keys (key, opt_out_id) SELECT ?1, id FROM opt_outs WHERE id = ?2",
        )?;
        self.each("SELECT opt_out_id, key FROM opt_out_keys", since, |row, _| {
            if let Some(id) = keys.get(&row.get(0)?) {
                enter.execute((row.get::<_, String>(1)?, id))?;
            }
            Ok(())
        });
        Ok(())
    }

    fn agreements_taken_back(&self, copy: &Connection, since: &mut Since) -> rusqlite::Result<()> {
        let mut take = copy.prepare(
            "UPDATE consents SET withdrawn_at = ?3, withdrawn_by = ?4 \
             WHERE id = ?1 AND noted_at = ?2 AND withdrawn_at IS NULL",
        )?;
        let sql = "SELECT id, noted_at, withdrawn_at, withdrawn_by FROM consents WHERE withdrawn_at IS NOT NULL";
        self.each(sql, since, |row, since| {
            let values = (0..4).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()?;
            since.taken_back += take.execute(rusqlite::params_from_iter(values))?;
            Ok(())
        });
        Ok(())
    }

    /// Who was erased since is in the backup again. Only a keyed digest was kept of them, so each address is tried on it.
    fn erasures(&self, copy: &Connection, sealer: &Sealer, since: &mut Since) -> rusqlite::Result<()> {
        let mut known = copy.prepare("SELECT 1 FROM erasures WHERE digest = ?1 AND at = ?2")?;
        let mut missing: HashMap<String, (String, i64)> = HashMap::new();
        self.each("SELECT digest, by_name, at FROM erasures ORDER BY id", since, |row, _| {
            let (digest, by, at): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if !known.exists((&digest, at))? {
                missing.insert(digest, (by, at));
            }
            Ok(())
        });
        if missing.is_empty() {
            return Ok(());
        }
        let mut begin = copy.prepare("INSERT INTO erasures (address, digest, by_name, at) VALUES (?1, ?2, ?3, ?4)")?;
        let mut addresses = copy.prepare(&everybody(copy)?)?;
        let mut rows = addresses.query([])?;
        while let Some(row) = rows.next()? {
            let address: Address = row.get(0)?;
            let digest = format!("#{}", sealer.digest(address.as_str()));
            if let Some((by, at)) = missing.get(&digest) {
                begin.execute((&address, &digest, by, at))?;
                since.erased += 1;
            }
        }
        Ok(())
    }

    /// Messages that the backup holds as unsent: what became of them is known after all.
    fn fates_of_messages(&self, copy: &Connection, since: &mut Since) -> rusqlite::Result<()> {
        let mut held =
            copy.prepare("SELECT 1 FROM deliveries WHERE reference = ?1 AND state = 'uncertain' AND reason = ?2")?;
        let mut settle = copy.prepare(
            "UPDATE deliveries SET state = ?2, reason = ?3, carrier_id = ?4, tries = ?5, updated_at = ?6, in_doubt = 0 \
             WHERE reference = ?1",
        )?;
        let restored = as_json(ReasonCode::Restored);
        let sql = "SELECT reference, state, reason, carrier_id, tries, updated_at FROM deliveries \
                   WHERE line = 'carrier' AND state NOT IN ('queued', 'sending', 'uncertain')";
        self.each(sql, since, |row, since| {
            let values = (0..6).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()?;
            if held.exists((&values[0], &restored))? {
                since.sent += settle.execute(rusqlite::params_from_iter(values))?;
            }
            Ok(())
        });
        Ok(())
    }

    /// Lines of campaigns that still wait in the backup: who was written to since is not written to again. A ledger may have
    /// been made anew since, so a line is known by who it is for.
    fn fates_of_lines(&self, copy: &Connection, since: &mut Since) -> rusqlite::Result<()> {
        let mut settle = copy.prepare(
            "UPDATE recipients SET state = ?4, reason = ?5, tries = ?6, changed_at = ?7, sent_at = ?8, delivered_at = ?9, \
             read_at = ?10 WHERE campaign_id = ?1 AND address = ?3 AND counts = 1 AND state = 'waiting' \
             AND EXISTS (SELECT 1 FROM campaigns WHERE id = ?1 AND created_at = ?2)",
        )?;
        let restored = as_json(ReasonCode::Restored);
        let sql = "SELECT c.id, c.created_at, r.address, r.state, r.reason, r.tries, r.changed_at, r.sent_at, r.delivered_at, \
                   r.read_at FROM recipients r JOIN campaigns c ON c.id = r.campaign_id \
                   WHERE r.state NOT IN ('waiting', 'queued') AND r.counts = 1 AND r.address IS NOT NULL";
        self.each(sql, since, |row, since| {
            let mut values = (0..10).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()?;
            if row.get_ref(3)?.as_str().is_ok_and(|state| state == "sending") {
                (values[3], values[4]) = (Value::Text("uncertain".into()), Value::Text(restored.clone()));
            }
            since.sent += settle.execute(rusqlite::params_from_iter(values))?;
            Ok(())
        });
        Ok(())
    }

    /// A campaign that is through stays so; one that was begun only since is not begun again.
    fn fates_of_campaigns(&self, copy: &Connection, now: Timestamp, since: &mut Since) -> rusqlite::Result<()> {
        let mut through = copy.prepare(
            "UPDATE campaigns SET status = ?3, ended_at = ?4, reason = NULL \
             WHERE id = ?1 AND created_at = ?2 AND status IN ('stop', 'paused') \
             AND NOT EXISTS (SELECT 1 FROM recipients WHERE campaign_id = ?1 AND state = 'waiting') \
             AND EXISTS (SELECT 1 FROM recipients WHERE campaign_id = ?1)",
        )?;
        let mut begun = copy.prepare(
            "UPDATE campaigns SET status = 'cancelled', ended_at = ?4, reason = ?3 \
             WHERE id = ?1 AND created_at = ?2 AND status IN ('draft', 'stop', 'paused') \
             AND NOT EXISTS (SELECT 1 FROM recipients WHERE campaign_id = ?1)",
        )?;
        let launched = as_json(ReasonCode::LaunchedSinceBackup);
        let sql = "SELECT id, created_at, status, ended_at FROM campaigns WHERE started_at IS NOT NULL";
        self.each(sql, since, |row, _| {
            let (id, created): (i64, i64) = (row.get(0)?, row.get(1)?);
            let status: String = row.get(2)?;
            if matches!(status.as_str(), "completed" | "cancelled") {
                through.execute((id, created, &status, row.get::<_, Option<i64>>(3)?))?;
            }
            begun.execute((id, created, &launched, now.0))?;
            Ok(())
        });
        // Lines that failed back then say nothing about the carrier as it is now.
        copy.execute("UPDATE campaign_runs SET failures_in_row = 0", []).map(drop)
    }
}

/// Every address that somebody may be found by.
fn everybody(copy: &Connection) -> rusqlite::Result<String> {
    let mut parts = vec!["peer_addresses", "contact_numbers", "opt_outs", "consents"];
    if migrate::schema_of(copy)?.0 >= WITH_CAMPAIGNS {
        parts.extend(["recipients", "campaign_list_rows"]);
    }
    let parts = parts.iter().map(|table| format!("SELECT address FROM {table} WHERE address IS NOT NULL"));
    Ok(parts.collect::<Vec<_>>().join(" UNION "))
}

#[cfg(test)]
#[path = "since_backup_tests.rs"]
mod tests;
