//! Which nonce counts have been used: each counts once, in any order within a window, since UDP reorders.
//! Bounded; a nonce that may have been forgotten is refused as stale, never believed.

use crate::sip::digest::bounded::Bounded;
use crate::sip::digest::nonce::Known;
use std::time::Duration;

/// How far a count may lag behind the highest one seen.
const WINDOW: u32 = 64;

/// The uses of nonces that led to a right answer; wrong ones leave no trace here.
pub struct Uses {
    seen: Bounded<[u8; 12], Use>,
    life: Duration,
    /// Nonces made up to here may have been forgotten before their time.
    forgotten_to: Option<Duration>,
}

struct Use {
    made: Duration,
    highest: u32,
    /// Bit n: the count `highest - n` was used.
    window: u64,
}

impl Uses {
    pub fn new(nonces_max: usize, life: Duration) -> Uses {
        Uses { seen: Bounded::new(nonces_max), life, forgotten_to: None }
    }

    /// Notes a use; false if this count was used before, or that cannot be ruled out.
    /// Without a count (RFC 2069) a nonce serves once.
    pub fn note(&mut self, nonce: &Known, count: Option<u32>, now: Duration) -> bool {
        let life = self.life;
        self.seen.forget_while(|old| now.saturating_sub(old.made) > life);
        match (self.seen.get_mut(&nonce.id), count) {
            (Some(_), None) => false,
            (Some(known), Some(count)) => known.note(count),
            (None, Some(0)) => false,
            (None, _) if self.forgotten_to.is_some_and(|to| nonce.made <= to) => false,
            (None, count) => {
                let first = Use { made: nonce.made, highest: count.unwrap_or(u32::MAX), window: 1 };
                if let Some(gone) = self.seen.insert(nonce.id, first) {
                    self.forgotten_to = self.forgotten_to.max(Some(gone.made));
                }
                true
            }
        }
    }
}

impl Use {
    fn note(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.window = if ahead >= WINDOW { 0 } else { self.window << ahead } | 1;
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let bit = if behind < WINDOW { 1 << behind } else { 0 };
        let fresh = count > 0 && bit != 0 && self.window & bit == 0;
        self.window |= bit;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn nonce(id: u8, made_s: u64) -> Known {
        Known { id: [id; 12], made: Duration::from_secs(made_s) }
    }

    fn uses(nonces_max: usize) -> Uses {
        Uses::new(nonces_max, Duration::from_secs(300))
    }

    #[test]
    fn a_count_serves_once_and_may_come_late() {
        let (mut uses, nonce) = (uses(10), nonce(1, 0));
        let mut note = |count| uses.note(&nonce, Some(count), Duration::ZERO);

        assert!(note(1) && note(3) && note(2) && note(100));
        assert!(!note(1) && !note(2) && !note(3) && !note(100), "each serves once");
        assert!(!note(36), "older than the window");
        assert!(note(37) && !note(0));
    }

    #[test]
    fn a_nonce_without_counts_serves_once() {
        let mut uses = uses(10);

        assert!(uses.note(&nonce(1, 0), None, Duration::ZERO));
        assert!(!uses.note(&nonce(1, 0), None, Duration::ZERO));
        assert!(!uses.note(&nonce(1, 0), Some(7), Duration::ZERO));
        assert!(!uses.note(&nonce(2, 0), Some(0), Duration::ZERO));
    }

    #[test]
    fn a_nonce_that_was_pushed_out_is_not_believed_again() {
        let mut uses = uses(2);
        for id in 1..=3 {
            assert!(uses.note(&nonce(id, u64::from(id)), Some(1), Duration::from_secs(5)));
        }

        assert!(!uses.note(&nonce(1, 1), Some(1), Duration::from_secs(5)), "forgotten, so not believed");
        assert!(uses.note(&nonce(4, 4), Some(1), Duration::from_secs(5)), "newer ones are");
    }

    #[test]
    fn old_nonces_leave_room() {
        let mut uses = uses(1);
        assert!(uses.note(&nonce(1, 0), Some(1), Duration::ZERO));

        assert!(uses.note(&nonce(2, 301), Some(1), Duration::from_secs(301)));

        assert_eq!((uses.seen.len(), uses.forgotten_to), (1, None));
    }

    proptest! {
        #[test]
        fn no_count_ever_serves_twice(counts in proptest::collection::vec(0u32..200, 0..300)) {
            let (mut uses, nonce, mut served) = (uses(10), nonce(1, 0), HashSet::new());
            for count in counts {
                if uses.note(&nonce, Some(count), Duration::ZERO) {
                    prop_assert!(count > 0 && served.insert(count));
                }
            }
        }
    }
}
