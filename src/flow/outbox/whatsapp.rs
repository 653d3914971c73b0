//! What WhatsApp allows, looked at when a message is about to leave: free text only within 24 hours, no advertising to who
//! stopped it, one message in 6 s to one person (45 at once are lent), and so many people a day whom we write to first.

use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::{DeliveryId, NumberId, PeerId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::windows::OnWhatsApp;
use std::collections::HashMap;
use std::time::Duration;

/// How long one message to one person takes.
const PAIR_EVERY: Duration = Duration::from_secs(6);
/// How many may go at once, to be waited for later.
const PAIR_BURST: f64 = 45.0;
/// The day of the limit of a day.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long at most until it is looked again.
const LOOK_AGAIN: Duration = Duration::from_secs(900);
/// Pairs remembered; the full ones are forgotten first.
const PAIRS_MAX: usize = 20_000;

/// How much each pair may still send. In memory: a restart begins with everything lent.
#[derive(Default)]
pub struct WhatsAppPace {
    pairs: HashMap<(NumberId, PeerId), Lent>,
}

#[derive(Clone, Copy)]
struct Lent {
    left: f64,
    at: Duration,
}

impl Lent {
    fn refilled(self, now: Duration) -> Lent {
        let gone = now.saturating_sub(self.at).as_secs_f64() / PAIR_EVERY.as_secs_f64();
        Lent { left: (self.left + gone).min(PAIR_BURST), at: now }
    }
}

/// What may become of a delivery now.
#[derive(Debug, PartialEq, Eq)]
pub enum May {
    /// It may leave; the pair it counts for, if it is WhatsApp.
    Leave(Option<(NumberId, PeerId)>),
    /// Its lane was put off this long.
    Wait(Duration),
    /// It was ended, with its reason.
    Over,
}

impl WhatsAppPace {
    /// Looks at a delivery of a number that is due. What must wait is put off, what may never leave is ended.
    pub fn look(
        &mut self,
        tx: &Tx<'_>,
        (delivery, lane): (DeliveryId, &str),
        number: NumberId,
        (now, monotonic): (Timestamp, Duration),
    ) -> Result<May, StoreError> {
        if tx.kind_of_number(number)? != Some(ChannelKind::WhatsApp) {
            return Ok(May::Leave(None));
        }
        let Some(about) = tx.on_whatsapp(delivery)? else { return Ok(May::Leave(None)) };
        if let Some(code) = never(tx, &about, now)? {
            end(tx, delivery, &about, code, now)?;
            return Ok(May::Over);
        }
        let pair = (about.number, about.peer);
        let wait = self.pair_wait(pair, monotonic).max(day_wait(tx, &about, now)?);
        if wait.is_zero() {
            return Ok(May::Leave(Some(pair)));
        }
        tx.postpone_lane(lane, now.plus(wait))?;
        Ok(May::Wait(wait))
    }

    /// It leaves.
    pub fn left(
        &mut self,
        tx: &Tx<'_>,
        delivery: DeliveryId,
        pair: Option<(NumberId, PeerId)>,
        (now, monotonic): (Timestamp, Duration),
    ) -> Result<(), StoreError> {
        let Some(pair) = pair else { return Ok(()) };
        self.take(pair, monotonic);
        match tx.on_whatsapp(delivery)? {
            Some(about) if speaks_first(&about, now) => tx.note_first_words(about.trunk, about.peer, now),
            _ => Ok(()),
        }
    }

    fn pair_wait(&self, pair: (NumberId, PeerId), now: Duration) -> Duration {
        let left = self.pairs.get(&pair).map_or(PAIR_BURST, |lent| lent.refilled(now).left);
        if left >= 1.0 { Duration::ZERO } else { PAIR_EVERY.mul_f64(1.0 - left) }
    }

    fn take(&mut self, pair: (NumberId, PeerId), now: Duration) {
        if self.pairs.len() >= PAIRS_MAX && !self.pairs.contains_key(&pair) {
            self.pairs.retain(|_, lent| lent.refilled(now).left < PAIR_BURST);
        }
        let lent = self.pairs.get(&pair).map_or(Lent { left: PAIR_BURST, at: now }, |lent| lent.refilled(now));
        self.pairs.insert(pair, Lent { left: lent.left - 1.0, at: now });
    }
}

/// Why it may never leave, if so.
fn never(tx: &Tx<'_>, about: &OnWhatsApp, now: Timestamp) -> Result<Option<ReasonCode>, StoreError> {
    let Some(used) = &about.template else {
        return Ok((!is_open(about, now)).then_some(ReasonCode::WindowClosed));
    };
    let marketing = tx.template(about.trunk, &used.name, &used.language)?.is_some_and(|known| known.is_marketing());
    let unwanted = marketing && tx.refusal_of(&about.to, about.number, true)?.is_some();
    Ok(unwanted.then_some(ReasonCode::OptedOut))
}

fn is_open(about: &OnWhatsApp, now: Timestamp) -> bool {
    about.open_until.is_some_and(|until| until > now)
}

/// Whether it counts for the limit of a day: we write to somebody who did not write to us.
fn speaks_first(about: &OnWhatsApp, now: Timestamp) -> bool {
    about.template.is_some() && !is_open(about, now)
}

fn day_wait(tx: &Tx<'_>, about: &OnWhatsApp, now: Timestamp) -> Result<Duration, StoreError> {
    let Some(limit) = about.daily_limit.filter(|_| speaks_first(about, now)) else { return Ok(Duration::ZERO) };
    let (others, oldest) = tx.first_words(about.trunk, about.peer, now.minus(DAY))?;
    if others < limit {
        return Ok(Duration::ZERO);
    }
    let until = oldest.map_or(LOOK_AGAIN, |oldest| oldest.plus(DAY).since(now));
    Ok(until.clamp(Duration::from_secs(1), LOOK_AGAIN))
}

fn end(
    tx: &Tx<'_>,
    delivery: DeliveryId,
    about: &OnWhatsApp,
    code: ReasonCode,
    now: Timestamp,
) -> Result<(), StoreError> {
    // What an earlier try may have handed over is never said to have failed.
    let over = if code == ReasonCode::OptedOut { DeliveryState::Skipped } else { DeliveryState::Failed };
    let state = if about.in_doubt { DeliveryState::Uncertain } else { over };
    tx.settle(delivery, state, None, Some(&Reason::of(code)), now)?;
    if about.from_phone && !about.in_doubt {
        tx.emit(Event::ReceiptDue { message: about.message });
    }
    tx.emit(Event::DeliveryChanged { session: about.session, message: about.message });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_45_at_once_and_then_one_in_six_seconds() {
        let mut pace = WhatsAppPace::default();
        let pair = (NumberId(1), PeerId(1));
        let mut sent = 0;
        for second in 0..600 {
            while pace.pair_wait(pair, Duration::from_secs(second)).is_zero() {
                pace.take(pair, Duration::from_secs(second));
                sent += 1;
            }
        }
        assert_eq!(sent, 45 + 599 / 6);
        assert!(pace.pair_wait((NumberId(1), PeerId(2)), Duration::ZERO).is_zero(), "another peer does not wait");
    }

    #[test]
    fn pairs_that_have_everything_back_are_forgotten() {
        let mut pace = WhatsAppPace::default();
        for peer in 0..PAIRS_MAX {
            pace.take((NumberId(1), PeerId(i64::try_from(peer).expect("small"))), Duration::ZERO);
        }
        pace.take((NumberId(2), PeerId(1)), Duration::from_secs(3600));

        assert_eq!(pace.pairs.len(), 1);
    }
}
