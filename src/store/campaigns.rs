//! Campaigns: their plans, where they stand, how many lines of their ledger are in which state.

use crate::domain::address::Address;
use crate::domain::campaign::{CampaignStatus, Plan, SenderPick};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{CampaignId, ChannelId, NumberId, UserId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::files::as_json;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, json};
use rusqlite::{Row, named_params};

/// A campaign without its plan, which may be long.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// What the house calls it.
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Over which channel.
    pub channel: Option<ChannelId>,
    /// Who it is from.
    pub sender: Option<SenderPick>,
    /// The zone of the time at which it begins.
    pub zone: Option<String>,
    /// Why it stopped, or waits.
    pub reason: Option<Reason>,
    /// Whose limits count.
    pub by_user: Option<UserId>,
    /// What its author was called then.
    pub by_name: String,
    /// What it was duplicated or repeated from.
    pub copy_of: Option<CampaignId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins by itself.
    pub due_at: Option<Timestamp>,
    /// Its place among those that wait for the channel.
    pub queued_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When nothing was left to send.
    pub ended_at: Option<Timestamp>,
    /// Goes up with each edit.
    pub version: i64,
}

/// How a campaign that was launched stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Somebody is just filling its ledger.
    pub launching: bool,
    /// Its ledger is complete.
    pub frozen: bool,
    /// What is sent now failed before.
    pub retries: bool,
    /// Its next time is planned.
    pub repeated: bool,
    /// How many failed since the last one that did not.
    pub failures_in_row: u32,
    /// When it goes on by itself.
    pub try_again_at: Option<Timestamp>,
}

/// Lines of a ledger by state; the sum is all there are. What is beside the states is counted beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the states of domain/delivery.rs")]
pub struct Counts {
    pub waiting: u32,
    pub queued: u32,
    pub sending: u32,
    pub sent: u32,
    pub delivered: u32,
    pub read: u32,
    pub failed: u32,
    pub undelivered: u32,
    pub uncertain: u32,
    pub skipped: u32,
    pub cancelled: u32,
    pub replied: u32,
    pub opted_out: u32,
    pub clicked: u32,
}

impl Counts {
    /// All lines.
    pub fn all(&self) -> u32 {
        self.open()
            + self.sent
            + self.delivered
            + self.read
            + self.failed
            + self.undelivered
            + self.uncertain
            + self.skipped
            + self.cancelled
    }

    /// Lines that are still to be sent, or just being sent.
    pub fn open(&self) -> u32 {
        self.waiting + self.queued + self.sending
    }

    fn set(&mut self, what: &str, lines: u32) {
        let place = match what {
            "waiting" => &mut self.waiting,
            "queued" => &mut self.queued,
            "sending" => &mut self.sending,
            "sent" => &mut self.sent,
            "delivered" => &mut self.delivered,
            "read" => &mut self.read,
            "failed" => &mut self.failed,
            "undelivered" => &mut self.undelivered,
            "uncertain" => &mut self.uncertain,
            "skipped" => &mut self.skipped,
            "cancelled" => &mut self.cancelled,
            "replied" => &mut self.replied,
            "opted_out" => &mut self.opted_out,
            "clicked" => &mut self.clicked,
            _ => return,
        };
        *place = lines;
    }
}

/// A channel's name and kind, and a number's address.
pub type Labels = (Option<(String, ChannelKind)>, Option<Address>);

/// What a list of campaigns is asked for.
#[derive(Clone, Debug, Default)]
pub struct CampaignsWanted {
    /// Only in this status.
    pub status: Option<CampaignStatus>,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Part of the name.
    pub q: Option<String>,
    /// Only older ones than this.
    pub before: Option<CampaignId>,
    /// How many at most.
    pub limit: u32,
}

const CAMPAIGN: &str = "c.id, c.name, c.status, c.channel_id, c.sender, c.zone, c.reason, c.by_user_id, c.by_name, c.copy_of, c.created_at, \
     c.due_at, c.queued_at, c.started_at, c.ended_at, c.version";

fn campaign(row: &Row<'_>) -> Result<Campaign, StoreError> {
    Ok(Campaign {
        id: row.get("id")?,
        name: row.get("name")?,
        status: row.get("status")?,
        channel: row.get("channel_id")?,
        sender: json(row, "sender")?,
        zone: row.get("zone")?,
        reason: json(row, "reason")?,
        by_user: row.get("by_user_id")?,
        by_name: row.get("by_name")?,
        copy_of: row.get("copy_of")?,
        created_at: row.get("created_at")?,
        due_at: row.get("due_at")?,
        queued_at: row.get("queued_at")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        version: row.get("version")?,
    })
}

impl Snapshot<'_> {
    /// One campaign.
    pub fn campaign(&self, id: CampaignId) -> Result<Option<Campaign>, StoreError> {
        let sql = format!("SELECT {CAMPAIGN} FROM campaigns c WHERE c.id = ?1 AND c.deleted_at IS NULL");
        first(&mut self.conn.prepare_cached(&sql)?.query([id])?, campaign)
    }

    /// How it stands; for a draft: not at all.
    pub fn campaign_run(&self, id: CampaignId) -> Result<Run, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT launching, frozen, retries, repeated, failures_in_row, try_again_at FROM campaign_runs \
             WHERE campaign_id = ?1",
        )?;
        let found = first(&mut query.query([id])?, |row| {
            Ok(Run {
                launching: row.get(0)?,
                frozen: row.get(1)?,
                retries: row.get(2)?,
                repeated: row.get(3)?,
                failures_in_row: row.get(4)?,
                try_again_at: row.get(5)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// A page of the campaigns, the newest first.
    pub fn campaigns_page(&self, wanted: &CampaignsWanted) -> Result<Vec<Campaign>, StoreError> {
        let sql = format!(
            "SELECT {CAMPAIGN} FROM campaigns c WHERE c.deleted_at IS NULL AND (:status IS NULL OR c.status = :status) \
             AND (:channel IS NULL OR c.channel_id = :channel) AND (:q IS NULL OR instr(lower(c.name), :q) > 0) \
             AND (:before IS NULL OR c.id < :before) ORDER BY c.id DESC LIMIT :limit"
        );
        let q = wanted.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        let values = named_params! {
            ":status": wanted.status, ":channel": wanted.channel, ":q": q, ":before": wanted.before,
            ":limit": wanted.limit,
        };
        all(self.conn.prepare_cached(&sql)?.query(values)?, campaign)
    }

    /// Campaigns in a status, in the order in which they are served.
    pub fn campaigns_in(&self, status: CampaignStatus) -> Result<Vec<Campaign>, StoreError> {
        let sql = format!(
            "SELECT {CAMPAIGN} FROM campaigns c WHERE c.status = ?1 AND c.deleted_at IS NULL \
             ORDER BY coalesce(c.queued_at, c.due_at, 0), c.id LIMIT 1000"
        );
        all(self.conn.prepare_cached(&sql)?.query([status])?, campaign)
    }

    /// The names of campaigns that begin like this.
    pub fn campaign_names_from(&self, start: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM campaigns WHERE deleted_at IS NULL AND substr(name, 1, length(?1)) = ?1";
        all(self.conn.prepare_cached(sql)?.query([start])?, |row| Ok(row.get(0)?))
    }

    /// How many campaigns there are.
    pub fn campaigns_kept(&self) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM campaigns WHERE deleted_at IS NULL";
        Ok(self.conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// How many stand before a pending one.
    pub fn campaign_position(&self, id: CampaignId) -> Result<u32, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*) FROM campaigns o JOIN campaigns c ON c.id = ?1 WHERE o.channel_id = c.channel_id \
             AND (o.status IN ('executing', 'retrying') OR (o.status = 'pending' \
                  AND (o.queued_at, o.id) < (c.queued_at, c.id)))",
        )?;
        Ok(query.query_row([id], |row| row.get(0))?)
    }

    /// The campaign of a channel that executes.
    pub fn executing_on(&self, channel: ChannelId) -> Result<Option<CampaignId>, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT id FROM campaigns WHERE channel_id = ?1 AND status IN ('executing', 'retrying')")?;
        first(&mut query.query([channel])?, |row| Ok(row.get(0)?))
    }

    /// The figures of a campaign.
    pub fn campaign_counts(&self, id: CampaignId) -> Result<Counts, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT what, lines FROM campaign_counts WHERE campaign_id = ?1")?;
        let mut counts = Counts::default();
        let mut rows = query.query([id])?;
        while let Some(row) = rows.next()? {
            counts.set(row.get_ref(0)?.as_str().unwrap_or_default(), row.get(1)?);
        }
        Ok(counts)
    }

    /// Campaigns whose ledgers may move: those that send, and those that ended since.
    pub fn lively_campaigns(&self, since: Timestamp) -> Result<Vec<CampaignId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id FROM campaigns WHERE status IN ('executing', 'retrying', 'paused', 'stop', 'cancelled', 'completed') \
             AND (ended_at IS NULL OR ended_at > ?1) AND deleted_at IS NULL ORDER BY id DESC LIMIT 200",
        )?;
        all(query.query([since])?, |row| Ok(row.get(0)?))
    }

    /// Campaigns that ended before, or are to be deleted anyway.
    pub fn campaigns_to_forget(&self, ended_before: Option<Timestamp>) -> Result<Vec<CampaignId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id FROM campaigns WHERE deleted_at IS NOT NULL \
             OR (status IN ('completed', 'cancelled') AND ended_at < ?1) ORDER BY id LIMIT 20",
        )?;
        all(query.query([ended_before])?, |row| Ok(row.get(0)?))
    }

    /// Drafts with lines in their ledgers: a launch was broken off.
    pub fn drafts_with_ledgers(&self) -> Result<Vec<CampaignId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id FROM campaigns c WHERE status = 'draft' \
             AND EXISTS (SELECT 1 FROM recipients r WHERE r.campaign_id = c.id) LIMIT 100",
        )?;
        all(query.query([])?, |row| Ok(row.get(0)?))
    }

    /// Cancelled campaigns with lines that still wait.
    pub fn cancelled_with_waiting(&self) -> Result<Vec<CampaignId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT c.id FROM campaign_counts k JOIN campaigns c ON c.id = k.campaign_id \
             WHERE k.what = 'waiting' AND k.lines > 0 AND c.status = 'cancelled' LIMIT 20",
        )?;
        all(query.query([])?, |row| Ok(row.get(0)?))
    }

    /// Campaigns that were halted or ended while a line of theirs was under way: how many still are. What a carrier did not
    /// take comes back into the outbox, and must not leave from there.
    pub fn halted_with_queued(&self) -> Result<Vec<(CampaignId, u32)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT c.id, sum(CASE WHEN k.what = 'sending' THEN k.lines ELSE 0 END) FROM campaigns c \
             JOIN campaign_counts k ON k.campaign_id = c.id WHERE c.status IN ('paused', 'stop', 'cancelled') \
             AND k.what IN ('queued', 'sending') AND k.lines > 0 GROUP BY c.id LIMIT 100",
        )?;
        all(query.query([])?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Stopped campaigns that go on by themselves now.
    pub fn campaigns_to_try_again(&self, now: Timestamp) -> Result<Vec<CampaignId>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT c.id FROM campaign_runs r JOIN campaigns c ON c.id = r.campaign_id \
             WHERE r.try_again_at <= ?1 AND c.status = 'stop' AND c.deleted_at IS NULL LIMIT 100",
        )?;
        all(query.query([now])?, |row| Ok(row.get(0)?))
    }

    /// What a list says of channel and sender: the channel's name and kind, the number's address.
    pub fn campaign_labels(&self, channel: Option<ChannelId>, number: Option<NumberId>) -> Result<Labels, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT name, kind FROM channels WHERE id = ?1")?;
        let channel = first(&mut query.query([channel])?, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut query = self.conn.prepare_cached("SELECT address FROM numbers WHERE id = ?1")?;
        let number = first(&mut query.query([number])?, |row| Ok(row.get(0)?))?;
        Ok((channel, number))
    }
}

fn zone(plan: &Plan) -> Option<&str> {
    plan.rules.start.as_ref().map(|start| start.zone.as_str())
}

impl Tx<'_> {
    /// Saves a new draft.
    pub fn insert_campaign(
        &self,
        plan: &Plan,
        (user, name): (Option<UserId>, &str),
        copy_of: Option<CampaignId>,
        now: Timestamp,
    ) -> Result<CampaignId, StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO campaigns (name, status, channel_id, plan, by_user_id, by_name, copy_of, created_at, \
                 changed_at, sender, zone) VALUES (?1, 'draft', ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)",
            )?
            .execute((
                &plan.name,
                plan.channel,
                as_json(plan),
                user,
                name,
                copy_of,
                now,
                plan.sender.as_ref().map(as_json),
                zone(plan),
            ))?;
        Ok(CampaignId(self.conn.last_insert_rowid()))
    }

    /// Saves the plan of a draft; `false`: it was edited since, or is no draft any more.
    pub fn save_campaign_plan(
        &self,
        id: CampaignId,
        plan: &Plan,
        version: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let saved = self
            .conn
            .prepare_cached(
                "UPDATE campaigns SET name = ?2, channel_id = ?3, plan = ?4, version = version + 1, changed_at = ?5, \
                 sender = ?7, zone = ?8 WHERE id = ?1 AND version = ?6 AND status = 'draft' AND deleted_at IS NULL",
            )?
            .execute((
                id,
                &plan.name,
                plan.channel,
                as_json(plan),
                now,
                version,
                plan.sender.as_ref().map(as_json),
                zone(plan),
            ))?;
        Ok(saved == 1)
    }

    /// Notes that something of a draft beside its plan changed: its files, its lists.
    pub fn touch_campaign(&self, id: CampaignId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE campaigns SET version = version + 1, changed_at = ?2 WHERE id = ?1")?
            .execute((id, now))?;
        Ok(())
    }

    /// Writes where a campaign stands now, and why. Its times follow from that.
    pub fn set_campaign_status(
        &self,
        id: CampaignId,
        status: CampaignStatus,
        reason: Option<&Reason>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE campaigns SET status = ?2, reason = ?3, version = version + 1, changed_at = ?4, \
                 queued_at = CASE WHEN ?2 = 'pending' THEN ?4 ELSE queued_at END, \
                 started_at = CASE WHEN ?2 = 'executing' THEN coalesce(started_at, ?4) ELSE started_at END, \
                 ended_at = CASE WHEN ?2 IN ('completed', 'cancelled') THEN ?4 \
                            WHEN ?2 IN ('pending', 'executing', 'retrying', 'draft') THEN NULL ELSE ended_at END, \
                 due_at = CASE WHEN ?2 = 'draft' THEN NULL ELSE due_at END \
                 WHERE id = ?1",
            )?
            .execute((id, status, reason.map(as_json), now))?;
        Ok(())
    }

    /// Says why a campaign that goes on waits, or that it does not any more; `true`: that is new.
    pub fn set_campaign_reason(&self, id: CampaignId, reason: Option<&Reason>) -> Result<bool, StoreError> {
        let json = reason.map(as_json);
        let changed = self
            .conn
            .prepare_cached("UPDATE campaigns SET reason = ?2 WHERE id = ?1 AND reason IS NOT ?2")?
            .execute((id, json))?;
        Ok(changed == 1)
    }

    /// After a start: nobody fills a ledger any more.
    pub fn end_launching(&self) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE campaign_runs SET launching = 0 WHERE launching = 1")?.execute([])?;
        Ok(())
    }

    /// When a scheduled campaign begins.
    pub fn set_campaign_due(&self, id: CampaignId, due_at: Timestamp) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE campaigns SET due_at = ?2 WHERE id = ?1")?.execute((id, due_at))?;
        Ok(())
    }

    /// Writes how a campaign stands.
    pub fn set_campaign_run(&self, id: CampaignId, run: &Run) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO campaign_runs (campaign_id, launching, frozen, retries, repeated, \
                 failures_in_row, try_again_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute((
                id,
                run.launching,
                run.frozen,
                run.retries,
                run.repeated,
                run.failures_in_row,
                run.try_again_at,
            ))?;
        Ok(())
    }
}
