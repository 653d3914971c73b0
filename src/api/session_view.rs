//! Sessions, messages and reasons in the shapes of the API.

use crate::api::attachments::AttachmentOut;
use crate::api::auth::Who;
use crate::api::sending::{CostOut, WayOut};
use crate::api::words;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::consent::{OptOutSource, Refusal};
use crate::domain::contact_source::SourceProblem;
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{
    ChannelId, ExtensionId, MessageId, NumberId, OptOutId, PeerId, QueueId, SessionEventId, SessionId,
};
use crate::domain::message::Direction;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::remedy::remedy;
use crate::domain::rich::Rich;
use crate::domain::segment;
use crate::domain::session::PickUp;
use crate::domain::time::Timestamp;
use crate::store::view_sessions::{ExtensionName, OptedOut, SessionRow};
use crate::store::view_thread::{MessageRow, StepRow, ThreadItem};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashSet;

/// An extension by id, number and name.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct ExtensionRef {
    /// Its id.
    pub id: ExtensionId,
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
}

impl From<ExtensionName> for ExtensionRef {
    fn from(extension: ExtensionName) -> ExtensionRef {
        ExtensionRef { id: extension.id, number: extension.number, name: extension.name }
    }
}

/// A channel by id, name and kind.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ChannelRef {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// What it carries.
    pub kind: ChannelKind,
}

/// One of our numbers.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NumberRef {
    id: NumberId,
    address: Address,
    label: String,
    /// Whether it can send MMS.
    can_mms: bool,
}

/// The outside party.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PeerRef {
    id: PeerId,
    address: Address,
    name: Option<String>,
}

/// A queue by id and name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct QueueRef {
    id: QueueId,
    name: String,
}

/// What the asker may do with a session now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionCan {
    reply: bool,
    pick_up: bool,
    transfer: bool,
    end: bool,
}

/// A conversation as a list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionOut {
    id: SessionId,
    channel: ChannelRef,
    number: NumberRef,
    peer: PeerRef,
    /// `waiting`, `held` or `closed`.
    #[schema(schema_with = words::session_state)]
    state: String,
    queue: Option<QueueRef>,
    extension: Option<ExtensionRef>,
    pick_up: Option<PickUp>,
    opened_at: Timestamp,
    closed_at: Option<Timestamp>,
    last_at: Timestamp,
    last_text: String,
    /// Files of the last message.
    last_files: u32,
    last_direction: Direction,
    /// A delivery state, or `received`.
    #[schema(schema_with = words::message_status)]
    last_status: &'static str,
    unread: u32,
    awaiting_reply: bool,
    /// WhatsApp's 24 hours; null on other channels.
    window: Option<WindowOut>,
    /// The peer stopped advertising, or everything, from this number.
    opted_out: Option<OptedOutOut>,
    can: SessionCan,
}

/// A refusal that stands.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OptedOutOut {
    id: OptOutId,
    at: Timestamp,
    source: OptOutSource,
    /// What was said or pressed; text from outside.
    words: Option<String>,
    /// Only advertising is meant.
    marketing_only: bool,
    /// Whether they may be answered all the same.
    may_reply: bool,
}

impl OptedOutOut {
    fn at(seen: OptedOut, now: Timestamp) -> OptedOutOut {
        let may_reply = seen.refusal.may_reply(seen.reopens, seen.wrote_at, now);
        let Refusal { id, at, source, words, marketing_only, .. } = seen.refusal;
        OptedOutOut { id, at, source, words, marketing_only, may_reply }
    }
}

/// How long the peer may be answered freely.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WindowOut {
    /// Until when; null where it never wrote.
    open_until: Option<Timestamp>,
    /// Seconds left; 0: only a template can be sent.
    seconds_left: u64,
}

impl SessionOut {
    /// As `who` sees it.
    pub fn seen_by(who: &Who, row: SessionRow) -> SessionOut {
        let can = may(who, &row);
        let pick_up = row.queue.as_ref().map(|(_, _, pick_up)| *pick_up);
        let (channel, name, kind) = row.channel;
        let (number, our_address, label) = row.number;
        let (peer, address, peer_name) = row.peer;
        SessionOut {
            id: row.id,
            channel: ChannelRef { id: channel, name, kind },
            number: NumberRef { id: number, address: our_address, label, can_mms: false },
            peer: PeerRef { id: peer, address, name: peer_name },
            state: row.state,
            queue: row.queue.map(|(id, name, _)| QueueRef { id, name }),
            extension: row.extension.map(ExtensionRef::from),
            pick_up,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            last_at: row.last_at,
            last_text: row.last_text,
            last_files: row.last_files,
            last_direction: row.last_direction,
            last_status: row.last_state.map_or("received", DeliveryState::as_str),
            unread: row.unread,
            awaiting_reply: row.awaiting_reply,
            window: row.open_until.map(|until| WindowOut {
                open_until: (until.0 > 0).then_some(until),
                seconds_left: until.since(who.now).as_secs(),
            }),
            opted_out: row.opted_out.map(|seen| OptedOutOut::at(seen, who.now)),
            can,
        }
    }
}

impl SessionOut {
    /// Whether its number is among those that can send MMS.
    pub fn with_mms(mut self, numbers: &HashSet<NumberId>) -> SessionOut {
        self.number.can_mms = numbers.contains(&self.number.id);
        self
    }

    /// As somebody sees it who just let it go.
    pub fn let_go(who: &Who, row: SessionRow) -> SessionOut {
        let can = SessionCan { reply: false, pick_up: false, transfer: false, end: false };
        SessionOut { can, ..SessionOut::seen_by(who, row) }
    }
}

/// What the flows would allow; they decide again.
fn may(who: &Who, row: &SessionRow) -> SessionCan {
    let open = row.state != "closed";
    let waiting = row.state == "waiting";
    let own = row.extension.as_ref().map(|extension| extension.id) == who.extension() && who.extension().is_some();
    let owned_by_one = row.queue.as_ref().is_none_or(|(_, _, pick_up)| *pick_up != PickUp::None);
    let may_take = who.extension().is_some() && (row.in_own_queue || who.role().sees_all());
    SessionCan {
        reply: waiting || open && own,
        pick_up: waiting && owned_by_one && may_take,
        transfer: open,
        end: open,
    }
}

/// Why something failed, in both languages.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ReasonOut {
    code: ReasonCode,
    /// The carrier's or phone's own code.
    carrier_code: Option<String>,
    /// What the carrier or phone said; text from outside.
    detail: Option<String>,
    en: Cow<'static, str>,
    de: Cow<'static, str>,
    /// What to do, in English; null: nothing, or the sentence says it.
    todo_en: Option<Cow<'static, str>>,
    /// The same in German.
    todo_de: Option<Cow<'static, str>>,
}

impl ReasonOut {
    /// What a source of contacts says itself of what is wrong with it, and of what to do.
    pub fn of_source(problem: SourceProblem) -> ReasonOut {
        ReasonOut {
            code: ReasonCode::SourceUnread,
            carrier_code: None,
            detail: None,
            en: problem.en.into(),
            de: problem.de.into(),
            todo_en: Some(problem.todo_en.into()),
            todo_de: Some(problem.todo_de.into()),
        }
    }
}

impl From<Reason> for ReasonOut {
    fn from(reason: Reason) -> ReasonOut {
        let todo = remedy(reason.code);
        ReasonOut {
            todo_en: todo.map(|(en, _)| en.into()),
            todo_de: todo.map(|(_, de)| de.into()),
            en: reason.code.english().into(),
            de: reason.code.german().into(),
            code: reason.code,
            carrier_code: reason.carrier_code,
            detail: reason.detail,
        }
    }
}

/// Who wrote a message.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Author {
    /// `peer`, `extension` or `user`.
    #[schema(schema_with = words::author_kind)]
    kind: &'static str,
    name: String,
    extension: Option<ExtensionRef>,
}

/// How a phone got a message.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PhoneOut {
    /// The extension's number.
    extension: String,
    status: DeliveryState,
    reason: Option<ReasonOut>,
}

/// A message that another one answers.
#[derive(Serialize, utoipa::ToSchema)]
pub struct QuoteOut {
    /// Its id.
    pub id: MessageId,
    direction: Direction,
    /// The beginning of its text.
    text: String,
}

/// How files reach the peer.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FilesSentAs {
    /// Through the carrier.
    Files,
    /// As a link beside the text.
    Links,
}

/// What the asker may do with a message now.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MessageCan {
    send_again: bool,
    settle: bool,
    /// Take it back before it leaves.
    cancel: bool,
    /// Change its words or its moment.
    edit: bool,
}

/// A message.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MessageOut {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub session_id: SessionId,
    direction: Direction,
    text: String,
    at: Timestamp,
    author: Author,
    /// A delivery state, or `received`.
    #[schema(schema_with = words::message_status)]
    status: &'static str,
    reason: Option<ReasonOut>,
    segments: Option<u32>,
    /// `gsm7` or `ucs2`, where segments are counted.
    encoding: Option<&'static str>,
    /// Where a price is set; what never left costs nothing.
    cost: Option<CostOut>,
    /// How it leaves, if it goes out.
    way: Option<WayOut>,
    /// How many files came with it; those that were never kept are not among `attachments`.
    media_count: u32,
    attachments: Vec<AttachmentOut>,
    /// How its files reach the peer: as files, or as a link beside the text; null where it has none.
    sent_as: Option<FilesSentAs>,
    /// What it is beyond text and files; the text says the same in words.
    rich: Option<Rich>,
    /// The message it answers.
    in_reply_to: Option<QuoteOut>,
    phones: Vec<PhoneOut>,
    can: MessageCan,
}

impl From<MessageRow> for MessageOut {
    fn from(row: MessageRow) -> MessageOut {
        use DeliveryState::{Cancelled, Failed, Queued, Skipped, Uncertain, Undelivered};
        let message = row.message;
        let (state, reason) = row.to_peer.map_or((None, None), |(state, reason)| (Some(state), reason));
        let kind = match (message.direction, message.author_user) {
            (Direction::In, _) => "peer",
            (Direction::Out, Some(_)) => "user",
            (Direction::Out, None) => "extension",
        };
        let waits = state == Some(Queued);
        let costs = !matches!(state, Some(Failed | Skipped | Cancelled));
        let encoding = message.segments.map(|_| segment::count(&message.text).encoding.as_str());
        let scheduled =
            row.way.as_ref().is_some_and(|way| way.scheduled_at.is_some_and(|at| way.tries == 0 && at == way.due_at));
        MessageOut {
            id: message.id,
            session_id: message.session,
            direction: message.direction,
            text: message.text,
            at: message.at,
            author: Author { kind, name: message.author_name, extension: row.author.map(ExtensionRef::from) },
            status: state.map_or("received", DeliveryState::as_str),
            reason: reason.map(ReasonOut::from),
            segments: message.segments,
            encoding,
            cost: row.way.as_ref().and_then(|way| way.cost.clone()).filter(|_| costs).map(CostOut::from),
            way: row.way.as_ref().map(|way| WayOut::of(way, waits)),
            media_count: message.media_count,
            sent_as: row
                .way
                .as_ref()
                .filter(|_| !row.attachments.is_empty())
                .map(|way| if way.has_words { FilesSentAs::Links } else { FilesSentAs::Files }),
            attachments: row.attachments.into_iter().map(AttachmentOut::from).collect(),
            rich: message.rich,
            in_reply_to: row.quoted.map(|quoted| QuoteOut {
                id: quoted.id,
                direction: quoted.direction,
                text: quoted.text,
            }),
            phones: row
                .phones
                .into_iter()
                .map(|phone| PhoneOut {
                    extension: phone.extension,
                    status: phone.state,
                    reason: phone.reason.map(ReasonOut::from),
                })
                .collect(),
            can: MessageCan {
                send_again: matches!(state, Some(Failed | Undelivered | Uncertain)),
                settle: state == Some(Uncertain),
                cancel: waits && row.way.as_ref().is_some_and(|way| !way.in_doubt),
                edit: waits && scheduled,
            },
        }
    }
}

/// A step in the life of a conversation.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StepOut {
    id: SessionEventId,
    at: Timestamp,
    /// `opened`, `offered`, `picked_up`, `transferred`, `ended`, `ended_automatically`, `reopened` or `expired`.
    #[schema(schema_with = words::step_kind)]
    kind: String,
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl From<StepRow> for StepOut {
    fn from(row: StepRow) -> StepOut {
        StepOut { id: row.id, at: row.at, kind: row.kind, by: row.by, from: row.from, to: row.to }
    }
}

/// One line of a conversation.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ItemOut {
    /// Something was said.
    Message {
        /// What.
        message: Box<MessageOut>,
    },
    /// Something was done.
    Event {
        /// What.
        event: StepOut,
    },
}

impl From<ThreadItem> for ItemOut {
    fn from(item: ThreadItem) -> ItemOut {
        match item {
            ThreadItem::Message(message) => ItemOut::Message { message: Box::new((*message).into()) },
            ThreadItem::Step(step) => ItemOut::Event { event: step.into() },
        }
    }
}
