//! The inbox: sessions as a list shows them, for the eyes of one user. What those eyes must not see is not there.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::Refusal;
use crate::domain::contact_words::sought;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{ChannelId, ExtensionId, MessageId, NumberId, PeerId, QueueId, SessionId, UserId};
use crate::domain::message::Direction;
use crate::domain::session::PickUp;
use crate::domain::time::Timestamp;
use crate::store::contacts::name_of_peer;
use crate::store::contacts_find::pattern;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::words::{all, first, word};
use rusqlite::{Row, named_params};

/// How much of the last text a list shows.
const LAST_TEXT_CHARS: u32 = 160;
/// Counting goes no further: nobody works through more.
const COUNT_MAX: u32 = 1_000;
/// Contacts of a name whose conversations are looked for.
const NAMED_MAX: u32 = 2_000;

/// Whose eyes look.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Whose read marks count.
    pub user: UserId,
    /// Whether every session is seen.
    pub all: bool,
    /// Else: what this extension holds or held, and what waits in its queues.
    pub extension: Option<ExtensionId>,
}

/// Which part of the inbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    /// Held by one's own extension.
    Mine,
    /// Waiting in a queue.
    Waiting,
    /// Open.
    All,
    /// Closed.
    Ended,
}

/// What a list is asked for.
#[derive(Clone, Debug)]
pub struct SessionsWanted {
    /// Which part.
    pub tab: Tab,
    /// Part of a name or number, in any spelling.
    pub q: Option<String>,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Only of this queue.
    pub queue: Option<QueueId>,
    /// Only held by this extension.
    pub extension: Option<ExtensionId>,
    /// Only after this one.
    pub after: Option<(Timestamp, SessionId)>,
    /// How many at most.
    pub limit: u32,
}

/// An extension as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionName {
    /// Its id.
    pub id: ExtensionId,
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
}

/// A session as a list shows it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Its channel.
    pub channel: (ChannelId, String, ChannelKind),
    /// Our number: id, address, label.
    pub number: (NumberId, Address, String),
    /// The peer: id, address, name.
    pub peer: (PeerId, Address, Option<String>),
    /// `waiting`, `held` or `closed`.
    pub state: String,
    /// The queue it waits in or came through, and how that is picked up.
    pub queue: Option<(QueueId, String, PickUp)>,
    /// Who holds it or held it last.
    pub extension: Option<ExtensionName>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The last traffic.
    pub last_at: Timestamp,
    /// The beginning of the last text.
    pub last_text: String,
    /// How many files came with the last message.
    pub last_files: u32,
    /// Which way the last message went.
    pub last_direction: Direction,
    /// How the last message fares; `None` for one that came in.
    pub last_state: Option<DeliveryState>,
    /// Inbound messages this user has not read; counted to 99.
    pub unread: u32,
    /// Whether the peer wrote last.
    pub awaiting_reply: bool,
    /// Whether this user's extension is a member of the queue.
    pub in_own_queue: bool,
    /// Until when the peer may be answered freely, on WhatsApp; long ago where it never wrote.
    pub open_until: Option<Timestamp>,
    /// The peer wants no advertising here, or nothing at all.
    pub opted_out: Option<OptedOut>,
}

/// A refusal as a session shows it.
#[derive(Clone, Debug)]
pub struct OptedOut {
    /// The refusal.
    pub refusal: Refusal,
    /// Whether whoever writes again may be answered.
    pub reopens: bool,
    /// When the peer last wrote.
    pub wrote_at: Option<Timestamp>,
}

/// The figures beside the tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCounts {
    /// Held by one's own extension.
    pub mine: u32,
    /// Waiting in a queue.
    pub waiting: u32,
    /// Open.
    pub all: u32,
    /// Closed.
    pub ended: u32,
    /// Mine or waiting, with something unread.
    pub unread: u32,
}

/// What these eyes may see. Closed sessions that nobody held are seen by the members of a queue that nobody owns.
pub(in crate::store) const VISIBLE: &str = "s.hidden = 0 AND (:all OR (s.state = 'held' AND s.extension_id = :me) \
     OR (s.state = 'waiting' AND s.queue_id IN (SELECT queue_id FROM queue_members WHERE extension_id = :me)) \
     OR (s.state = 'closed' AND (s.extension_id = :me OR (s.extension_id IS NULL AND s.queue_id IN \
        (SELECT m.queue_id FROM queue_members m JOIN queues k ON k.id = m.queue_id \
         WHERE m.extension_id = :me AND k.pick_up = 'none')))))";

/// What a contact is called goes before what a peer calls itself.
const ROW: &str = concat!(
    "SELECT s.id, s.channel_id, c.name AS channel_name, c.kind, s.number_id, n.address, n.label, \
     s.peer_id, s.peer_address, coalesce(",
    name_of_peer!(),
    ", p.name) AS peer_name, s.state, s.queue_id, q.name AS queue_name, q.pick_up, \
     s.extension_id, e.number AS extension_number, e.name AS extension_name, s.opened_at, s.closed_at, s.last_at, \
     substr(l.text, 1, :chars) AS last_text, coalesce(l.media_count, 0) AS last_files, l.direction AS last_direction, \
     (SELECT d.state FROM deliveries d WHERE d.message_id = l.id AND d.line = 'carrier') AS last_state, \
     (SELECT count(*) FROM (SELECT 1 FROM messages u WHERE u.session_id = s.id AND u.direction = 'in' \
         AND u.id > coalesce((SELECT r.up_to FROM session_reads r WHERE r.session_id = s.id AND r.user_id = :user), 0) \
         LIMIT 99)) AS unread, \
     s.awaiting_reply, \
     CASE WHEN c.kind = 'whatsapp' THEN coalesce((SELECT w.open_until FROM windows w WHERE w.number_id = s.number_id \
         AND w.peer_id = s.peer_id), 0) END AS open_until, \
     EXISTS (SELECT 1 FROM opt_out_keys k JOIN opt_outs o ON o.id = k.opt_out_id WHERE k.key = s.peer_address \
         AND o.withdrawn_at IS NULL AND (o.scope = 'everything' OR (o.kind = c.kind AND o.our_address = n.address) \
              OR (o.scope = 'channel' AND o.channel_id = c.id))) AS opted_out, \
     EXISTS (SELECT 1 FROM queue_members o WHERE o.queue_id = s.queue_id AND o.extension_id = :me) AS in_own_queue \
     FROM sessions s JOIN channels c ON c.id = s.channel_id JOIN numbers n ON n.id = s.number_id \
     JOIN peers p ON p.id = s.peer_id LEFT JOIN queues q ON q.id = s.queue_id \
     LEFT JOIN extensions e ON e.id = s.extension_id LEFT JOIN messages l ON l.id = s.last_message_id",
);

fn session_row(row: &Row<'_>) -> Result<SessionRow, StoreError> {
    let queue: Option<QueueId> = row.get("queue_id")?;
    let extension: Option<ExtensionId> = row.get("extension_id")?;
    let direction: Option<String> = row.get("last_direction")?;
    Ok(SessionRow {
        id: row.get("id")?,
        channel: (row.get("channel_id")?, row.get("channel_name")?, row.get("kind")?),
        number: (row.get("number_id")?, row.get("address")?, row.get("label")?),
        peer: (row.get("peer_id")?, row.get("peer_address")?, row.get("peer_name")?),
        state: row.get("state")?,
        queue: match queue {
            Some(id) => Some((id, row.get("queue_name")?, word(row, "pick_up", PickUp::from_word)?)),
            None => None,
        },
        extension: match extension {
            Some(id) => {
                Some(ExtensionName { id, number: row.get("extension_number")?, name: row.get("extension_name")? })
            }
            None => None,
        },
        opened_at: row.get("opened_at")?,
        closed_at: row.get("closed_at")?,
        last_at: row.get("last_at")?,
        last_text: row.get::<_, Option<String>>("last_text")?.unwrap_or_default(),
        last_files: row.get("last_files")?,
        last_direction: direction.as_deref().and_then(Direction::from_word).unwrap_or(Direction::In),
        last_state: row.get("last_state")?,
        unread: row.get("unread")?,
        awaiting_reply: row.get("awaiting_reply")?,
        in_own_queue: row.get("in_own_queue")?,
        open_until: row.get("open_until")?,
        opted_out: None,
    })
}

/// The same with a mark where its peer refused something: that is looked at once more.
fn marked_row(row: &Row<'_>) -> Result<(SessionRow, bool), StoreError> {
    Ok((session_row(row)?, row.get("opted_out")?))
}

impl Snapshot<'_> {
    fn with_refusal(&self, (mut session, refused): (SessionRow, bool)) -> Result<SessionRow, StoreError> {
        let (address, number) = (&session.peer.1, session.number.0);
        if refused && let Some(refusal) = self.refusal_of(address, number, true)? {
            let wrote_at = self.last_wrote(address, number)?;
            session.opted_out = Some(OptedOut { refusal, reopens: self.reopens()?, wrote_at });
        }
        Ok(session)
    }

    /// A page of the inbox, newest traffic first.
    pub fn sessions_page(&self, sight: Sight, wanted: &SessionsWanted) -> Result<Vec<SessionRow>, StoreError> {
        let tab = match wanted.tab {
            Tab::Mine => "s.state = 'held' AND s.extension_id = :me",
            Tab::Waiting => "s.state = 'waiting'",
            Tab::All => "s.state <> 'closed'",
            Tab::Ended => "s.state = 'closed'",
        };
        // Put in order first, then read whole: only so much is read of each as is asked for.
        let sql = format!(
            "{ROW} WHERE s.id IN (SELECT s.id FROM sessions s JOIN peers p ON p.id = s.peer_id WHERE {tab} AND {VISIBLE} \
             AND (:channel IS NULL OR s.channel_id = :channel) AND (:queue IS NULL OR s.queue_id = :queue) \
             AND (:extension IS NULL OR s.extension_id = :extension) \
             AND (:q IS NULL OR instr(lower(coalesce(p.name, '')), :q) > 0 OR instr(lower(s.peer_address), :q) > 0 \
                  OR (:digits IS NOT NULL AND instr(s.peer_address, :digits) > 0) \
                  OR s.peer_address IN (SELECT kn.address FROM contact_numbers kn WHERE kn.address IS NOT NULL \
                     AND kn.contact_id IN (SELECT rowid FROM contacts_text WHERE contacts_text MATCH :words LIMIT {NAMED_MAX}))) \
             AND (:at IS NULL OR (s.last_at, s.id) < (:at, :id)) \
             ORDER BY s.last_at DESC, s.id DESC LIMIT :limit) ORDER BY s.last_at DESC, s.id DESC"
        );
        let q = wanted.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        let digits = q.as_deref().and_then(dialled_digits);
        // An empty phrase finds nobody; no phrase at all would be an error.
        let words =
            Some(pattern(&q.as_deref().map(sought).unwrap_or_default().words)).filter(|words| !words.is_empty());
        let words = words.unwrap_or_else(|| r#""""#.to_owned());
        let marked = all(
            self.conn.prepare_cached(&sql)?.query(named_params! {
                ":all": sight.all, ":me": sight.extension, ":user": sight.user, ":chars": LAST_TEXT_CHARS,
                ":channel": wanted.channel, ":queue": wanted.queue, ":extension": wanted.extension,
                ":q": q, ":digits": digits, ":words": words,
                ":at": wanted.after.map(|(at, _)| at), ":id": wanted.after.map(|(_, id)| id),
                ":limit": wanted.limit,
            })?,
            marked_row,
        )?;
        marked.into_iter().map(|row| self.with_refusal(row)).collect()
    }

    /// One session, if these eyes may see it.
    pub fn session_seen(&self, sight: Sight, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
        let sql = format!("{ROW} WHERE s.id = :id AND {VISIBLE}");
        let marked = first(
            &mut self.conn.prepare_cached(&sql)?.query(named_params! {
                ":all": sight.all, ":me": sight.extension, ":user": sight.user, ":chars": LAST_TEXT_CHARS, ":id": id,
            })?,
            marked_row,
        )?;
        marked.map(|row| self.with_refusal(row)).transpose()
    }

    /// Whether these eyes may see a session.
    pub fn sees_session(&self, sight: Sight, id: SessionId) -> Result<bool, StoreError> {
        let sql = format!("SELECT 1 FROM sessions s WHERE s.id = :id AND {VISIBLE}");
        Ok(self.conn.prepare_cached(&sql)?.exists(named_params! {
            ":all": sight.all, ":me": sight.extension, ":id": id,
        })?)
    }

    /// Whether a session has to do with these eyes: seen now, or it came through one of their queues.
    pub fn concerns_session(&self, sight: Sight, id: SessionId) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT 1 FROM sessions s WHERE s.id = :id AND ({VISIBLE} OR s.queue_id IN \
             (SELECT queue_id FROM queue_members WHERE extension_id = :me))"
        );
        Ok(self.conn.prepare_cached(&sql)?.exists(named_params! {
            ":all": sight.all, ":me": sight.extension, ":id": id,
        })?)
    }

    /// Open sessions these eyes see, the newest first.
    pub fn open_sessions_seen(&self, sight: Sight, at_most: u32) -> Result<Vec<SessionId>, StoreError> {
        let sql = format!(
            "SELECT s.id FROM sessions s WHERE s.state <> 'closed' AND {VISIBLE} ORDER BY s.last_at DESC LIMIT :most"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let values = named_params! { ":all": sight.all, ":me": sight.extension, ":most": at_most };
        Ok(query.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The figures beside the tabs. Each part is counted over the index made for it: the portal asks often.
    pub fn session_counts(&self, sight: Sight) -> Result<SessionCounts, StoreError> {
        const HELD: &str = "s.state = 'held' AND s.extension_id = :me";
        const WAITING: &str = "s.state = 'waiting' AND (:all OR s.queue_id IN \
             (SELECT queue_id FROM queue_members WHERE extension_id = :me))";
        const UNREAD: &str = "s.last_inbound_id > coalesce((SELECT r.up_to FROM session_reads r \
             WHERE r.session_id = s.id AND r.user_id = :user), 0)";
        const OF_NOBODY: &str = "s.state = 'closed' AND s.hidden = 0 AND s.extension_id IS NULL AND s.queue_id IN \
             (SELECT m.queue_id FROM queue_members m JOIN queues k ON k.id = m.queue_id \
              WHERE m.extension_id = :me AND k.pick_up = 'none')";
        let count = |which: &str| self.count_sessions(sight, which);
        let (mine, waiting) = (count(HELD)?, count(WAITING)?);
        Ok(SessionCounts {
            mine,
            waiting,
            all: if sight.all { count("s.state <> 'closed'")? } else { mine + waiting },
            ended: match sight.all {
                true => count("s.state = 'closed' AND s.hidden = 0")?,
                false => count("s.state = 'closed' AND s.hidden = 0 AND s.extension_id = :me")? + count(OF_NOBODY)?,
            },
            unread: count(&format!("{HELD} AND {UNREAD}"))? + count(&format!("{WAITING} AND {UNREAD}"))?,
        })
    }

    fn count_sessions(&self, sight: Sight, which: &str) -> Result<u32, StoreError> {
        // The outer condition is always true: it names what not every `which` names, so that all can be bound.
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM sessions s WHERE {which} LIMIT :most) \
             WHERE :all IS NOT NULL AND coalesce(:me, 0) IS NOT NULL AND :user IS NOT NULL"
        );
        let values =
            named_params! { ":all": sight.all, ":me": sight.extension, ":user": sight.user, ":most": COUNT_MAX };
        Ok(self.conn.prepare_cached(&sql)?.query_row(values, |row| row.get(0))?)
    }
}

/// The digits of what looks like a number, without trunk prefix or leading `+` and `00`: a part of its E.164 form.
pub(in crate::store) fn dialled_digits(q: &str) -> Option<String> {
    let dialled = q.chars().all(|c| c.is_ascii_digit() || " +-/().\u{a0}".contains(c));
    let digits: String = q.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (dialled && digits.len() >= 3).then(|| digits.to_owned())
}

impl Tx<'_> {
    /// A user has read a session up to a message; never takes back what was read.
    pub fn mark_read(&self, session: SessionId, user: UserId, up_to: MessageId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO session_reads (session_id, user_id, up_to)
                 SELECT id, ?2, min(?3, coalesce(last_message_id, 0)) FROM sessions WHERE id = ?1
                 ON CONFLICT (session_id, user_id) DO UPDATE SET up_to = max(up_to, excluded.up_to)",
            )?
            .execute((session, user, up_to))?;
        Ok(())
    }

    /// A user wants the last inbound message of a session to be unread again.
    pub fn mark_unread(&self, session: SessionId, user: UserId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO session_reads (session_id, user_id, up_to)
                 SELECT id, ?2, coalesce(last_inbound_id, 1) - 1 FROM sessions WHERE id = ?1
                 ON CONFLICT (session_id, user_id) DO UPDATE SET up_to = excluded.up_to",
            )?
            .execute((session, user))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::dialled_digits;

    #[test]
    fn a_number_is_found_in_every_spelling() {
        for typed in ["+49 151 234", "0049151234", "49-151-234", "(49) 151 / 234"] {
            assert_eq!(dialled_digits(typed).as_deref(), Some("49151234"), "{typed}");
        }
        assert_eq!(dialled_digits("0151 234").as_deref(), Some("151234"));
        assert_eq!(dialled_digits("anna 234"), None);
        assert_eq!(dialled_digits("00"), None);
    }
}
