//! Polling: asks carriers what came in, for boxes that nobody can call. What was said and the place up to which it is
//! heard are one transaction: a crash between the two cannot be, so nothing is missed; ids make that nothing comes twice.

use crate::carrier::dialect::{Known, Question, Said};
use crate::domain::delivery::SendError;
use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::domain::trunk::Intake;
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::webhook;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::heard::WEBHOOKS_KEPT;
use crate::store::polls::Poll;
use futures_util::StreamExt;
use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A carrier may list a text a little later than it came: this much is asked for again each time.
pub const OVERLAP: Duration = Duration::from_secs(120);
/// Trunks that are asked at once.
const AT_ONCE: usize = 4;
/// Questions in a row to one carrier, where it has much to tell.
const PAGES_MAX: usize = 50;
/// What is filed in one transaction.
const SAID_AT_ONCE: usize = 200;
/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// It is looked at least this often whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Where carriers are asked what came in.
pub trait Inboxes: Send + Sync + 'static {
    /// Asks a trunk's carrier; `None`: it cannot be asked.
    fn inbox(
        &self,
        trunk: TrunkId,
        since: Timestamp,
    ) -> impl Future<Output = (Option<Result<Known, SendError>>, Vec<Exchange>)> + Send;
}

impl Inboxes for Switchboard {
    async fn inbox(&self, trunk: TrunkId, since: Timestamp) -> (Option<Result<Known, SendError>>, Vec<Exchange>) {
        self.ask(trunk, &Question::Inbox { since }).await
    }
}

/// Polls until the daemon stops.
pub async fn run(desk: Desk, inboxes: impl Inboxes, stop: CancellationToken) {
    let mut events = desk.bus.listen();
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            asked = round(&desk, &inboxes) => asked,
        };
        let next = match asked {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "Carriers cannot be polled now: {error}");
                None
            }
        };
        let latest = desk.now().plus(LOOK_EVERY);
        let changed = async {
            while let Ok(numbered) = events.recv().await {
                if matches!(numbered.event, Event::TrunkChanged { .. }) {
                    return;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = desk.clock.sleep_until(next.unwrap_or(latest).min(latest)) => {}
            () = changed => {}
        }
    }
}

/// Asks every carrier that is due; says when the next one is.
pub async fn round(desk: &Desk, inboxes: &impl Inboxes) -> Result<Option<Timestamp>, FlowError> {
    let now = desk.now();
    let polls = desk.store.read(|rows| rows.polls()).await?;
    let due = polls.into_iter().filter(|poll| poll.next_at <= now);
    let asked: Vec<Result<(), FlowError>> =
        futures_util::stream::iter(due.map(|poll| one(desk, inboxes, poll))).buffer_unordered(AT_ONCE).collect().await;
    asked.into_iter().collect::<Result<(), FlowError>>()?;
    let polls = desk.store.read(|rows| rows.polls()).await?;
    Ok(polls.first().map(|poll| poll.next_at))
}

/// Asks one carrier until it has told everything up to now.
async fn one(desk: &Desk, inboxes: &impl Inboxes, poll: Poll) -> Result<(), FlowError> {
    let mut heard_up_to = poll.heard_up_to;
    let mut from = begin(&poll, desk.now());
    for page in 1..=PAGES_MAX {
        let asked_at = desk.now();
        let (known, exchanges) = inboxes.inbox(poll.trunk, from).await;
        let (said, up_to) = match known {
            Some(Ok(Known::Inbox { said, up_to })) => (said, up_to.min(asked_at)),
            Some(Err(error)) => return failed(desk, &poll, &error, exchanges).await,
            Some(Ok(_)) => return failed(desk, &poll, &odd("it answered something else"), exchanges).await,
            None => return failed(desk, &poll, &odd("it cannot be asked what came in"), exchanges).await,
        };
        heard_up_to = heard_up_to.max(up_to);
        // It told a part only, so far back that the overlap of the next poll would not lead further.
        let more = !said.is_empty() && up_to > from && up_to < asked_at.minus(OVERLAP).max(heard_up_to);
        let go_on = more && page < PAGES_MAX;
        let next_at = if go_on { desk.now() } else { desk.now().plus(poll.every) };
        take(desk, &poll, said, Place { up_to: heard_up_to, next_at }, exchanges).await?;
        if !go_on {
            return Ok(());
        }
        from = up_to;
    }
    Ok(())
}

/// From where to ask. Where webhooks come as well, not further back than their ids are remembered.
fn begin(poll: &Poll, now: Timestamp) -> Timestamp {
    let from = poll.heard_up_to.minus(OVERLAP);
    match poll.intake {
        Intake::Both => from.max(now.minus(WEBHOOKS_KEPT - Duration::from_secs(24 * 3600))),
        Intake::Polling | Intake::Webhooks => from,
    }
}

fn odd(why: &str) -> SendError {
    SendError::Unreadable { why: why.to_owned() }
}

/// Up to where everything is heard, and when to ask again.
#[derive(Clone, Copy)]
struct Place {
    up_to: Timestamp,
    next_at: Timestamp,
}

/// Files what was said; the place moves on in the transaction of the last part.
async fn take(
    desk: &Desk,
    poll: &Poll,
    mut said: Vec<Said>,
    place: Place,
    exchanges: Vec<Exchange>,
) -> Result<(), FlowError> {
    while said.len() > SAID_AT_ONCE {
        let rest = said.split_off(SAID_AT_ONCE);
        take_part(desk, poll.trunk, std::mem::replace(&mut said, rest), None, Vec::new()).await?;
    }
    take_part(desk, poll.trunk, said, Some(place), exchanges).await
}

async fn take_part(
    desk: &Desk,
    trunk: TrunkId,
    said: Vec<Said>,
    place: Option<Place>,
    exchanges: Vec<Exchange>,
) -> Result<(), FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            let noted = webhook::note(tx, &rules, trunk, &said, now)?;
            let recovered = match place {
                Some(place) => tx.poll_answered(trunk, place.up_to, place.next_at, now)?,
                None => false,
            };
            if recovered {
                tx.emit(Event::TrunkChanged { trunk });
            }
            // A question that brought nothing new leaves no trace: most do, every half minute.
            if noted.news {
                tx.note_trunk_heard(trunk, now)?;
            }
            if noted.news || recovered {
                keep(tx, exchanges, noted.message, &noted.fresh())?;
            }
            Ok::<_, FlowError>(())
        })
        .await
}

fn keep(
    tx: &Tx<'_>,
    mut exchanges: Vec<Exchange>,
    message: Option<MessageId>,
    outcome: &str,
) -> Result<(), StoreError> {
    if let Some(last) = exchanges.last_mut() {
        last.message = message;
        outcome.clone_into(&mut last.outcome);
    }
    exchanges.iter().try_for_each(|exchange| tx.insert_exchange(exchange))
}

/// Nothing is lost: the next question begins where this one did.
async fn failed(desk: &Desk, poll: &Poll, error: &SendError, exchanges: Vec<Exchange>) -> Result<(), FlowError> {
    let now = desk.now();
    let first = poll.failures == 0;
    let reason = match error {
        SendError::Unreadable { why } => Reason::of(ReasonCode::InboxUnreadable).saying(why),
        other => other.reason(),
    };
    if first {
        tracing::warn!(trunk.id = %poll.trunk, "Trunk {}: the carrier could not be asked what came in: {}", poll.name, reason.code.english());
    }
    let (trunk, next_at) = (poll.trunk, now.plus(pause(poll, error)));
    desk.store
        .write(move |tx| {
            tx.poll_failed(trunk, &reason, next_at, now)?;
            // One record of each trouble is enough: it may last for days.
            if first {
                exchanges.iter().try_for_each(|exchange| tx.insert_exchange(exchange))?;
                tx.emit(Event::TrunkChanged { trunk });
            }
            Ok::<_, FlowError>(())
        })
        .await
}

/// Twice as long after each failure, never shorter than the carrier asks for.
fn pause(poll: &Poll, error: &SendError) -> Duration {
    let doubled = poll.every.saturating_mul(2_u32.saturating_pow(poll.failures.min(10)));
    let asked = match error {
        SendError::Throttled { retry_after } => retry_after.unwrap_or_default(),
        SendError::Misconfigured { .. } => PAUSE_MAX,
        _ => Duration::ZERO,
    };
    doubled.min(PAUSE_MAX).max(asked.min(4 * PAUSE_MAX))
}
