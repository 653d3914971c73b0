//! What the flows ask on the way of a message: whose number is this, where does it go, who is called what.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{ChannelId, ExtensionId, NumberId, QueueId, TrunkId};
use crate::domain::reason::Reason;
use crate::domain::session::{Destination, PickUp};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{InOrder, all, first, word};
use rusqlite::{OptionalExtension, Row};
use std::sync::LazyLock;
use std::time::Duration;

/// One of our numbers, with what it stands on and where it leads.
#[derive(Clone, Debug, PartialEq)]
pub struct OurNumber {
    /// Its id.
    pub id: NumberId,
    /// Its channel.
    pub channel: ChannelId,
    /// Its channel's trunk.
    pub trunk: TrunkId,
    /// The number itself.
    pub address: Address,
    /// What its channel speaks.
    pub kind: ChannelKind,
    /// Where new sessions go.
    pub route: Destination,
    /// Whether channel and trunk are switched on.
    pub enabled: bool,
    /// How long a message from it may wait; `None`: as long as the house says.
    pub valid_for: Option<Duration>,
    /// Whether look-alikes are replaced where that makes a text GSM-7.
    pub smart: bool,
}

const OUR_NUMBER: &str = "SELECT n.id, n.channel_id, c.trunk_id, n.address, c.kind, n.route_extension_id, \
     n.route_queue_id, c.enabled AND t.enabled AS enabled, c.valid_for_s, c.smart \
     FROM numbers n JOIN channels c ON c.id = n.channel_id JOIN trunks t ON t.id = c.trunk_id";

fn our_number(row: &Row<'_>) -> Result<OurNumber, StoreError> {
    let row = InOrder::of(row);
    let (id, channel, trunk) = (row.next()?, row.next()?, row.next()?);
    let address = row.word(|text| Address::parse(text).ok())?;
    let kind = row.word(ChannelKind::from_word)?;
    let (extension, queue): (Option<i64>, Option<i64>) = (row.next()?, row.next()?);
    let route = match (extension, queue) {
        (Some(extension), _) => Destination::Extension(ExtensionId(extension)),
        (None, Some(queue)) => Destination::Queue(QueueId(queue)),
        (None, None) => return Err(StoreError::Unreadable("a number without a route".into())),
    };
    let enabled = row.next()?;
    Ok(OurNumber {
        id: NumberId(id),
        channel: ChannelId(channel),
        trunk: TrunkId(trunk),
        address,
        kind,
        route,
        enabled,
        valid_for: row.next::<Option<u32>>()?.map(|seconds| Duration::from_secs(seconds.into())),
        smart: row.next()?,
    })
}

impl Snapshot<'_> {
    /// Our number that a trunk's carrier means.
    pub fn number_for(
        &self,
        trunk: TrunkId,
        kind: ChannelKind,
        address: &Address,
    ) -> Result<Option<OurNumber>, StoreError> {
        static SQL: LazyLock<String> =
            LazyLock::new(|| format!("{OUR_NUMBER} WHERE n.address = ?1 AND c.trunk_id = ?2 AND c.kind = ?3"));
        first(&mut self.conn.prepare_cached(&SQL)?.query((address.as_str(), trunk.0, kind.as_str()))?, our_number)
    }

    /// One of our numbers.
    pub fn our_number(&self, id: NumberId) -> Result<Option<OurNumber>, StoreError> {
        first(&mut self.conn.prepare_cached(&format!("{OUR_NUMBER} WHERE n.id = ?1"))?.query([id.0])?, our_number)
    }

    /// The oldest of our numbers on channels of a kind.
    pub fn first_number_of(&self, kind: ChannelKind) -> Result<Option<OurNumber>, StoreError> {
        let sql = format!("{OUR_NUMBER} WHERE c.kind = ?1 ORDER BY n.id LIMIT 1");
        first(&mut self.conn.prepare_cached(&sql)?.query([kind.as_str()])?, our_number)
    }

    /// Whether this is a number of ours: texting ourselves is refused (a loop).
    pub fn is_ours(&self, address: &Address) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM numbers WHERE address = ?1")?
            .query_row([address.as_str()], |_| Ok(()))
            .optional()?
            .is_some())
    }

    /// How a queue's sessions come to be held; `None` if there is no such queue.
    pub fn queue_pick_up(&self, queue: QueueId) -> Result<Option<PickUp>, StoreError> {
        let mut statement = self.conn.prepare_cached("SELECT pick_up FROM queues WHERE id = ?1")?;
        first(&mut statement.query([queue.0])?, |row| word(row, "pick_up", PickUp::from_word))
    }

    /// What a queue is called.
    pub fn queue_label(&self, queue: QueueId) -> Result<String, StoreError> {
        let name: Option<String> = self
            .conn
            .prepare_cached("SELECT name FROM queues WHERE id = ?1")?
            .query_row([queue.0], |row| row.get(0))
            .optional()?;
        Ok(name.unwrap_or_else(|| format!("queue {queue}")))
    }

    /// The agents of a queue that are switched on.
    pub fn queue_agents(&self, queue: QueueId) -> Result<Vec<ExtensionId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT e.id FROM queue_members q JOIN extensions e ON e.id = q.extension_id \
             WHERE q.queue_id = ?1 AND e.enabled ORDER BY e.number",
        )?;
        all(statement.query([queue.0])?, |row| Ok(ExtensionId(row.get(0)?)))
    }

    /// Whether an extension is an agent of a queue.
    pub fn is_agent_of(&self, extension: ExtensionId, queue: QueueId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM queue_members WHERE queue_id = ?1 AND extension_id = ?2")?
            .query_row((queue.0, extension.0), |_| Ok(()))
            .optional()?
            .is_some())
    }

    /// What an extension is called: number and name.
    pub fn extension_label(&self, extension: ExtensionId) -> Result<String, StoreError> {
        let label: Option<String> = self
            .conn
            .prepare_cached("SELECT trim(number || ' ' || name) FROM extensions WHERE id = ?1")?
            .query_row([extension.0], |row| row.get(0))
            .optional()?;
        Ok(label.unwrap_or_else(|| format!("extension {extension}")))
    }

    /// The number an extension is dialled by.
    pub fn extension_number(&self, extension: ExtensionId) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT number FROM extensions WHERE id = ?1")?
            .query_row([extension.0], |row| row.get(0))
            .optional()?)
    }

    /// Whether an extension's phone understands receipts.
    pub fn speaks_imdn(&self, extension: ExtensionId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM extensions WHERE id = ?1 AND speaks_imdn")?
            .query_row([extension.0], |_| Ok(()))
            .optional()?
            .is_some())
    }

    /// What a destination is called.
    pub fn destination_label(&self, destination: Destination) -> Result<String, StoreError> {
        match destination {
            Destination::Extension(extension) => self.extension_label(extension),
            Destination::Queue(queue) => self.queue_label(queue),
        }
    }

    /// The number an extension opens sessions from: its own default, else one that leads to it, else one of its queues; an
    /// SMS number before a WhatsApp number, on which nobody can begin with a text of their own.
    pub fn number_of_extension(&self, extension: ExtensionId) -> Result<Option<OurNumber>, StoreError> {
        let sql = format!(
            "{OUR_NUMBER} \
             LEFT JOIN extensions e ON e.id = ?1 AND e.default_number_id = n.id \
             LEFT JOIN queue_members q ON q.queue_id = n.route_queue_id AND q.extension_id = ?1 \
             WHERE e.id IS NOT NULL OR n.route_extension_id = ?1 OR q.queue_id IS NOT NULL \
             ORDER BY e.id IS NULL, c.kind = 'whatsapp', n.route_extension_id IS NULL, n.id LIMIT 1"
        );
        first(&mut self.conn.prepare_cached(&sql)?.query([extension.0])?, our_number)
    }

    /// Whether there is such an extension.
    pub fn extension_exists(&self, extension: ExtensionId) -> Result<bool, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM extensions WHERE id = ?1")?
            .query_row([extension.0], |_| Ok(()))
            .optional()?
            .is_some())
    }

    /// Changes whenever another process has committed (the command line, while the daemon runs).
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// A setting of the site, e.g. `country` or `language`.
    pub fn site(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("SELECT value FROM site WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?)
    }
}

impl Tx<'_> {
    /// Remembers that an extension's phone understands receipts.
    pub fn note_speaks_imdn(&self, extension: ExtensionId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE extensions SET speaks_imdn = 1 WHERE id = ?1 AND speaks_imdn = 0")?
            .execute([extension.0])?;
        Ok(())
    }

    /// Remembers that a trunk's carrier called; to the minute, so that a busy trunk costs no write each time.
    pub fn note_trunk_heard(&self, trunk: TrunkId, now: Timestamp) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE trunks SET last_in_at = ?2 WHERE id = ?1 AND coalesce(last_in_at, 0) < ?2 - 60000")?
            .execute((trunk.0, now.0))?;
        Ok(())
    }

    /// Notes how a trunk's carrier took the last message; says whether that is a change of state. A state that lasts is
    /// written once a minute at most.
    pub fn note_trunk_sent(
        &self,
        trunk: TrunkId,
        state: &str,
        reason: Option<&Reason>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let before: Option<(String, Option<i64>)> = self
            .conn
            .prepare_cached("SELECT state, last_out_at FROM trunks WHERE id = ?1")?
            .query_row([trunk.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((before, last_out)) = before else { return Ok(false) };
        let changed = before != state;
        let out_at = (state == "ok").then_some(now.0);
        if changed || (out_at.is_some() && last_out.unwrap_or(0) < now.0 - 60_000) {
            let reason = reason.map(|reason| serde_json::to_string(reason).expect("a reason is plain data"));
            self.conn
                .prepare_cached(
                    "UPDATE trunks SET state = ?2, state_reason = ?3, last_out_at = coalesce(?4, last_out_at), \
                     state_at = CASE WHEN state <> ?2 THEN ?5 ELSE state_at END WHERE id = ?1",
                )?
                .execute((trunk.0, state, reason, out_at, now.0))?;
        }
        Ok(changed)
    }
}
