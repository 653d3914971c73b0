//! `backup` and `restore`: the database as one file.

use crate::app::wiring;
use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, say, settings};
use crate::clock::Clock;
use crate::os::StateLock;
use crate::store::open;
use std::path::Path;

/// Copies the database to `file`.
pub fn backup(place: &Place, file: &Path) -> Result<(), Failure> {
    open::backup(&wiring::store(&settings(place)?), file).map_err(Failure::from_error)?;
    say(format!("{}: the database, whole; keep it like a password", file.display()));
    Ok(())
}

/// Puts `file` in the place of the database.
pub fn restore(place: &Place, file: &Path) -> Result<(), Failure> {
    let config = settings(place)?;
    let folder = &config.paths.data_dir;
    crate::os::make_private_folder(folder).map_err(Failure::from_error)?;
    // Held until the end: a daemon that starts meanwhile would write into the file that goes.
    let _lock = StateLock::take(folder).map_err(Failure::from_error)?;
    open::restore(&wiring::store(&config), file, Clock::system().now()).map_err(Failure::from_error)?;
    // Restored by root, it is still the daemon's user who must read it.
    crate::os::give_to_the_owner_of(folder).map_err(Failure::from_error)?;
    say(format!("{}: restored from {}; start the daemon", folder.display(), file.display()));
    Ok(())
}
