//! What the program writes about itself: manual pages, completions, the API's contract, its version.

use crate::cli::arguments::Arguments;
use crate::cli::dispatch::{Failure, say};
use crate::store::engine;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;

/// Writes a manual page for the program and for each command.
pub fn manual(folder: &Path) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| {
        Failure::Sentence(format!("{}: {error}; name a folder I may write to", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(wrong)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(wrong)
}

/// Prints the completions for `shell`.
pub fn completions(shell: Shell) -> Result<(), Failure> {
    clap_complete::generate(shell, &mut Arguments::command(), "depesche", &mut std::io::stdout());
    Ok(())
}

/// Prints what the private API takes and answers.
pub fn openapi() -> Result<(), Failure> {
    say(crate::api::routes::openapi().trim_end());
    Ok(())
}

/// Prints the versions.
pub fn version() -> Result<(), Failure> {
    say(format!("depesche {}", env!("CARGO_PKG_VERSION")));
    say(format!("SQLite {}", engine::version()));
    Ok(())
}
