//! The ledger of a campaign: a line for each recipient, which follows its delivery (by trigger, see migration 0010).

use crate::domain::address::Address;
use crate::domain::id::{CampaignId, ContactId, DeliveryId, MessageId, NumberId, PeerId, RecipientId, SessionId};
use crate::domain::reason::Reason;
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::files::as_json;
use crate::store::handle::{Snapshot, Tx};
use crate::store::sessions::{NewSession, SESSION, session};
use crate::store::words::{all, first, json};
use rusqlite::{OptionalExtension, Row, named_params};
use std::collections::BTreeMap;

/// A line that waits to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingLine {
    /// Its id.
    pub id: RecipientId,
    /// Whom.
    pub address: Address,
    /// What they are called.
    pub name: String,
    /// Their contact.
    pub contact: Option<ContactId>,
    /// The cells of their row in a table.
    pub variables: Option<BTreeMap<String, String>>,
    /// Where they are.
    pub zone: Option<String>,
    /// What was sent before and is sent again.
    pub delivery: Option<DeliveryId>,
}

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "they are the columns of the ledger")]
pub struct RecipientRow {
    pub id: RecipientId,
    pub name: String,
    pub given: String,
    pub address: Option<Address>,
    pub state: String,
    pub reason: Option<Reason>,
    pub tries: u32,
    pub not_before: Option<Timestamp>,
    pub changed_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    pub read_at: Option<Timestamp>,
    pub replied_at: Option<Timestamp>,
    pub opted_out_at: Option<Timestamp>,
    pub clicks: u32,
    pub session: Option<SessionId>,
    pub message: Option<MessageId>,
    pub segments: Option<u32>,
    pub cost: Option<(i64, String)>,
}

/// What else a line may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// They answered.
    Replied,
    /// They opted out after it.
    OptedOut,
    /// They opened a link.
    Clicked,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct RecipientsWanted {
    /// Only in this state.
    pub state: Option<String>,
    /// Only with this beside it.
    pub flag: Option<Flag>,
    /// Part of name or number.
    pub q: Option<String>,
    /// Only behind this one.
    pub after: RecipientId,
    /// How many at most.
    pub limit: u32,
}

fn recipient_row(row: &Row<'_>) -> Result<RecipientRow, StoreError> {
    let micros: Option<i64> = row.get("cost_micros")?;
    Ok(RecipientRow {
        id: row.get("id")?,
        name: row.get("name")?,
        given: row.get("given")?,
        address: row.get("address")?,
        state: row.get("state")?,
        reason: json(row, "reason")?,
        tries: row.get("tries")?,
        not_before: row.get("not_before")?,
        changed_at: row.get("changed_at")?,
        sent_at: row.get("sent_at")?,
        delivered_at: row.get("delivered_at")?,
        read_at: row.get("read_at")?,
        replied_at: row.get("replied_at")?,
        opted_out_at: row.get("opted_out_at")?,
        clicks: row.get("clicks")?,
        session: row.get("session_id")?,
        message: row.get("message_id")?,
        segments: row.get("segments")?,
        cost: micros.zip(row.get::<_, Option<String>>("cost_currency")?),
    })
}

impl Snapshot<'_> {
    /// Lines that may be sent now, in their order; those that had to wait come behind those that never had to.
    pub fn waiting_lines(
        &self,
        campaign: CampaignId,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Vec<WaitingLine>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, address, name, contact_id, variables, zone, delivery_id FROM recipients \
             WHERE campaign_id = ?1 AND state = 'waiting' AND coalesce(not_before, 0) <= ?2 \
             ORDER BY coalesce(not_before, 0), id LIMIT ?3",
        )?;
        all(query.query((campaign, now, at_most))?, |row| {
            Ok(WaitingLine {
                id: row.get("id")?,
                address: row.get("address")?,
                name: row.get("name")?,
                contact: row.get("contact_id")?,
                variables: json(row, "variables")?,
                zone: row.get("zone")?,
                delivery: row.get("delivery_id")?,
            })
        })
    }

    /// When the next line may be sent, where all that wait must wait.
    pub fn next_not_before(&self, campaign: CampaignId) -> Result<Option<Timestamp>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT min(coalesce(not_before, 0)) FROM recipients WHERE campaign_id = ?1 AND state = 'waiting'",
        )?;
        Ok(query.query_row([campaign], |row| row.get(0))?)
    }

    /// Why the line that waits the shortest must wait.
    pub fn why_lines_wait(&self, campaign: CampaignId) -> Result<Option<Reason>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT reason FROM recipients WHERE campaign_id = ?1 AND state = 'waiting' AND coalesce(not_before, 0) > 0 \
             ORDER BY coalesce(not_before, 0), id LIMIT 1",
        )?;
        Ok(first(&mut query.query([campaign])?, |row| json(row, "reason"))?.flatten())
    }

    /// Why lines that were put into the outbox wait there, and how often they were tried.
    pub fn queued_reasons(&self, campaign: CampaignId) -> Result<Vec<(Reason, u32)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT reason, tries FROM recipients WHERE campaign_id = ?1 AND state = 'queued' AND reason IS NOT NULL \
             ORDER BY id LIMIT 1000",
        )?;
        let found = all(query.query([campaign])?, |row| Ok((json(row, "reason")?, row.get("tries")?)))?;
        Ok(found.into_iter().filter_map(|(reason, tries)| Some((reason?, tries))).collect())
    }

    /// The reason of the line that failed last.
    pub fn last_failure(&self, campaign: CampaignId) -> Result<Option<Reason>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT reason FROM recipients WHERE campaign_id = ?1 AND state = 'failed' \
             ORDER BY changed_at DESC, id DESC LIMIT 1",
        )?;
        Ok(first(&mut query.query([campaign])?, |row| json(row, "reason"))?.flatten())
    }

    /// A page of the ledger.
    pub fn recipients_page(
        &self,
        campaign: CampaignId,
        wanted: &RecipientsWanted,
    ) -> Result<Vec<RecipientRow>, StoreError> {
        let state = if wanted.state.is_some() { "r.state = :state" } else { ":state IS NULL" };
        let flag = match wanted.flag {
            None => "1",
            Some(Flag::Replied) => "r.replied_at IS NOT NULL",
            Some(Flag::OptedOut) => "r.opted_out_at IS NOT NULL",
            Some(Flag::Clicked) => "r.clicked_at IS NOT NULL",
        };
        let sql = format!(
            "SELECT r.id, r.name, r.given, r.address, r.state, r.reason, r.tries, r.not_before, r.changed_at, r.sent_at, \
             r.delivered_at, r.read_at, r.replied_at, r.opted_out_at, r.clicks, r.message_id, m.segments, \
             m.cost_micros, m.cost_currency, CASE WHEN s.hidden = 0 THEN s.id END AS session_id \
             FROM recipients r LEFT JOIN messages m ON m.id = r.message_id LEFT JOIN sessions s ON s.id = m.session_id \
             WHERE r.campaign_id = :campaign AND {state} AND {flag} AND r.id > :after \
             AND (:q IS NULL OR instr(lower(r.name), :q) > 0 OR instr(lower(r.given), :q) > 0 \
                  OR instr(coalesce(r.address, ''), :digits) > 0) ORDER BY r.id LIMIT :limit"
        );
        let q = wanted.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        let digits = q.as_deref().and_then(crate::store::view_sessions::dialled_digits);
        let values = named_params! {
            ":campaign": campaign, ":state": wanted.state, ":after": wanted.after, ":q": q,
            ":digits": digits.unwrap_or_else(|| "\u{0}".to_owned()), ":limit": wanted.limit,
        };
        all(self.conn.prepare_cached(&sql)?.query(values)?, recipient_row)
    }

    /// What messages of a campaign cost that left, by currency.
    pub fn campaign_cost(&self, campaign: CampaignId) -> Result<Vec<(i64, String)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT sum(m.cost_micros), m.cost_currency FROM recipients r JOIN messages m ON m.id = r.message_id \
             WHERE r.campaign_id = ?1 AND r.state IN ('sending', 'sent', 'delivered', 'read', 'undelivered', 'uncertain') \
             AND m.cost_micros IS NOT NULL GROUP BY m.cost_currency ORDER BY 1 DESC",
        )?;
        all(query.query([campaign])?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The links of a campaign: where they lead, how often they were opened, by how many.
    pub fn campaign_links(&self, campaign: CampaignId) -> Result<Vec<(String, u32, u32)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT l.target, sum(l.clicks), sum(l.clicks > 0) FROM recipients r JOIN short_links l ON l.recipient_id = r.id \
             WHERE r.campaign_id = ?1 GROUP BY l.target ORDER BY 2 DESC LIMIT 50",
        )?;
        all(query.query([campaign])?, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// The conversation that is only the place of what campaigns said to a peer.
    pub fn hidden_session(&self, number: NumberId, peer: PeerId) -> Result<Option<Session>, StoreError> {
        let sql =
            format!("SELECT {SESSION} FROM sessions s WHERE s.number_id = ?1 AND s.peer_id = ?2 AND s.hidden = 1");
        first(&mut self.conn.prepare_cached(&sql)?.query((number, peer))?, session)
    }
}

impl Tx<'_> {
    /// Makes the place of what campaigns say to a peer who has no open conversation: closed and in no list.
    pub fn insert_hidden_session(&self, new: &NewSession, now: Timestamp) -> Result<Session, StoreError> {
        let made = self.insert_session(new, now)?;
        self.conn
            .prepare_cached("UPDATE sessions SET hidden = 1, state = 'closed', closed_at = ?2 WHERE id = ?1")?
            .execute((made.id, now))?;
        Ok(made.ended(now).unwrap_or_else(|_| unreachable!("what was just opened can end")))
    }

    /// Brings such a place to light: it is a conversation now, opened at this moment.
    pub fn reveal_session(&self, found: &Session, new: &NewSession, now: Timestamp) -> Result<Session, StoreError> {
        // In two steps: the row's own checks tie its state to who has it.
        self.conn
            .prepare_cached(
                "UPDATE sessions SET hidden = 0, opened_at = ?2, last_at = ?2, peer_address = ?3 WHERE id = ?1",
            )?
            .execute((found.id, now, &new.peer_address))?;
        let revealed = Session { state: new.state, opened_at: now, closed_at: None, ..found.clone() };
        self.set_session_state(&revealed)?;
        Ok(revealed)
    }

    /// Puts a line's message into the outbox.
    pub fn line_queued(
        &self,
        id: RecipientId,
        message: MessageId,
        delivery: DeliveryId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE recipients SET state = 'queued', reason = NULL, not_before = NULL, message_id = ?2, \
                 delivery_id = ?3, changed_at = ?4 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute((id, message, delivery, now))?;
        Ok(())
    }

    /// A line is not sent, and why.
    pub fn line_skipped(&self, id: RecipientId, reason: &Reason, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE recipients SET state = 'skipped', reason = ?2, not_before = NULL, changed_at = ?3 \
                 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute((id, as_json(reason), now))?;
        Ok(())
    }

    /// A line must wait, and why.
    pub fn line_waits(&self, id: RecipientId, until: Timestamp, reason: &Reason) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE recipients SET not_before = ?2, reason = ?3 WHERE id = ?1 AND state = 'waiting'")?
            .execute((id, until, as_json(reason)))?;
        Ok(())
    }

    /// Lets lines that wait for the limit of a day go on: the limit was raised.
    pub fn lines_need_not_wait(&self, campaign: CampaignId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE recipients SET not_before = NULL WHERE campaign_id = ?1 AND state = 'waiting'")?
            .execute([campaign])?;
        Ok(())
    }

    /// Lines whose messages stand in the outbox and were certainly taken by nobody.
    pub fn lines_in_outbox(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<(RecipientId, DeliveryId, MessageId, SessionId)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT r.id, d.id, m.id, m.session_id FROM recipients r JOIN deliveries d ON d.id = r.delivery_id \
             JOIN messages m ON m.id = d.message_id WHERE r.campaign_id = ?1 AND r.state = 'queued' \
             AND d.state = 'queued' AND d.in_doubt = 0 ORDER BY r.id",
        )?;
        all(query.query([campaign])?, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
    }

    /// The line of a ledger whose message a delivery in the outbox is.
    pub fn line_of_delivery(&self, delivery: DeliveryId) -> Result<Option<(CampaignId, RecipientId)>, StoreError> {
        let mut query = self
            .conn
            .prepare_cached("SELECT campaign_id, id FROM recipients WHERE delivery_id = ?1 AND state = 'queued'")?;
        first(&mut query.query([delivery])?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Takes a message out of the outbox again: its line waits as before, and its conversation does not hold it.
    pub fn take_line_back(
        &self,
        (line, delivery, message, session): (RecipientId, DeliveryId, MessageId, SessionId),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let was_tried: bool = self
            .conn
            .prepare_cached(
                "SELECT tries > 0 OR EXISTS (SELECT 1 FROM exchanges WHERE message_id = ?2) \
                             FROM deliveries WHERE id = ?1",
            )?
            .query_row((delivery, message), |row| row.get(0))?;
        if was_tried {
            // What was said on the wire stays with it: the delivery rests and is renewed when the line's turn comes.
            self.conn
                .prepare_cached("UPDATE deliveries SET state = 'cancelled', updated_at = ?2 WHERE id = ?1")?
                .execute((delivery, now))?;
        } else {
            self.conn.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([message])?;
            self.conn
                .prepare_cached(
                    "UPDATE sessions SET last_message_id = (SELECT max(id) FROM messages WHERE session_id = ?1) \
                     WHERE id = ?1 AND last_message_id = ?2",
                )?
                .execute((session, message))?;
        }
        self.conn
            .prepare_cached("UPDATE recipients SET state = 'waiting', reason = NULL, changed_at = ?2 WHERE id = ?1")?
            .execute((line, now))?;
        Ok(())
    }

    /// Ends lines that were never sent: the campaign was cancelled. How many.
    pub fn cancel_waiting_lines(
        &self,
        campaign: CampaignId,
        reason: &Reason,
        at_most: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE recipients SET state = 'cancelled', reason = ?2, not_before = NULL, changed_at = ?3 \
                 WHERE id IN (SELECT id FROM recipients WHERE campaign_id = ?1 AND state = 'waiting' LIMIT ?4)",
            )?
            .execute((campaign, as_json(reason), now, at_most))?)
    }

    /// Puts lines that failed back to those that wait: all of them, or one. Only what certainly never arrived.
    pub fn retry_failed_lines(
        &self,
        campaign: CampaignId,
        one: Option<RecipientId>,
        at_most: usize,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "UPDATE recipients SET state = 'waiting', reason = NULL, not_before = NULL, changed_at = ?3 \
                 WHERE id IN (SELECT id FROM recipients WHERE campaign_id = ?1 AND state = 'failed' \
                 AND address IS NOT NULL AND (?2 IS NULL OR id = ?2) LIMIT ?4)",
            )?
            .execute((campaign, one, now, at_most))?)
    }

    /// Lines of which nobody knows whether they arrived.
    pub fn uncertain_lines(
        &self,
        campaign: CampaignId,
        after: RecipientId,
        at_most: usize,
    ) -> Result<Vec<(RecipientId, Option<DeliveryId>)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, delivery_id FROM recipients WHERE campaign_id = ?1 AND state = 'uncertain' AND id > ?2 \
             ORDER BY id LIMIT ?3",
        )?;
        all(query.query((campaign, after, at_most))?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// A line of which somebody decided that twice is better than not at all.
    pub fn line_again(&self, id: RecipientId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE recipients SET state = 'waiting', reason = NULL, changed_at = ?2 WHERE id = ?1 \
                 AND state = 'uncertain'",
            )?
            .execute((id, now))?;
        Ok(())
    }

    /// Which campaign's text an answer follows, if the last thing said in its conversation was one, and not too long ago.
    pub fn note_reply(&self, session: SessionId, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, at FROM messages WHERE session_id = ?1 AND direction = 'out' ORDER BY id DESC LIMIT 1",
        )?;
        let said: Option<(MessageId, Timestamp)> =
            query.query_row([session], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((message, _)) = said.filter(|(_, at)| *at >= since) {
            self.conn
                .prepare_cached("UPDATE recipients SET replied_at = ?2 WHERE message_id = ?1 AND replied_at IS NULL")?
                .execute((message, now))?;
        }
        Ok(())
    }

    /// The same for somebody who opted out.
    pub fn note_opted_out_after(&self, session: SessionId, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE recipients SET opted_out_at = ?3 WHERE opted_out_at IS NULL AND message_id IN (SELECT id \
                 FROM messages WHERE session_id = ?1 AND direction = 'out' AND at >= ?2 ORDER BY id DESC LIMIT 5)",
            )?
            .execute((session, since, now))?;
        Ok(())
    }

    /// Notes that a campaign's text was filed in a conversation: who waits for an answer there still does.
    pub fn touch_by_campaign(&self, id: SessionId, message: MessageId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE sessions SET last_at = max(last_at, ?2), last_message_id = ?3 WHERE id = ?1")?
            .execute((id, now, message))?;
        Ok(())
    }
}
