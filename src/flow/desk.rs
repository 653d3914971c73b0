//! What every flow has at hand.

use crate::bus::Bus;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::os::chance;
use crate::store::handle::Store;
use std::sync::Arc;
use std::time::Duration;

/// What every flow has at hand; clones share it all.
#[derive(Clone)]
pub struct Desk {
    /// The right to write.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Who listens.
    pub bus: Bus,
    /// The rules of the house that come from the machine's settings.
    pub rules: Arc<Rules>,
}

/// Bounds of the outbox and of what is kept.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long a text waits for a phone.
    pub phone_expiry: Duration,
    /// How long a text waits for a carrier (GSM's usual validity would be 48 h; a late answer helps nobody).
    pub carrier_expiry: Duration,
    /// How often a carrier is tried.
    pub carrier_tries_max: u32,
    /// How long a claim holds before it counts as lost.
    pub lease: Duration,
    /// How many calls to carriers are under way at once.
    pub carrier_calls_max: usize,
    /// How many phones are being sent to at once.
    pub phone_lanes_max: usize,
    /// How long the channel log is kept.
    pub log_kept: Duration,
    /// How many bytes of it are kept at most.
    pub log_bytes_max: u64,
    /// Where this machine is reached from outside, without a slash at its end: carriers and people fetch files there.
    pub public_base_url: Option<String>,
    /// The same for phones, which may be in the house.
    pub phone_base_url: Option<String>,
    /// How long a link to files holds.
    pub links_kept: Duration,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            phone_expiry: Duration::from_secs(72 * 3600),
            carrier_expiry: Duration::from_secs(10 * 3600),
            carrier_tries_max: 24,
            lease: Duration::from_secs(120),
            carrier_calls_max: 64,
            phone_lanes_max: 256,
            log_kept: Duration::from_secs(30 * 24 * 3600),
            log_bytes_max: 512 * 1024 * 1024,
            public_base_url: None,
            phone_base_url: None,
            links_kept: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

impl Desk {
    /// The time as it is written down.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// A new idempotency key or Call-ID, never used before and never guessed: the time, then 80 random bits. It begins with
/// the time so that the index by it grows at its end, and a message touches no page at random.
pub fn new_delivery_reference(now: Timestamp) -> String {
    let mut bytes = [0_u8; 16];
    chance::fill(&mut bytes[6..]);
    bytes[..6].copy_from_slice(&now.0.to_be_bytes()[2..]);
    hex::encode(bytes)
}

/// A new secret or name: 128 random bits.
pub fn new_reference() -> String {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).expect("the system's random numbers");
    hex::encode(random)
}
