//! Pace and patience of what leaves the house. How fast a number may send is a row, not here.

use crate::config::http::seconds;
use crate::config::sheet::Section;
use std::time::Duration;

/// The outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Deliveries under way at a time.
    pub workers: usize,
    /// How long a delivery may be under way before it counts as unanswered.
    pub lease: Duration,
    /// The pause after the first failure; it doubles from there.
    pub retry_first: Duration,
    /// The longest pause.
    pub retry_max: Duration,
    /// How long a carrier that is down is tried.
    pub give_up_after: Duration,
    /// How long a text waits for a phone to register.
    pub phone_text_expiry: Duration,
}

pub(super) fn outbox(section: &mut Section<'_, '_>) -> Outbox {
    let outbox = Outbox {
        workers: usize::try_from(section.number("workers", 64, 1..=10_000)).expect("the bounds fit"),
        lease: seconds(section.number("lease_s", 90, 40..=3600)),
        retry_first: seconds(section.number("retry_first_s", 5, 1..=3600)),
        retry_max: seconds(section.number("retry_max_s", 600, 1..=86_400)),
        give_up_after: seconds(3600 * section.number("give_up_after_h", 24, 1..=720)),
        phone_text_expiry: seconds(3600 * section.number("phone_text_expiry_h", 72, 1..=8760)),
    };
    if outbox.retry_max < outbox.retry_first {
        section.refuse(
            "retry_max_s",
            "it is shorter than retry_first_s",
            "pauses double from first to max: make it longer",
        );
    }
    outbox
}
