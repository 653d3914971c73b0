//! Files of contacts on their way into a phonebook: what they are, what was decided of them, how far they are.

use crate::domain::contact_import::{Export, ImportFormat, ImportState, Known};
use crate::domain::id::{ImportId, PhonebookId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{InOrder, all, first};
use crate::tabular::layout::Layout;
use rusqlite::Row;

/// Faults that are kept of one import; more are counted.
pub const FAULTS_KEPT: u32 = 10_000;

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// What its owner calls the file.
    pub name: String,
    /// The file's name in the spool folder; `None`: it is gone.
    pub spool: Option<String>,
    /// What the file is.
    pub format: ImportFormat,
    /// Whose export it is.
    pub recognised: Option<Export>,
    /// How far it is.
    pub state: ImportState,
    /// What the columns mean, and how the table is written.
    pub plan: ImportPlan,
    /// What the columns are called.
    pub columns: Vec<String>,
    /// The first rows.
    pub first: Vec<Vec<String>>,
    /// How far it came.
    pub progress: Progress,
    /// When it was first run: from then on it only goes on.
    pub begun_at: Option<Timestamp>,
    /// Why it failed: English, German.
    pub problem: Option<Wording>,
    /// When it came.
    pub at: Timestamp,
}

/// What people decide of an import.
#[derive(Clone, Debug)]
pub struct ImportPlan {
    /// How the table is written.
    pub layout: Layout,
    /// What each column means, in the words of [`crate::domain::contact_import::Target`].
    pub mapping: Vec<Option<String>>,
    /// Where they go.
    pub phonebook: Option<PhonebookId>,
    /// What happens with whom one knows.
    pub known: Known,
}

/// How far an import came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows there are, once they are counted.
    pub total: Option<u64>,
    /// Rows that were looked at.
    pub done: u64,
    /// Of these: new contacts.
    pub added: u64,
    /// Of these: contacts written over.
    pub updated: u64,
    /// Of these: known already and left alone.
    pub skipped: u64,
    /// Of these: not taken, with a fault.
    pub faulty: u64,
    /// Faults found, also in rows that were taken.
    pub faults: u64,
}

/// Something wrong in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFault {
    /// The line the row begins on.
    pub line: u64,
    /// The column; `None`: the whole row.
    pub column: Option<String>,
    /// What is wrong.
    pub what: Wording,
}

/// A new import.
pub struct NewImport<'a> {
    /// Whose.
    pub user: UserId,
    /// What its owner calls the file.
    pub name: &'a str,
    /// Its name in the spool folder.
    pub spool: &'a str,
    /// Its length.
    pub bytes: u64,
    /// What it is.
    pub format: ImportFormat,
    /// Whose export it is.
    pub recognised: Option<Export>,
    /// What the columns may mean.
    pub plan: &'a ImportPlan,
    /// What they are called.
    pub columns: &'a [String],
    /// The first rows.
    pub first: &'a [Vec<String>],
}

const IMPORT: &str = "SELECT id, name, spool, format, recognised, state, layout, mapping, phonebook_id, known, columns, first, \
     rows_total, rows_done, added, updated, skipped, faulty, faults, begun_at, problem, at FROM imports";

fn import(row: &Row<'_>) -> Result<Import, StoreError> {
    let row = InOrder::of(row);
    let missing = |what: &str| StoreError::Unreadable(format!("{what} of an import"));
    Ok(Import {
        id: row.next()?,
        name: row.next()?,
        spool: row.next()?,
        format: row.next()?,
        recognised: row.next()?,
        state: row.next()?,
        plan: ImportPlan {
            layout: row.json()?.ok_or_else(|| missing("layout"))?,
            mapping: row.json()?.unwrap_or_default(),
            phonebook: row.next()?,
            known: row.next()?,
        },
        columns: row.json()?.unwrap_or_default(),
        first: row.json()?.unwrap_or_default(),
        progress: Progress {
            total: row.next()?,
            done: row.next()?,
            added: row.next()?,
            updated: row.next()?,
            skipped: row.next()?,
            faulty: row.next()?,
            faults: row.next()?,
        },
        begun_at: row.next()?,
        problem: row.json::<(String, String)>()?.map(Wording::from),
        at: row.next()?,
    })
}

impl Snapshot<'_> {
    /// The newest imports.
    pub fn imports(&self, at_most: usize) -> Result<Vec<Import>, StoreError> {
        let sql = format!("{IMPORT} ORDER BY id DESC LIMIT ?1");
        all(self.conn.prepare_cached(&sql)?.query([at_most])?, import)
    }

    /// One import.
    pub fn import(&self, id: ImportId) -> Result<Option<Import>, StoreError> {
        let sql = format!("{IMPORT} WHERE id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, import)
    }

    /// The next one that is being looked through or taken in.
    pub fn import_at_work(&self) -> Result<Option<Import>, StoreError> {
        let sql = format!("{IMPORT} WHERE state IN ('checking', 'running') ORDER BY changed_at, id LIMIT 1");
        first(&mut self.conn.prepare_cached(&sql)?.query([])?, import)
    }

    /// How many files a user has here, and how many there are in all.
    pub fn import_files(&self, user: UserId) -> Result<(u32, u32), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE user_id = ?1), count(*) FROM imports WHERE spool IS NOT NULL";
        Ok(self.conn.prepare_cached(sql)?.query_row([user], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The files that are needed.
    pub fn import_spools(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT spool FROM imports WHERE spool IS NOT NULL")?;
        all(query.query([])?, |row| Ok(row.get(0)?))
    }

    /// Faults of an import, from the `after`th on.
    pub fn import_faults(&self, id: ImportId, after: u64, at_most: u32) -> Result<Vec<ImportFault>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT line, field, en, de FROM import_faults WHERE import_id = ?1 AND nth > ?2 ORDER BY nth LIMIT ?3",
        )?;
        all(query.query((id, after, at_most))?, |row| {
            let what = Wording::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?);
            Ok(ImportFault { line: row.get(0)?, column: row.get(1)?, what })
        })
    }

    /// How many contacts there are.
    pub fn contact_count(&self) -> Result<u64, StoreError> {
        Ok(self.conn.prepare_cached("SELECT count(*) FROM contacts")?.query_row([], |row| row.get(0))?)
    }
}

impl Tx<'_> {
    /// Notes a file that has come in whole.
    pub fn insert_import(&self, new: &NewImport<'_>, now: Timestamp) -> Result<ImportId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO imports (user_id, name, spool, bytes, format, recognised, state, layout, mapping, phonebook_id, \
                 known, columns, first, at, changed_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'uploaded', ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
            )?
            .execute((
                new.user,
                new.name,
                new.spool,
                new.bytes,
                new.format,
                new.recognised,
                json(&new.plan.layout),
                json(&new.plan.mapping),
                new.plan.phonebook,
                new.plan.known,
                json(new.columns),
                json(new.first),
                now,
            ))?;
        Ok(ImportId(self.conn.last_insert_rowid()))
    }

    /// Writes down what was decided; what was found before counts no more.
    pub fn plan_import(
        &self,
        id: ImportId,
        plan: &ImportPlan,
        (columns, first): (&[String], &[Vec<String>]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE imports SET layout = ?2, mapping = ?3, phonebook_id = ?4, known = ?5, columns = ?6, first = ?7, \
                 changed_at = ?8 WHERE id = ?1",
            )?
            .execute((
                id,
                json(&plan.layout),
                json(&plan.mapping),
                plan.phonebook,
                plan.known,
                json(columns),
                json(first),
                now,
            ))?;
        self.restart_import(id, ImportState::Uploaded, now)
    }

    /// Sets it to this state with nothing found yet.
    pub fn restart_import(&self, id: ImportId, state: ImportState, now: Timestamp) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM import_faults WHERE import_id = ?1")?.execute([id])?;
        self.note_progress(id, &Progress::default())?;
        self.set_import_state(id, state, None, now)
    }

    /// Sets its state; `problem`: why it failed.
    pub fn set_import_state(
        &self,
        id: ImportId,
        state: ImportState,
        problem: Option<&Wording>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let problem = problem.map(|problem| json(&(&problem.english, &problem.german)));
        self.conn
            .prepare_cached(
                "UPDATE imports SET state = ?2, problem = ?3, changed_at = ?4, begun_at = CASE WHEN ?2 = 'running' \
                 THEN coalesce(begun_at, ?4) ELSE begun_at END WHERE id = ?1",
            )?
            .execute((id, state, problem, now))?;
        Ok(())
    }

    /// Notes how far it came.
    pub fn note_progress(&self, id: ImportId, progress: &Progress) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE imports SET rows_total = ?2, rows_done = ?3, added = ?4, updated = ?5, skipped = ?6, faulty = ?7, \
                 faults = ?8 WHERE id = ?1",
            )?
            .execute((
                id,
                progress.total,
                progress.done,
                progress.added,
                progress.updated,
                progress.skipped,
                progress.faulty,
                progress.faults,
            ))?;
        Ok(())
    }

    /// Shows other first rows.
    pub fn set_import_first(&self, id: ImportId, rows: &[Vec<String>]) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE imports SET first = ?2 WHERE id = ?1")?.execute((id, json(rows)))?;
        Ok(())
    }

    /// Forgets faults that quote something.
    pub fn forget_faults_with(&self, quoted: &str) -> Result<usize, StoreError> {
        let sql = "DELETE FROM import_faults WHERE instr(en, ?1) > 0 OR instr(de, ?1) > 0";
        Ok(self.conn.prepare_cached(sql)?.execute([quoted])?)
    }

    /// Keeps faults, the first of them being the `nth` of the import.
    pub fn add_import_faults(&self, id: ImportId, nth: u64, faults: &[ImportFault]) -> Result<(), StoreError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT OR REPLACE INTO import_faults (import_id, nth, line, field, en, de) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (nth, fault) in (nth..=u64::from(FAULTS_KEPT)).zip(faults) {
            insert.execute((id, nth, fault.line, &fault.column, &fault.what.english, &fault.what.german))?;
        }
        Ok(())
    }

    /// Forgets an import. `false`: it is gone already.
    pub fn delete_import(&self, id: ImportId) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM imports WHERE id = ?1")?.execute([id])? == 1)
    }

    /// Forgets what is old: files nobody touched since `files`, imports that were never run with them, others since `rows`.
    pub fn forget_old_imports(&self, files: Timestamp, rows: Timestamp) -> Result<(), StoreError> {
        const IDLE: &str = "state NOT IN ('checking', 'running')";
        let never = format!("DELETE FROM imports WHERE {IDLE} AND begun_at IS NULL AND changed_at < ?1");
        let old = format!("DELETE FROM imports WHERE {IDLE} AND changed_at < ?1");
        let spools = format!("UPDATE imports SET spool = NULL WHERE {IDLE} AND spool IS NOT NULL AND changed_at < ?1");
        self.conn.prepare_cached(&never)?.execute([files])?;
        self.conn.prepare_cached(&old)?.execute([rows])?;
        self.conn.prepare_cached(&spools)?.execute([files])?;
        Ok(())
    }
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("texts in lists are JSON")
}
