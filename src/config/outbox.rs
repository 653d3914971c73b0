//! Patience and breadth of what leaves the house. How fast a number may send is a row, not here.

use crate::config::http::seconds;
use crate::config::sheet::Section;
use std::time::Duration;

/// The outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Calls to carriers under way at a time.
    pub carrier_calls_max: usize,
    /// Phones being sent to at a time.
    pub phone_lanes_max: usize,
    /// How long a delivery may be under way before it counts as unanswered.
    pub lease: Duration,
    /// How long a text waits for a carrier.
    pub carrier_text_expiry: Duration,
    /// How often a carrier is tried.
    pub carrier_tries_max: u32,
    /// How long a text waits for a phone to register.
    pub phone_text_expiry: Duration,
    /// How long the channel log is kept.
    pub log_kept: Duration,
    /// How many bytes of it are kept at most.
    pub log_bytes_max: u64,
}

pub(super) fn outbox(section: &mut Section<'_, '_>) -> Outbox {
    const HOUR: u64 = 3600;
    const MIB: u64 = 1024 * 1024;
    let count = |number: u64| usize::try_from(number).expect("the bounds fit");
    Outbox {
        carrier_calls_max: count(section.number("carrier_calls_max", 64, 1..=10_000)),
        phone_lanes_max: count(section.number("phone_lanes_max", 256, 1..=10_000)),
        lease: seconds(section.number("lease_s", 120, 40..=3600)),
        carrier_text_expiry: seconds(HOUR * section.number("carrier_text_expiry_h", 10, 1..=720)),
        carrier_tries_max: u32::try_from(section.number("carrier_tries_max", 24, 1..=1000)).expect("the bounds fit"),
        phone_text_expiry: seconds(HOUR * section.number("phone_text_expiry_h", 72, 1..=8760)),
        log_kept: seconds(24 * HOUR * section.number("log_kept_d", 30, 1..=3650)),
        log_bytes_max: MIB * section.number("log_mb_max", 512, 1..=1_048_576),
    }
}
