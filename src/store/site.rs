//! What is true of the whole site: a few named values.

use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};

/// The country whose way of dialling is understood, until the admin says otherwise.
const COUNTRY_DEFAULT: &str = "DE";

impl Snapshot<'_> {
    /// The site's country, two capital letters: how `0151…` is to be read.
    pub fn country(&self) -> Result<String, StoreError> {
        Ok(self.site("country")?.unwrap_or_else(|| COUNTRY_DEFAULT.to_owned()))
    }
}

impl Tx<'_> {
    /// Sets the value under this key.
    pub fn set_site(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO site (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?
            .execute((key, value))?;
        Ok(())
    }
}
