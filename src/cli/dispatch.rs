//! From arguments to an exit status: reads the settings, calls what was asked for, says what went wrong.

use crate::cli::arguments::{Arguments, Command, Place};
use crate::cli::{backup, check, health, papers, people, phones, run, trunks};
use crate::config::load::Config;
use clap::Parser;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// sysexits.h: the unit file tells systemd not to try again with settings that are wrong.
const EX_CONFIG: u8 = 78;

/// Where the package puts the settings.
const SYSTEM_CONFIG: &str = "/etc/depesche/depesche.toml";

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings are wrong; each line says what.
    #[error("{0}")]
    Settings(#[from] crate::config::problem::Problems),
    /// A setting that only shows itself at the start.
    #[error("depesche: {0}")]
    Setting(String),
    /// Anything else, in a sentence.
    #[error("depesche: {0}")]
    Sentence(String),
}

impl Failure {
    /// From any error that says what failed and what to do.
    pub fn from_error(error: impl Display) -> Failure {
        Failure::Sentence(error.to_string())
    }
}

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to be done where even stderr is gone.
            let _ = writeln!(std::io::stderr(), "{failure}");
            match failure {
                Failure::Settings(_) | Failure::Setting(_) => ExitCode::from(EX_CONFIG),
                Failure::Sentence(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let place = &arguments.place;
    match arguments.command {
        Command::Run { trial, demo } => run::run(place, trial || demo, demo),
        Command::CheckConfig => check::check_config(place),
        Command::Healthcheck => health::healthcheck(place),
        Command::Backup { file } => backup::backup(place, &file),
        Command::Restore { file } => backup::restore(place, &file),
        Command::User(what) => people::user(place, what),
        Command::Extension(what) => phones::extension(place, what),
        Command::Trunk(what) => trunks::trunk(place, what),
        Command::Manual { dir } => papers::manual(&dir),
        Command::Completions { shell } => papers::completions(shell),
        Command::Openapi => papers::openapi(),
        Command::Version => papers::version(),
    }
}

/// The settings file that is meant: the one named, else the system's where there is one.
pub fn config_file(place: &Place) -> Option<PathBuf> {
    let system = PathBuf::from(SYSTEM_CONFIG);
    place.config.clone().or_else(|| system.exists().then_some(system))
}

/// The settings, with the data folder of the command line where one was named.
pub fn settings(place: &Place) -> Result<Config, Failure> {
    let mut config = Config::load(config_file(place).as_deref(), std::env::vars().collect())?;
    if let Some(folder) = &place.data {
        config.paths.data_dir.clone_from(folder);
    }
    Ok(config)
}

/// Prints a line; a reader that has gone (`| head`) is no failure.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
