//! The list of refusals as people see it: searched, page by page, and what is written to a file.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::id::{ChannelId, NumberId, OptOutId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::words::{all, first, word};
use rusqlite::{Row, named_params};

/// What the list is asked for.
#[derive(Clone, Debug, Default)]
pub struct OptOutsWanted {
    /// Part of an address or name.
    pub q: Option<String>,
    /// Only known from there.
    pub source: Option<OptOutSource>,
    /// Only those that stand, or only those taken back.
    pub active: Option<bool>,
    /// Only older than this one.
    pub after: Option<OptOutId>,
    /// How many at most.
    pub limit: u32,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct OptOutRow {
    /// Its id.
    pub id: OptOutId,
    /// Who; `None`: the person was erased.
    pub address: Option<Address>,
    /// What they are called, in a phonebook or by themselves.
    pub name: Option<String>,
    /// How far it reaches; a number or channel that is gone is `None`.
    pub scope: Option<Scope>,
    /// The word of its scope.
    pub reach: String,
    /// What its channel speaks.
    pub kind: Option<ChannelKind>,
    /// To which number of ours it was said.
    pub our_address: Option<Address>,
    /// Of which channel, as it was called then.
    pub channel_name: Option<String>,
    /// Only advertising is meant.
    pub marketing_only: bool,
    /// Where we know it from.
    pub source: OptOutSource,
    /// What was said or pressed.
    pub words: Option<String>,
    /// A remark.
    pub note: String,
    /// Who noted it.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
    /// By whom; nobody: by the person.
    pub withdrawn_by: Option<String>,
    /// In which words, or why.
    pub withdrawn_words: Option<String>,
}

/// One of our numbers and where it is.
#[derive(Clone, Debug)]
pub struct NumberPlace {
    /// The number.
    pub number: NumberId,
    /// Its address.
    pub address: Address,
    /// Its channel.
    pub channel: ChannelId,
    /// What that is called.
    pub channel_name: String,
}

const ROW: &str = "SELECT o.id, o.address, coalesce((SELECT nullif(trim(t.first_name || ' ' || t.last_name), '') \
     FROM contact_numbers m JOIN contacts t ON t.id = m.contact_id WHERE m.address = o.address LIMIT 1), \
     (SELECT p.name FROM peer_addresses a JOIN peers p ON p.id = a.peer_id WHERE a.address = o.address)) AS name, \
     o.scope, o.kind, o.our_address, o.channel_id, o.channel_name, o.marketing_only, o.source, o.words, o.note, \
     o.by_name, o.at, o.withdrawn_at, o.withdrawn_by, o.withdrawn_words, \
     (SELECT n.id FROM numbers n JOIN channels c ON c.id = n.channel_id \
      WHERE n.address = o.our_address AND c.kind = o.kind LIMIT 1) AS number_id FROM opt_outs o";

fn row(row: &Row<'_>) -> Result<OptOutRow, StoreError> {
    let reach: String = row.get("scope")?;
    let channel: Option<ChannelId> = row.get("channel_id")?;
    let scope = match reach.as_str() {
        "number" => row.get::<_, Option<_>>("number_id")?.map(|number| Scope::Number { number }),
        "channel" => channel.map(|channel| Scope::Channel { channel }),
        _ => Some(Scope::Everything),
    };
    Ok(OptOutRow {
        id: row.get("id")?,
        address: row.get("address")?,
        name: row.get("name")?,
        scope,
        reach,
        kind: row.get("kind")?,
        our_address: row.get("our_address")?,
        channel_name: row.get("channel_name")?,
        marketing_only: row.get("marketing_only")?,
        source: word(row, "source", OptOutSource::from_word)?,
        words: row.get("words")?,
        note: row.get("note")?,
        by: row.get("by_name")?,
        at: row.get("at")?,
        withdrawn_at: row.get("withdrawn_at")?,
        withdrawn_by: row.get("withdrawn_by")?,
        withdrawn_words: row.get("withdrawn_words")?,
    })
}

impl Snapshot<'_> {
    /// A page of the list, newest first.
    pub fn opt_outs(&self, wanted: &OptOutsWanted) -> Result<Vec<OptOutRow>, StoreError> {
        let sql = format!(
            "{ROW} WHERE (:after IS NULL OR o.id < :after) AND (:source IS NULL OR o.source = :source) \
             AND (:active IS NULL OR (o.withdrawn_at IS NULL) = :active) \
             AND (:q IS NULL OR instr(lower(coalesce(o.address, '')), :q) > 0 OR instr(lower(coalesce(name, '')), :q) > 0 \
                  OR instr(lower(coalesce(o.words, '')), :q) > 0 OR (:digits <> '' AND instr(o.address, :digits) > 0)) \
             ORDER BY o.id DESC LIMIT :limit"
        );
        let q = wanted.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        // As it is dialled, `0171…`, stands in the address without the zero.
        let digits =
            q.as_deref().map(|q| q.chars().filter(char::is_ascii_digit).collect::<String>()).unwrap_or_default();
        let digits = if digits.len() >= 3 { digits.trim_start_matches('0').to_owned() } else { String::new() };
        all(
            self.conn.prepare_cached(&sql)?.query(named_params! {
                ":after": wanted.after, ":source": wanted.source, ":active": wanted.active, ":q": q, ":digits": digits,
                ":limit": wanted.limit,
            })?,
            row,
        )
    }

    /// One line of the list.
    pub fn opt_out(&self, id: OptOutId) -> Result<Option<OptOutRow>, StoreError> {
        let sql = format!("{ROW} WHERE o.id = ?1");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, row)
    }

    /// Our numbers, each with its channel: what a list's scopes are read by.
    pub fn number_places(&self) -> Result<Vec<NumberPlace>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT n.id, n.address, c.id, c.name FROM numbers n JOIN channels c ON c.id = n.channel_id ORDER BY n.id",
        )?;
        all(query.query([])?, |row| {
            Ok(NumberPlace {
                number: row.get(0)?,
                address: row.get(1)?,
                channel: row.get(2)?,
                channel_name: row.get(3)?,
            })
        })
    }

    /// All that an address ever refused, newest first.
    pub fn opt_outs_of(&self, address: &Address, at_most: u32) -> Result<Vec<OptOutRow>, StoreError> {
        let (key, digest) = self.opt_out_keys(address);
        let sql = format!(
            "{ROW} WHERE o.id IN (SELECT opt_out_id FROM opt_out_keys WHERE key IN (?1, ?2)) ORDER BY o.id DESC LIMIT ?3"
        );
        all(self.conn.prepare_cached(&sql)?.query((key, digest, at_most))?, row)
    }
}
