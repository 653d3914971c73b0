//! Bounds of files at the public door: how often somebody may guess an address, and how many files are fetched at a time.

use crate::ingress::remind::Tally;
use crate::sip::digest::bounded::Bounded;
use crate::sip::digest::nonce::Network;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Addresses that lead nowhere, a minute, from one network (T38).
const MISSES_MAX: u32 = 10;
/// The same from everywhere: an address has 53 bits, and a hundred thousand of them may be valid. So a million networks
/// together would still guess for centuries.
const ALL_MISSES_MAX: u32 = 1_000;
/// Addresses that are known to be opened from where, so that a guesser next door shuts nobody out.
const OPENED_KEPT_MAX: usize = 10_000;
/// Files of pages and of phones going out at a time, in all and to one network.
const PAGE_PLACES: Bounds = Bounds { all_max: 128, of_source_max: 16 };
/// The same under signed addresses, which are given to carriers alone and to phones: a carrier fetches for all its customers
/// from one address, and ten files of a message at once. Fewer than one address may have connections, so that its webhooks
/// come in meanwhile.
const SIGNED_PLACES: Bounds = Bounds { all_max: 256, of_source_max: 96 };
/// How long a fetch may take whatever its size, and what it must bring forward each second after that.
const FETCH_WITHIN: Duration = Duration::from_secs(60);
const BYTES_PER_S_MIN: u64 = 16 * 1024;

/// Counts guesses.
pub(super) struct Guesses {
    by_source: Tally<Network>,
    all: Tally<()>,
    opened: Mutex<Bounded<(Network, String), ()>>,
}

impl Guesses {
    pub fn new() -> Guesses {
        Guesses {
            by_source: Tally::new(MISSES_MAX),
            all: Tally::new(ALL_MISSES_MAX),
            opened: Mutex::new(Bounded::new(OPENED_KEPT_MAX)),
        }
    }

    /// Whether this address may be looked up for somebody there. Who guessed too often is told of none that was not opened
    /// from there before.
    pub fn may_look(&self, from: Network, token: &str, now: Duration) -> bool {
        let too_many = self.by_source.too_many(&from, now).is_some() || self.all.too_many(&(), now).is_some();
        !too_many || self.opened().get(&(from, token.to_owned())).is_some()
    }

    /// It led nowhere.
    pub fn missed(&self, from: Network, now: Duration) {
        self.by_source.count(from, now);
        self.all.count((), now);
    }

    /// It led somewhere.
    pub fn opened_from(&self, from: Network, token: &str) {
        self.opened().insert((from, token.to_owned()), ());
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Bounded<(Network, String), ()>> {
        self.opened.lock().expect("nothing under this lock panics")
    }
}

struct Bounds {
    all_max: usize,
    of_source_max: usize,
}

/// Places for files being fetched; clones are the same places.
#[derive(Clone)]
pub(super) struct Places(Arc<Mutex<Taken>>);

struct Taken {
    bounds: Bounds,
    next: u64,
    fetches: Vec<Fetch>,
}

struct Fetch {
    number: u64,
    from: Network,
    until: Duration,
}

/// A place, until it is dropped or its time is up: whoever only pretends to read takes none away for ever.
pub(super) struct Place {
    places: Places,
    number: u64,
    begun: Duration,
}

impl Places {
    /// For what is behind short addresses and the keys of phones.
    pub fn for_pages() -> Places {
        Places::within(PAGE_PLACES)
    }

    /// For signed addresses.
    pub fn for_signed() -> Places {
        Places::within(SIGNED_PLACES)
    }

    fn within(bounds: Bounds) -> Places {
        Places(Arc::new(Mutex::new(Taken { bounds, next: 0, fetches: Vec::new() })))
    }

    /// A place for a fetch of so many bytes; `None`: there is none now.
    pub fn take(&self, from: Network, bytes: u64, now: Duration) -> Option<Place> {
        let mut taken = self.0.lock().expect("nothing under this lock panics");
        taken.fetches.retain(|fetch| fetch.until > now);
        let of_source = taken.fetches.iter().filter(|fetch| fetch.from == from).count();
        if taken.fetches.len() >= taken.bounds.all_max || of_source >= taken.bounds.of_source_max {
            return None;
        }
        taken.next += 1;
        let number = taken.next;
        taken.fetches.push(Fetch { number, from, until: now.saturating_add(within(bytes)) });
        Some(Place { places: self.clone(), number, begun: now })
    }
}

impl Place {
    /// Whether the reader who has got so many bytes is too slow.
    pub fn is_too_slow(&self, sent: u64, now: Duration) -> bool {
        now.saturating_sub(self.begun) > within(sent)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().expect("nothing under this lock panics");
        taken.fetches.retain(|fetch| fetch.number != self.number);
    }
}

fn within(bytes: u64) -> Duration {
    FETCH_WITHIN.saturating_add(Duration::from_secs(bytes / BYTES_PER_S_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn network(address: &str) -> Network {
        Network::of(address.parse().expect("an address"))
    }

    #[test]
    fn who_guesses_is_told_nothing_for_a_minute_and_who_was_inside_stays() {
        let guesses = Guesses::new();
        let (here, there) = (network("192.0.2.1"), network("192.0.2.2"));
        guesses.opened_from(here, "known");

        for _ in 0..MISSES_MAX {
            assert!(guesses.may_look(here, "another", s(0)));
            guesses.missed(here, s(0));
        }

        assert!(!guesses.may_look(here, "another", s(59)), "even a right guess is told nothing");
        assert!(guesses.may_look(here, "known", s(59)), "a neighbour behind the same address goes on");
        assert!(guesses.may_look(there, "another", s(59)), "others elsewhere too");
        assert!(guesses.may_look(here, "another", s(60)));
    }

    #[test]
    fn many_networks_together_are_bounded_too() {
        let guesses = Guesses::new();
        for guesser in 0..ALL_MISSES_MAX {
            guesses.missed(network(&format!("10.0.{}.{}", guesser / 250, guesser % 250)), s(0));
        }

        assert!(!guesses.may_look(network("192.0.2.1"), "another", s(1)));
    }

    #[test]
    fn places_are_bounded_in_all_and_for_each_source_and_come_back() {
        let places = Places::for_pages();
        let here = network("192.0.2.1");
        let mut held: Vec<_> = (0..PAGE_PLACES.of_source_max).filter_map(|_| places.take(here, 1, s(0))).collect();

        assert_eq!(held.len(), PAGE_PLACES.of_source_max);
        assert!(places.take(here, 1, s(1)).is_none());
        held.extend((0..PAGE_PLACES.all_max).filter_map(|one| places.take(network(&format!("10.0.0.{one}")), 1, s(1))));
        assert_eq!(held.len(), PAGE_PLACES.all_max);
        assert!(places.take(network("192.0.2.9"), 1, s(1)).is_none());
        held.pop();
        assert!(places.take(network("192.0.2.9"), 1, s(1)).is_some());
    }

    #[test]
    fn a_place_that_nobody_gives_back_is_free_after_its_time() {
        let places = Places::for_pages();
        let here = network("192.0.2.1");
        let held: Vec<_> = (0..PAGE_PLACES.of_source_max).filter_map(|_| places.take(here, 10 << 20, s(0))).collect();
        let all_of_it = within(10 << 20);

        assert!(places.take(here, 1, all_of_it - s(1)).is_none());
        assert!(places.take(here, 1, all_of_it).is_some());
        assert!(!held[0].is_too_slow(10 << 20, all_of_it) && held[0].is_too_slow(1 << 20, all_of_it));
    }
}
