//! Why the house could not be started, in words that say what to do.

use crate::media::archive::ArchiveError;
use crate::net::server::BindError;
use crate::net::tls::TlsError;
use crate::os::OsError;
use crate::sip::endpoint::SipError;
use crate::store::error::OpenError;
use std::path::PathBuf;
use thiserror::Error;

/// Why the house did not start, or why it went down.
#[derive(Debug, Error)]
pub enum AppError {
    /// The data folder is in use, or the system refused.
    #[error(transparent)]
    Os(#[from] OsError),
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The archive of files.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The helper that opens files.
    #[error(
        "{}: this program, which opens files for the daemon, cannot be opened ({error}): it is installed and built \
         together with the daemon, so install the package again, or build with `cargo build --bins`",
        path.display()
    )]
    NoMediaWorker {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An HTTP listener.
    #[error(transparent)]
    Http(#[from] BindError),
    /// A SIP listener.
    #[error(transparent)]
    Sip(#[from] SipError),
    /// A setting that only shows itself now.
    #[error("{key}: {problem}")]
    Setting {
        /// Its key in the settings file.
        key: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The first start could not be set up.
    #[error("the first start could not be set up: {0}")]
    FirstStart(#[from] crate::flow::error::FlowError),
    /// A loop that must never end has ended.
    #[error("{0} has ended without being told to: the house goes down, so that it is started afresh")]
    LoopEnded(&'static str),
}
