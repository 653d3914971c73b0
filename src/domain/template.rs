//! WhatsApp templates as the carrier keeps them: their parts, their state, their quality.

use serde::{Deserialize, Serialize};

/// A template at the carrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Template {
    /// The carrier's id of it.
    pub carrier_id: String,
    /// Its name there.
    pub name: String,
    /// Its language there, as in `en_US`.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`, as the carrier writes it.
    pub category: String,
    /// Whether it can be used.
    pub status: TemplateStatus,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`, as the carrier writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// Why it was refused or paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether its variables have names instead of places.
    #[serde(default)]
    pub named: bool,
    /// Head, body, foot, buttons.
    pub components: Vec<Component>,
}

macro_rules! statuses {
    ($($variant:ident $word:literal;)+) => {
        /// A template's state at the carrier.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum TemplateStatus {
            $(#[doc = $word] $variant,)+
        }

        impl TemplateStatus {
            /// Reads the carrier's word; what is new counts as not usable.
            pub fn from_carrier(word: &str) -> TemplateStatus {
                match word { $($word => TemplateStatus::$variant,)+ _ => TemplateStatus::Unknown }
            }

            /// The carrier's word.
            pub fn carrier_word(self) -> &'static str {
                match self { $(TemplateStatus::$variant => $word,)+ }
            }

            /// Whether a message can be sent with it.
            pub fn is_usable(self) -> bool {
                matches!(self, TemplateStatus::Approved | TemplateStatus::Flagged | TemplateStatus::Reinstated | TemplateStatus::Unarchived)
            }
        }
    };
}

statuses! {
    Approved "APPROVED";
    Pending "PENDING";
    Rejected "REJECTED";
    Paused "PAUSED";
    Disabled "DISABLED";
    InAppeal "IN_APPEAL";
    PendingDeletion "PENDING_DELETION";
    Deleted "DELETED";
    Flagged "FLAGGED";
    Reinstated "REINSTATED";
    LimitExceeded "LIMIT_EXCEEDED";
    Archived "ARCHIVED";
    Unarchived "UNARCHIVED";
    Locked "LOCKED";
    Unknown "UNKNOWN";
}

/// One part of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Component {
    /// The head.
    Header {
        /// What stands in it.
        format: HeaderFormat,
        /// Its text, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The body, with its variables as `{{1}}` or `{{first_name}}`.
    Body {
        /// The text.
        text: String,
    },
    /// The foot.
    Footer {
        /// The text.
        text: String,
    },
    /// The buttons.
    Buttons {
        /// In their order.
        buttons: Vec<TemplateButton>,
    },
}

/// What stands in a template's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeaderFormat {
    /// A text, perhaps with one variable.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A paper.
    Document,
    /// A place.
    Location,
    /// Something this version does not know.
    Other,
}

/// A button of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateButton {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE`, `OTP`, `FLOW`, as the carrier writes it.
    pub kind: String,
    /// What stands on it.
    pub text: String,
    /// Its address, perhaps with `{{1}}` at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The carrier's news about one template.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateNews {
    /// The carrier's id of it.
    pub carrier_id: String,
    /// Its name there.
    pub name: String,
    /// Its language there.
    pub language: String,
    /// Its new state, if that is the news.
    pub status: Option<TemplateStatus>,
    /// Its new quality, if that is the news.
    pub quality: Option<String>,
    /// Its new category, if that is the news.
    pub category: Option<String>,
    /// Why.
    pub reason: Option<String>,
}
