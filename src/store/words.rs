//! Between rows and domain values: words that are not of the vocabulary are errors, never guesses.

use crate::store::error::StoreError;
use rusqlite::Row;
use rusqlite::types::FromSql;
use std::cell::Cell;

/// A row read column after column, in the order of its SELECT: looking for each by its name costs as much as the query.
pub struct InOrder<'a, 'r> {
    row: &'a Row<'r>,
    at: Cell<usize>,
}

impl<'a, 'r> InOrder<'a, 'r> {
    /// From the first column on.
    pub fn of(row: &'a Row<'r>) -> InOrder<'a, 'r> {
        InOrder { row, at: Cell::new(0) }
    }

    /// The next column.
    pub fn next<T: FromSql>(&self) -> rusqlite::Result<T> {
        self.row.get(self.at.replace(self.at.get() + 1))
    }

    /// The next column, a word that is read with `read`.
    pub fn word<T>(&self, read: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let at = self.at.replace(self.at.get() + 1);
        let text = self.row.get_ref(at)?.as_str().map_err(|error| self.unreadable(at, &error.to_string()))?;
        read(text).ok_or_else(|| self.unreadable(at, &format!("{text:?}")))
    }

    /// The next column, JSON or nothing.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>, StoreError> {
        let at = self.at.replace(self.at.get() + 1);
        let text = self.row.get_ref(at)?.as_str_or_null().map_err(|error| self.unreadable(at, &error.to_string()))?;
        text.map(|text| serde_json::from_str(text).map_err(|error| self.unreadable(at, &error.to_string()))).transpose()
    }

    fn unreadable(&self, at: usize, why: &str) -> StoreError {
        StoreError::Unreadable(format!("{} {why}", self.row.as_ref().column_name(at).unwrap_or("a column")))
    }
}

/// Reads a word with `read`, naming the column when it is not of the vocabulary.
pub fn word<T>(row: &Row<'_>, column: &str, read: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| StoreError::Unreadable(format!("{column} {text:?}")))
}

/// Reads JSON from a column that may be empty.
pub fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|error| StoreError::Unreadable(format!("{column}: {error}"))))
        .transpose()
}

/// The first row, mapped with a function that may refuse.
pub fn first<T>(
    rows: &mut rusqlite::Rows<'_>,
    map: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    rows.next()?.map(map).transpose()
}

/// All rows, mapped with a function that may refuse.
pub fn all<T>(
    mut rows: rusqlite::Rows<'_>,
    map: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(map(row)?);
    }
    Ok(found)
}
