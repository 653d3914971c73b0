//! Message queues and their members.

use crate::domain::id::{ExtensionId, QueueId};
use crate::domain::session::PickUp;
use crate::domain::time::Timestamp;
use crate::store::edit::{EditError, called, in_use, named, one_row, open_conversations};
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use rusqlite::{OptionalExtension, Row};

/// A message queue with its members.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its id.
    pub id: QueueId,
    /// Its name.
    pub name: String,
    /// How a waiting session finds its owner.
    pub pick_up: PickUp,
    /// Who may take what waits, by number; switched-off extensions among them.
    pub members: Vec<Member>,
    /// Counts its edits.
    pub version: i64,
}

/// An extension in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: ExtensionId,
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// What people may set on a queue.
#[derive(Clone, Debug)]
pub struct QueueEdit {
    /// Its name.
    pub name: String,
    /// How a waiting session finds its owner.
    pub pick_up: PickUp,
    /// Who may take what waits.
    pub members: Vec<ExtensionId>,
}

impl Snapshot<'_> {
    /// All queues, by name.
    pub fn queues(&self) -> Result<Vec<Queue>, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT id, name, pick_up, version FROM queues ORDER BY name COLLATE NOCASE")?;
        let mut queues = query.query_map([], read)?.collect::<Result<Vec<_>, _>>()?;
        for queue in &mut queues {
            queue.members = self.queue_members(queue.id)?;
        }
        Ok(queues)
    }

    /// The queue with this id.
    pub fn queue(&self, id: QueueId) -> Result<Option<Queue>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT id, name, pick_up, version FROM queues WHERE id = ?1")?;
        let Some(mut queue) = query.query_row([id], read).optional()? else { return Ok(None) };
        queue.members = self.queue_members(id)?;
        Ok(Some(queue))
    }

    /// The queues this extension is a member of.
    pub fn queues_of(&self, extension: ExtensionId) -> Result<Vec<QueueId>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT queue_id FROM queue_members WHERE extension_id = ?1")?;
        Ok(query.query_map([extension], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// How many sessions wait in this queue.
    pub fn waiting_in(&self, queue: QueueId) -> Result<u32, StoreError> {
        let mut query =
            self.conn.prepare_cached("SELECT count(*) FROM sessions WHERE state = 'waiting' AND queue_id = ?1")?;
        Ok(query.query_row([queue], |row| row.get(0))?)
    }

    fn queue_members(&self, id: QueueId) -> Result<Vec<Member>, StoreError> {
        let mut query = self.conn.prepare_cached(
            "SELECT e.id, e.number, e.name, e.enabled FROM queue_members m JOIN extensions e ON e.id = m.extension_id
             WHERE m.queue_id = ?1 ORDER BY e.number",
        )?;
        let members = query.query_map([id], |row| {
            Ok(Member {
                id: row.get("id")?,
                number: row.get("number")?,
                name: row.get("name")?,
                enabled: row.get("enabled")?,
            })
        })?;
        Ok(members.collect::<Result<_, _>>()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Queue> {
    Ok(Queue {
        id: row.get("id")?,
        name: row.get("name")?,
        pick_up: row.get("pick_up")?,
        members: Vec::new(),
        version: row.get("version")?,
    })
}

impl Tx<'_> {
    /// Adds a queue.
    pub fn insert_queue(&self, edit: &QueueEdit, now: Timestamp) -> Result<QueueId, EditError> {
        self.conn
            .prepare_cached("INSERT INTO queues (name, pick_up, created_at) VALUES (?1, ?2, ?3)")?
            .execute((&edit.name, edit.pick_up, now))
            .map_err(named("name", "queue"))?;
        let id = QueueId(self.conn.last_insert_rowid());
        self.set_members(id, &edit.members)?;
        Ok(id)
    }

    /// Changes a queue that is still at `version`.
    pub fn update_queue(&self, id: QueueId, version: i64, edit: &QueueEdit) -> Result<(), EditError> {
        let changed = self
            .conn
            .prepare_cached(
                "UPDATE queues SET name = ?3, pick_up = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
            )?
            .execute((id, version, &edit.name, edit.pick_up))
            .map_err(named("name", "queue"))?;
        one_row(changed, self.queue(id)?.is_some())?;
        self.set_members(id, &edit.members)
    }

    /// Deletes a queue that no number routes to and no open session is in.
    pub fn delete_queue(&self, id: QueueId) -> Result<(), EditError> {
        let queue = self.queue(id)?.ok_or(EditError::Missing)?;
        let mut query = self.conn.prepare_cached("SELECT address FROM numbers WHERE route_queue_id = ?1")?;
        let numbers = query.query_map([id], |row| Ok(called("number", "Rufnummer", row.get::<_, String>(0)?)))?;
        let mut users = numbers.collect::<Result<Vec<_>, _>>()?;
        let open: i64 = self
            .conn
            .prepare_cached("SELECT count(*) FROM sessions WHERE queue_id = ?1 AND state <> 'closed'")?
            .query_row([id], |row| row.get(0))?;
        if open > 0 {
            users.push(open_conversations(open));
        }
        in_use(&called("queue", "Warteschlange", queue.name), &users)?;
        self.conn.prepare_cached("UPDATE sessions SET queue_id = NULL WHERE queue_id = ?1")?.execute([id])?;
        self.conn.prepare_cached("DELETE FROM queues WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    fn set_members(&self, id: QueueId, members: &[ExtensionId]) -> Result<(), EditError> {
        self.conn.prepare_cached("DELETE FROM queue_members WHERE queue_id = ?1")?.execute([id])?;
        let mut insert =
            self.conn.prepare_cached("INSERT OR IGNORE INTO queue_members (queue_id, extension_id) VALUES (?1, ?2)")?;
        for member in members {
            insert.execute((id, member)).map_err(named("members", "members"))?;
        }
        Ok(())
    }
}
