//! Extensions: SIP users. Their passwords are sealed in the row and open in memory only.

use crate::domain::id::{ExtensionId, NumberId};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::store::edit::{EditError, called, in_use, named, one_row, open_conversations};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::{OptionalExtension, Row};

/// An extension as it stands in its row, its password opened.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its id.
    pub id: ExtensionId,
    /// What is dialled to reach it, and its SIP user name.
    pub number: String,
    /// Whose it is.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its SIP password.
    pub password: Secret,
    /// What it writes from when no session says otherwise.
    pub default_number: Option<NumberId>,
    /// Whether its phone once sent us a receipt, so that it understands ours.
    pub speaks_imdn: bool,
    /// Counts its edits.
    pub version: i64,
}

/// What people may set on an extension.
#[derive(Clone, Debug)]
pub struct ExtensionEdit {
    /// What is dialled to reach it.
    pub number: String,
    /// Whose it is.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// What it writes from when no session says otherwise.
    pub default_number: Option<NumberId>,
}

const COLUMNS: &str = "SELECT id, number, name, enabled, password, default_number_id, speaks_imdn, version \
                       FROM extensions";

impl Snapshot<'_> {
    /// All extensions, by number.
    pub fn extensions(&self) -> Result<Vec<Extension>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} ORDER BY number"))?;
        let rows = query.query_map([], half_read)?.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().map(|half| self.with_password(half)).collect()
    }

    /// The extension with this id.
    pub fn extension(&self, id: ExtensionId) -> Result<Option<Extension>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
        query.query_row([id], half_read).optional()?.map(|half| self.with_password(half)).transpose()
    }

    /// The extension with this number, switched on or not.
    pub fn extension_by_number(&self, number: &str) -> Result<Option<Extension>, StoreError> {
        let mut query = self.conn.prepare_cached(&format!("{COLUMNS} WHERE number = ?1"))?;
        query.query_row([number], half_read).optional()?.map(|half| self.with_password(half)).transpose()
    }

    /// How many texts wait for this extension's phone.
    pub fn texts_waiting_for(&self, extension: ExtensionId) -> Result<u32, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*) FROM deliveries WHERE state = 'queued' AND line = 'extension' AND extension_id = ?1",
        )?;
        Ok(query.query_row([extension], |row| row.get(0))?)
    }

    fn with_password(&self, (mut extension, sealed): (Extension, Vec<u8>)) -> Result<Extension, StoreError> {
        extension.password = self.sealer.open(&sealed)?;
        Ok(extension)
    }
}

fn half_read(row: &Row<'_>) -> rusqlite::Result<(Extension, Vec<u8>)> {
    let extension = Extension {
        id: row.get("id")?,
        number: row.get("number")?,
        name: row.get("name")?,
        enabled: row.get("enabled")?,
        password: Secret::default(),
        default_number: row.get("default_number_id")?,
        speaks_imdn: row.get("speaks_imdn")?,
        version: row.get("version")?,
    };
    Ok((extension, row.get("password")?))
}

impl Tx<'_> {
    /// Adds an extension.
    pub fn insert_extension(
        &self,
        edit: &ExtensionEdit,
        password: &Secret,
        now: Timestamp,
    ) -> Result<ExtensionId, EditError> {
        self.conn
            .prepare_cached(
                "INSERT INTO extensions (number, name, enabled, password, default_number_id, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                &edit.number,
                &edit.name,
                edit.enabled,
                self.sealer.seal(password.expose()),
                edit.default_number,
                now,
            ))
            .map_err(named("number", "default_number"))?;
        Ok(ExtensionId(self.conn.last_insert_rowid()))
    }

    /// Changes an extension that is still at `version`.
    pub fn update_extension(&self, id: ExtensionId, version: i64, edit: &ExtensionEdit) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE extensions SET number = ?3, name = ?4, enabled = ?5, default_number_id = ?6,
                        version = version + 1
                 WHERE id = ?1 AND version = ?2",
            )?
            .execute((id, version, &edit.number, &edit.name, edit.enabled, edit.default_number))
            .map_err(named("number", "default_number"))?;
        one_row(changed, self.extension(id)?.is_some())
    }

    /// Gives an extension a new SIP password.
    pub fn set_extension_password(&self, id: ExtensionId, password: &Secret) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached("UPDATE extensions SET password = ?2, version = version + 1 WHERE id = ?1")?
            .execute((id, self.sealer.seal(password.expose())))?;
        one_row(changed, changed > 0)
    }

    /// Refuses if it holds open conversations: switched off, it would hold what rings nowhere.
    pub fn holds_nothing(&self, id: ExtensionId) -> Result<(), EditError> {
        let extension = self.extension(id)?.ok_or(EditError::Missing)?;
        let held: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM sessions WHERE extension_id = ?1 AND state = 'held'")?
            .query_row([id], |row| row.get(0))?;
        if held == 0 {
            return Ok(());
        }
        let (number, held) = (extension.number, open_conversations(held));
        Err(EditError::InUse(Wording::new(
            format!("extension {number} holds {}: transfer or end them first, then switch it off", held.english),
            format!("Nebenstelle {number} ist noch Inhaber von {}: bitte zuerst weitergeben oder beenden", held.german),
        )))
    }

    /// Refuses if numbers lead to it: switched off, it would let customers' texts wait, and nobody would know.
    pub fn no_number_leads_to(&self, id: ExtensionId) -> Result<(), EditError> {
        let extension = self.extension(id)?.ok_or(EditError::Missing)?;
        let numbers = self.numbers_to(id)?;
        let (leads, to_it) = match numbers.len() {
            0 => return Ok(()),
            1 => ("a number leads", "führt eine Rufnummer"),
            _ => ("numbers lead", "führen Rufnummern"),
        };
        let named: Vec<_> = numbers.iter().take(10).map(String::as_str).collect();
        let (more, mehr) = if numbers.len() > named.len() { (" and more", " und weitere") } else { ("", "") };
        let (number, named) = (extension.number, named.join(", "));
        Err(EditError::InUse(Wording::new(
            format!("{leads} to extension {number}: {named}{more}; route elsewhere first, then switch it off"),
            format!("Zu Nebenstelle {number} {to_it}: {named}{mehr}; bitte zuerst umleiten, dann abschalten"),
        )))
    }

    fn numbers_to(&self, id: ExtensionId) -> Result<Vec<String>, EditError> {
        let mut query =
            self.conn.prepare_cached("SELECT address FROM numbers WHERE route_extension_id = ?1 ORDER BY address")?;
        Ok(query.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Deletes an extension that no number routes to and that holds no open session. Its past stays, without it.
    pub fn delete_extension(&self, id: ExtensionId) -> Result<(), EditError> {
        let extension = self.extension(id)?.ok_or(EditError::Missing)?;
        let mut users: Vec<_> =
            self.numbers_to(id)?.iter().map(|address| called("number", "Rufnummer", address)).collect();
        let open: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM sessions WHERE extension_id = ?1 AND state <> 'closed'")?
            .query_row([id], |row| row.get(0))?;
        if open > 0 {
            users.push(open_conversations(open));
        }
        in_use(&called("extension", "Nebenstelle", &extension.number), &users)?;
        self.conn.prepare_cached("UPDATE sessions SET extension_id = NULL WHERE extension_id = ?1")?.execute([id])?;
        self.conn.prepare_cached("DELETE FROM extensions WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
