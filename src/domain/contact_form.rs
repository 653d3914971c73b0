//! What people and files say of a contact, and what of it is kept: every field has a bound, and a number that cannot be
//! read is kept as it was typed, with its problem. A form of a person is refused where something is too long; a row of a
//! file is made to fit, and what was done is said.

use crate::domain::address::{Address, AddressError, AddressKind};
use crate::domain::contact::NumberKind;
use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fields of the user's own that a contact has at most.
pub const CUSTOM_MAX: usize = 40;
/// Longest name of one.
pub const CUSTOM_NAME_CHARS_MAX: usize = 60;
/// Longest value of one.
pub const CUSTOM_VALUE_CHARS_MAX: usize = 1_000;
/// Longest number as it is typed; the field's bound is 31.
pub const GIVEN_CHARS_MAX: usize = 60;
const NAME_CHARS_MAX: usize = 127;
const COMPANY_CHARS_MAX: usize = 200;
const EMAIL_CHARS_MAX: usize = 255;
/// Longest remark or address.
pub const TEXT_CHARS_MAX: usize = 2_000;
const LANGUAGE_CHARS_MAX: usize = 35;
const ZONE_CHARS_MAX: usize = 64;

/// A contact as it is typed or read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ContactForm {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company.
    pub company: String,
    /// E-mail address.
    pub email: String,
    /// Anything worth remembering.
    pub remark: String,
    /// Where they live or work.
    pub address: String,
    /// BCP 47, as in `de`.
    pub language: Option<String>,
    /// IANA, as in `Europe/Berlin`; none: from the number.
    pub time_zone: Option<String>,
    /// Fields of the user's own.
    pub custom: BTreeMap<String, String>,
    /// At most one of each kind.
    pub numbers: Vec<NumberForm>,
}

/// A number as it is typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NumberForm {
    /// What it is.
    pub kind: NumberKind,
    /// As it is typed.
    pub given: String,
}

/// What is kept of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company.
    pub company: String,
    /// E-mail address.
    pub email: String,
    /// Anything worth remembering.
    pub remark: String,
    /// Where they live or work.
    pub address: String,
    /// BCP 47.
    pub language: Option<String>,
    /// IANA.
    pub time_zone: Option<String>,
    /// Fields of the user's own.
    pub custom: BTreeMap<String, String>,
    /// In the order of [`NumberKind::ALL`].
    pub numbers: Vec<ContactNumber>,
}

/// A number of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactNumber {
    /// What it is.
    pub kind: NumberKind,
    /// As it was typed.
    pub given: String,
    /// As it is written to; `None`: it cannot be read, see [`number_problem`].
    pub address: Option<Address>,
}

/// Something in a form that was made to fit, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Which field: `first_name`, `custom:Branch`, `number:mobile`.
    pub field: String,
    /// What is wrong with it.
    pub what: Wording,
    /// Whether a person is asked to mend it before it is saved.
    pub blocks: bool,
}

/// What is wrong with a number that has no address.
pub fn number_problem(given: &str) -> Wording {
    match Address::from_typed(given, "") {
        Err(error @ AddressError::Impossible(_)) => error.wording(),
        _ => AddressError::Impossible(given.chars().take(40).collect()).wording(),
    }
}

/// A number as a contact has it: with the site's country, and only what a message can be written to.
pub fn read_number(kind: NumberKind, given: &str, country: &str) -> ContactNumber {
    let written_to = |address: &Address| address.kind() != AddressKind::Alphanumeric;
    ContactNumber {
        kind,
        given: given.to_owned(),
        address: Address::from_typed(given, country).ok().filter(written_to),
    }
}

impl ContactForm {
    /// What is kept of a person's form, or the first thing that must be mended. Unreadable numbers never block.
    pub fn checked(self, country: &str) -> Result<Person, FieldFault> {
        let (person, faults) = self.fitted(country);
        match faults.into_iter().find(|fault| fault.blocks) {
            Some(fault) => Err(fault),
            None if person.is_nobody() => Err(nobody()),
            None => Ok(person),
        }
    }

    /// What is kept of a row of a file, and what was done to it.
    pub fn fitted(self, country: &str) -> (Person, Vec<FieldFault>) {
        let mut faults = Vec::new();
        let mut line = |field: &str, text: &str, most| one_line(field, text, most, &mut faults);
        let (first_name, last_name) =
            (line("first_name", &self.first_name, NAME_CHARS_MAX), line("last_name", &self.last_name, NAME_CHARS_MAX));
        let company = line("company", &self.company, COMPANY_CHARS_MAX);
        let email = line("email", &self.email, EMAIL_CHARS_MAX);
        let (remark, address) =
            (several("remark", &self.remark, &mut faults), several("address", &self.address, &mut faults));
        let language = tag("language", self.language.as_deref(), LANGUAGE_CHARS_MAX, &mut faults);
        let time_zone = tag("time_zone", self.time_zone.as_deref(), ZONE_CHARS_MAX, &mut faults);
        let custom = custom(self.custom, &mut faults);
        let numbers = numbers(self.numbers, country, &mut faults);
        let person =
            Person { first_name, last_name, company, email, remark, address, language, time_zone, custom, numbers };
        (person, faults)
    }
}

impl Person {
    /// Nothing by which anybody would find it again.
    pub fn is_nobody(&self) -> bool {
        [&self.first_name, &self.last_name, &self.company, &self.email].iter().all(|text| text.is_empty())
            && self.numbers.is_empty()
    }

    /// First and last name, else the company, else the e-mail address, else a number.
    pub fn label(&self) -> String {
        let name = [self.first_name.as_str(), &self.last_name].join(" ").trim().to_owned();
        let mut known = [name.as_str(), &self.company, &self.email].into_iter().filter(|text| !text.is_empty());
        let number = || self.numbers.first().map(|number| number.given.as_str());
        known.next().or_else(number).unwrap_or_default().to_owned()
    }
}

/// What is said of a row or form with nothing in it.
pub fn nobody() -> FieldFault {
    let what = (
        "nothing to know them by: give a name, a company, an e-mail address or a number",
        "nichts, woran man sie erkennt: bitte Namen, Firma, E-Mail-Adresse oder Rufnummer angeben",
    );
    FieldFault { field: "last_name".into(), what: what.into(), blocks: true }
}

fn too_long(field: &str, most: usize) -> FieldFault {
    let what = (format!("too long: at most {most} characters"), format!("zu lang: höchstens {most} Zeichen"));
    FieldFault { field: field.to_owned(), what: what.into(), blocks: true }
}

fn cut(field: &str, text: String, most: usize, faults: &mut Vec<FieldFault>) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            faults.push(too_long(field, most));
            text[..end].trim_end().to_owned()
        }
        None => text,
    }
}

/// One line: what breaks or steers it becomes a blank.
fn one_line(field: &str, text: &str, most: usize, faults: &mut Vec<FieldFault>) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    cut(field, plain.trim().to_owned(), most, faults)
}

fn several(field: &str, text: &str, faults: &mut Vec<FieldFault>) -> String {
    let plain: String = text.replace("\r\n", "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    cut(field, plain.trim().to_owned(), TEXT_CHARS_MAX, faults)
}

/// A language or a zone by its name: letters, digits and what stands between them.
fn tag(field: &str, text: Option<&str>, most: usize, faults: &mut Vec<FieldFault>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/+".contains(&byte));
    let is_language = field != "language" || text.split('-').next().is_some_and(|first| (2..=3).contains(&first.len()));
    if plain && is_language && text.len() <= most {
        return Some(text.to_owned());
    }
    let what = match field {
        "language" => ("no language: write it as in de or en-GB", "keine Sprache: bitte schreiben wie de oder en-GB"),
        _ => ("no time zone: write it as in Europe/Berlin", "keine Zeitzone: bitte schreiben wie Europe/Berlin"),
    };
    faults.push(FieldFault { field: field.to_owned(), what: what.into(), blocks: true });
    None
}

fn custom(given: BTreeMap<String, String>, faults: &mut Vec<FieldFault>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (name, value) in given {
        let field = format!("custom:{}", name.chars().take(CUSTOM_NAME_CHARS_MAX).collect::<String>());
        let name = one_line(&field, &name, CUSTOM_NAME_CHARS_MAX, faults);
        let value = value.replace("\r\n", "\n");
        let value = cut(&field, value.trim().replace('\0', ""), CUSTOM_VALUE_CHARS_MAX, faults);
        if name.is_empty() || value.is_empty() {
            continue;
        }
        if kept.len() == CUSTOM_MAX {
            let what =
                (format!("at most {CUSTOM_MAX} fields of your own"), format!("höchstens {CUSTOM_MAX} eigene Felder"));
            faults.push(FieldFault { field: "custom".into(), what: what.into(), blocks: true });
            break;
        }
        kept.insert(name, value);
    }
    kept
}

fn numbers(given: Vec<NumberForm>, country: &str, faults: &mut Vec<FieldFault>) -> Vec<ContactNumber> {
    let mut kept: Vec<ContactNumber> = Vec::new();
    // Longer than any form: what is behind it is not looked at.
    for number in given.into_iter().take(100) {
        let field = format!("number:{}", number.kind.as_str());
        let text = one_line(&field, &number.given, GIVEN_CHARS_MAX, faults);
        if text.is_empty() {
            continue;
        }
        if kept.iter().any(|other| other.kind == number.kind) {
            let what = (
                "two numbers of this kind: the first is kept; take another kind for the second",
                "zwei Rufnummern dieser Art: die erste bleibt; bitte für die zweite eine andere Art wählen",
            );
            faults.push(FieldFault { field, what: what.into(), blocks: true });
            continue;
        }
        let read = read_number(number.kind, &text, country);
        if read.address.is_none() {
            faults.push(FieldFault { field, what: number_problem(&text), blocks: false });
        }
        kept.push(read);
    }
    kept.sort_by_key(|number| NumberKind::ALL.iter().position(|kind| *kind == number.kind));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(numbers: &[(NumberKind, &str)]) -> ContactForm {
        let numbers = numbers.iter().map(|(kind, given)| NumberForm { kind: *kind, given: (*given).to_owned() });
        ContactForm { last_name: " Müller ".into(), numbers: numbers.collect(), ..ContactForm::default() }
    }

    #[test]
    fn numbers_are_read_with_the_site_s_country_and_the_original_is_kept() {
        let typed = form(&[(NumberKind::Business, "call the office"), (NumberKind::Mobile, "0155 50001234")]);

        let person = typed.checked("DE").expect("an unreadable number blocks nothing");

        assert_eq!(person.last_name, "Müller");
        let kept: Vec<_> =
            person.numbers.iter().map(|n| (n.given.as_str(), n.address.as_ref().map(Address::as_str))).collect();
        assert_eq!(kept, [("call the office", None), ("0155 50001234", Some("+4915550001234"))]);
        assert!(number_problem("call the office").english.contains("country code"));
    }

    #[test]
    fn a_form_that_is_too_long_is_refused_and_a_row_is_made_to_fit() {
        let long = ContactForm { first_name: "ä".repeat(200), ..form(&[]) };

        assert_eq!(long.clone().checked("DE").expect_err("too long").field, "first_name");
        let (person, faults) = long.fitted("DE");
        assert_eq!(person.first_name, "ä".repeat(NAME_CHARS_MAX));
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn two_numbers_of_a_kind_are_told() {
        let twice = form(&[(NumberKind::Mobile, "+15550100"), (NumberKind::Mobile, "+15550101")]);

        assert_eq!(twice.checked("DE").expect_err("twice").field, "number:mobile");
    }

    #[test]
    fn fields_of_the_user_s_own_are_bounded() {
        let many = (0..CUSTOM_MAX + 1).map(|n| (format!("field {n}"), "x".to_owned())).collect();

        let refused = ContactForm { custom: many, ..form(&[]) }.checked("DE").expect_err("too many");

        assert_eq!(refused.field, "custom");
    }

    #[test]
    fn a_contact_has_something_to_know_it_by() {
        assert!(ContactForm::default().checked("DE").is_err());
        assert!(ContactForm { last_name: String::new(), ..form(&[(NumberKind::Other, "112")]) }.checked("DE").is_ok());
        let odd = ContactForm { language: Some("klingon forever".into()), ..form(&[]) };
        assert_eq!(odd.checked("DE").expect_err("no language").field, "language");
    }
}
