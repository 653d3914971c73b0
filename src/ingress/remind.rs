//! Says the same thing once a minute at most: a flood of refused requests must not become a flood of log lines.

use crate::sip::digest::bounded::Bounded;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

/// How often the same thing is said.
const EVERY: Duration = Duration::from_secs(60);
const KEYS_MAX: usize = 1024;

/// Remembers what was said when.
pub struct Remind<K>(Mutex<Bounded<K, Duration>>);

impl<K: Hash + Eq + Clone> Default for Remind<K> {
    fn default() -> Remind<K> {
        Remind(Mutex::new(Bounded::new(KEYS_MAX)))
    }
}

impl<K: Hash + Eq + Clone> Remind<K> {
    /// Whether it is time to say this (again).
    pub fn is_due(&self, what: K, now: Duration) -> bool {
        let mut said = self.0.lock().expect("nothing under this lock panics");
        match said.get_mut(&what) {
            Some(last) if now.saturating_sub(*last) < EVERY => false,
            Some(last) => {
                *last = now;
                true
            }
            None => {
                said.insert(what, now);
                true
            }
        }
    }
}

/// Counts within a minute by key, and says when there were too many.
pub struct Tally<K> {
    max: u32,
    counts: Mutex<Bounded<K, (u32, Duration)>>,
}

impl<K: Hash + Eq + Clone> Tally<K> {
    /// More than `max` a minute are too many.
    pub fn new(max: u32) -> Tally<K> {
        Tally { max, counts: Mutex::new(Bounded::new(10 * KEYS_MAX)) }
    }

    /// One more.
    pub fn count(&self, who: K, now: Duration) {
        let mut counts = self.counts.lock().expect("nothing under this lock panics");
        match counts.get_mut(&who) {
            Some((count, since)) if now.saturating_sub(*since) < EVERY => *count = count.saturating_add(1),
            Some(entry) => *entry = (1, now),
            None => drop(counts.insert(who, (1, now))),
        }
    }

    /// Whether there were too many; then, how long until they are forgotten.
    pub fn too_many(&self, who: &K, now: Duration) -> Option<Duration> {
        let counts = self.counts.lock().expect("nothing under this lock panics");
        let (count, since) = counts.get(who)?;
        let left = EVERY.checked_sub(now.saturating_sub(*since))?;
        (*count >= self.max && !left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_same_thing_is_said_once_a_minute() {
        let remind = Remind::default();

        assert_eq!([remind.is_due(1, s(0)), remind.is_due(1, s(59)), remind.is_due(2, s(59))], [true, false, true]);
        assert!(remind.is_due(1, s(60)));
    }

    #[test]
    fn too_many_are_forgotten_after_a_minute() {
        let tally = Tally::new(2);
        tally.count("a", s(0));
        assert_eq!(tally.too_many(&"a", s(1)), None);
        tally.count("a", s(1));

        assert_eq!(tally.too_many(&"a", s(10)), Some(s(50)));
        assert_eq!(tally.too_many(&"b", s(10)), None);
        assert_eq!(tally.too_many(&"a", s(60)), None);
    }
}
