//! Portal users. Passwords are kept as hashes only.

use crate::domain::id::{ExtensionId, UserId};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::user::{Language, Role, Theme};
use crate::store::edit::{EditError, named, one_row};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::{OptionalExtension, Row};

/// A user as it stands in its row.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// What it logs in with; case does not matter.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The extension it answers for.
    pub extension: Option<ExtensionId>,
    /// Argon2id, as a PHC string.
    pub password_hash: Secret,
    /// Whether its password was given to it and must be replaced.
    pub must_change_password: bool,
    /// Its language, if it chose one.
    pub language: Option<Language>,
    /// Its colours, if it chose some.
    pub theme: Option<Theme>,
    /// When it last logged in.
    pub last_login_at: Option<Timestamp>,
    /// Counts its edits.
    pub version: i64,
}

/// What an admin may set on a user.
#[derive(Clone, Debug)]
pub struct UserEdit {
    /// What it logs in with.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The extension it answers for.
    pub extension: Option<ExtensionId>,
}

const COLUMNS: &str = "SELECT id, name, role, extension_id, password_hash, must_change_password, language, theme, \
                       last_login_at, version FROM users";

impl Snapshot<'_> {
    /// All users, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} ORDER BY name"))?;
        Ok(query.query_map([], read)?.collect::<Result<_, _>>()?)
    }

    /// The user with this id.
    pub fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
        Ok(query.query_row([id], read).optional()?)
    }

    /// The user with this name, in any case.
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE name = ?1"))?;
        Ok(query.query_row([name], read).optional()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        role: row.get("role")?,
        extension: row.get("extension_id")?,
        password_hash: Secret::new(row.get::<_, String>("password_hash")?),
        must_change_password: row.get("must_change_password")?,
        language: row.get("language")?,
        theme: row.get("theme")?,
        last_login_at: row.get("last_login_at")?,
        version: row.get("version")?,
    })
}

impl Tx<'_> {
    /// Adds a user, who must change the password it is given.
    pub fn insert_user(&self, edit: &UserEdit, password_hash: &Secret, now: Timestamp) -> Result<UserId, EditError> {
        self.conn
            .prepare_cached(
                "INSERT INTO users (name, role, extension_id, password_hash, must_change_password, created_at)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5)",
            )?
            .execute((&edit.name, edit.role, edit.extension, password_hash.expose(), now))
            .map_err(named("name", "extension"))?;
        Ok(UserId(self.conn.last_insert_rowid()))
    }

    /// Changes a user that is still at `version`. The last admin stays one.
    pub fn update_user(&self, id: UserId, version: i64, edit: &UserEdit) -> Result<(), EditError> {
        if edit.role != Role::Admin {
            self.keep_an_admin(id)?;
        }
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE users SET name = ?3, role = ?4, extension_id = ?5, version = version + 1
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute((id, version, &edit.name, edit.role, edit.extension))
            .map_err(named("name", "extension"))?;
        one_row(changed, self.user(id)?.is_some())
    }

    /// Deletes a user, and its logins with it. The last admin stays.
    pub fn delete_user(&self, id: UserId) -> Result<(), EditError> {
        self.keep_an_admin(id)?;
        let gone = self.conn.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id])?;
        one_row(gone, false)
    }

    /// Gives a user another password.
    pub fn set_user_password(&self, id: UserId, hash: &Secret, must_change: bool) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE users SET password_hash = ?2, must_change_password = ?3, version = version + 1 WHERE id = ?1",
            )?
            .execute((id, hash.expose(), must_change))?;
        one_row(changed, false)
    }

    /// Notes what a user likes; `None` leaves it as it is.
    pub fn set_user_preferences(
        &self,
        id: UserId,
        language: Option<Language>,
        theme: Option<Theme>,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE users SET language = coalesce(?2, language), theme = coalesce(?3, theme) WHERE id = ?1",
            )?
            .execute((id, language, theme))?;
        Ok(())
    }

    fn keep_an_admin(&self, id: UserId) -> Result<(), EditError> {
        let last: bool = self
            .conn
            .prepare_cached(
                "SELECT coalesce((SELECT role = 'admin' FROM users WHERE id = ?1), 0)
                        AND NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND id <> ?1)",
            )?
            .query_row([id], |row| row.get(0))?;
        if last {
            return Err(EditError::InUse(
                (
                    "this is the only admin: without it nobody could change the settings; make another admin first",
                    "das ist der einzige Administrator: ohne ihn könnte niemand die Einstellungen ändern; bitte zuerst einen weiteren anlegen",
                )
                    .into(),
            ));
        }
        Ok(())
    }
}
