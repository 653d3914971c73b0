//! The portal and programs write: into a conversation, or to open one. Also: sending again, and settling what is uncertain.

use crate::domain::address::{Address, AddressKind};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{DeliveryId, ExtensionId, MessageId, NumberId, SessionId};
use crate::domain::message::{Direction, NewMessage, TEXT_CHARS_MAX};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::segment;
use crate::domain::session::{Actor, Destination, Session, SessionError, SessionState};
use crate::domain::smart;
use crate::domain::time::Timestamp;
use crate::flow::consent::refuse::must_be_wanted;
use crate::flow::desk::{Desk, Rules, new_delivery_reference};
use crate::flow::error::FlowError;
use crate::flow::media::outgoing::{Files, keep_files_until, words_anew};
use crate::flow::session::{note_holder, session_error};
use crate::flow::window;
use crate::store::deliveries::{Delivery, Line, NewDelivery, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::routing::OurNumber;
use crate::store::sessions::{NewSession, Step};
use std::time::Duration;

/// A message on its way out.
pub struct Outgoing<'a> {
    /// In which conversation.
    pub session: &'a Session,
    /// What.
    pub text: String,
    /// Who writes.
    pub by: &'a Actor,
    /// The portal's own id for it.
    pub client_id: Option<String>,
    /// The phone's MESSAGE it came from, if its phone wants a receipt.
    pub phone: Option<(String, ExtensionId)>,
    /// The files with it.
    pub files: Files<'a>,
    /// What goes first.
    pub priority: Priority,
}

impl<'a> Outgoing<'a> {
    /// A text alone.
    pub fn text(session: &'a Session, text: String, by: &'a Actor) -> Outgoing<'a> {
        Outgoing { session, text, by, client_id: None, phone: None, files: Files::NONE, priority: Priority::Reply }
    }
}

/// Files a message and puts its delivery into the outbox.
pub fn file_and_send(
    tx: &Tx<'_>,
    rules: &Rules,
    outgoing: Outgoing<'_>,
    now: Timestamp,
) -> Result<MessageId, StoreError> {
    let session = outgoing.session.id;
    let (message, _) = file_and_queue(tx, rules, outgoing, now)?;
    tx.emit(Event::MessageFiled { session, message });
    tx.emit(Event::OutboxRung);
    Ok(message)
}

/// The same without a word to anybody; with the delivery.
pub(in crate::flow) fn file_and_queue(
    tx: &Tx<'_>,
    rules: &Rules,
    outgoing: Outgoing<'_>,
    now: Timestamp,
) -> Result<(MessageId, DeliveryId), StoreError> {
    let session = outgoing.session;
    let number = tx
        .our_number(session.number)?
        .ok_or_else(|| StoreError::Unreadable(format!("session {} without a number", session.id)))?;
    let text = worded(&number, outgoing.text);
    let expires_at = now.plus(number.valid_for.unwrap_or(rules.carrier_expiry));
    let linked = outgoing.files.links(rules, &text, now);
    let segments = segments_of(number.kind, linked.as_ref().map_or(&text, |linked| &linked.words));
    let new = NewMessage {
        session: session.id,
        direction: Direction::Out,
        text,
        author_extension: outgoing.by.extension,
        author_user: outgoing.by.user,
        author_name: outgoing.by.name.clone(),
        client_id: outgoing.client_id,
        segments,
        media_count: outgoing.files.count(),
    };
    let message = tx.insert_message(&new, now)?;
    match outgoing.priority {
        Priority::Campaign => tx.touch_by_campaign(session.id, message, now)?,
        Priority::Reply | Priority::Automatic => tx.touch_session(session.id, message, Direction::Out, None, now)?,
    }
    outgoing.files.attach(tx, (message, number.channel), linked.as_ref(), expires_at, now)?;
    let delivery = NewDelivery {
        message,
        line: Line::Carrier { trunk: number.trunk, number: number.id, to: session.peer_address.clone() },
        priority: outgoing.priority,
        reference: new_delivery_reference(now),
        expires_at,
        notice: None,
        instead: linked.map(|linked| linked.words),
        attachment: None,
        phone: outgoing.phone,
    };
    let delivery = tx.insert_delivery(&delivery, now)?;
    note_cost(tx, message, number.id, &session.peer_address, segments.unwrap_or(1))?;
    Ok((message, delivery))
}

/// The text as it leaves: where its channel wants it, look-alikes are replaced.
pub(in crate::flow) fn worded(number: &OurNumber, text: String) -> String {
    if number.smart && number.kind == ChannelKind::Sms { smart::plain(&text).into_owned() } else { text }
}

/// What is counted on the air: segments of an SMS.
pub(in crate::flow) fn segments_of(kind: ChannelKind, text: &str) -> Option<u32> {
    (kind == ChannelKind::Sms).then(|| u32::try_from(segment::count(text).segments).unwrap_or(u32::MAX))
}

/// Notes what a message costs, where a price is set for it.
pub fn note_cost(
    tx: &Tx<'_>,
    message: MessageId,
    number: NumberId,
    to: &Address,
    segments: u32,
) -> Result<(), StoreError> {
    if let Some(price) = tx.price_to(number, to)? {
        tx.set_cost(message, &price.times(segments))?;
    }
    Ok(())
}

/// Writes into a conversation. The same `client_id` again is the same message.
pub async fn reply(
    desk: &Desk,
    session: SessionId,
    text: String,
    client_id: String,
    by: Actor,
) -> Result<MessageId, FlowError> {
    check_text(&text)?;
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store.write(move |tx| reply_in(tx, &rules, session, Words::text(text, client_id, &by), now)).await
}

/// What somebody at the portal writes.
pub(in crate::flow) struct Words<'a> {
    pub text: String,
    /// The portal's own id for it: the same again is the same message.
    pub client_id: String,
    pub by: &'a Actor,
    pub files: Files<'a>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
}

impl<'a> Words<'a> {
    /// A text alone.
    pub fn text(text: String, client_id: String, by: &'a Actor) -> Words<'a> {
        Words { text, client_id, by, files: Files::NONE, in_reply_to: None }
    }
}

pub(in crate::flow) fn reply_in(
    tx: &Tx<'_>,
    rules: &Rules,
    session: SessionId,
    words: Words<'_>,
    now: Timestamp,
) -> Result<MessageId, FlowError> {
    if let Some(sent) = tx.message_by_client_id(&words.client_id)? {
        return Ok(sent);
    }
    let before = tx.session(session)?.ok_or(FlowError::NotFound("conversation"))?;
    file_words(tx, rules, before, words, now)
}

/// Files what somebody writes into a conversation, which may become theirs by it.
fn file_words(
    tx: &Tx<'_>,
    rules: &Rules,
    before: Session,
    words: Words<'_>,
    now: Timestamp,
) -> Result<MessageId, FlowError> {
    let Words { text, client_id, by, files, in_reply_to } = words;
    must_be_wanted(tx, &before.peer_address, before.number, false, now)?;
    window::must_be_open(tx, before.number, before.peer, now)?;
    let after = answered(tx, before.clone(), by)?;
    note_holder(tx, &before, &after, by, now)?;
    if let Some(answered) = in_reply_to {
        must_be_of(tx, answered, before.id)?;
    }
    let outgoing = Outgoing { client_id: Some(client_id), files, ..Outgoing::text(&after, text, by) };
    let message = file_and_send(tx, rules, outgoing, now)?;
    if in_reply_to.is_some() {
        tx.set_beyond_text(message, None, in_reply_to, None)?;
    }
    Ok(message)
}

/// What is quoted belongs to the conversation.
pub(in crate::flow) fn must_be_of(tx: &Tx<'_>, answered: MessageId, session: SessionId) -> Result<(), FlowError> {
    match tx.quoted(answered, session)? {
        Some(_) => Ok(()),
        None => Err(FlowError::invalid(
            "in_reply_to",
            ("that message is not part of this conversation", "diese Nachricht gehört nicht zu dieser Unterhaltung"),
        )),
    }
}

/// Someone without an extension may answer what nobody holds; they own nothing.
pub(in crate::flow) fn answered(tx: &Tx<'_>, session: Session, by: &Actor) -> Result<Session, FlowError> {
    let mode = match session.state {
        SessionState::Waiting { queue } => tx.queue_pick_up(queue)?,
        _ => None,
    };
    let outcome = match (by.extension, session.state) {
        (Some(extension), _) => session.answered(extension, mode),
        (None, SessionState::Waiting { .. }) => Ok(session),
        (None, SessionState::Held { extension }) => Err(SessionError::Taken { by: extension }),
        (None, SessionState::Closed) => Err(SessionError::Closed),
    };
    outcome.map_err(|error| session_error(tx, error))
}

/// Writes to somebody, in the open conversation with them at that number if there is one, else in a new one.
pub async fn start(
    desk: &Desk,
    number: NumberId,
    to: Address,
    text: String,
    client_id: String,
    by: Actor,
) -> Result<MessageId, FlowError> {
    check_text(&text)?;
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store.write(move |tx| start_in(tx, &rules, (number, &to), Words::text(text, client_id, &by), now)).await
}

pub(in crate::flow) fn start_in(
    tx: &Tx<'_>,
    rules: &Rules,
    (number, to): (NumberId, &Address),
    words: Words<'_>,
    now: Timestamp,
) -> Result<MessageId, FlowError> {
    if let Some(sent) = tx.message_by_client_id(&words.client_id)? {
        return Ok(sent);
    }
    let before = open_or_new(tx, number, to, words.by, now)?;
    file_words(tx, rules, before, words, now)
}

pub(in crate::flow) fn open_or_new(
    tx: &Tx<'_>,
    number: NumberId,
    to: &Address,
    by: &Actor,
    now: Timestamp,
) -> Result<Session, FlowError> {
    let number = tx.our_number(number)?.ok_or(FlowError::NotFound("number"))?;
    if !number.enabled {
        return Err(FlowError::NotAllowed(
            (
                "the channel or trunk of this number is switched off",
                "Kanal oder Trunk dieser Rufnummer ist abgeschaltet",
            )
                .into(),
        ));
    }
    if tx.is_ours(to)? {
        return Err(FlowError::invalid("to", ("that is one of our own numbers", "das ist eine eigene Rufnummer")));
    }
    if to.kind() == AddressKind::Alphanumeric {
        return Err(FlowError::invalid(
            "to",
            (
                "a sender's name cannot be written to: give a number",
                "an einen Absendernamen kann man nicht schreiben: bitte eine Rufnummer angeben",
            ),
        ));
    }
    let peer = tx.peer_for(to, None, now)?;
    if let Some(open) = tx.open_session(number.id, peer)? {
        return Ok(open);
    }
    let state = match (by.extension, number.route) {
        (Some(extension), _) | (None, Destination::Extension(extension)) => SessionState::Held { extension },
        (None, Destination::Queue(queue)) => SessionState::Waiting { queue },
    };
    let new = NewSession { channel: number.channel, number: number.id, peer, peer_address: to.clone(), state };
    let session = begin_session(tx, &new, now)?;
    let owner = match state {
        SessionState::Held { extension } => tx.extension_label(extension)?,
        SessionState::Waiting { queue } => tx.queue_label(queue)?,
        SessionState::Closed => String::new(),
    };
    tx.note_step(session.id, Step::Opened, Some(&by.name), None, Some(&owner), now)?;
    tx.emit(Event::SessionChanged { session: session.id });
    Ok(session)
}

/// A new conversation: where a campaign spoke to the peer at this number, below what it said.
pub(in crate::flow) fn begin_session(tx: &Tx<'_>, new: &NewSession, now: Timestamp) -> Result<Session, StoreError> {
    match tx.hidden_session(new.number, new.peer)? {
        Some(hidden) => tx.reveal_session(&hidden, new, now),
        None => tx.insert_session(new, now),
    }
}

pub(in crate::flow) fn check_text(text: &str) -> Result<(), FlowError> {
    if text.trim().is_empty() {
        return Err(FlowError::invalid("text", ("write something first", "bitte erst etwas schreiben")));
    }
    check_length(text)
}

pub(in crate::flow) fn check_length(text: &str) -> Result<(), FlowError> {
    let count = text.chars().count();
    if count > TEXT_CHARS_MAX {
        return Err(FlowError::invalid(
            "text",
            (
                format!("{count} characters; at most {TEXT_CHARS_MAX} can be sent"),
                format!("{count} Zeichen; höchstens {TEXT_CHARS_MAX} können gesendet werden"),
            ),
        ));
    }
    Ok(())
}

/// Sends a message again that failed or is uncertain: somebody decided that twice is better than not at all.
pub async fn again(desk: &Desk, message: MessageId, by: Actor) -> Result<(), FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            let old = to_peer(tx, message)?;
            if !matches!(old.state, DeliveryState::Failed | DeliveryState::Undelivered | DeliveryState::Uncertain) {
                return Err(FlowError::NotAllowed(
                    (
                        "only what failed or is uncertain can be sent again",
                        "nur was gescheitert oder ungewiss ist, kann erneut gesendet werden",
                    )
                        .into(),
                ));
            }
            if let Line::Carrier { number, to, .. } = &old.line {
                must_be_wanted(tx, to, *number, false, now)?;
            }
            tracing::info!(message.id = %message, by = %by.name, "Message {message} is sent again by hand");
            let expires_at = now.plus(valid_for(tx, &rules, &old)?);
            tx.renew_delivery(old.id, &new_delivery_reference(now), expires_at, now)?;
            keep_files_until(tx, &rules, message, (now, expires_at))?;
            if let Some(said) = tx.message(message)? {
                words_anew(tx, &rules, &old, &said.text)?;
            }
            tx.emit(Event::DeliveryChanged { session: old.session, message });
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// How long a message may wait on its channel.
pub(in crate::flow) fn valid_for(tx: &Tx<'_>, rules: &Rules, delivery: &Delivery) -> Result<Duration, StoreError> {
    let Line::Carrier { number, .. } = delivery.line else { return Ok(rules.phone_expiry) };
    Ok(tx.our_number(number)?.and_then(|number| number.valid_for).unwrap_or(rules.carrier_expiry))
}

/// Writes down what became of an uncertain message, by somebody who knows.
pub async fn settle(desk: &Desk, message: MessageId, arrived: bool, by: Actor) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let delivery = to_peer(tx, message)?;
            if delivery.state != DeliveryState::Uncertain {
                return Err(FlowError::NotAllowed(
                    ("only an uncertain message can be settled", "nur eine ungewisse Nachricht kann geklärt werden")
                        .into(),
                ));
            }
            let said = format!("settled by {}", by.name);
            let (state, reason) = if arrived {
                (DeliveryState::Sent, None)
            } else {
                (DeliveryState::Failed, Some(Reason::of(ReasonCode::CarrierSilent).saying(&said)))
            };
            tx.settle(delivery.id, state, None, reason.as_ref(), now)?;
            tx.emit(Event::DeliveryChanged { session: delivery.session, message });
            Ok(())
        })
        .await
}

pub(in crate::flow) fn to_peer(tx: &Tx<'_>, message: MessageId) -> Result<Delivery, FlowError> {
    tx.delivery_to_peer(message)?.ok_or(FlowError::NotFound("message"))
}
