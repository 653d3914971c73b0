//! What can go wrong with the database, in words for whoever must mend it.

use std::path::PathBuf;
use thiserror::Error;

/// Why the store could not do it.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Too many writes wait: try again.
    #[error("the database is busy: too many writes are waiting; try again in a moment")]
    Busy,
    /// The disk is full.
    #[error("the disk is full: nothing was stored; free space in the data folder")]
    DiskFull,
    /// The disk cannot be written or read.
    #[error("the disk cannot be written or read ({0}): nothing was stored; look at the system's log")]
    Disk(String),
    /// The store is shutting down or its writer has died.
    #[error("the database is closed")]
    Closed,
    /// The database answered with an error.
    #[error("the database refused: {0}")]
    Refused(String),
    /// A rule of the tables was broken: something with this name exists, or something still needs it.
    #[error("the database's rules forbid it: {0}")]
    Constraint(String),
    /// A value in the database is not of its vocabulary.
    #[error("the database holds a value that cannot be read: {0}")]
    Unreadable(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode::{ConstraintViolation, DiskFull, ReadOnly, SystemIoFailure};
        match error.sqlite_error_code() {
            Some(DiskFull) => StoreError::DiskFull,
            Some(SystemIoFailure | ReadOnly) => StoreError::Disk(error.to_string()),
            Some(ConstraintViolation) => StoreError::Constraint(error.to_string()),
            _ => StoreError::Refused(error.to_string()),
        }
    }
}

/// Why the store could not be opened. Each says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The data folder.
    #[error("data folder {path}: {why}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Damage.
    #[error(
        "the database {path} is damaged ({why}). Nothing was changed. Restore a backup with \
         `depesche restore FILE`; `depesche backup` writes them, and a copy from before the last update may stand \
         beside the database as *.before-*"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
    /// The file is gone, empty, or another installation's.
    #[error(
        "{path}: {why}. This folder belongs to an existing installation, so no new database is begun. Put the \
         right database back or restore a backup with `depesche restore FILE`; to begin anew and lose everything, move \
         all of the folder away, with {mark}"
    )]
    NotOurs {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// The mark beside it.
        mark: PathBuf,
    },
    /// A database without its mark.
    #[error(
        "{path}: the file {mark} that belongs to this database is missing, so nobody knows whose it is. Put that file \
         back, or restore a backup with `depesche restore FILE`, which brings its own; to begin anew and lose \
         everything, move the database away"
    )]
    NoMark {
        /// Which file.
        path: PathBuf,
        /// What is missing beside it.
        mark: PathBuf,
    },
    /// Written by a newer Depesche.
    #[error(
        "the database {path} was written by a newer version (schema {found}, this one knows {known}): install that version"
    )]
    TooNew {
        /// Which file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// Ours.
        known: usize,
    },
    /// The key that seals credentials does not fit.
    #[error(
        "the key file {path} does not fit the database: credentials cannot be read. Put the right key file back, or \
         restore a backup, which brings its own"
    )]
    WrongKey {
        /// Which file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("the database {path} cannot be opened: {why}")]
    Other {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
}
