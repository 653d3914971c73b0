//! `check-config`: everything wrong with the settings at once, before a restart finds out.

use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, config_file, say, settings};

/// Says whether the settings are well.
pub fn check_config(place: &Place) -> Result<(), Failure> {
    let config = settings(place)?;
    match config_file(place) {
        Some(file) => say(format!("{}: all is well", file.display())),
        None => say("no settings file: the defaults are well"),
    }
    say(format!("state in {}", config.paths.data_dir.display()));
    Ok(())
}
