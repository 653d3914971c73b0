//! Counts wrong passwords by the network they come from, and shuts it out for a while (T24).
//! Shut out is the guesser: the owner elsewhere goes on, and so does a phone beside him that was right before.

use crate::sip::digest::bounded::Bounded;
use crate::sip::digest::nonce::Network;
use std::time::Duration;

/// How many wrong answers are borne.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub guesses_max: u32,
    /// Counted anew when the first is older than this.
    pub within: Duration,
    pub shut_out_for: Duration,
    /// How many networks, and how many phones in them, are remembered.
    pub entries_max: usize,
}

impl Default for Patience {
    fn default() -> Patience {
        let ten_minutes = Duration::from_secs(600);
        Patience { guesses_max: 20, within: ten_minutes, shut_out_for: ten_minutes, entries_max: 10_000 }
    }
}

/// How long a phone that was right counts as known in its network.
const KNOWN_FOR: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Guesser {
    Strangers(Network),
    /// A phone that was right before has a count of its own: one wrongly set phone behind the office's address
    /// shuts out no other, and guessing a known phone's password beside it is no cheaper.
    Phone(Network, String),
}

struct Tally {
    wrong: u32,
    since: Duration,
    shut_out_until: Option<Duration>,
}

pub struct Guesses {
    patience: Patience,
    tallies: Bounded<Guesser, Tally>,
    right: Bounded<(Network, String), Duration>,
}

impl Guesses {
    pub fn new(patience: Patience) -> Guesses {
        Guesses { tallies: Bounded::new(patience.entries_max), right: Bounded::new(patience.entries_max), patience }
    }

    /// How much longer this user from there is shut out; None if not at all.
    pub fn shut_out(&self, network: Network, user: &str, now: Duration) -> Option<Duration> {
        let until = self.tallies.get(&self.guesser(network, user, now))?.shut_out_until?;
        Some(until.saturating_sub(now)).filter(|left| !left.is_zero())
    }

    pub fn wrong(&mut self, network: Network, user: &str, now: Duration) {
        let Patience { guesses_max, within, shut_out_for, .. } = self.patience;
        let guesser = self.guesser(network, user, now);
        let fresh = Tally { wrong: 1, since: now, shut_out_until: None };
        match self.tallies.get_mut(&guesser) {
            Some(tally) if now.saturating_sub(tally.since) <= within => tally.wrong += 1,
            Some(tally) => *tally = fresh,
            None => drop(self.tallies.insert(guesser.clone(), fresh)),
        }
        if let Some(tally) = self.tallies.get_mut(&guesser)
            && tally.wrong >= guesses_max
        {
            *tally = Tally { wrong: 0, since: now, shut_out_until: Some(now.saturating_add(shut_out_for)) };
        }
    }

    /// Notes a right answer. The strangers' count stays: who owns one password gets no more guesses at others.
    pub fn right(&mut self, network: Network, user: &str, now: Duration) {
        self.right.forget_while(|last| now.saturating_sub(*last) > KNOWN_FOR);
        self.right.insert((network, user.to_owned()), now);
        if let Some(tally) = self.tallies.get_mut(&Guesser::Phone(network, user.to_owned())) {
            *tally = Tally { wrong: 0, since: now, shut_out_until: None };
        }
    }

    fn guesser(&self, network: Network, user: &str, now: Duration) -> Guesser {
        let phone = (network, user.to_owned());
        match self.right.get(&phone) {
            Some(last) if now.saturating_sub(*last) <= KNOWN_FOR => Guesser::Phone(phone.0, phone.1),
            _ => Guesser::Strangers(network),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);

    fn network(address: &str) -> Network {
        Network::of(address.parse().expect("an address"))
    }

    fn guessing(guesses: &mut Guesses, from: &str, user: &str, times: u32) {
        (0..times).for_each(|_| guesses.wrong(network(from), user, NOW));
    }

    #[test]
    fn the_guesser_is_shut_out_and_the_owner_elsewhere_is_not() {
        let mut guesses = Guesses::new(Patience::default());

        guessing(&mut guesses, "192.0.2.66", "1001", 19);
        assert_eq!(guesses.shut_out(network("192.0.2.66"), "1001", NOW), None);
        guessing(&mut guesses, "192.0.2.66", "1002", 1);

        assert_eq!(guesses.shut_out(network("192.0.2.66"), "1001", NOW), Some(Duration::from_secs(600)));
        assert_eq!(guesses.shut_out(network("192.0.2.66"), "9999", NOW), Some(Duration::from_secs(600)));
        assert_eq!(guesses.shut_out(network("198.51.100.1"), "1001", NOW), None);
        assert_eq!(guesses.shut_out(network("192.0.2.66"), "1001", NOW + Duration::from_secs(600)), None);
    }

    #[test]
    fn a_phone_that_was_right_before_goes_on_beside_a_guesser() {
        let mut guesses = Guesses::new(Patience::default());
        guesses.right(network("192.0.2.1"), "1001", NOW);

        guessing(&mut guesses, "192.0.2.1", "1002", 20);

        assert_eq!(guesses.shut_out(network("192.0.2.1"), "1001", NOW), None);
        assert!(guesses.shut_out(network("192.0.2.1"), "1002", NOW).is_some());
        guessing(&mut guesses, "192.0.2.1", "1001", 20);
        assert!(guesses.shut_out(network("192.0.2.1"), "1001", NOW).is_some(), "its own count still counts");
    }

    #[test]
    fn slow_mistakes_are_forgotten() {
        let mut guesses = Guesses::new(Patience::default());

        for hour in 0..100 {
            guesses.wrong(network("192.0.2.1"), "1001", Duration::from_secs(hour * 3600));
        }

        assert_eq!(guesses.shut_out(network("192.0.2.1"), "1001", Duration::from_secs(99 * 3600)), None);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut guesses = Guesses::new(Patience { entries_max: 100, ..Patience::default() });

        for last in 0..10_000u32 {
            let network = Network::of(std::net::Ipv4Addr::from(last).into());
            guesses.wrong(network, "1001", NOW);
            guesses.right(network, "1002", NOW);
        }

        assert_eq!((guesses.tallies.len(), guesses.right.len()), (100, 100));
    }
}
