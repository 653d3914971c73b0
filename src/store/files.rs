//! Files of the archive as rows: what each is, what was made of it, and which of them nobody needs any more.

use crate::domain::media::{FileFacts, FileHash, FitStep, FitWish};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};
use rusqlite::Row;

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name in the archive.
    pub hash: FileHash,
    /// What it is.
    pub facts: FileFacts,
    /// Whether a small picture of it lies beside it.
    pub has_thumb: bool,
}

/// What became of a file that was made to fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// It fits as this file, after these steps; none: it is the file itself.
    Fits(StoredFile, Vec<FitStep>),
    /// It does not, and why.
    Refused(Reason),
}

/// Columns of a file, of `f`, as [`stored`] reads them.
pub(in crate::store) const FILE: &str = "f.hash, f.media_type, f.bytes, f.width, f.height, f.count, f.thumb";

/// Reads the columns [`FILE`].
pub(in crate::store) fn stored(row: &Row<'_>) -> Result<StoredFile, StoreError> {
    Ok(StoredFile {
        hash: row.get("hash")?,
        facts: FileFacts {
            media_type: row.get("media_type")?,
            bytes: row.get("bytes")?,
            width: row.get("width")?,
            height: row.get("height")?,
            count: row.get("count")?,
        },
        has_thumb: row.get("thumb")?,
    })
}

impl Snapshot<'_> {
    /// A file.
    pub fn file(&self, hash: &FileHash) -> Result<Option<StoredFile>, StoreError> {
        let sql = format!("SELECT {FILE} FROM files f WHERE f.hash = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([hash])?, stored)
    }

    /// What became of a file under this wish, if it was tried.
    pub fn made_of(&self, hash: &FileHash, wish: &FitWish) -> Result<Option<Made>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT made_hash, steps, reason FROM fits WHERE file_hash = ?1 AND wish = ?2")?;
        let found = first(&mut query.query((hash, as_json(wish)))?, |row| {
            let steps = json::<Vec<FitStep>>(row, "steps")?.unwrap_or_default();
            Ok((row.get::<_, Option<FileHash>>("made_hash")?, steps, row.get::<_, Option<Reason>>("reason")?))
        })?;
        let Some((made, steps, reason)) = found else { return Ok(None) };
        if let Some(reason) = reason {
            return Ok(Some(Made::Refused(reason)));
        }
        let file = made.map(|made| self.file(&made)).transpose()?.flatten();
        Ok(file.map(|file| Made::Fits(file, steps)))
    }

    /// Files that nobody has needed since `before`: no attachment, no upload, no campaign.
    pub fn unneeded_files(&self, before: Timestamp, at_most: usize) -> Result<Vec<FileHash>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT hash FROM files f WHERE created_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM attachments WHERE file_hash = f.hash) \
             AND NOT EXISTS (SELECT 1 FROM uploads WHERE file_hash = f.hash) \
             AND NOT EXISTS (SELECT 1 FROM campaign_files WHERE file_hash = f.hash) ORDER BY created_at LIMIT ?2",
        )?;
        all(query.query((before, at_most))?, |row| Ok(row.get(0)?))
    }

    /// Whether the archive's file has a row.
    pub fn knows_file(&self, hash: &FileHash) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM files WHERE hash = ?1")?.exists([hash])?)
    }
}

impl Tx<'_> {
    /// Notes a file; one that is known already counts as needed anew.
    pub fn note_file(&self, file: &StoredFile, now: Timestamp) -> Result<(), StoreError> {
        let facts = &file.facts;
        self.conn
            .prepare_cached(
                "INSERT INTO files (hash, media_type, bytes, width, height, count, thumb, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                 ON CONFLICT (hash) DO UPDATE SET created_at = excluded.created_at, thumb = max(thumb, excluded.thumb)",
            )?
            .execute((
                &file.hash,
                facts.media_type,
                facts.bytes,
                facts.width,
                facts.height,
                facts.count,
                file.has_thumb,
                now,
            ))?;
        Ok(())
    }

    /// Notes what became of a file under a wish.
    pub fn note_made(&self, hash: &FileHash, wish: &FitWish, made: &Made, now: Timestamp) -> Result<(), StoreError> {
        let (made_hash, steps, reason) = match made {
            Made::Fits(file, steps) => (Some(&file.hash), as_json(steps), None),
            Made::Refused(reason) => (None, "[]".to_owned(), Some(reason)),
        };
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO fits (file_hash, wish, made_hash, steps, reason, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((hash, as_json(wish), made_hash, steps, reason, now))?;
        Ok(())
    }

    /// Forgets a file that nobody needs; `false` if somebody does after all.
    pub fn forget_file(&self, hash: &FileHash, before: Timestamp) -> Result<bool, StoreError> {
        let forgotten = self
            .conn
            .prepare_cached(
                "DELETE FROM files WHERE hash = ?1 AND created_at < ?2 \
                 AND NOT EXISTS (SELECT 1 FROM attachments WHERE file_hash = ?1) \
                 AND NOT EXISTS (SELECT 1 FROM uploads WHERE file_hash = ?1) \
                 AND NOT EXISTS (SELECT 1 FROM campaign_files WHERE file_hash = ?1)",
            )?
            .execute((hash, before))?;
        Ok(forgotten == 1)
    }
}

pub(in crate::store) fn as_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data")
}
