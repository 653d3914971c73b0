//! A connection to the outside: how it is, and what it does when it cannot know.

use serde::{Deserialize, Serialize};

/// How a trunk was when it was last used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// Not used since its settings changed.
    Unknown,
    /// It works.
    Ok,
    /// Credentials or settings are wrong: it waits for somebody to mend them.
    Misconfigured,
    /// No credit at the carrier: it waits for somebody to top it up.
    NoCredit,
    /// The carrier cannot be reached.
    Unreachable,
}

impl TrunkState {
    /// Every state.
    pub const ALL: [TrunkState; 5] =
        [TrunkState::Unknown, TrunkState::Ok, TrunkState::Misconfigured, TrunkState::NoCredit, TrunkState::Unreachable];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            TrunkState::Unknown => "unknown",
            TrunkState::Ok => "ok",
            TrunkState::Misconfigured => "misconfigured",
            TrunkState::NoCredit => "no_credit",
            TrunkState::Unreachable => "unreachable",
        }
    }

    /// Reads [`TrunkState::as_str`].
    pub fn from_word(word: &str) -> Option<TrunkState> {
        TrunkState::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether somebody must mend something before anything can be sent.
    pub fn is_stopped(self) -> bool {
        matches!(self, TrunkState::Misconfigured | TrunkState::NoCredit)
    }
}

/// How what comes in gets to us.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Intake {
    /// The carrier calls us.
    #[default]
    Webhooks,
    /// We ask the carrier: for boxes that nobody can call.
    Polling,
    /// Both; what comes both ways is filed once.
    Both,
}

impl Intake {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Intake::Webhooks => "webhooks",
            Intake::Polling => "polling",
            Intake::Both => "both",
        }
    }

    /// Reads [`Intake::as_str`].
    pub fn from_word(word: &str) -> Option<Intake> {
        [Intake::Webhooks, Intake::Polling, Intake::Both].into_iter().find(|intake| intake.as_str() == word)
    }
}

/// What happens to a delivery whose outcome nobody knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUncertain {
    /// The operator decides.
    Ask,
    /// It is sent again: the customer may get it twice.
    SendAgain,
}

impl OnUncertain {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            OnUncertain::Ask => "ask",
            OnUncertain::SendAgain => "send_again",
        }
    }

    /// Reads [`OnUncertain::as_str`].
    pub fn from_word(word: &str) -> Option<OnUncertain> {
        [OnUncertain::Ask, OnUncertain::SendAgain].into_iter().find(|choice| choice.as_str() == word)
    }
}
