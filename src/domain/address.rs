//! Who can be at either end of a message: telephone numbers, short codes, names, WhatsApp users.
//! What people type is read by [`Address::from_typed`]; what machines write by [`Address::parse`].

use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// The outside end of a message, or one of our own senders, in its one canonical spelling.
///
/// `+4915550001` (E.164), `70123` (short code), `Depesche` (alphanumeric sender), `wa:DE.13491208655302` (WhatsApp user id).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
pub struct Address(String);

/// What an [`Address`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressKind {
    /// `+` and 7 to 15 digits (ITU-T E.164).
    E164,
    /// 3 to 8 digits, valid in one country.
    ShortCode,
    /// 1 to 11 letters, digits or spaces with a letter among them; nobody can answer it.
    Alphanumeric,
    /// A WhatsApp business-scoped user id: a person without a telephone number.
    WhatsAppUser,
}

/// Why a text is no address.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum AddressError {
    /// Nothing there.
    #[error("the number is empty")]
    Empty,
    /// Not one of the four kinds.
    #[error("{0:?} is neither a number in E.164 (+ and 7 to 15 digits) nor a short code nor a sender name")]
    NotAnAddress(String),
    /// Looks like a number but no such number can exist.
    #[error("{0:?} is not a telephone number that can exist: write it with country code, as in +49 1555 0123456")]
    Impossible(String),
}

impl AddressError {
    /// The same in both languages.
    pub fn wording(&self) -> Wording {
        let german = match self {
            AddressError::Empty => "die Rufnummer ist leer".to_owned(),
            AddressError::NotAnAddress(text) => {
                format!(
                    "{text:?} ist weder eine Rufnummer (+ und 7 bis 15 Ziffern) noch eine Kurzwahl noch ein Absendername"
                )
            }
            AddressError::Impossible(text) => {
                format!("{text:?} kann keine Rufnummer sein: bitte mit Landesvorwahl schreiben, etwa +49 1555 0123456")
            }
        };
        Wording::new(self.to_string(), german)
    }
}

impl Address {
    /// Reads the canonical spelling; spaces, hyphens, dots and brackets inside a number are dropped.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let bad = || AddressError::NotAnAddress(text.chars().take(40).collect());
        if let Some(id) = text.strip_prefix("wa:") {
            let fits = !id.is_empty()
                && id.len() <= 128
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            return if fits { Ok(Address(text.to_owned())) } else { Err(bad()) };
        }
        if let Some(rest) = text.strip_prefix('+') {
            let is_number = |digits: &str| (7..=15).contains(&digits.len()) && !digits.starts_with('0');
            // As nearly always: written as we write it.
            if rest.bytes().all(|b| b.is_ascii_digit()) {
                return if is_number(rest) { Ok(Address(text.to_owned())) } else { Err(bad()) };
            }
            let digits = dial_digits(rest).ok_or_else(bad)?;
            return if is_number(&digits) { Ok(Address(format!("+{digits}"))) } else { Err(bad()) };
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return if (3..=8).contains(&text.len()) { Ok(Address(text.to_owned())) } else { Err(bad()) };
        }
        let named = text.len() <= 11
            && text.bytes().any(|b| b.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" -_&.".contains(&b));
        if named { Ok(Address(text.to_owned())) } else { Err(bad()) }
    }

    /// Reads what a person or a phone dials: `0151…`, `0049…`, `+49 (0)151…`, `tel:`…, with the site's country (`"DE"`).
    ///
    /// Short codes stay as they are. A number that cannot exist is refused.
    pub fn from_typed(text: &str, country: &str) -> Result<Address, AddressError> {
        let text = text.trim().trim_start_matches("tel:");
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.starts_with("wa:") || text.bytes().any(|b| b.is_ascii_alphabetic()) {
            return Address::parse(text);
        }
        let short = text.bytes().all(|b| b.is_ascii_digit()) && (3..=6).contains(&text.len()) && !text.starts_with('0');
        if short {
            return Address::parse(text);
        }
        let impossible = || AddressError::Impossible(text.chars().take(40).collect());
        let number = rlibphonenumber::PHONE_NUMBER_UTIL
            .parse(text, country.parse::<rlibphonenumber::Region>().ok())
            .map_err(|_| impossible())?;
        if !rlibphonenumber::PHONE_NUMBER_UTIL.is_possible_number(&number) {
            return Err(impossible());
        }
        let written =
            rlibphonenumber::PHONE_NUMBER_UTIL.format(&number, rlibphonenumber::PhoneNumberFormat::E164).into_owned();
        Address::parse(&written)
    }

    /// The number as it is dialled within its own country; `None` for numbers of other countries and what is no number.
    pub fn national(&self, country: &str) -> Option<String> {
        let region = country.parse::<rlibphonenumber::Region>().ok()?;
        let number = rlibphonenumber::PHONE_NUMBER_UTIL.parse(&self.0, Some(region)).ok()?;
        let home = rlibphonenumber::PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
        let written = rlibphonenumber::PHONE_NUMBER_UTIL
            .format(&number, rlibphonenumber::PhoneNumberFormat::National)
            .into_owned();
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        (self.kind() == AddressKind::E164 && home == number.country_code).then_some(digits)
    }

    /// The country (ISO 3166) a number belongs to; where several share its code and it is nobody's yet, the first of
    /// them. `None` for what is no number.
    pub fn country(&self) -> Option<String> {
        if self.kind() != AddressKind::E164 {
            return None;
        }
        let number = rlibphonenumber::PHONE_NUMBER_UTIL.parse(&self.0, None).ok()?;
        let util = &rlibphonenumber::PHONE_NUMBER_UTIL;
        let region =
            util.get_region_for_number(&number).or_else(|| util.get_region_for_country_code(number.country_code));
        region.map(|region| region.to_string())
    }

    /// Which of the four kinds it is.
    pub fn kind(&self) -> AddressKind {
        match self.0.as_bytes() {
            [b'+', ..] => AddressKind::E164,
            [b'w', b'a', b':', ..] => AddressKind::WhatsAppUser,
            all if all.iter().all(u8::is_ascii_digit) => AddressKind::ShortCode,
            _ => AddressKind::Alphanumeric,
        }
    }

    /// The canonical spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For logs: enough to recognise a number one knows, not enough to learn it.
    pub fn masked(&self) -> String {
        let keep = self.0.chars().count().saturating_sub(4).min(4);
        let head: String = self.0.chars().take(keep).collect();
        format!("{head}…")
    }
}

fn dial_digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    Some(digits)
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Address, AddressError> {
        Address::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Debug output reaches logs, so it is masked.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.masked())
    }
}

#[cfg(test)]
mod country_tests {
    use super::*;

    #[test]
    fn a_number_belongs_to_a_country() {
        for (number, country) in [
            ("+493012345678", Some("DE")),
            ("+14165550123", Some("CA")),
            ("+12125550123", Some("US")),
            // A number nobody has; the code is shared, and the first of them counts.
            ("+15550100199", Some("US")),
            ("70123", None),
            ("wa:DE.1", None),
        ] {
            assert_eq!(Address::parse(number).expect("an address").country().as_deref(), country, "{number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_one_spelling() {
        for (typed, canonical) in [
            ("0151 23456789", "+4915123456789"),
            ("0049 151 23456789", "+4915123456789"),
            ("+49 (0)151 23456789", "+4915123456789"),
            ("tel:+1-555-010-0123", "+15550100123"),
            ("70123", "70123"),
        ] {
            assert_eq!(Address::from_typed(typed, "DE").expect(typed).as_str(), canonical, "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_what_to_do() {
        for typed in ["", "+", "+49", "abc<script>", "12", "+0151234567", "wa:", "wa:../x"] {
            assert!(Address::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_debug_print_never_shows_the_number() {
        let address = Address::parse("+15550100123").expect("valid");

        assert!(!format!("{address:?}").contains("0123"));
    }
}
