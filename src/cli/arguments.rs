//! What may stand on the command line. The help texts here are the manual: the pages are made from them.

use clap::{Args, Parser, Subcommand, ValueEnum};
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
    /// Run the daemon in the foreground, as systemd wants it; Ctrl-C or SIGTERM ends it in good order
    ///
    /// The first start makes the user `admin` and tells the password once: on the terminal, else in first-login.txt in the data folder.
    Run {
        /// On a fresh data folder, set up a simulated carrier, three extensions and a message queue to try
        #[arg(long)]
        trial: bool,
        /// The same, with conversations in it
        #[arg(long)]
        demo: bool,
    },

    /// Check the settings file and say, for each thing wrong, the line, the key and the remedy
    CheckConfig,

    /// Ask the running daemon whether it is well; exit status 0 means yes
    Healthcheck,

    /// Copy the database to a file, also while the daemon runs
    ///
    /// The copy holds the key to carriers' credentials, so it is readable by its owner alone: keep it like a password.
    /// Files of messages are copied into the folder FILE.files beside it, those that are missing there.
    Backup {
        /// The file to make; it must not be there yet
        file: PathBuf,
    },

    /// Put a backup in the place of the database; the daemon must be stopped
    ///
    /// What was there before stays beside it as depesche.db.before-restore. Files of messages come back from the folder
    /// FILE.files, where there is one.
    ///
    /// Opt-outs, erasures and sent messages since the backup are taken from the database that goes, as far as it can be
    /// read. Messages whose fate nobody knows are uncertain, and campaigns stopped, until somebody decides.
    Restore {
        /// A file that `depesche backup` made
        file: PathBuf,
    },

    /// Make, list and remove people who log in to the portal
    #[command(subcommand)]
    User(User),

    /// Make, list and remove extensions: the accounts of phones
    #[command(subcommand)]
    Extension(Extension),

    /// List trunks, and try them out
    #[command(subcommand)]
    Trunk(Trunk),

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

    /// Print the contract of the private API, as an OpenAPI document
    Openapi,

    /// Print the version of the program and of the database engine in it
    Version,
}

/// What to do with users; also while the daemon runs.
#[derive(Subcommand, Debug)]
pub enum User {
    /// Make a user; the password is printed once and must be changed at the first login
    Add {
        /// What the user logs in with
        name: String,
        /// What the user may do
        #[arg(long, value_enum, default_value_t = RoleWord::Agent)]
        role: RoleWord,
        /// The extension an agent answers for
        #[arg(long, value_name = "NUMBER")]
        extension: Option<String>,
    },
    /// List all users
    List,
    /// Give a user a new password, printed once; all logins of that user end
    Passwd {
        /// Whose
        name: String,
    },
    /// Remove a user; the last admin stays
    Remove {
        /// Whom
        name: String,
    },
}

/// What to do with extensions; also while the daemon runs.
#[derive(Subcommand, Debug)]
pub enum Extension {
    /// Make an extension; the password for its phone is printed once
    Add {
        /// What is dialled to reach it, and the phone's user name: 1001
        number: String,
        /// Whose it is
        #[arg(long)]
        name: Option<String>,
    },
    /// List all extensions
    List,
    /// Give an extension a new password, printed once; its phones must register anew
    Passwd {
        /// Which
        number: String,
    },
    /// Remove an extension that nothing uses any more
    Remove {
        /// Which
        number: String,
    },
}

/// What to do with trunks; also while the daemon runs.
#[derive(Subcommand, Debug)]
pub enum Trunk {
    /// List all trunks
    List,
    /// Ask the carrier whether everything fits: credentials, each number, the way back to us, clock, credit
    ///
    /// Nothing is sent to anybody. Exit status 0 means that nothing is wrong; what was said stands in the channel log.
    Test {
        /// Which
        name: String,
        /// Print the sentences in German
        #[arg(long)]
        german: bool,
    },
}

/// The roles of the portal.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleWord {
    /// Answers for one extension
    Agent,
    /// Sees every session and may take it over
    Supervisor,
    /// May also change the settings
    Admin,
}
