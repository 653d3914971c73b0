//! Who wants nothing more: how far a refusal reaches and where we know it from. The words for it are in consent_words.rs.

use crate::domain::address::Address;
use crate::domain::id::{ChannelId, NumberId, OptOutId};
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far a refusal reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum Scope {
    /// One number of ours, on its channel.
    Number {
        /// Which.
        number: NumberId,
    },
    /// All numbers of a channel.
    Channel {
        /// Which.
        channel: ChannelId,
    },
    /// All of ours.
    Everything,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            /// Each of them.
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            /// The word in the database and the API.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// Reads the word.
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// Where we know a refusal from.
    OptOutSource {
        /// The person sent one of the words.
        Word "word";
        /// The carrier told us.
        Carrier "carrier";
        /// The carrier refused a message for it.
        Refusal "refusal";
        /// Somebody noted it in the portal.
        User "user";
        /// It came with a list.
        Import "import";
        /// A program noted it.
        Api "api";
    }
}

words! {
    /// How far a refusal reaches that a person sends as a word.
    WordScope {
        /// The number they wrote to.
        Number "number";
        /// Its channel.
        Channel "channel";
        /// All of ours.
        Everything "everything";
    }
}

words! {
    /// Who tells a peer that their word was heard.
    Confirms {
        /// This house.
        We "we";
        /// The carrier, for the words it knows; this house for the others.
        Carrier "carrier";
        /// Nobody.
        Nobody "nobody";
    }
}

/// A refusal that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its id.
    pub id: OptOutId,
    /// Since when.
    pub at: Timestamp,
    /// When it was said again.
    pub said_again_at: Option<Timestamp>,
    /// Only advertising is meant.
    pub marketing_only: bool,
    /// Where we know it from.
    pub source: OptOutSource,
    /// What was said or pressed.
    pub words: Option<String>,
    /// Who noted it, as it was called then.
    pub by: Option<String>,
    /// To which number of ours it was said.
    pub our_address: Option<Address>,
    /// Of which channel, as it was called then.
    pub channel_name: Option<String>,
}

/// How long a person who writes again may be answered, where that is set.
const REOPENED: Duration = Duration::from_secs(24 * 3600);

impl Refusal {
    /// Whether the person may be answered all the same, though not with advertising: that alone is meant, or they wrote
    /// again after it and the house `reopens` for 24 hours.
    pub fn may_reply(&self, reopens: bool, wrote_at: Option<Timestamp>, now: Timestamp) -> bool {
        let said = self.said_again_at.unwrap_or(self.at).max(self.at);
        self.marketing_only || (reopens && wrote_at.is_some_and(|wrote| wrote > said && wrote.plus(REOPENED) > now))
    }

    /// The day it was said, by UTC.
    pub fn day(&self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.at.0);
        at.map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
    }

    /// Why nothing may be sent, for whoever wants to: since when, in which words, where. Days are UTC's.
    pub fn wording(&self) -> Wording {
        let day = self.day();
        let words = self.words.as_deref().map(|words| words.chars().take(60).collect::<String>());
        let where_ = match (&self.channel_name, &self.our_address) {
            (Some(channel), Some(number)) => Some(format!("{channel}, {number}")),
            (Some(channel), None) => Some(channel.clone()),
            (None, Some(number)) => Some(number.to_string()),
            (None, None) => None,
        };
        let (mut english, mut german) = if self.marketing_only {
            ("This person wants no more advertising".to_owned(), "Diese Person möchte keine Werbung mehr".to_owned())
        } else {
            ("This person wants no more messages".to_owned(), "Diese Person möchte keine Nachrichten mehr".to_owned())
        };
        english += &format!(": since {day}");
        german += &format!(": seit {day}");
        if let Some(words) = words {
            english += &format!(", in the words \u{201c}{words}\u{201d}");
            german += &format!(", mit den Worten \u{201e}{words}\u{201c}");
        }
        if let Some(by) = &self.by {
            english += &format!(", noted by {by}");
            german += &format!(", notiert von {by}");
        }
        if let Some(place) = where_ {
            english += &format!(" ({place})");
            german += &format!(" ({place})");
        }
        Wording::new(english + ".", german + ".")
    }
}
