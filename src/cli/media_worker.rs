//! `media-worker`: the daemon's helper that opens files. Started by the daemon alone; no runtime, no settings, no log.

use crate::cli::dispatch::{Failure, say};
use crate::media::worker;

/// Does one job with the file at standard input.
pub fn media_worker(order: &str) -> Result<(), Failure> {
    say(worker::work(order).map_err(Failure::from_error)?);
    Ok(())
}
