//! What may stand on the command line. The help texts here are the manual: the pages are made from them.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// The messaging module of an IP-PBX: SMS, MMS and WhatsApp between carriers and desk phones.
#[derive(Parser, Debug)]
#[command(name = "depesche", version, propagate_version = true, arg_required_else_help = true, after_help = EXITS)]
pub struct Arguments {
    /// Where settings and state are
    #[command(flatten)]
    pub place: Place,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXITS: &str = "Exit status: 0 done, 1 failed, 2 wrong arguments, 78 wrong settings.";

/// Where settings and state are; every command takes these.
#[derive(Args, Debug, Clone)]
pub struct Place {
    /// The settings file; without it /etc/depesche/depesche.toml where there is one, else the defaults
    #[arg(long, global = true, value_name = "FILE", env = "DEPESCHE_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// The folder of all state, in place of the one the settings name
    #[arg(long, global = true, value_name = "DIR", env = "DEPESCHE_DATA", hide_env_values = true)]
    pub data: Option<PathBuf>,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check the settings file and say, for each thing wrong, the line, the key and the remedy
    CheckConfig,

    /// Ask the running daemon whether it is well; exit status 0 means yes
    Healthcheck,

    /// Copy the database to a file, also while the daemon runs
    ///
    /// The copy holds the key to carriers' credentials, so it is readable by its owner alone: keep it like a password.
    Backup {
        /// The file to make; it must not be there yet
        file: PathBuf,
    },

    /// Put a backup in the place of the database; the daemon must be stopped
    ///
    /// What was there before stays beside it as depesche.db.before-restore.
    Restore {
        /// A file that `depesche backup` made
        file: PathBuf,
    },

    /// Write the manual pages of all commands
    Manual {
        /// The folder to write them to
        dir: PathBuf,
    },

    /// Print the completions for a shell
    ///
    /// For bash: depesche completions bash > /etc/bash_completion.d/depesche
    Completions {
        /// The shell
        shell: Shell,
    },

    /// Print the version of the program and of the database engine in it
    Version,
}
