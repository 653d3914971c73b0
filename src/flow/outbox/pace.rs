//! How fast a number may send: evenly spaced, and in no second more than its rate; under it, the pace of its trunk.
//! In memory: what a restart forgets is less than a second.
//!
//! A bucket that starts full lets twice the rate into its first second; evenly spaced alone falls behind by each delay of
//! a timer. So there are two rules: the next message is due one interval after the last one *was due* (small delays are
//! caught up, a quiet minute is not saved up), and the message `rate` before it must be a second old. The second rule
//! is the carrier's own, and holds whatever the first one catches up.

use crate::domain::id::{NumberId, TrunkId};
use crate::store::deliveries::Allowance;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// How much delay is caught up.
const CATCH_UP: Duration = Duration::from_millis(250);
/// Timers are no finer: a number faster than 200 a second sends a few at once.
const TICK: Duration = Duration::from_millis(5);
/// How many departures are remembered; a faster number is held to its rate in shorter windows.
const REMEMBERED_MAX: usize = 256;

/// Who may send when.
#[derive(Default)]
pub struct Pace {
    numbers: HashMap<NumberId, Spacing>,
    trunks: HashMap<TrunkId, Spacing>,
}

#[derive(Default)]
struct Spacing {
    next: Duration,
    left: VecDeque<Duration>,
}

impl Spacing {
    fn wait(&self, rate: f64, now: Duration) -> Duration {
        let (count, window) = window(rate);
        let oldest = self.left.len().checked_sub(count).map(|at| self.left[at] + window);
        let early = if rate * TICK.as_secs_f64() > 1.0 { TICK } else { Duration::ZERO };
        self.next.saturating_sub(early).max(oldest.unwrap_or_default()).saturating_sub(now)
    }

    fn take(&mut self, rate: f64, cost: u32, now: Duration) {
        let interval = Duration::from_secs_f64((1.0 / rate).min(3600.0));
        let due = if self.next + CATCH_UP < now { now } else { self.next };
        self.next = due + interval * cost;
        for turn in 0..cost {
            self.left.push_back(now + interval * turn);
        }
        while self.left.len() > REMEMBERED_MAX {
            self.left.pop_front();
        }
    }
}

/// So many in such a time.
fn window(rate: f64) -> (usize, Duration) {
    let count = rate.ceil().clamp(1.0, REMEMBERED_MAX as f64);
    (count as usize, Duration::from_secs_f64((count / rate).min(3600.0)))
}

impl Pace {
    /// How long a number must wait before its next message; zero: it may leave now.
    pub fn wait(&self, number: NumberId, trunk: TrunkId, allowed: Allowance, now: Duration) -> Duration {
        let own = self.numbers.get(&number).map(|own| own.wait(allowed.number_mps, now));
        let shared = allowed.trunk_mps.and_then(|rate| Some(self.trunks.get(&trunk)?.wait(rate, now)));
        own.unwrap_or_default().max(shared.unwrap_or_default())
    }

    /// A message leaves now; it costs so many turns of its number, and one of its trunk.
    pub fn take(&mut self, number: NumberId, trunk: TrunkId, allowed: Allowance, cost: u32, now: Duration) {
        self.numbers.entry(number).or_default().take(allowed.number_mps, cost.clamp(1, 64), now);
        if let Some(rate) = allowed.trunk_mps {
            self.trunks.entry(trunk).or_default().take(rate, 1, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: NumberId = NumberId(1);
    const TRUNK: TrunkId = TrunkId(1);

    fn allowed(number_mps: f64, trunk_mps: Option<f64>) -> Allowance {
        Allowance { number_mps, trunk_mps, in_segments: false }
    }

    /// Sends as fast as it may, woken late by each of these delays in turn; when each message left.
    fn departures(rate: f64, count: usize, delays_ms: &[u64]) -> Vec<Duration> {
        let mut pace = Pace::default();
        let (mut now, mut left) = (Duration::from_secs(10), Vec::new());
        let mut delays = delays_ms.iter().cycle();
        while left.len() < count {
            let wait = pace.wait(NUMBER, TRUNK, allowed(rate, None), now);
            if wait.is_zero() {
                pace.take(NUMBER, TRUNK, allowed(rate, None), 1, now);
                left.push(now);
            } else {
                now += wait + Duration::from_millis(*delays.next().expect("a cycle"));
            }
        }
        left
    }

    fn most_in_a_second(left: &[Duration]) -> usize {
        let within =
            |from: Duration| left.iter().filter(|&&at| at >= from && at < from + Duration::from_secs(1)).count();
        left.iter().map(|&from| within(from)).max().unwrap_or(0)
    }

    #[test]
    fn no_second_has_more_than_the_rate_and_late_wake_ups_cost_nothing() {
        for rate in [1.0, 3.0, 30.0, 80.0] {
            let left = departures(rate, 20 * rate as usize + 1, &[0, 1, 5, 2, 9, 0, 3]);

            assert!(most_in_a_second(&left) <= rate as usize, "{rate}: {}", most_in_a_second(&left));
            let took = (left[left.len() - 1] - left[0]).as_secs_f64();
            assert!((20.0..20.0 * 1.01).contains(&took), "{rate}: {took} s instead of 20");
        }
    }

    #[test]
    fn a_quiet_minute_is_not_saved_up() {
        let mut pace = Pace::default();
        for now in [Duration::from_secs(1), Duration::from_secs(61)] {
            assert_eq!(pace.wait(NUMBER, TRUNK, allowed(2.0, None), now), Duration::ZERO);
            pace.take(NUMBER, TRUNK, allowed(2.0, None), 1, now);

            assert_eq!(pace.wait(NUMBER, TRUNK, allowed(2.0, None), now), Duration::from_millis(500));
        }
    }

    #[test]
    fn the_trunk_s_pace_binds_all_its_numbers() {
        let mut pace = Pace::default();
        let allowed = allowed(10.0, Some(1.0));

        pace.take(NumberId(1), TRUNK, allowed, 1, Duration::ZERO);

        assert_eq!(pace.wait(NumberId(2), TRUNK, allowed, Duration::ZERO), Duration::from_secs(1));
        assert_eq!(pace.wait(NumberId(2), TRUNK, allowed, Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn where_the_carrier_counts_segments_a_long_text_takes_as_many_turns() {
        let mut pace = Pace::default();

        pace.take(NUMBER, TRUNK, allowed(3.0, None), 6, Duration::ZERO);

        let wait = pace.wait(NUMBER, TRUNK, allowed(3.0, None), Duration::ZERO);
        assert!((1.99..2.01).contains(&wait.as_secs_f64()), "{wait:?}");
    }
}
