//! The one clock of the house: `now()`, `monotonic()` and `sleep`. A test turns it by hand.
//! Tokio's paused time is not used: it jumps whenever only a socket or another thread is awaited.

use crate::domain::time::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// A clock that can be shared; clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<Kind>);

enum Kind {
    System { started: Instant },
    ByHand { start: Timestamp, turned: watch::Sender<Duration>, jumped_ms: AtomicI64, sleepers: Mutex<usize> },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(Arc::new(Kind::System { started: Instant::now() }))
    }

    /// A clock that stands still until [`Clock::advance`] turns it.
    pub fn by_hand(start: Timestamp) -> Clock {
        let (turned, _) = watch::channel(Duration::ZERO);
        Clock(Arc::new(Kind::ByHand { start, turned, jumped_ms: AtomicI64::new(0), sleepers: Mutex::new(0) }))
    }

    /// Wall-clock time: for what is written down. It may jump; never measure with it.
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Kind::System { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Kind::ByHand { start, turned, jumped_ms, .. } => {
                Timestamp(start.plus(*turned.borrow()).0 + jumped_ms.load(Ordering::SeqCst))
            }
        }
    }

    /// Time since the clock was made; never jumps: for timers and measures.
    pub fn monotonic(&self) -> Duration {
        match &*self.0 {
            Kind::System { started } => started.elapsed(),
            Kind::ByHand { turned, .. } => *turned.borrow(),
        }
    }

    /// Waits until `duration` has gone by.
    pub async fn sleep(&self, duration: Duration) {
        let due = self.monotonic().saturating_add(duration);
        self.sleep_until_monotonic(due).await;
    }

    /// Waits until the wall clock shows `moment`; looks again every minute, in case it was set.
    pub async fn sleep_until(&self, moment: Timestamp) {
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            self.sleep(left.min(Duration::from_secs(60))).await;
        }
    }

    /// Waits until [`Clock::monotonic`] shows `due`.
    pub async fn sleep_until_monotonic(&self, due: Duration) {
        match &*self.0 {
            Kind::System { started } => tokio::time::sleep_until((*started + due).into()).await,
            Kind::ByHand { turned, sleepers, .. } => {
                let mut hand = turned.subscribe();
                let _asleep = Asleep::new(sleepers);
                // The sender lives in self: waiting cannot fail while we are borrowed.
                let _ = hand.wait_for(|turned| *turned >= due).await;
            }
        }
    }

    /// Turns a clock made by [`Clock::by_hand`] forward.
    ///
    /// # Panics
    /// On the machine's clock, which nobody turns.
    pub fn advance(&self, duration: Duration) {
        match &*self.0 {
            Kind::System { .. } => panic!("the machine's clock cannot be turned by hand"),
            Kind::ByHand { turned, .. } => turned.send_modify(|so_far| *so_far += duration),
        }
    }

    /// Sets the wall clock of a clock made by [`Clock::by_hand`] forward or back, as somebody sets a machine's: who sleeps
    /// or measures notices nothing.
    ///
    /// # Panics
    /// On the machine's clock, which nobody sets.
    pub fn jump(&self, by_ms: i64) {
        match &*self.0 {
            Kind::System { .. } => panic!("the machine's clock cannot be set by hand"),
            Kind::ByHand { jumped_ms, .. } => {
                jumped_ms.fetch_add(by_ms, Ordering::SeqCst);
            }
        }
    }

    /// How many sleepers wait on a clock made by hand (0 on the machine's clock).
    pub fn sleepers(&self) -> usize {
        match &*self.0 {
            Kind::System { .. } => 0,
            Kind::ByHand { sleepers, .. } => *sleepers.lock().expect("a counter is never left half-written"),
        }
    }
}

struct Asleep<'a>(&'a Mutex<usize>);

impl<'a> Asleep<'a> {
    fn new(count: &'a Mutex<usize>) -> Asleep<'a> {
        *count.lock().expect("a counter is never left half-written") += 1;
        Asleep(count)
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        *self.0.lock().expect("a counter is never left half-written") -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_hand_has_passed_its_time() {
        let clock = Clock::by_hand(Timestamp(0));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(5)).await }
        });
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }

        clock.advance(Duration::from_secs(5));

        sleeper.await.expect("the sleeper wakes");
        assert_eq!(clock.now(), Timestamp(5000));
    }
}
