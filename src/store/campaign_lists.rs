//! Tables of recipients that somebody uploaded for a campaign: how each is read, its rows, and its bytes to read it anew.

use crate::domain::address::Address;
use crate::domain::id::{CampaignId, ListId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::files::as_json;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};
use crate::tabular::layout::Layout;
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A table of recipients.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignList {
    /// Its id.
    pub id: ListId,
    /// The campaign it belongs to.
    pub campaign: CampaignId,
    /// What its file was called.
    pub name: String,
    /// How it is read, and what came of it.
    pub about: ListAbout,
}

/// How a table is read, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListAbout {
    /// How it is written.
    pub layout: Layout,
    /// Its columns, in their order.
    pub columns: Vec<ListColumn>,
    /// The column of the number, from 0.
    pub number_column: usize,
    /// The column of the name, from 0.
    pub name_column: Option<usize>,
    /// Whether it is still being read; so it stays if that broke off.
    pub reading: bool,
    /// Rows.
    pub rows: u64,
    /// Those with a number that can be read.
    pub good: u64,
    /// Those without, and lines that could not be read at all.
    pub faulty: u64,
    /// The first of them.
    pub faults: Vec<ListFault>,
    /// The first rows, as they stand there.
    pub first: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListColumn {
    /// As the table calls it.
    pub name: String,
    /// As a variable.
    pub variable: String,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFault {
    /// Which, from 1.
    pub line: u64,
    /// What stands there, shortened.
    pub given: String,
    /// What is wrong, in English.
    pub en: String,
    /// The same in German.
    pub de: String,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// The line it begins on.
    pub line: u64,
    /// The number as it stands there.
    pub given: String,
    /// As it is written to; `None`: it cannot be read.
    pub address: Option<Address>,
    /// Its cells, by variable.
    pub variables: BTreeMap<String, String>,
}

const LIST: &str = "SELECT id, campaign_id, name, columns FROM campaign_lists";

fn list(row: &Row<'_>) -> Result<CampaignList, StoreError> {
    let about = json(row, "columns")?.ok_or_else(|| StoreError::Unreadable("a list without columns".into()))?;
    Ok(CampaignList { id: row.get("id")?, campaign: row.get("campaign_id")?, name: row.get("name")?, about })
}

impl Snapshot<'_> {
    /// The lists of a campaign, as they came.
    pub fn campaign_lists(&self, campaign: CampaignId) -> Result<Vec<CampaignList>, StoreError> {
        let sql = format!("{LIST} WHERE campaign_id = ?1 ORDER BY id");
        all(self.conn.prepare_cached(&sql)?.query([campaign])?, list)
    }

    /// A list of a campaign.
    pub fn campaign_list(&self, campaign: CampaignId, id: ListId) -> Result<Option<CampaignList>, StoreError> {
        let sql = format!("{LIST} WHERE campaign_id = ?1 AND id = ?2");
        first(&mut self.conn.prepare_cached(&sql)?.query((campaign, id))?, list)
    }

    /// The lists in which somebody stands.
    pub fn lists_with(&self, address: &Address) -> Result<Vec<CampaignList>, StoreError> {
        let sql = format!("{LIST} WHERE id IN (SELECT list_id FROM campaign_list_rows WHERE address = ?1)");
        all(self.conn.prepare_cached(&sql)?.query([address])?, list)
    }

    /// Rows of a list behind this line.
    pub fn list_rows(&self, list: ListId, after: u64, at_most: usize) -> Result<Vec<ListRow>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT line, given, address, variables FROM campaign_list_rows WHERE list_id = ?1 AND line > ?2 \
             ORDER BY line LIMIT ?3",
        )?;
        all(query.query((list, after, at_most))?, |row| {
            Ok(ListRow {
                line: row.get("line")?,
                given: row.get("given")?,
                address: row.get("address")?,
                variables: json(row, "variables")?.unwrap_or_default(),
            })
        })
    }

    /// A piece of a list's bytes; `None` behind the last.
    pub fn list_part(&self, list: ListId, position: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT bytes FROM campaign_list_parts WHERE list_id = ?1 AND position = ?2")?;
        Ok(query.query_row((list, position), |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// Notes a list.
    pub fn insert_list(
        &self,
        campaign: CampaignId,
        name: &str,
        about: &ListAbout,
        now: Timestamp,
    ) -> Result<ListId, StoreError> {
        self.conn
            .prepare_cached("INSERT INTO campaign_lists (campaign_id, name, columns, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute((campaign, name, as_json(about), now))?;
        Ok(ListId(self.conn.last_insert_rowid()))
    }

    /// Changes how a list is read, and what came of it; `false`: it is gone.
    pub fn set_list(&self, id: ListId, about: &ListAbout) -> Result<bool, StoreError> {
        let changed = self
            .conn
            .prepare_cached("UPDATE campaign_lists SET columns = ?2 WHERE id = ?1")?
            .execute((id, as_json(about)))?;
        Ok(changed == 1)
    }

    /// Keeps a piece of a list's bytes.
    pub fn insert_list_part(&self, id: ListId, position: u32, bytes: &[u8]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT INTO campaign_list_parts (list_id, position, bytes) VALUES (?1, ?2, ?3)")?
            .execute((id, position, bytes))?;
        Ok(())
    }

    /// Forgets the bytes of a list: it stays as it was read.
    pub fn forget_list_parts(&self, id: ListId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM campaign_list_parts WHERE list_id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Keeps rows of a list.
    pub fn insert_list_rows(&self, id: ListId, rows: &[ListRow]) -> Result<(), StoreError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT OR REPLACE INTO campaign_list_rows (list_id, line, given, address, variables) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for row in rows {
            insert.execute((id, row.line, &row.given, &row.address, as_json(&row.variables)))?;
        }
        Ok(())
    }

    /// Forgets so many rows of a list, to read it anew or before it is deleted; how many there were.
    pub fn forget_list_rows(&self, id: ListId, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM campaign_list_rows WHERE list_id = ?1 AND line IN \
                 (SELECT line FROM campaign_list_rows WHERE list_id = ?1 ORDER BY line LIMIT ?2)",
            )?
            .execute((id, at_most))?)
    }

    /// Deletes a list, with its bytes and what rows are left.
    pub fn delete_list(&self, id: ListId) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM campaign_lists WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
