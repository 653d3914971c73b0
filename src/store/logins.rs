//! Portal logins. Of a login's token only the SHA-256 is kept.

use crate::domain::id::{LoginId, UserId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::OptionalExtension;

/// One login.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Whose it is.
    pub user: UserId,
    /// When the password was given.
    pub created_at: Timestamp,
    /// When it was last used; noted coarsely.
    pub last_seen_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
}

impl Snapshot<'_> {
    /// The login whose token has this hash, ended or not.
    pub fn login_by_token_hash(&self, hash: &[u8; 32]) -> Result<Option<Login>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, user_id, created_at, last_seen_at, expires_at FROM logins WHERE token_hash = ?1",
        )?;
        let login = query.query_row([hash.as_slice()], |row| {
            Ok(Login {
                id: row.get("id")?,
                user: row.get("user_id")?,
                created_at: row.get("created_at")?,
                last_seen_at: row.get("last_seen_at")?,
                expires_at: row.get("expires_at")?,
            })
        });
        Ok(login.optional()?)
    }
}

impl Tx<'_> {
    /// Begins a login, and clears away the user's ended and surplus ones: at most `kept_max` stay.
    pub fn insert_login(
        &self,
        user: UserId,
        token_hash: &[u8; 32],
        address: &str,
        now: Timestamp,
        expires_at: Timestamp,
        kept_max: u32,
    ) -> Result<LoginId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO logins (token_hash, user_id, created_at, last_seen_at, expires_at, address)
                 VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
            )?
            .execute((token_hash.as_slice(), user, now, expires_at, address))?;
        let id = LoginId(self.conn.last_insert_rowid());
        self.conn
            .prepare_cached(
                "DELETE FROM logins WHERE user_id = ?1 AND (expires_at <= ?2 OR id NOT IN
                     (SELECT id FROM logins WHERE user_id = ?1 ORDER BY last_seen_at DESC, id DESC LIMIT ?3))",
            )?
            .execute((user, now, kept_max))?;
        self.conn.prepare_cached("UPDATE users SET last_login_at = ?2 WHERE id = ?1")?.execute((user, now))?;
        Ok(id)
    }

    /// A login was used: it lasts longer.
    pub fn extend_login(&self, id: LoginId, now: Timestamp, expires_at: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE logins SET last_seen_at = ?2, expires_at = ?3 WHERE id = ?1")?
            .execute((id, now, expires_at))?;
        Ok(())
    }

    /// Ends a login.
    pub fn delete_login(&self, id: LoginId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM logins WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Ends all logins of a user but this one.
    pub fn delete_other_logins(&self, user: UserId, but: Option<LoginId>) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM logins WHERE user_id = ?1 AND id IS NOT ?2")?.execute((user, but))?;
        Ok(())
    }
}
