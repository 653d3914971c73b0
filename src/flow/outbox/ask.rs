//! What is uncertain is asked of the carrier, where it can be asked: it took the message, or it certainly did not. Where it
//! cannot be asked, or gives no answer for a while, the trunk's setting decides: a person, or once more.

use crate::carrier::dialect::{Accepted, Known};
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::time::Timestamp;
use crate::flow::desk::Desk;
use crate::flow::outbox::lines::Lines;
use crate::flow::outbox::record::sent_in_parts;
use crate::flow::report::move_forward;
use crate::store::deliveries::{Delivery, Leased, Line};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked for what is uncertain.
const EVERY: Duration = Duration::from_secs(30);
/// A carrier needs a moment before its list shows a message: a "no" counts only after this long.
const NO_COUNTS_AFTER: Duration = Duration::from_secs(180);
/// The carrier's clock may be behind ours by this much.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);
/// A carrier that can be asked, and is silent or unclear for so long, is as one that cannot be asked.
const NO_ANSWER_COUNTS_AFTER: Duration = Duration::from_secs(15 * 60);
/// What is older stays for the operator to settle.
const ASKED_FOR: Duration = Duration::from_secs(24 * 3600);
/// How many are asked about in one round.
const ROUND_MAX: usize = 20;

/// Asks until told to stop.
pub async fn run<L: Lines>(desk: Desk, lines: Arc<L>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = desk.clock.sleep(EVERY) => {}
        }
        if let Err(error) = round(&desk, lines.as_ref()).await {
            tracing::warn!(%error, "Uncertain deliveries cannot be looked at: {error}");
        }
    }
}

/// One round; those asked about longest ago come first.
pub async fn round<L: Lines>(desk: &Desk, lines: &L) -> Result<(), StoreError> {
    let now = desk.now();
    let since = now.minus(ASKED_FOR);
    let uncertain = desk.store.read(move |db| db.uncertain_since(since, ROUND_MAX)).await?;
    for (leased, uncertain_at) in uncertain {
        // After a night in the dark it became uncertain this morning, and was sent yesterday.
        let tried_at = leased.delivery.tried_at.unwrap_or(uncertain_at);
        let (answer, exchanges) = lines.taken(&leased, tried_at.minus(CLOCKS_DIFFER)).await;
        let again = may_send_again(desk, lines, &leased);
        let age = now.since(uncertain_at);
        let verdict = match answer {
            Some(Ok(Known::Taken(accepted))) => Verdict::Taken(accepted),
            Some(Ok(Known::NotTaken)) if age >= NO_COUNTS_AFTER => Verdict::NotTaken,
            None if again => Verdict::OnceMore,
            Some(_) if again && age >= NO_ANSWER_COUNTS_AFTER => Verdict::OnceMore,
            Some(_) => Verdict::Open,
            None => continue,
        };
        settle(desk, leased, verdict, exchanges).await?;
    }
    Ok(())
}

/// What is to be made of a carrier's answer, or of none.
enum Verdict {
    Taken(Accepted),
    NotTaken,
    /// Nobody knows, and the trunk is set to send again.
    OnceMore,
    Open,
}

/// Not for ever: what was tried so often stays for a person.
fn may_send_again<L: Lines>(desk: &Desk, lines: &L, leased: &Leased) -> bool {
    let Line::Carrier { trunk, .. } = leased.delivery.line else { return false };
    leased.delivery.tries < desk.rules.carrier_tries_max && lines.sends_again(trunk)
}

async fn settle(desk: &Desk, leased: Leased, verdict: Verdict, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
    let now: Timestamp = desk.now();
    desk.store
        .write(move |tx| {
            for exchange in exchanges {
                tx.insert_exchange(&Exchange {
                    message: Some(leased.delivery.message),
                    delivery: Some(leased.delivery.id),
                    ..exchange
                })?;
            }
            let Some(delivery) = tx.delivery(leased.delivery.id)? else { return Ok(()) };
            if delivery.state != DeliveryState::Uncertain || delivery.reference != leased.delivery.reference {
                return Ok(());
            }
            tx.note_asked(delivery.id, now)?;
            match verdict {
                // Two equal texts, seconds apart: which of them the carrier means, it does not know either.
                Verdict::Taken(accepted) if is_another_s(tx, &delivery, &accepted.carrier_id)? => {}
                Verdict::Taken(accepted) => was_taken(tx, &delivery, &accepted, now)?,
                Verdict::NotTaken => send_again(tx, &delivery, false, now)?,
                Verdict::OnceMore => send_again(tx, &delivery, true, now)?,
                Verdict::Open => {}
            }
            Ok(())
        })
        .await
}

fn was_taken(tx: &Tx<'_>, delivery: &Delivery, accepted: &Accepted, now: Timestamp) -> Result<(), StoreError> {
    move_forward(tx, delivery, DeliveryState::Sent, None, Some(&accepted.carrier_id), now)?;
    let Line::Carrier { trunk, .. } = delivery.line else { return Ok(()) };
    if !accepted.parts.is_empty() {
        return sent_in_parts(tx, delivery.id, trunk, &accepted.carrier_id, &accepted.parts, now);
    }
    for (state, reason) in tx.take_early_reports(trunk, &accepted.carrier_id)? {
        if let Some(current) = tx.delivery(delivery.id)? {
            move_forward(tx, &current, state, reason.as_ref(), None, now)?;
        }
    }
    Ok(())
}

fn send_again(tx: &Tx<'_>, delivery: &Delivery, in_doubt: bool, now: Timestamp) -> Result<(), StoreError> {
    tx.set_in_doubt(delivery.id, in_doubt)?;
    tx.put_back(delivery, now, None, true, now)?;
    tx.emit_moved(delivery)?;
    tx.emit(Event::OutboxRung);
    Ok(())
}

fn is_another_s(tx: &Tx<'_>, delivery: &Delivery, carrier_id: &str) -> Result<bool, StoreError> {
    let Line::Carrier { trunk, .. } = delivery.line else { return Ok(false) };
    Ok(tx.delivery_by_carrier_id(trunk, carrier_id)?.is_some_and(|found| found.id != delivery.id))
}
