//! A sentence for people, in both languages of the house. Logs and the command line take the English one.

use std::fmt;

/// A sentence in English and German.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Wording {
    /// In English.
    pub english: String,
    /// In German.
    pub german: String,
}

impl Wording {
    /// In both.
    pub fn new(english: impl Into<String>, german: impl Into<String>) -> Wording {
        Wording { english: english.into(), german: german.into() }
    }
}

impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// What is the same in both: a code, a number, what somebody else said.
impl From<String> for Wording {
    fn from(text: String) -> Wording {
        Wording { german: text.clone(), english: text }
    }
}

impl From<&str> for Wording {
    fn from(text: &str) -> Wording {
        text.to_owned().into()
    }
}

impl From<&String> for Wording {
    fn from(text: &String) -> Wording {
        text.clone().into()
    }
}

impl<E: Into<String>, G: Into<String>> From<(E, G)> for Wording {
    fn from((english, german): (E, G)) -> Wording {
        Wording::new(english, german)
    }
}
