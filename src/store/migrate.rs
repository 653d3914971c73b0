//! The schema, brought up to date step by step: `user_version` counts the steps that were taken.
//! A shipped step is history; mend it with the next one. Before any step the database is copied.

use crate::store::error::OpenError;
use crate::store::open::copy_all;
use rusqlite::Connection;
use std::path::Path;

const STEPS: &[&str] = &[include_str!("migrations/0001_foundation.sql")];

/// Takes the steps that are missing, all in one transaction, after a copy of a database that has any.
pub fn bring_up_to_date(connection: &mut Connection, database: &Path) -> Result<(), OpenError> {
    let other = |error: rusqlite::Error| OpenError::Other { path: database.to_owned(), why: error.to_string() };
    let taken: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(other)?;
    if taken > STEPS.len() {
        return Err(OpenError::TooNew { path: database.to_owned(), found: taken, known: STEPS.len() });
    }
    if taken == STEPS.len() {
        return Ok(());
    }
    if taken > 0 {
        let copy = database.with_extension(format!("db.before-{}", taken + 1));
        let mut target = Connection::open(&copy).map_err(other)?;
        copy_all(connection, &mut target).map_err(other)?;
        tracing::info!("The database is brought from schema {taken} to {}; a copy is kept beside it", STEPS.len());
    }
    let transaction = connection.transaction().map_err(other)?;
    for step in &STEPS[taken..] {
        transaction.execute_batch(step).map_err(other)?;
    }
    transaction.pragma_update(None, "user_version", STEPS.len()).map_err(other)?;
    transaction.commit().map_err(other)
}
