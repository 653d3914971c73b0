//! Guesses at passwords, counted by where they come from. After a few the source waits, longer each time; a right guess
//! is refused while it waits. The owner, from elsewhere, still gets in. Memory is bounded.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::Duration;

/// Wrong guesses that cost nothing but the guess.
const FREE: u32 = 5;
const WAIT_FIRST: Duration = Duration::from_secs(15);
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// After so long without a guess a source is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);
const SOURCES_MAX: usize = 10_000;

/// Who guessed how often. Times are those of a clock that never jumps.
#[derive(Default)]
pub struct Guesses(Mutex<HashMap<IpAddr, Source>>);

#[derive(Clone, Copy, Default)]
struct Source {
    wrong: u32,
    blocked_until: Duration,
    last: Duration,
}

impl Guesses {
    /// A guess is about to be looked at: it counts as wrong until [`Guesses::was_right`] says otherwise, so that many
    /// at once count as many. Refused with the time to wait.
    pub fn begin(&self, from: IpAddr, now: Duration) -> Result<(), Duration> {
        let mut sources = self.0.lock().expect("nothing panics while guesses are counted");
        let from = source_of(from);
        make_room(&mut sources, from, now);
        let source = sources.entry(from).or_default();
        if source.last + FORGOTTEN_AFTER < now {
            *source = Source::default();
        }
        if now < source.blocked_until {
            return Err(source.blocked_until - now);
        }
        source.wrong = source.wrong.saturating_add(1);
        source.last = now;
        source.blocked_until = now + wait_after(source.wrong);
        Ok(())
    }

    /// The guess was right: it does not count. Those before it do, or one good account would hide many bad guesses.
    pub fn was_right(&self, from: IpAddr) {
        let mut sources = self.0.lock().expect("nothing panics while guesses are counted");
        if let Some(source) = sources.get_mut(&source_of(from)) {
            source.wrong = source.wrong.saturating_sub(1);
            source.blocked_until = Duration::ZERO;
        }
    }
}

fn wait_after(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => WAIT_FIRST.saturating_mul(1 << more.min(10)).min(WAIT_MAX),
    }
}

/// An IPv6 subscriber has a whole /64.
fn source_of(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// Forgets the source with the oldest guess when all places are taken by others.
fn make_room(sources: &mut HashMap<IpAddr, Source>, from: IpAddr, now: Duration) {
    if sources.len() < SOURCES_MAX || sources.contains_key(&from) {
        return;
    }
    sources.retain(|_, source| source.last + FORGOTTEN_AFTER >= now);
    if sources.len() >= SOURCES_MAX {
        let oldest = sources.iter().min_by_key(|(_, source)| (source.blocked_until, source.last)).map(|(ip, _)| *ip);
        oldest.map(|ip| sources.remove(&ip));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn a_guesser_waits_longer_each_time_and_nobody_else_does() {
        let guesses = Guesses::default();
        let mut now = Duration::ZERO;
        for _ in 0..FREE {
            assert_eq!(guesses.begin(HERE, now), Ok(()));
        }

        assert_eq!(guesses.begin(HERE, now), Err(WAIT_FIRST));
        assert_eq!(guesses.begin(ELSEWHERE, now), Ok(()));
        now += WAIT_FIRST;
        assert_eq!(guesses.begin(HERE, now), Ok(()));
        assert_eq!(guesses.begin(HERE, now), Err(WAIT_FIRST * 2));
    }

    #[test]
    fn a_right_guess_does_not_wipe_out_the_wrong_ones_before_it() {
        let guesses = Guesses::default();
        for _ in 0..FREE - 1 {
            assert_eq!(guesses.begin(HERE, Duration::ZERO), Ok(()));
        }

        assert_eq!(guesses.begin(HERE, Duration::ZERO), Ok(()));
        guesses.was_right(HERE);
        assert_eq!(guesses.begin(HERE, Duration::ZERO), Ok(()));
        assert!(guesses.begin(HERE, Duration::ZERO).is_err());
    }

    #[test]
    fn neighbours_in_one_ipv6_subnet_are_one_source() {
        let guesses = Guesses::default();
        for host in 0..u128::from(FREE) {
            let from = Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | host);
            assert_eq!(guesses.begin(IpAddr::V6(from), Duration::ZERO), Ok(()));
        }

        let next = Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | 0xffff);
        assert!(guesses.begin(IpAddr::V6(next), Duration::ZERO).is_err());
    }

    #[test]
    fn a_flood_of_sources_stays_within_its_bound_and_leaves_the_blocked_ones_blocked() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            assert_eq!(guesses.begin(HERE, Duration::ZERO), Ok(()));
        }
        for host in 0..12_000_u32 {
            let _ = guesses.begin(IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + host)), Duration::ZERO);
        }

        assert!(guesses.0.lock().expect("sound").len() <= SOURCES_MAX);
        assert!(guesses.begin(HERE, Duration::ZERO).is_err());
    }
}
