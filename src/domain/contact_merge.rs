//! Two contacts that are one: what fits goes together, what does not is written down in words, so that nothing is lost.

use crate::domain::contact::NumberKind;
use crate::domain::contact_form::{CUSTOM_MAX, ContactNumber, Person};

/// Where a number may go whose kind is taken.
fn beside(kind: NumberKind) -> &'static [NumberKind] {
    use NumberKind::{Business, Business2, BusinessFax, Home, Home2, HomeFax, Mobile, Mobile2, Other};
    match kind {
        Business | Business2 => &[Business, Business2, Other],
        Mobile | Mobile2 => &[Mobile, Mobile2, Other],
        Home | Home2 => &[Home, Home2, Other],
        BusinessFax => &[BusinessFax],
        HomeFax => &[HomeFax],
        Other => &[Other],
    }
}

impl Person {
    /// What a row of a file says of this person, written over what was known; what it leaves out stays.
    pub fn write_over(&mut self, row: Person) {
        let texts = [
            (&mut self.first_name, row.first_name),
            (&mut self.last_name, row.last_name),
            (&mut self.company, row.company),
            (&mut self.email, row.email),
            (&mut self.remark, row.remark),
            (&mut self.address, row.address),
        ];
        for (own, new) in texts.into_iter().filter(|(_, new)| !new.is_empty()) {
            *own = new;
        }
        self.language = row.language.or(self.language.take());
        self.time_zone = row.time_zone.or(self.time_zone.take());
        for number in row.numbers {
            self.numbers.retain(|own| own.kind != number.kind);
            self.numbers.push(number);
        }
        self.numbers.sort_by_key(|number| number.kind);
        for (name, value) in row.custom {
            if self.custom.len() < CUSTOM_MAX || self.custom.contains_key(&name) {
                self.custom.insert(name, value);
            }
        }
    }

    /// Takes in another who is the same person; what has no place any more stands in the remark and is returned.
    pub fn take_in(&mut self, other: Person) -> Vec<String> {
        let mut left = Vec::new();
        let texts = [
            ("First name", &mut self.first_name, other.first_name),
            ("Last name", &mut self.last_name, other.last_name),
            ("Company", &mut self.company, other.company),
            ("E-mail", &mut self.email, other.email),
            ("Address", &mut self.address, other.address),
        ];
        for (label, own, theirs) in texts {
            if own.is_empty() {
                *own = theirs;
            } else if !theirs.is_empty() && own.to_lowercase() != theirs.to_lowercase() {
                left.push(format!("{label}: {theirs}"));
            }
        }
        self.language = self.language.take().or(other.language);
        self.time_zone = self.time_zone.take().or(other.time_zone);
        for number in other.numbers {
            let known = |own: &&ContactNumber| match &number.address {
                Some(address) => own.address.as_ref() == Some(address),
                None => own.given == number.given,
            };
            if self.numbers.iter().any(|own| known(&own)) {
                continue;
            }
            let taken = |kind: &&NumberKind| self.numbers.iter().any(|own| own.kind == **kind);
            match beside(number.kind).iter().find(|kind| !taken(kind)) {
                Some(kind) => self.numbers.push(ContactNumber { kind: *kind, ..number }),
                None => left.push(format!("{}: {}", number.kind.as_str(), number.given)),
            }
        }
        self.numbers.sort_by_key(|number| number.kind);
        for (name, value) in other.custom {
            match self.custom.get(&name) {
                Some(own) if *own == value => {}
                Some(_) => left.push(format!("{name}: {value}")),
                None if self.custom.len() == CUSTOM_MAX => left.push(format!("{name}: {value}")),
                None => {
                    self.custom.insert(name, value);
                }
            }
        }
        if !other.remark.is_empty() && !self.remark.contains(&other.remark) {
            self.remark = [self.remark.as_str(), &other.remark].join("\n").trim().to_owned();
        }
        if !left.is_empty() {
            self.remark = [self.remark.as_str(), &left.join("\n")].join("\n").trim().to_owned();
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact_form::{ContactForm, NumberForm};

    fn person(last_name: &str, numbers: &[(NumberKind, &str)], custom: &[(&str, &str)]) -> Person {
        let form = ContactForm {
            last_name: last_name.into(),
            numbers: numbers.iter().map(|(kind, given)| NumberForm { kind: *kind, given: (*given).into() }).collect(),
            custom: custom.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            ..ContactForm::default()
        };
        form.checked("US").expect("a good form")
    }

    #[test]
    fn numbers_move_to_a_free_kind_and_what_has_no_place_is_written_down() {
        let mut own = person("Doe", &[(NumberKind::Mobile, "+15550101")], &[("Branch", "Bonn")]);
        let all = [
            (NumberKind::Mobile, "+15550102"),
            (NumberKind::Mobile2, "+1 555 0101"),
            (NumberKind::HomeFax, "+15550103"),
        ];
        assert!(own.take_in(person("doe", &all, &[("Team", "A")])).is_empty());
        let kinds: Vec<_> = own.numbers.iter().map(|number| number.kind).collect();
        assert_eq!(kinds, [NumberKind::Mobile, NumberKind::Mobile2, NumberKind::HomeFax]);
        assert_eq!(own.custom.len(), 2);

        let left = own.take_in(person("Roe", &[(NumberKind::HomeFax, "+15550109")], &[("Branch", "Köln")]));

        assert_eq!(left, ["Last name: Roe", "home_fax: +15550109", "Branch: Köln"]);
        assert_eq!(own.remark, left.join("\n"));
    }
}
