//! Files of messages: how much room they have, and how they are opened. What a channel takes is a row, not here.

use crate::config::http::{base_url, seconds};
use crate::config::sheet::Section;
use std::time::Duration;

/// Files of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Bytes of all files together.
    pub quota_bytes: u64,
    /// With less room than this on the disk no file is taken any more; messages go on.
    pub free_bytes_min: u64,
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Files being opened at a time.
    pub opened_at_once: usize,
    /// How long a link to files holds.
    pub links_kept: Duration,
    /// Where phones fetch files; `None`: where everybody does.
    pub phone_base_url: Option<String>,
}

pub(super) fn media(section: &mut Section<'_, '_>) -> Media {
    const MIB: u64 = 1024 * 1024;
    const DAY: u64 = 24 * 3600;
    Media {
        quota_bytes: MIB * section.number("quota_mb", 10_240, 10..=100_000_000),
        free_bytes_min: MIB * section.number("disk_free_min_mb", 1024, 0..=1_000_000),
        file_bytes_max: MIB * section.number("file_mb_max", 100, 1..=1024),
        opened_at_once: usize::try_from(section.number("opened_at_once", 1, 1..=16)).expect("the bounds fit"),
        links_kept: seconds(DAY * section.number("links_kept_d", 30, 1..=365)),
        phone_base_url: section.parsed("phone_base_url", "", base_url),
    }
}
