//! From what an entry says to the contact that is kept: names put together, numbers each in its place, all made to fit.

use crate::domain::contact::NumberKind;
use crate::domain::contact_form::{ContactForm, NumberForm, Person};
use crate::domain::contact_source::Says;
use crate::vcard::read::cards;
use std::collections::BTreeMap;

/// Who an entry is about; `None`: it says nothing by which anybody would find them, or cannot be read.
pub(super) fn of(says: Says, country: &str) -> Option<Person> {
    let form = form(says)?;
    let (person, _) = form.fitted(country);
    (!person.is_nobody()).then_some(person)
}

/// The form of it.
pub(super) fn form(says: Says) -> Option<ContactForm> {
    match says {
        Says::Fields(fields) => Some(of_fields(fields)),
        // One entry is one card.
        Says::Card(text) => Some(cards(text.as_bytes()).next()?.ok()?.form),
    }
}

fn of_fields(mut fields: BTreeMap<String, Vec<String>>) -> ContactForm {
    let mut text =
        |target: &str| fields.remove(target).and_then(|values| values.into_iter().next()).unwrap_or_default();
    let (mut first_name, mut last_name, full_name) = (text("first_name"), text("last_name"), text("full_name"));
    if first_name.is_empty() && last_name.is_empty() {
        (first_name, last_name) = split(&full_name);
    }
    let form = ContactForm {
        first_name,
        last_name,
        company: text("company"),
        email: text("email"),
        remark: text("remark"),
        address: text("address"),
        ..ContactForm::default()
    };
    let mut numbers = Numbers::default();
    for kind in NumberKind::ALL {
        for given in fields.remove(&format!("number:{}", kind.as_str())).unwrap_or_default() {
            numbers.put(*kind, given);
        }
    }
    ContactForm { numbers: numbers.settle(), ..form }
}

/// `Lovelace, Ada` or `Ada Lovelace`.
fn split(full_name: &str) -> (String, String) {
    let owned = |first: &str, last: &str| (first.trim().to_owned(), last.trim().to_owned());
    match full_name.split_once(',') {
        Some((last, first)) => owned(first, last),
        None => {
            full_name.trim().rsplit_once(' ').map_or_else(|| owned("", full_name), |(first, last)| owned(first, last))
        }
    }
}

/// Numbers on their way to their places: each kind has one, and what comes too much goes to its neighbour.
#[derive(Default)]
struct Numbers {
    first: Vec<(NumberKind, String)>,
    more: Vec<(NumberKind, String)>,
}

impl Numbers {
    /// One more, of this kind.
    fn put(&mut self, kind: NumberKind, given: String) {
        if self.first.iter().chain(&self.more).any(|(_, other)| *other == given) {
            return;
        }
        let taken = self.first.iter().any(|(other, _)| *other == kind);
        if taken { self.more.push((kind, given)) } else { self.first.push((kind, given)) }
    }

    /// Each in its place; what finds none is left out.
    fn settle(mut self) -> Vec<NumberForm> {
        for (kind, given) in std::mem::take(&mut self.more) {
            let places = [neighbour(kind), Some(NumberKind::Other)];
            let is_free = |place: &NumberKind| !self.first.iter().any(|(other, _)| other == place);
            if let Some(place) = places.into_iter().flatten().find(is_free) {
                self.first.push((place, given));
            }
        }
        self.first.into_iter().map(|(kind, given)| NumberForm { kind, given }).collect()
    }
}

fn neighbour(kind: NumberKind) -> Option<NumberKind> {
    match kind {
        NumberKind::Business => Some(NumberKind::Business2),
        NumberKind::Mobile => Some(NumberKind::Mobile2),
        NumberKind::Home => Some(NumberKind::Home2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(given: &[(&str, &[&str])]) -> Says {
        let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        Says::Fields(given.iter().map(|(target, values)| ((*target).to_owned(), owned(values))).collect())
    }

    #[test]
    fn an_entry_of_a_directory_becomes_a_contact() {
        let says = fields(&[
            ("full_name", &["Lovelace, Ada"]),
            ("company", &["Analytical Engines"]),
            ("number:business", &["030 5550100", "030 5550101", "030 5550102"]),
            ("number:mobile", &["+49 155 5001234"]),
        ]);

        let person = of(says, "DE").expect("somebody");

        assert_eq!((person.first_name.as_str(), person.last_name.as_str()), ("Ada", "Lovelace"));
        let numbers: Vec<_> = person.numbers.iter().map(|number| (number.kind, number.given.as_str())).collect();
        assert_eq!(
            numbers,
            [
                (NumberKind::Business, "030 5550100"),
                (NumberKind::Business2, "030 5550101"),
                (NumberKind::Mobile, "+49 155 5001234"),
                (NumberKind::Other, "030 5550102"),
            ]
        );
    }

    #[test]
    fn an_entry_that_says_nothing_is_nobody() {
        assert!(of(fields(&[]), "DE").is_none());
        assert!(of(fields(&[("remark", &["x"])]), "DE").is_none());
    }

    #[test]
    fn a_full_name_is_split_as_it_is_written() {
        for (full, first, last) in [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("Lovelace, Ada", "Ada", "Lovelace"),
            ("Ada", "", "Ada"),
            ("", "", ""),
        ] {
            assert_eq!(split(full), (first.to_owned(), last.to_owned()));
        }
    }
}
