//! A peer writes to us: the session is found or opened, the message filed, and the phones that should ring are rung.
//! All in the transaction of the webhook that brought it.

use crate::carrier::dialect::InboundMessage;
use crate::domain::channel::ChannelKind;
use crate::domain::event::Event;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::media::NAME_CHARS_MAX;
use crate::domain::message::{Direction, NewMessage};
use crate::domain::rich::Rich;
use crate::domain::session::{Destination, Session, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::consent::heed;
use crate::flow::desk::Rules;
use crate::flow::queue::{TextToRing, ring};
use crate::flow::send::begin_session;
use crate::flow::window::WINDOW;
use crate::store::attachments::AtCarrier;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::routing::OurNumber;
use crate::store::sessions::{NewSession, Step};
use std::time::Duration;

/// How long after a campaign's text an answer counts as one to it.
pub(super) const REPLY_WITHIN: Duration = Duration::from_secs(30 * 24 * 3600);
/// Files of one message that are fetched; the field's bound is ten.
const FILES_TAKEN_MAX: usize = 20;
/// Longest address of a file; Meta's and the stores of others sign theirs with hundreds of characters.
const LOCATION_BYTES_MAX: usize = 4096;

/// What became of it.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Inbound {
    /// It was filed.
    Filed(MessageId),
    /// It was here before: a repeated webhook.
    SeenBefore,
    /// The carrier means a number that is not set up on this trunk; the channel log keeps the text, and the portal says so.
    NoSuchNumber,
}

/// Takes a message from a peer in.
pub fn take(
    tx: &Tx<'_>,
    rules: &Rules,
    trunk: TrunkId,
    heard: &InboundMessage,
    now: Timestamp,
) -> Result<Inbound, StoreError> {
    let Some(number) = tx.number_for(trunk, heard.kind, &heard.to)? else {
        if tx.note_unknown_number(trunk, heard.kind, &heard.to, now)? {
            tx.emit(Event::TrunkChanged { trunk });
        }
        return Ok(Inbound::NoSuchNumber);
    };
    if !tx.hear_webhook(trunk, &heard.carrier_id, now)? {
        return Ok(Inbound::SeenBefore);
    }
    let session = session_for(tx, &number, heard, now)?;
    tx.note_reply(session.id, now.minus(REPLY_WITHIN), now)?;
    let message = file(tx, trunk, &session, heard, now)?;
    if heard.kind == ChannelKind::WhatsApp {
        note_whatsapp(tx, trunk, &session, message, heard, now)?;
    }
    let session = Session { last_inbound: Some(message), ..session };
    let text = TextToRing { message, text: &heard.text, files: files_of(heard) };
    ring(tx, rules, &session, text, now)?;
    // A sign put to a message, or a file, is no word.
    if heard.media.is_empty() && heard.rich.is_none() {
        heed::take(tx, rules, trunk, &session, &heard.text, now)?;
    }
    tx.emit(Event::MessageFiled { session: session.id, message });
    Ok(Inbound::Filed(message))
}

fn session_for(tx: &Tx<'_>, number: &OurNumber, heard: &InboundMessage, now: Timestamp) -> Result<Session, StoreError> {
    let peer = tx.peer_known_as(&heard.from, &heard.also, heard.profile_name.as_deref(), now)?;
    if let Some(open) = tx.open_session(number.id, peer)? {
        return Ok(open);
    }
    let state = match number.route {
        Destination::Extension(extension) => SessionState::Held { extension },
        Destination::Queue(queue) => SessionState::Waiting { queue },
    };
    let new = NewSession { channel: number.channel, number: number.id, peer, peer_address: heard.from.clone(), state };
    let session = begin_session(tx, &new, now)?;
    tx.note_step(session.id, Step::Opened, None, None, Some(&tx.destination_label(number.route)?), now)?;
    tx.emit(Event::SessionChanged { session: session.id });
    Ok(session)
}

/// What only WhatsApp has: what is beyond text, the message it answers, and 24 hours to answer it freely.
fn note_whatsapp(
    tx: &Tx<'_>,
    trunk: TrunkId,
    session: &Session,
    message: MessageId,
    heard: &InboundMessage,
    now: Timestamp,
) -> Result<(), StoreError> {
    let named = match &heard.rich {
        Some(Rich::Reaction { to, .. }) => Some(to),
        _ => heard.in_reply_to.as_ref(),
    };
    let answered = named.map(|id| tx.message_by_carrier_id(trunk, id)).transpose()?.flatten();
    tx.note_webhook_became(trunk, &heard.carrier_id, message)?;
    tx.set_beyond_text(message, heard.rich.as_ref(), answered, Some(&heard.carrier_id))?;
    // A sign put to a message is no message for WhatsApp: whether it opens the window is nowhere promised.
    if !matches!(heard.rich, Some(Rich::Reaction { .. })) {
        let said_at = heard.said_at.filter(|at| *at < now).unwrap_or(now);
        tx.open_window(session.number, session.peer, said_at.plus(WINDOW))?;
    }
    Ok(())
}

fn file(
    tx: &Tx<'_>,
    trunk: TrunkId,
    session: &Session,
    heard: &InboundMessage,
    now: Timestamp,
) -> Result<MessageId, StoreError> {
    let new = NewMessage {
        session: session.id,
        direction: Direction::In,
        text: heard.text.clone(),
        author_extension: None,
        author_user: None,
        author_name: heard.profile_name.clone().unwrap_or_else(|| heard.from.to_string()),
        client_id: None,
        segments: None,
        media_count: files_of(heard),
    };
    let message = tx.insert_message(&new, now)?;
    attach(tx, trunk, (message, session), heard, now)?;
    let from = (heard.from != session.peer_address).then_some(&heard.from);
    tx.touch_session(session.id, message, Direction::In, from, now)?;
    Ok(message)
}

fn files_of(heard: &InboundMessage) -> u32 {
    u32::try_from(heard.media.len()).unwrap_or(u32::MAX)
}

/// Notes the files that came with it; they are fetched after the commit. A carrier that names more than anybody sends, or
/// an address longer than any, is not followed.
fn attach(
    tx: &Tx<'_>,
    trunk: TrunkId,
    (message, session): (MessageId, &Session),
    heard: &InboundMessage,
    now: Timestamp,
) -> Result<(), StoreError> {
    let followed = heard.media.iter().filter(|file| file.location.len() <= LOCATION_BYTES_MAX).take(FILES_TAKEN_MAX);
    for (position, file) in (0..).zip(followed) {
        let name: String = file.file_name.as_deref().unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
        let at_carrier = AtCarrier { trunk, location: &file.location, name: &name };
        tx.attach_from_carrier((message, session.channel), position, &at_carrier, now)?;
    }
    if !heard.media.is_empty() {
        tx.emit(Event::FilesRung);
    }
    Ok(())
}
