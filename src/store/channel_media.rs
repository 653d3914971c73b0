//! What a channel takes of files, and whether a number can send them.

use crate::domain::address::Address;
use crate::domain::channel::{ChannelKind, SenderClass};
use crate::domain::id::{ChannelId, NumberId, TrunkId};
use crate::domain::media_rules::{ChannelMedia, Mms};
use crate::store::error::StoreError;
use crate::store::files::as_json;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};

/// A number of ours, as far as files are concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaSender {
    /// Its id.
    pub number: NumberId,
    /// Its channel.
    pub channel: ChannelId,
    /// The trunk under that.
    pub trunk: TrunkId,
    /// The number itself.
    pub address: Address,
    /// What its channel speaks.
    pub kind: ChannelKind,
    /// What kind of sender it is.
    pub class: SenderClass,
    /// Whether it can send MMS, as its admin says.
    pub mms: Mms,
    /// What its channel takes.
    pub rules: ChannelMedia,
}

impl Snapshot<'_> {
    /// What a channel takes of files.
    pub fn channel_media(&self, channel: ChannelId) -> Result<ChannelMedia, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT rules FROM channel_media WHERE channel_id = ?1")?;
        let rules = first(&mut query.query([channel])?, |row| json(row, "rules"))?;
        Ok(rules.flatten().unwrap_or_default())
    }

    /// A number of ours, as far as files are concerned.
    pub fn media_sender(&self, number: NumberId) -> Result<Option<MediaSender>, StoreError> {
        Ok(self.media_senders_where("n.id = ?1", [number])?.pop())
    }

    /// All numbers of ours, as far as files are concerned.
    pub fn media_senders(&self) -> Result<Vec<MediaSender>, StoreError> {
        self.media_senders_where("1", [])
    }

    fn media_senders_where(&self, which: &str, values: impl rusqlite::Params) -> Result<Vec<MediaSender>, StoreError> {
        let sql = format!(
            "SELECT n.id, n.channel_id, c.trunk_id, n.address, c.kind, n.sender_class, n.mms, r.rules FROM numbers n \
             JOIN channels c ON c.id = n.channel_id LEFT JOIN channel_media r ON r.channel_id = c.id WHERE {which}"
        );
        all(self.conn.prepare_cached(&sql)?.query(values)?, |row| {
            Ok(MediaSender {
                number: row.get(0)?,
                channel: row.get(1)?,
                trunk: row.get(2)?,
                address: row.get(3)?,
                kind: row.get(4)?,
                class: row.get(5)?,
                mms: row.get(6)?,
                rules: json(row, "rules")?.unwrap_or_default(),
            })
        })
    }
}

impl Tx<'_> {
    /// Sets what a channel takes of files.
    pub fn set_channel_media(&self, channel: ChannelId, rules: &ChannelMedia) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO channel_media (channel_id, rules) VALUES (?1, ?2)")?
            .execute((channel, as_json(rules)))?;
        Ok(())
    }
}
