//! All that is kept of one person, counted, read and taken away. Each step is small and can be done twice.

use crate::domain::address::Address;
use crate::domain::id::{CampaignId, ChannelId, ContactId, PeerId, SessionId};
use crate::domain::media::FileHash;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first};
use serde_json::Value;

/// What is kept of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PersonCounts {
    /// Contacts in phonebooks.
    pub contacts: u32,
    /// Conversations.
    pub sessions: u32,
    /// Messages in them.
    pub messages: u32,
    /// Refusals, those taken back among them.
    pub opt_outs: u32,
    /// Agreements.
    pub consents: u32,
    /// Lines of campaigns.
    pub campaigns: u32,
}

/// An erasure that is under way.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Its id.
    pub id: i64,
    /// Who.
    pub address: Address,
    /// What was taken away so far.
    pub counts: Value,
}

/// A kind of row that hangs on an address, how it is counted and how it is shown.
struct Part {
    name: &'static str,
    count: &'static str,
    rows: &'static str,
}

/// Messages are read by session.
const PARTS: [Part; 6] = [
    Part {
        name: "contacts",
        count: "SELECT count(DISTINCT contact_id) FROM contact_numbers WHERE address = ?1",
        rows: "SELECT json_object('id', t.id, 'first_name', t.first_name, 'last_name', t.last_name, 'company', t.company, \
               'email', t.email, 'remark', t.remark, 'address', t.address, 'language', t.language, 'time_zone', t.time_zone, \
               'custom', json(t.custom), 'created_at', t.created_at, 'updated_at', t.updated_at, 'numbers', \
               (SELECT json_group_array(json_object('kind', kind, 'given', given)) FROM contact_numbers WHERE contact_id = t.id)) \
               FROM contacts t WHERE t.id IN (SELECT contact_id FROM contact_numbers WHERE address = ?1) LIMIT 10000",
    },
    Part {
        name: "sessions",
        count: "SELECT count(*) FROM sessions WHERE peer_id = (SELECT peer_id FROM peer_addresses WHERE address = ?1)",
        rows: "SELECT json_object('id', s.id, 'channel', c.name, 'our_number', n.address, 'peer', s.peer_address, 'state', s.state, \
               'opened_at', s.opened_at, 'closed_at', s.closed_at) FROM sessions s JOIN channels c ON c.id = s.channel_id \
               JOIN numbers n ON n.id = s.number_id \
               WHERE s.peer_id = (SELECT peer_id FROM peer_addresses WHERE address = ?1) LIMIT 10000",
    },
    Part {
        name: "messages",
        count: "SELECT count(*) FROM messages m JOIN sessions s ON s.id = m.session_id \
                WHERE s.peer_id = (SELECT peer_id FROM peer_addresses WHERE address = ?1)",
        rows: "SELECT json_object('id', m.id, 'session', m.session_id, 'direction', m.direction, 'text', m.text, 'at', m.at, \
               'author', m.author_name, 'files', (SELECT json_group_array(a.name) FROM attachments a WHERE a.message_id = m.id)) \
               FROM messages m JOIN sessions s ON s.id = m.session_id \
               WHERE s.peer_id = (SELECT peer_id FROM peer_addresses WHERE address = ?1) LIMIT 100000",
    },
    Part {
        name: "opt_outs",
        count: "SELECT count(*) FROM opt_out_keys WHERE key = ?1",
        rows: "SELECT json_object('at', o.at, 'scope', o.scope, 'our_number', o.our_address, 'channel', o.channel_name, \
               'words', o.words, 'source', o.source, 'note', o.note, 'withdrawn_at', o.withdrawn_at) \
               FROM opt_out_keys k JOIN opt_outs o ON o.id = k.opt_out_id WHERE k.key = ?1 LIMIT 10000",
    },
    Part {
        name: "consents",
        count: "SELECT count(*) FROM consents WHERE address = ?1",
        rows: "SELECT json_object('at', at, 'source', source, 'text', text, 'by', by_name, 'withdrawn_at', withdrawn_at) \
               FROM consents WHERE address = ?1 LIMIT 10000",
    },
    Part {
        name: "campaigns",
        count: "SELECT count(*) FROM recipients WHERE address = ?1",
        rows: "SELECT json_object('campaign', c.name, 'name', r.name, 'given', r.given, 'state', r.state, 'changed_at', r.changed_at) \
               FROM recipients r JOIN campaigns c ON c.id = r.campaign_id WHERE r.address = ?1 LIMIT 10000",
    },
];

/// What every spelling with the country has in common.
fn bare(address: &Address) -> &str {
    address.as_str().trim_start_matches('+').trim_start_matches("wa:")
}

impl Snapshot<'_> {
    /// What is kept of whoever has an address.
    pub fn person_counts(&self, address: &Address) -> Result<PersonCounts, StoreError> {
        let mut counts = [0; PARTS.len()];
        for (count, part) in counts.iter_mut().zip(&PARTS) {
            *count = self.conn.prepare_cached(part.count)?.query_row([address], |row| row.get(0))?;
        }
        let [contacts, sessions, messages, opt_outs, consents, campaigns] = counts;
        Ok(PersonCounts { contacts, sessions, messages, opt_outs, consents, campaigns })
    }

    /// All that is kept of whoever has an address, as JSON, by the names of its parts.
    pub fn person_parts(&self, address: &Address) -> Result<Vec<(&'static str, String)>, StoreError> {
        let mut parts = Vec::new();
        for part in &PARTS {
            let rows = all(self.conn.prepare_cached(part.rows)?.query([address])?, |row| Ok(row.get::<_, String>(0)?))?;
            parts.push((part.name, format!("[{}]", rows.join(",\n"))));
        }
        Ok(parts)
    }

    /// The files of a person's messages, each with the message's id and its name.
    pub fn person_files(&self, address: &Address) -> Result<Vec<(FileHash, i64, String)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT a.file_hash, m.id, a.name FROM attachments a JOIN messages m ON m.id = a.message_id \
             JOIN sessions s ON s.id = m.session_id WHERE a.file_hash IS NOT NULL \
             AND s.peer_id = (SELECT peer_id FROM peer_addresses WHERE address = ?1) ORDER BY m.id LIMIT 10000",
        )?;
        all(query.query([address])?, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// All addresses of whoever has one.
    pub fn addresses_of(&self, address: &Address) -> Result<Vec<Address>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT ?1 UNION SELECT b.address FROM peer_addresses a JOIN peer_addresses b ON b.peer_id = a.peer_id \
             WHERE a.address = ?1",
        )?;
        all(query.query([address])?, |row| Ok(row.get(0)?))
    }

    /// What was typed into campaigns, those that are just being deleted among them: which they are.
    pub fn campaigns_typed(&self) -> Result<Vec<CampaignId>, StoreError> {
        all(self.conn.prepare_cached("SELECT id FROM campaigns ORDER BY id")?.query([])?, |row| Ok(row.get(0)?))
    }

    /// What was typed into one: to whom, and to whom not.
    pub fn campaign_typed(&self, id: CampaignId) -> Result<Option<(String, String)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT coalesce(json_extract(plan, '$.audience.typed'), ''), \
             coalesce(json_extract(plan, '$.audience.exclude.typed'), '') FROM campaigns WHERE id = ?1",
        )?;
        first(&mut query.query([id])?, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Whether one of these was erased since a moment.
    pub fn any_erased_since(&self, addresses: &[&Address], since: Timestamp) -> Result<bool, StoreError> {
        let mut some = self.conn.prepare_cached("SELECT 1 FROM erasures WHERE at >= ?1")?;
        if !some.exists([since])? {
            return Ok(false);
        }
        let mut one = self.conn.prepare_cached("SELECT 1 FROM erasures WHERE digest = ?1 AND at >= ?2")?;
        for address in addresses {
            if one.exists((self.digest_of(address), since))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Erasures that are not through.
    pub fn open_erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let sql = "SELECT id, address, counts FROM erasures WHERE ended_at IS NULL ORDER BY id";
        all(self.conn.prepare_cached(sql)?.query([])?, |row| {
            let counts: String = row.get("counts")?;
            Ok(Erasure {
                id: row.get("id")?,
                address: row.get("address")?,
                counts: serde_json::from_str(&counts).unwrap_or_default(),
            })
        })
    }

    /// The newest row of the channel log.
    pub fn last_exchange(&self) -> Result<i64, StoreError> {
        Ok(self.conn.prepare_cached("SELECT coalesce(max(id), 0) FROM exchanges")?.query_row([], |row| row.get(0))?)
    }

    /// Sessions of channels with a retention whose oldest message is older than that.
    pub fn sessions_past_retention(
        &self,
        now: Timestamp,
        at_most: usize,
    ) -> Result<Vec<(SessionId, Timestamp)>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT s.id, ?1 - c.keep_messages_days * 86400000 FROM channels c JOIN sessions s ON s.channel_id = c.id \
             WHERE c.keep_messages_days IS NOT NULL AND \
             (SELECT m.at FROM messages m WHERE m.session_id = s.id AND NOT EXISTS (SELECT 1 FROM deliveries d \
              WHERE d.message_id = m.id AND d.state IN ('queued', 'sending')) ORDER BY m.id LIMIT 1) \
             < ?1 - c.keep_messages_days * 86400000 LIMIT ?2",
        )?;
        all(query.query((now, at_most))?, |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl Tx<'_> {
    /// Begins to erase a person.
    pub fn begin_erasure(&self, address: &Address, by: &str, now: Timestamp) -> Result<i64, StoreError> {
        let digest = self.digest_of(address);
        self.conn
            .prepare_cached("INSERT INTO erasures (address, digest, by_name, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute((address, digest, by, now))?;
        Ok(self.conn.last_insert_rowid())
    }

    /// What is deleted is overwritten, from here to the end of this transaction: see [`Tx::overwrite_no_more`].
    pub fn overwrite(&self) -> Result<(), StoreError> {
        Ok(self.conn.pragma_update(None, "secure_delete", "ON")?)
    }

    /// As usual again.
    pub fn overwrite_no_more(&self) -> Result<(), StoreError> {
        Ok(self.conn.pragma_update(None, "secure_delete", "OFF")?)
    }

    /// Deletes messages of a peer, with all that hangs on them; at most `at_most`.
    pub fn erase_messages(&self, peer: PeerId, at_most: usize) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM messages WHERE id IN (SELECT m.id FROM sessions s JOIN messages m ON m.session_id = s.id \
                 WHERE s.peer_id = ?1 LIMIT ?2)",
            )?
            .execute((peer, at_most))?)
    }

    /// Deletes a peer whose messages are gone: its sessions, addresses, windows. How many sessions.
    pub fn erase_peer(&self, peer: PeerId) -> Result<usize, StoreError> {
        let sessions = self.conn.prepare_cached("DELETE FROM sessions WHERE peer_id = ?1")?.execute([peer])?;
        self.conn.prepare_cached("DELETE FROM peers WHERE id = ?1")?.execute([peer])?;
        Ok(sessions)
    }

    /// Deletes the contacts with an address.
    pub fn erase_contacts(&self, address: &Address) -> Result<Vec<ContactId>, StoreError> {
        let sql =
            "DELETE FROM contacts WHERE id IN (SELECT contact_id FROM contact_numbers WHERE address = ?1) RETURNING id";
        all(self.conn.prepare_cached(sql)?.query([address])?, |row| Ok(row.get(0)?))
    }

    /// Takes names and numbers out of campaigns: the sums still add up. A recipient keeps an address that is nobody's.
    pub fn erase_recipients(&self, address: &Address) -> Result<usize, StoreError> {
        let nobody = format!("wa:erased-{}", &self.digest_of(address)[1..25]);
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE recipients SET address = ?2, given = '', name = '', variables = NULL, zone = NULL WHERE address = ?1",
            )?
            .execute((address, &nobody))?;
        for sql in [
            "UPDATE campaign_list_rows SET address = NULL, given = '', variables = '{}' WHERE address = ?1",
            "UPDATE campaigns SET plan = replace(plan, ?1, '') WHERE instr(plan, ?1) > 0",
        ] {
            self.conn.prepare_cached(sql)?.execute([address])?;
        }
        Ok(changed)
    }

    /// Writes anew what was typed into a campaign; whoever is just editing it is told.
    pub fn set_campaign_typed(&self, id: CampaignId, (to, not_to): (&str, &str)) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE campaigns SET plan = json_replace(plan, '$.audience.typed', ?2, '$.audience.exclude.typed', ?3), \
                 version = version + 1 WHERE id = ?1",
            )?
            .execute((id, to, not_to))?;
        Ok(())
    }

    /// Takes a number out of the addresses that counted links lead to; how often they were opened stays.
    pub fn erase_from_links(&self, address: &Address) -> Result<usize, StoreError> {
        let sql = "UPDATE short_links SET target = replace(target, ?1, '') WHERE instr(target, ?1) > 0";
        Ok(self.conn.prepare_cached(sql)?.execute([bare(address)])?)
    }

    /// What is left of refusals is a digest, of agreements nothing, of the audit log that something was done.
    pub fn erase_consent(&self, address: &Address) -> Result<(), StoreError> {
        let digest = self.digest_of(address);
        let mine = "SELECT opt_out_id FROM opt_out_keys WHERE key = ?1";
        for sql in [
            format!("DELETE FROM opt_outs WHERE id IN ({mine}) AND withdrawn_at IS NOT NULL"),
            format!("UPDATE opt_outs SET address = NULL, note = '' WHERE id IN ({mine})"),
            "DELETE FROM consents WHERE address = ?1".to_owned(),
            "DELETE FROM automatic_answers WHERE address = ?1".to_owned(),
            "DELETE FROM inbound_parts WHERE peer = ?1".to_owned(),
        ] {
            self.conn.prepare_cached(&sql)?.execute([address])?;
        }
        self.conn
            .prepare_cached(
                "INSERT OR IGNORE INTO opt_out_keys (key, opt_out_id) SELECT ?2, opt_out_id FROM opt_out_keys WHERE key = ?1",
            )?
            .execute((address, &digest))?;
        self.conn.prepare_cached("DELETE FROM opt_out_keys WHERE key = ?1")?.execute([address])?;
        self.conn
            .prepare_cached("UPDATE audit_log SET about = NULL, detail = '{}' WHERE digest = ?1")?
            .execute([&digest])?;
        Ok(())
    }

    /// Deletes rows of the channel log, from one id to another, in which a number stands in any spelling.
    pub fn erase_exchanges(&self, (from, to): (i64, i64), address: &Address) -> Result<usize, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "DELETE FROM exchanges WHERE id BETWEEN ?1 AND ?2 AND (instr(request, ?3) > 0 OR instr(answer, ?3) > 0)",
            )?
            .execute((from, to, bare(address)))?)
    }

    /// Notes how far an erasure is.
    pub fn note_erasure(&self, id: i64, counts: &Value) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE erasures SET counts = ?2 WHERE id = ?1")?.execute((id, counts.to_string()))?;
        Ok(())
    }

    /// An erasure is through: the address goes, too.
    pub fn end_erasure(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE erasures SET address = NULL, ended_at = ?2 WHERE id = ?1")?
            .execute((id, now))?;
        Ok(())
    }

    /// Deletes messages of a session from before a moment that nothing is done with any more; at most `at_most`. A closed
    /// session without any goes, too.
    pub fn forget_messages(&self, session: SessionId, before: Timestamp, at_most: usize) -> Result<usize, StoreError> {
        let gone = self
            .conn
            .prepare_cached(
                "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages m WHERE m.session_id = ?1 AND m.at < ?2 \
                 AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = m.id AND d.state IN ('queued', 'sending')) \
                 ORDER BY m.id LIMIT ?3)",
            )?
            .execute((session, before, at_most))?;
        self.conn
            .prepare_cached(
                "UPDATE sessions SET last_message_id = (SELECT max(m.id) FROM messages m WHERE m.session_id = ?1), \
                 last_inbound_id = (SELECT max(m.id) FROM messages m WHERE m.session_id = ?1 AND m.direction = 'in') WHERE id = ?1",
            )?
            .execute([session])?;
        self.conn
            .prepare_cached("DELETE FROM sessions WHERE id = ?1 AND state = 'closed' AND last_message_id IS NULL")?
            .execute([session])?;
        Ok(gone)
    }

    /// How long a channel keeps its messages.
    pub fn set_keep_messages_days(&self, channel: ChannelId, days: Option<u32>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE channels SET keep_messages_days = ?2 WHERE id = ?1")?
            .execute((channel, days))?;
        Ok(())
    }
}
