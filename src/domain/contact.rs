//! A person in a phonebook, and the nine kinds of numbers that the PBX world knows.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $word:tt;)+) => {
        /// What a contact's number is.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum NumberKind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl NumberKind {
            /// Every kind, in the order a form shows them.
            pub const ALL: &[NumberKind] = &[$(NumberKind::$variant,)+];

            /// The word in the database and the API.
            pub fn as_str(self) -> &'static str {
                match self { $(NumberKind::$variant => $word,)+ }
            }

            /// Reads [`NumberKind::as_str`].
            pub fn from_word(word: &str) -> Option<NumberKind> {
                NumberKind::ALL.iter().copied().find(|kind| kind.as_str() == word)
            }
        }
    };
}

kinds! {
    /// At work.
    Business "business";
    /// A second one at work.
    Business2 "business2";
    /// A mobile phone.
    Mobile "mobile";
    /// A second mobile phone.
    Mobile2 "mobile2";
    /// At home.
    Home "home";
    /// A second one at home.
    Home2 "home2";
    /// A fax at work.
    BusinessFax "business_fax";
    /// A fax at home.
    HomeFax "home_fax";
    /// Any other.
    Other "other";
}
