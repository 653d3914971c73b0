//! Contacts become cards, of version 3.0, which every phone reads, or 4.0.

use crate::domain::contact::NumberKind;
use crate::domain::contact_form::Person;

/// Longest line in bytes, its end not counted (RFC 6350 3.2).
const LINE_BYTES_MAX: usize = 75;

/// Which version is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.0 (RFC 2426).
    Three,
    /// 4.0 (RFC 6350).
    Four,
}

/// Writes a card behind what is there.
pub fn card(out: &mut String, person: &Person, version: Version) {
    let mut line = |head: &str, value: &str| {
        if !value.is_empty() {
            folded_line(out, &format!("{head}:{value}"));
        }
    };
    line("BEGIN", "VCARD");
    line("VERSION", if version == Version::Three { "3.0" } else { "4.0" });
    line("FN", &escaped(&person.label()));
    line("N", &format!("{};{};;;", escaped(&person.last_name), escaped(&person.first_name)));
    line("ORG", &escaped(&person.company));
    line("EMAIL", &escaped(&person.email));
    for number in &person.numbers {
        let types = types(number.kind);
        let head = match version {
            Version::Three => format!("TEL;TYPE={}", types.to_ascii_uppercase()),
            Version::Four => format!("TEL;TYPE=\"{types}\""),
        };
        let written = number.address.as_ref().map_or(number.given.as_str(), |address| address.as_str());
        line(&head, &escaped(written));
    }
    if !person.address.is_empty() {
        line("ADR;TYPE=WORK", &format!(";;{};;;;", escaped(&person.address)));
    }
    line("NOTE", &escaped(&person.remark));
    line("LANG", &escaped(person.language.as_deref().unwrap_or_default()));
    line("TZ", &escaped(person.time_zone.as_deref().unwrap_or_default()));
    for (name, value) in &person.custom {
        let name: String = name.chars().filter(|c| !c.is_control() && *c != '"').collect();
        line(&format!("X-CUSTOM;NAME=\"{name}\""), &escaped(value));
    }
    line("END", "VCARD");
}

fn types(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Business | NumberKind::Business2 => "work,voice",
        NumberKind::Mobile | NumberKind::Mobile2 => "cell,voice",
        NumberKind::Home | NumberKind::Home2 => "home,voice",
        NumberKind::BusinessFax => "work,fax",
        NumberKind::HomeFax => "home,fax",
        NumberKind::Other => "other",
    }
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' | ',' | ';' => out.extend(['\\', c]),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Folds at characters, not within them.
fn folded_line(out: &mut String, line: &str) {
    let mut room = LINE_BYTES_MAX;
    for c in line.chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = LINE_BYTES_MAX - 1;
        }
        room -= c.len_utf8();
        out.push(c);
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact_form::{ContactForm, NumberForm};
    use crate::vcard::read::cards;

    #[test]
    fn what_is_written_reads_back_in_both_versions() {
        let number = |kind, given: &str| NumberForm { kind, given: given.into() };
        let form = ContactForm {
            first_name: "Anna".into(),
            last_name: "Müller; \"Jo\"".into(),
            company: "Weiß, Bau\\Söhne".into(),
            email: "anna@example.com".into(),
            remark: "first\nsecond: END:VCARD".into(),
            address: "Am Platz 1, 53111 Bonn".into(),
            language: Some("de".into()),
            time_zone: Some("Europe/Berlin".into()),
            custom: [("Branch office".to_owned(), "ä".repeat(100))].into(),
            numbers: NumberKind::ALL
                .iter()
                .zip(0..)
                .map(|(kind, nth)| number(*kind, &format!("+155501{nth:02}")))
                .collect(),
        };
        let person = form.clone().checked("US").expect("a good form");

        for version in [Version::Three, Version::Four] {
            let mut text = String::new();
            card(&mut text, &person, version);

            assert!(text.lines().all(|line| line.len() <= LINE_BYTES_MAX), "{text}");
            let mut read: Vec<_> = cards(text.as_bytes()).collect();
            let mut back = read.remove(0).expect("a card").form;
            back.numbers.sort_by_key(|number| number.kind);
            assert_eq!(back, form);
        }
    }
}
