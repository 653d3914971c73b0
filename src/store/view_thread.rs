//! A conversation as it is read: messages with what became of them, and the steps of the session between them.

use crate::domain::address::Address;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{ExtensionId, MessageId, SessionEventId, SessionId};
use crate::domain::message::Message;
use crate::domain::price::Price;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::store::attachments::Attachment;
use crate::store::beyond_text::Quoted;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::messages::{MESSAGE, message};
use crate::store::view_sessions::ExtensionName;
use crate::store::words::{all, first};
use rusqlite::Row;

/// A message with its author and its deliveries.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// What was said.
    pub message: Message,
    /// The extension that wrote it, as it is called now.
    pub author: Option<ExtensionName>,
    /// Its way to the peer, if it goes out.
    pub to_peer: Option<(DeliveryState, Option<Reason>)>,
    /// How it leaves, if it goes out.
    pub way: Option<Way>,
    /// The phones it rings, if it came in.
    pub phones: Vec<PhoneRow>,
    /// The message it answers, as it is quoted.
    pub quoted: Option<Quoted>,
    /// Its files.
    pub attachments: Vec<Attachment>,
}

/// How a message leaves.
#[derive(Clone, Debug)]
pub struct Way {
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// When it is given up.
    pub expires_at: Timestamp,
    /// When somebody wants it to be sent.
    pub scheduled_at: Option<Timestamp>,
    /// The zone that was said in.
    pub scheduled_zone: Option<String>,
    /// The number of the second way, where it left over that.
    pub instead_from: Option<Address>,
    /// How many parts the carrier reports by themselves.
    pub parts: u32,
    /// Whether a try of it may have been taken.
    pub in_doubt: bool,
    /// What it costs.
    pub cost: Option<Price>,
    /// Whether it leaves in other words than its text: with links instead of its files.
    pub has_words: bool,
}

fn way(row: &Row<'_>) -> Result<Way, StoreError> {
    let moved: Option<i64> = row.get("moved_from")?;
    let cost: Option<i64> = row.get("cost_micros")?;
    Ok(Way {
        tries: row.get("tries")?,
        due_at: row.get("due_at")?,
        expires_at: row.get("expires_at")?,
        scheduled_at: row.get("scheduled_at")?,
        scheduled_zone: row.get("scheduled_zone")?,
        instead_from: moved.map(|_| row.get("from_address")).transpose()?,
        parts: row.get("parts")?,
        in_doubt: row.get("in_doubt")?,
        has_words: row.get("has_words")?,
        cost: cost
            .map(|micros| Ok::<_, StoreError>(Price { micros, currency: row.get("cost_currency")? }))
            .transpose()?,
    })
}

/// How a phone got a message.
#[derive(Clone, Debug)]
pub struct PhoneRow {
    /// The extension's number.
    pub extension: String,
    /// How it stands.
    pub state: DeliveryState,
    /// Why it waits or failed.
    pub reason: Option<Reason>,
}

/// A step of a session.
#[derive(Clone, Debug)]
pub struct StepRow {
    /// Its id.
    pub id: SessionEventId,
    /// When.
    pub at: Timestamp,
    /// What, in the words of the schema.
    pub kind: String,
    /// Who did it.
    pub by: Option<String>,
    /// From whom it went.
    pub from: Option<String>,
    /// To whom it went.
    pub to: Option<String>,
}

/// One line of a conversation.
#[derive(Clone, Debug)]
pub enum ThreadItem {
    /// Something was said.
    Message(Box<MessageRow>),
    /// Something was done.
    Step(StepRow),
}

/// Where a page begins: everything older than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadCursor {
    /// Messages before this one.
    pub message: MessageId,
    /// Steps before this one.
    pub step: SessionEventId,
}

impl ThreadCursor {
    /// The newest page.
    pub const NEWEST: ThreadCursor = ThreadCursor { message: MessageId(i64::MAX), step: SessionEventId(i64::MAX) };
}

impl Snapshot<'_> {
    /// A page of a conversation, oldest first, and where the page before it begins.
    pub fn thread(
        &self,
        session: SessionId,
        before: ThreadCursor,
        limit: usize,
    ) -> Result<(Vec<ThreadItem>, Option<ThreadCursor>), StoreError> {
        let sql = format!(
            "SELECT {MESSAGE} FROM messages m WHERE m.session_id = ?1 AND m.id < ?2 ORDER BY m.id DESC LIMIT ?3"
        );
        let messages = all(self.conn.prepare_cached(&sql)?.query((session, before.message, limit + 1))?, message)?;
        let mut query = self.conn.prepare_cached(
            "SELECT id, at, kind, by_name, from_name, to_name FROM session_events
             WHERE session_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
        )?;
        let steps = all(query.query((session, before.step, limit + 1))?, step)?;

        let (mut messages, mut steps) = (messages.into_iter().peekable(), steps.into_iter().peekable());
        let (mut items, mut cursor) = (Vec::new(), before);
        while items.len() < limit {
            let message_is_newer = match (messages.peek(), steps.peek()) {
                (None, None) => break,
                (Some(message), Some(step)) => is_after(message, step),
                (message, _) => message.is_some(),
            };
            if message_is_newer && let Some(message) = messages.next() {
                cursor.message = message.id;
                items.push(ThreadItem::Message(Box::new(self.with_deliveries(message)?)));
            } else if let Some(step) = steps.next() {
                cursor.step = step.id;
                items.push(ThreadItem::Step(step));
            }
        }
        items.reverse();
        let more = messages.peek().is_some() || steps.peek().is_some();
        Ok((items, more.then_some(cursor)))
    }

    /// One message with its author and its deliveries.
    pub fn message_row(&self, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        self.message(id)?.map(|message| self.with_deliveries(message)).transpose()
    }

    pub(in crate::store) fn with_deliveries(&self, message: Message) -> Result<MessageRow, StoreError> {
        let author = message.author_extension.map(|id| self.extension_name(id)).transpose()?.flatten();
        let mut query = self.conn.prepare_cached(
            "SELECT d.line, d.state, d.reason, e.number, d.tries, d.due_at, d.expires_at, d.scheduled_at,
                    d.scheduled_zone, d.moved_from, d.parts, d.in_doubt, d.instead IS NOT NULL AS has_words,
                    n.address AS from_address, m.cost_micros, m.cost_currency
             FROM deliveries d JOIN messages m ON m.id = d.message_id
             LEFT JOIN extensions e ON e.id = d.extension_id LEFT JOIN numbers n ON n.id = d.number_id
             WHERE d.message_id = ?1 AND d.notice IS NULL ORDER BY d.id",
        )?;
        let quoted = message.in_reply_to.map(|id| self.quoted(id, message.session)).transpose()?.flatten();
        let attachments = if message.media_count > 0 { self.attachments(message.id)? } else { Vec::new() };
        let mut row = MessageRow { message, author, to_peer: None, way: None, phones: Vec::new(), quoted, attachments };
        let mut deliveries = query.query([row.message.id])?;
        while let Some(delivery) = deliveries.next()? {
            let (state, reason) = (delivery.get("state")?, delivery.get("reason")?);
            match delivery.get::<_, Option<String>>("number")? {
                Some(extension) => note_phone(&mut row.phones, PhoneRow { extension, state, reason }),
                None => {
                    row.to_peer = Some((state, reason));
                    row.way = Some(way(delivery)?);
                }
            }
        }
        Ok(row)
    }

    /// What an extension is called.
    pub fn extension_name(&self, id: ExtensionId) -> Result<Option<ExtensionName>, StoreError> {
        let mut query = self.conn.prepare_cached("SELECT id, number, name FROM extensions WHERE id = ?1")?;
        first(&mut query.query([id])?, |row| {
            Ok(ExtensionName { id: row.get("id")?, number: row.get("number")?, name: row.get("name")? })
        })
    }
}

/// A phone has a message when it has its text and all of its files: of several deliveries, the one that is least far.
fn note_phone(phones: &mut Vec<PhoneRow>, new: PhoneRow) {
    let far = |state: DeliveryState| {
        use DeliveryState::{
            Cancelled, Delivered, Failed, Queued, Read, Sending, Sent, Skipped, Uncertain, Undelivered,
        };
        match state {
            Failed | Undelivered | Uncertain => 0,
            Queued => 1,
            Sending => 2,
            Sent => 3,
            Delivered => 4,
            Read => 5,
            Skipped | Cancelled => 6,
        }
    };
    match phones.iter_mut().find(|phone| phone.extension == new.extension) {
        Some(known) if far(new.state) < far(known.state) => *known = new,
        Some(_) => {}
        None => phones.push(new),
    }
}

/// At the same moment a session is opened before its first message and changes hands after it.
fn is_after(message: &Message, step: &StepRow) -> bool {
    message.at > step.at || message.at == step.at && matches!(step.kind.as_str(), "opened" | "reopened" | "offered")
}

fn step(row: &Row<'_>) -> Result<StepRow, StoreError> {
    Ok(StepRow {
        id: row.get("id")?,
        at: row.get("at")?,
        kind: row.get("kind")?,
        by: row.get("by_name")?,
        from: row.get("from_name")?,
        to: row.get("to_name")?,
    })
}
