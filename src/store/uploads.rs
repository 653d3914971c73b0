//! Uploads: files that somebody put here and has not sent yet.

use crate::domain::id::{ExtensionId, UploadId, UserId};
use crate::domain::media::FileHash;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::files::{FILE, StoredFile, stored};
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};
use rusqlite::Row;

/// A file that somebody put here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// What people call it.
    pub name: String,
    /// The file.
    pub file: StoredFile,
    /// The extension whose phone put it here, if it was one.
    pub extension: Option<ExtensionId>,
    /// When.
    pub at: Timestamp,
}

/// Who put a file here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uploader<'a> {
    /// Somebody at the portal, or a program.
    User(UserId),
    /// A phone, which is told a secret address.
    Phone(ExtensionId, &'a str),
}

fn upload(row: &Row<'_>) -> Result<Upload, StoreError> {
    Ok(Upload {
        id: row.get("id")?,
        name: row.get("name")?,
        file: stored(row)?,
        extension: row.get("extension_id")?,
        at: row.get("at")?,
    })
}

const UPLOAD: &str = "SELECT u.id, u.name, u.extension_id, u.at";

impl Snapshot<'_> {
    /// A user's own upload.
    pub fn upload_of(&self, user: UserId, id: UploadId) -> Result<Option<Upload>, StoreError> {
        let sql = format!(
            "{UPLOAD}, {FILE} FROM uploads u JOIN files f ON f.hash = u.file_hash WHERE u.id = ?1 AND u.user_id = ?2"
        );
        first(&mut self.conn.prepare_cached(&sql)?.query((id, user))?, upload)
    }

    /// An upload, whoever put it here.
    pub fn upload_by_id(&self, id: UploadId) -> Result<Option<Upload>, StoreError> {
        let sql = format!("{UPLOAD}, {FILE} FROM uploads u JOIN files f ON f.hash = u.file_hash WHERE u.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, upload)
    }

    /// The upload of a phone with this secret address.
    pub fn upload_by_key(&self, key: &str) -> Result<Option<Upload>, StoreError> {
        let sql = format!("{UPLOAD}, {FILE} FROM uploads u JOIN files f ON f.hash = u.file_hash WHERE u.key = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([key])?, upload)
    }

    /// How many files somebody put here and has not sent, and their bytes.
    pub fn uploads_weigh(&self, by: Uploader<'_>) -> Result<(u32, u64), StoreError> {
        let (column, id) = match by {
            Uploader::User(user) => ("user_id", user.0),
            Uploader::Phone(extension, _) => ("extension_id", extension.0),
        };
        let sql = format!(
            "SELECT count(*), coalesce(sum(f.bytes), 0) FROM uploads u JOIN files f ON f.hash = u.file_hash \
             WHERE u.{column} = ?1"
        );
        Ok(self.conn.prepare_cached(&sql)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Uploads older than `before`.
    pub fn old_uploads(&self, before: Timestamp, at_most: usize) -> Result<Vec<UploadId>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT id FROM uploads WHERE at < ?1 ORDER BY at LIMIT ?2")?;
        all(query.query((before, at_most))?, |row| Ok(row.get(0)?))
    }
}

impl Tx<'_> {
    /// Notes an upload; the same file once more is another upload of it: each is used up by its own message.
    pub fn insert_upload(
        &self,
        by: Uploader<'_>,
        (hash, name): (&FileHash, &str),
        now: Timestamp,
    ) -> Result<UploadId, StoreError> {
        let (user, extension, key) = match by {
            Uploader::User(user) => (Some(user), None, None),
            Uploader::Phone(extension, key) => (None, Some(extension), Some(key)),
        };
        self.conn
            .prepare_cached(
                "INSERT INTO uploads (user_id, extension_id, key, file_hash, name, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((user, extension, key, hash, name, now))?;
        Ok(UploadId(self.conn.last_insert_rowid()))
    }

    /// Forgets an upload; its file goes when nobody needs it. `false`: it is gone already.
    pub fn delete_upload(&self, id: UploadId) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([id])? == 1)
    }
}
