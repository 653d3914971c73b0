//! How fast a number may send: a token bucket per number under one per trunk. In memory: a restart begins with full buckets.

use crate::domain::id::{NumberId, TrunkId};
use crate::store::deliveries::Allowance;
use std::collections::HashMap;
use std::time::Duration;

/// The buckets, and trunks that are told to wait.
#[derive(Default)]
pub struct Pace {
    numbers: HashMap<NumberId, Bucket>,
    trunks: HashMap<TrunkId, Bucket>,
    held: HashMap<TrunkId, Duration>,
}

struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Bucket {
    /// Full: one second's worth, at least one message.
    fn full(rate: f64, now: Duration) -> Bucket {
        Bucket { tokens: rate.max(1.0), at: now }
    }

    fn refill(&mut self, rate: f64, now: Duration) {
        let gone = now.saturating_sub(self.at).as_secs_f64();
        self.tokens = (self.tokens + gone * rate).min(rate.max(1.0));
        self.at = now;
    }

    fn wait(&self, rate: f64) -> Duration {
        if self.tokens >= 1.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(((1.0 - self.tokens) / rate).min(3600.0))
        }
    }
}

impl Pace {
    /// Takes leave to send one message now; else how long to wait.
    pub fn take(
        &mut self,
        number: NumberId,
        trunk: TrunkId,
        allowed: Allowance,
        now: Duration,
    ) -> Result<(), Duration> {
        if let Some(&until) = self.held.get(&trunk) {
            if until > now {
                return Err(until - now);
            }
            self.held.remove(&trunk);
        }
        let own = self.numbers.entry(number).or_insert_with(|| Bucket::full(allowed.number_mps, now));
        own.refill(allowed.number_mps, now);
        let mut wait = own.wait(allowed.number_mps);
        let shared = allowed.trunk_mps.map(|rate| {
            let shared = self.trunks.entry(trunk).or_insert_with(|| Bucket::full(rate, now));
            shared.refill(rate, now);
            wait = wait.max(shared.wait(rate));
            shared
        });
        if !wait.is_zero() {
            return Err(wait);
        }
        own.tokens -= 1.0;
        if let Some(shared) = shared {
            shared.tokens -= 1.0;
        }
        Ok(())
    }

    /// Nothing leaves over this trunk before `until`.
    pub fn hold(&mut self, trunk: TrunkId, until: Duration) {
        let held = self.held.entry(trunk).or_default();
        *held = until.max(*held);
    }

    /// The trunk may send again at once.
    pub fn release(&mut self, trunk: TrunkId) {
        self.held.remove(&trunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: NumberId = NumberId(1);
    const TRUNK: TrunkId = TrunkId(1);

    #[test]
    fn a_number_keeps_its_pace() {
        let mut pace = Pace::default();
        let allowed = Allowance { number_mps: 2.0, trunk_mps: None };

        let mut sent = 0;
        for tenth in 0..100 {
            if pace.take(NUMBER, TRUNK, allowed, Duration::from_millis(tenth * 100)).is_ok() {
                sent += 1;
            }
        }

        assert!((20..=22).contains(&sent), "{sent} in ten seconds at two a second");
    }

    #[test]
    fn the_trunk_s_pace_binds_all_its_numbers() {
        let mut pace = Pace::default();
        let allowed = Allowance { number_mps: 10.0, trunk_mps: Some(1.0) };

        assert_eq!(pace.take(NumberId(1), TRUNK, allowed, Duration::ZERO), Ok(()));
        assert!(pace.take(NumberId(2), TRUNK, allowed, Duration::ZERO).is_err());
        assert_eq!(pace.take(NumberId(2), TRUNK, allowed, Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn a_held_trunk_waits_and_comes_back() {
        let mut pace = Pace::default();
        let allowed = Allowance { number_mps: 10.0, trunk_mps: None };
        pace.hold(TRUNK, Duration::from_secs(5));

        assert_eq!(pace.take(NUMBER, TRUNK, allowed, Duration::from_secs(1)), Err(Duration::from_secs(4)));
        assert_eq!(pace.take(NUMBER, TRUNK, allowed, Duration::from_secs(5)), Ok(()));
    }
}
