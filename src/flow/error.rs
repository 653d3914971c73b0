//! Why a flow did not do it, in words for whoever asked.

use crate::domain::consent::Refusal;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::SessionError;
use crate::domain::wording::Wording;
use crate::store::error::StoreError;
use thiserror::Error;

/// Why a flow did not do it.
#[derive(Debug, Error, Clone)]
pub enum FlowError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such thing, or it is not yours.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Somebody else has the conversation.
    #[error("{by} holds this conversation; ask for it or have it transferred")]
    Taken {
        /// Number and name.
        by: String,
    },
    /// The session cannot do that.
    #[error("{0}")]
    Session(SessionError),
    /// What was given is wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: String,
        /// What is wrong and what to do.
        problem: Wording,
    },
    /// It is well formed, but not allowed.
    #[error("{0}")]
    NotAllowed(Wording),
    /// It would not be sent, or not delivered: refused before anything is filed.
    #[error("{}", .0.english())]
    Refused(ReasonCode),
    /// The person wants nothing more, or no advertising.
    #[error("{}", .0.wording())]
    OptedOut(Box<Refusal>),
    /// A file cannot be taken or sent, and why.
    #[error("{}{}", name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default(), reason.code.english())]
    File {
        /// Why.
        reason: Reason,
        /// What the file is called; `None`: all of them together.
        name: Option<String>,
    },
    /// Something else still needs it, or it was changed meanwhile.
    #[error("{0}")]
    Conflict(Wording),
    /// A campaign's recipients are not as many as whoever launches it was shown.
    #[error("the recipients have changed: it would go to {recipients} now")]
    AudienceChanged {
        /// How many there are.
        recipients: usize,
    },
    /// It was edited by somebody else since it was read.
    #[error("it was changed by somebody else meanwhile: load it again")]
    Stale,
}

impl FlowError {
    /// Something is wrong with a field.
    pub fn invalid(field: impl Into<String>, problem: impl Into<Wording>) -> FlowError {
        FlowError::Invalid { field: field.into(), problem: problem.into() }
    }
}
