//! Messages for later: sent at a moment somebody names, changed and taken back until then. What waits for any other
//! reason can be taken back, too, as long as no try of it may have reached the carrier.

use crate::domain::address::Address;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{MessageId, NumberId, SessionId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::Actor;
use crate::domain::time::Timestamp;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::media::outgoing::{keep_files_until, words_anew};
use crate::flow::send::{
    Words, check_length, check_text, note_cost, reply_in, segments_of, start_in, to_peer, valid_for, worded,
};
use crate::store::deliveries::{Delivery, Line};
use crate::store::handle::Tx;
use std::time::Duration;

/// Nobody plans further ahead.
const AHEAD_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// A moment as somebody named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// The moment.
    pub at: Timestamp,
    /// The zone it was named in: `Europe/Berlin`, or an offset.
    pub zone: String,
}

impl Later {
    /// Reads a moment with its zone: RFC 3339 with an offset, or RFC 9557 with a zone's name, where an offset is not
    /// needed: `2026-11-21T09:00[Europe/Berlin]`. A local time alone is refused: nobody knows which moment it means.
    pub fn read(text: &str) -> Result<Later, FlowError> {
        if text.contains('[') {
            let zoned: jiff::Zoned = text.parse().map_err(|_| without_zone("2026-11-21T09:00[Europe/Berlin]"))?;
            let zone = zoned.time_zone().iana_name().unwrap_or("UTC").to_owned();
            return Ok(Later { at: Timestamp(zoned.timestamp().as_millisecond()), zone });
        }
        let moment: jiff::Timestamp = text.parse().map_err(|_| without_zone("2026-11-21T09:00:00+01:00"))?;
        let zone = match text.rfind(['+', '-']) {
            Some(at) if at > 10 => text[at..].to_owned(),
            _ => "UTC".to_owned(),
        };
        Ok(Later { at: Timestamp(moment.as_millisecond()), zone })
    }

    pub(in crate::flow) fn checked(self, now: Timestamp) -> Result<Later, FlowError> {
        if self.at <= now {
            return Err(FlowError::invalid(
                "send_at",
                (
                    "that moment has passed: choose a later one",
                    "dieser Zeitpunkt ist vorbei: bitte einen späteren wählen",
                ),
            ));
        }
        if self.at.since(now) > AHEAD_MAX {
            return Err(FlowError::invalid("send_at", ("at most a year ahead", "höchstens ein Jahr im Voraus")));
        }
        Ok(self)
    }
}

fn without_zone(example: &str) -> FlowError {
    let why = (
        format!("a time with its zone, such as {example}"),
        format!("eine Zeit mit ihrer Zeitzone, zum Beispiel {example}"),
    );
    FlowError::invalid("send_at", why)
}

/// Writes into a conversation, to be sent later.
pub async fn reply(
    desk: &Desk,
    session: SessionId,
    text: String,
    later: Later,
    client_id: String,
    by: Actor,
) -> Result<MessageId, FlowError> {
    check_text(&text)?;
    let (now, rules) = (desk.now(), desk.rules.clone());
    let later = later.checked(now)?;
    desk.store
        .write(move |tx| {
            let message = reply_in(tx, &rules, session, Words::text(text, client_id, &by), now)?;
            put_off(tx, &rules, message, &later)
        })
        .await
}

/// Writes to somebody, to be sent later.
pub async fn start(
    desk: &Desk,
    (number, to): (NumberId, Address),
    text: String,
    later: Later,
    client_id: String,
    by: Actor,
) -> Result<MessageId, FlowError> {
    check_text(&text)?;
    let (now, rules) = (desk.now(), desk.rules.clone());
    let later = later.checked(now)?;
    desk.store
        .write(move |tx| {
            let message = start_in(tx, &rules, (number, &to), Words::text(text, client_id, &by), now)?;
            put_off(tx, &rules, message, &later)
        })
        .await
}

pub(in crate::flow) fn put_off(
    tx: &Tx<'_>,
    rules: &Rules,
    message: MessageId,
    later: &Later,
) -> Result<MessageId, FlowError> {
    let delivery = to_peer(tx, message)?;
    let expires_at = later.at.plus(valid_for(tx, rules, &delivery)?);
    tx.schedule_delivery(delivery.id, (later.at, &later.zone), expires_at)?;
    keep_files_until(tx, rules, message, (later.at, expires_at))?;
    Ok(message)
}

/// Changes a message that waits for its moment: its words, its moment, or both.
pub async fn change(
    desk: &Desk,
    message: MessageId,
    text: Option<String>,
    later: Option<Later>,
    by: Actor,
) -> Result<(), FlowError> {
    if let Some(text) = &text {
        check_length(text)?;
    }
    let (now, rules) = (desk.now(), desk.rules.clone());
    let later = later.map(|later| later.checked(now)).transpose()?;
    desk.store
        .write(move |tx| {
            let delivery = to_peer(tx, message)?;
            if !waits_for_its_moment(&delivery, now) {
                let why = (
                    "only a message that waits for its moment can be changed",
                    "nur eine Nachricht, die auf ihren Zeitpunkt wartet, kann geändert werden",
                );
                return Err(FlowError::NotAllowed(why.into()));
            }
            if let (Some(text), Line::Carrier { number, to, .. }) = (text, &delivery.line) {
                let number = tx.our_number(*number)?.ok_or(FlowError::NotFound("number"))?;
                let text = worded(&number, text);
                let linked = words_anew(tx, &rules, &delivery, &text)?;
                if linked.is_none() && tx.attachments(message)?.is_empty() {
                    check_text(&text)?;
                }
                let segments = segments_of(number.kind, linked.as_ref().unwrap_or(&text));
                tx.set_text(message, &text, segments)?;
                note_cost(tx, message, number.id, to, segments.unwrap_or(1))?;
            }
            if let Some(later) = &later {
                put_off(tx, &rules, message, later)?;
            }
            tracing::info!(message.id = %message, by = %by.name, "Scheduled message {message} was changed");
            tx.emit(Event::DeliveryChanged { session: delivery.session, message });
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// Takes a message back that has not left.
pub async fn cancel(desk: &Desk, message: MessageId, by: Actor) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let delivery = to_peer(tx, message)?;
            if delivery.state != DeliveryState::Queued || delivery.in_doubt {
                let why = (
                    "it has left, or may have left: it cannot be taken back",
                    "sie ist gesendet oder könnte es sein: sie kann nicht mehr zurückgezogen werden",
                );
                return Err(FlowError::NotAllowed(why.into()));
            }
            let reason = Reason::of(ReasonCode::CancelledByUser).saying(&by.name);
            tx.settle(delivery.id, DeliveryState::Cancelled, None, Some(&reason), now)?;
            tx.emit(Event::DeliveryChanged { session: delivery.session, message });
            Ok(())
        })
        .await
}

/// Whether a delivery waits for the moment somebody named.
fn waits_for_its_moment(delivery: &Delivery, now: Timestamp) -> bool {
    delivery.state == DeliveryState::Queued && delivery.scheduled_at.is_some_and(|at| at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_its_zone_across_the_change_of_the_clocks() {
        let read = |text| Later::read(text).expect("a moment");

        let winter = read("2026-11-21T09:00[Europe/Berlin]");
        assert_eq!((winter.at, winter.zone.as_str()), (Timestamp(1_795_248_000_000), "Europe/Berlin"));
        let summer = read("2026-07-21T09:00[Europe/Berlin]");
        assert_eq!(summer.at, read("2026-07-21T07:00:00Z").at);
        assert_eq!(read("2026-11-21T09:00:00+01:00"), Later { at: winter.at, zone: "+01:00".into() });
        assert_eq!(read("2026-11-21T08:00:00Z"), Later { at: winter.at, zone: "UTC".into() });
    }

    #[test]
    fn a_local_time_without_a_zone_is_refused() {
        for text in ["2026-11-21T09:00", "tomorrow", "", "2026-11-21T09:00[Mars/Olympus]"] {
            assert!(Later::read(text).is_err(), "{text:?}");
        }
    }
}
