//! What the daemon asks of its helper and what the helper answers, as one JSON line each. Nothing in an answer is
//! believed beyond its shape: the workshop looks at the files again.

use crate::domain::media::{FileFacts, FitWish, Fitted};
use crate::domain::reason::Reason;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The longest answer that is read.
pub const ANSWER_BYTES_MAX: u64 = 16 << 10;

/// One job; the file itself is the helper's standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Order {
    /// Say what the file is.
    Inspect {
        /// Where a small picture of it goes.
        thumb_to: Option<PathBuf>,
    },
    /// Make it fit.
    Fit {
        /// Where it goes if anything has to be done.
        to: PathBuf,
        /// Within which bounds.
        wish: FitWish,
        /// Whether nobody here asked for it: it may then cost no more than looking at it.
        #[serde(default)]
        for_strangers: bool,
    },
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// Type, size and shape.
    pub facts: FileFacts,
    /// Whether a small picture of it was made.
    pub has_thumb: bool,
    /// Whether it is a PDF that can do more than be read.
    pub active: bool,
    /// Whether it says where it was taken.
    pub has_location: bool,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// To [`Order::Inspect`].
    Inspected(Inspected),
    /// To [`Order::Fit`].
    Fitted(Fitted),
    /// To both.
    Refused(Reason),
}

/// The line the helper writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The most memory that was resident at once, program and libraries included.
    pub peak_bytes: u64,
    /// Processor time.
    pub cpu_ms: u64,
}
