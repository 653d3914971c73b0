//! Short links: addresses of a campaign's text that are counted on this machine's own host. Where each leads is written
//! when its message is filed, and never changes.

use crate::domain::id::{CampaignId, RecipientId};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};

/// A link of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortLink {
    /// The secret part of its address.
    pub token: String,
    /// Where it leads.
    pub target: String,
}

/// Where a link leads, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    /// Where it leads.
    pub target: String,
    /// Whose.
    pub recipient: RecipientId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// How often an address of a campaign was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCount {
    /// The address.
    pub target: String,
    /// How often.
    pub clicks: u64,
    /// By how many people.
    pub people: u64,
}

impl Snapshot<'_> {
    /// Where a link leads.
    pub fn short_link(&self, token: &str) -> Result<Option<LinkTarget>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT l.target, l.recipient_id, r.campaign_id, l.expires_at FROM short_links l \
             JOIN recipients r ON r.id = l.recipient_id WHERE l.token = ?1",
        )?;
        first(&mut query.query([token])?, |row| {
            Ok(LinkTarget {
                target: row.get(0)?,
                recipient: row.get(1)?,
                campaign: row.get(2)?,
                expires_at: row.get(3)?,
            })
        })
    }

    /// The links of one recipient.
    pub fn short_links_of(&self, recipient: RecipientId) -> Result<Vec<ShortLink>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT token, target FROM short_links WHERE recipient_id = ?1 ORDER BY token")?;
        all(query.query([recipient])?, |row| Ok(ShortLink { token: row.get(0)?, target: row.get(1)? }))
    }

    /// How often each address of a campaign was opened, the most opened first.
    pub fn link_counts(&self, campaign: CampaignId, at_most: usize) -> Result<Vec<LinkCount>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT l.target, sum(l.clicks), count(*) FILTER (WHERE l.clicks > 0) FROM recipients r \
             JOIN short_links l ON l.recipient_id = r.id WHERE r.campaign_id = ?1 \
             GROUP BY l.target ORDER BY 2 DESC, 1 LIMIT ?2",
        )?;
        all(query.query((campaign, at_most))?, |row| {
            Ok(LinkCount { target: row.get(0)?, clicks: row.get(1)?, people: row.get(2)? })
        })
    }
}

impl Tx<'_> {
    /// Keeps the links of one recipient; one that is there already gets more time.
    pub fn keep_short_links(
        &self,
        recipient: RecipientId,
        links: &[ShortLink],
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO short_links (token, recipient_id, target, expires_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (token) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at) \
             WHERE recipient_id = excluded.recipient_id",
        )?;
        for link in links {
            insert.execute((&link.token, recipient, &link.target, expires_at))?;
        }
        Ok(())
    }

    /// Somebody opened a link; `false`: it is gone.
    pub fn count_click(&self, token: &str, recipient: RecipientId, now: Timestamp) -> Result<bool, StoreError> {
        let clicked = self
            .conn
            .prepare_cached("UPDATE short_links SET clicks = clicks + 1, clicked_at = ?2 WHERE token = ?1")?
            .execute((token, now))?;
        self.conn
            .prepare_cached(
                "UPDATE recipients SET clicks = clicks + 1, clicked_at = coalesce(clicked_at, ?2) WHERE id = ?1",
            )?
            .execute((recipient, now))?;
        Ok(clicked == 1)
    }
}
