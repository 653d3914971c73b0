//! Between rows and domain values: words that are not of the vocabulary are errors, never guesses.

use crate::store::error::StoreError;
use rusqlite::Row;

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
