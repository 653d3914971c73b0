//! How many messages an address may send: one token bucket each, in bounded memory. Nothing is known of SIP
//! here: what is over the limit is dropped before it is read, so that a flood costs little.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::Duration;

/// Addresses remembered at once; beyond it, those that have been quiet are forgotten, then all.
const ADDRESSES_MAX: usize = 65_536;

pub struct Pace {
    per_s: f64,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    trusted: HashSet<IpAddr>,
    buckets: HashMap<IpAddr, Bucket>,
}

struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Pace {
    /// `per_s` a second, and as many again at once after a silence.
    pub fn new(per_s: u32) -> Pace {
        Pace { per_s: f64::from(per_s.max(1)), book: Mutex::default() }
    }

    /// These addresses (a PBX, a trunk) are not paced.
    pub fn trust(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        self.book().trusted = addresses.into_iter().collect();
    }

    /// Whether one more message from this address is within the limit.
    pub fn take(&self, address: IpAddr, now: Duration) -> bool {
        let mut book = self.book();
        if book.trusted.contains(&address) {
            return true;
        }
        if book.buckets.len() >= ADDRESSES_MAX {
            book.forget_quiet(self.per_s, now);
        }
        let bucket = book.buckets.entry(network(address)).or_insert(Bucket { tokens: self.per_s, filled: now });
        bucket.fill(self.per_s, now);
        let within = bucket.tokens >= 1.0;
        if within {
            bucket.tokens -= 1.0;
        }
        within
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().expect("nothing panics while it holds the book")
    }
}

impl Book {
    fn forget_quiet(&mut self, per_s: f64, now: Duration) {
        self.buckets.retain(|_, bucket| {
            bucket.fill(per_s, now);
            bucket.tokens < per_s
        });
        if self.buckets.len() >= ADDRESSES_MAX {
            self.buckets.clear();
        }
    }
}

impl Bucket {
    fn fill(&mut self, per_s: f64, now: Duration) {
        self.tokens = (self.tokens + now.saturating_sub(self.filled).as_secs_f64() * per_s).min(per_s);
        self.filled = now;
    }
}

/// In IPv6 whoever has one address has the whole /64.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_an_honest_address_beside_it_is_not() {
        let pace = Pace::new(10);
        let flood: IpAddr = "192.0.2.66".parse().unwrap();

        let taken = (0..1000).filter(|_| pace.take(flood, Duration::ZERO)).count();

        assert_eq!(taken, 10);
        assert!(pace.take("192.0.2.1".parse().unwrap(), Duration::ZERO));
        assert!(pace.take(flood, Duration::from_millis(100)), "it may go on after a while");
    }

    #[test]
    fn a_trusted_address_is_not_paced() {
        let pace = Pace::new(1);
        let pbx: IpAddr = "192.0.2.5".parse().unwrap();
        pace.trust([pbx]);

        assert!((0..100).all(|_| pace.take(pbx, Duration::ZERO)));
    }

    #[test]
    fn a_million_addresses_of_one_network_are_one() {
        let pace = Pace::new(1);

        let taken = (0..1000_u128)
            .filter(|n| pace.take(Ipv6Addr::from_bits((0x2001_0db8 << 96) | n).into(), Duration::ZERO))
            .count();

        assert_eq!(taken, 1);
    }

    #[test]
    fn a_million_networks_are_remembered_in_bounded_memory() {
        let pace = Pace::new(1);

        for n in 0..200_000_u32 {
            pace.take(IpAddr::V4(n.into()), Duration::ZERO);
        }

        assert!(pace.book().buckets.len() <= ADDRESSES_MAX);
    }
}
