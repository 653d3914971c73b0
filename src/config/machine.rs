//! Paths, the log, the database: what every daemon has.

use crate::config::http::seconds;
use crate::config::secret::Surroundings;
use crate::config::sheet::Section;
use std::path::PathBuf;
use std::time::Duration;

/// Where things lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The one folder of state: database, media, self-made certificates.
    pub data_dir: PathBuf,
    /// The key that credentials in the database are encrypted with; `None`: beside the database.
    pub key_file: Option<PathBuf>,
}

/// How much is said, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// A level (`info`) or a filter (`info,depesche::sip=debug`).
    pub level: String,
    /// Text for people, JSON for machines.
    pub format: LogFormat,
}

/// See [`Log::format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Writes that may wait for the writer; one more is refused.
    pub queue_max: usize,
    /// Connections that read.
    pub readers: usize,
    /// Less room than this on the disk of the data folder raises an alarm; zero: none does.
    pub free_bytes_min: u64,
    /// How often the database is read through while it is at work; zero: only after a start that did not.
    pub read_through: Duration,
}

pub(super) fn paths(section: &mut Section<'_, '_>, around: &Surroundings) -> Paths {
    let data_dir = section.text("data_dir", "var");
    if data_dir.is_empty() {
        section.refuse("data_dir", "the folder has no name", "write one, for example \"/var/lib/depesche\"");
    }
    let key_file = section.text("key_file", "");
    Paths { data_dir: around.path(&data_dir), key_file: (!key_file.is_empty()).then(|| around.credential(&key_file)) }
}

pub(super) fn log(section: &mut Section<'_, '_>) -> Log {
    Log {
        level: section.parsed("level", "info", filter),
        format: section.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
    }
}

/// A filter is a list of levels, each for all or for one target; the levels are checked here, early.
fn filter(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let wrong = text
        .split(',')
        .map(|part| part.rsplit('=').next().unwrap_or(part).trim())
        .find(|level| !LEVELS.contains(level));
    match wrong {
        None => Ok(text.to_owned()),
        Some(level) => Err(format!("{level:?} is no level; write error, warn, info, debug or trace")),
    }
}

pub(super) fn store(section: &mut Section<'_, '_>) -> Store {
    let count = |number: u64| usize::try_from(number).expect("the bounds fit");
    Store {
        queue_max: count(section.number("queue_max", 4096, 16..=1_000_000)),
        readers: count(section.number("readers", 2, 1..=64)),
        free_bytes_min: section.number("disk_free_min_mb", 512, 0..=1_000_000) * 1024 * 1024,
        read_through: seconds(24 * 3600 * section.number("read_through_d", 7, 0..=365)),
    }
}
