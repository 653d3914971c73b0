//! Numbers as people type and paste them: one a line, or parted by commas, semicolons or tabs, perhaps with a name beside
//! each. What cannot be read is told with its line, and the rest is read all the same.

use crate::domain::address::{Address, AddressError};
use crate::domain::wording::Wording;

/// Longest piece that is shown when it is wrong.
const GIVEN_CHARS_MAX: usize = 80;
/// Digits at a number's end that every spelling of it keeps.
const DIGITS_KEPT: usize = 6;
/// Longest name.
const NAME_CHARS_MAX: usize = 120;

/// One number of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The line it stands on, from 1.
    pub line: u64,
    /// The number as it stands there; the whole piece, where there is none in it.
    pub given: String,
    /// The name beside it.
    pub name: String,
    /// As it is written to, or what is wrong.
    pub address: Result<Address, Wording>,
}

/// Reads a list, with the site's country.
pub fn read(text: &str, country: &str) -> Vec<Typed> {
    (1..).zip(text.lines()).flat_map(|(line, words)| read_line(line, words, country)).collect()
}

/// Reads one line of it.
pub fn read_line(line: u64, words: &str, country: &str) -> Vec<Typed> {
    let mut found: Vec<Typed> = Vec::new();
    for piece in words.split([',', ';', '\t']).map(str::trim).filter(|piece| !piece.is_empty()) {
        let mut new = one(line, piece, country);
        // "Anna, +49…" and "+49…, Anna": the name is a piece of its own.
        match found.last_mut() {
            Some(last) if is_name(piece) && last.name.is_empty() => last.name = new.name,
            Some(last) if is_name(&last.given) && !is_name(piece) && new.name.is_empty() => {
                new.name = std::mem::take(&mut last.name);
                *last = new;
            }
            _ => found.push(new),
        }
    }
    // A name alone is what was given, not the name of somebody.
    for alone in found.iter_mut().filter(|typed| typed.address.is_err() && typed.given.contains(&typed.name)) {
        alone.name.clear();
    }
    found
}

/// A list without a number, in whatever spelling it stands there; `None`: it does not. A line that is its own goes whole,
/// with the name; others who stand on the same line stay.
pub fn without(text: &str, address: &Address, country: &str) -> Option<String> {
    let last = last_digits(address);
    let (mut is_there, mut kept) = (false, Vec::new());
    for (line, words) in (1..).zip(text.lines()) {
        // Reading every line of a long list takes seconds; the last digits are the same in every spelling.
        if !digits(words).contains(&last) {
            kept.push(words.to_owned());
            continue;
        }
        let is_theirs = |typed: &Typed| typed.address.as_ref().ok() == Some(address);
        let (theirs, others): (Vec<_>, Vec<_>) = read_line(line, words, country).into_iter().partition(is_theirs);
        is_there |= !theirs.is_empty();
        match (theirs.is_empty(), others.is_empty()) {
            (true, _) => kept.push(words.to_owned()),
            (false, true) => {}
            (false, false) => kept.push(others.iter().map(written).collect::<Vec<_>>().join(", ")),
        }
    }
    is_there.then(|| kept.join("\n"))
}

fn written(typed: &Typed) -> String {
    // Where there is no number, the whole piece was given, its name in it.
    let name = if typed.given.contains(&typed.name) { "" } else { typed.name.as_str() };
    format!("{} {name}", typed.given).trim_end().to_owned()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn last_digits(address: &Address) -> String {
    let all = digits(address.as_str());
    all[all.len().saturating_sub(DIGITS_KEPT)..].to_owned()
}

/// Whether this can only be a name: letters and nothing to dial.
fn is_name(piece: &str) -> bool {
    !piece.starts_with("wa:") && piece.chars().any(char::is_alphabetic) && !piece.chars().any(|c| c.is_ascii_digit())
}

fn one(line: u64, piece: &str, country: &str) -> Typed {
    let (before, number, after) = parts(piece);
    let name = if before.is_empty() { after } else { before };
    // Signs are no name.
    let name = if name.chars().any(char::is_alphabetic) { name } else { "" };
    let address = match number {
        "" => Err(AddressError::NotAnAddress(piece.chars().take(40).collect()).wording()),
        number => Address::from_typed(number, country).map_err(|error| error.wording()),
    };
    let given = if number.is_empty() || (address.is_err() && name.is_empty()) { piece } else { number };
    Typed {
        line,
        given: given.chars().filter(|c| !c.is_control()).take(GIVEN_CHARS_MAX).collect(),
        name: name.trim_matches(['<', '>', '"', '\'', ':', '-', ' ', '(', ')']).chars().take(NAME_CHARS_MAX).collect(),
        address,
    }
}

/// What stands before a number, the number, and what stands behind it.
fn parts(piece: &str) -> (&str, &str, &str) {
    let piece = piece.trim_start_matches("tel:");
    if piece.starts_with("wa:") {
        let (id, after) = piece.split_once(' ').unwrap_or((piece, ""));
        return ("", id, after.trim());
    }
    let Some(begin) = piece.find(|c: char| c == '+' || c.is_ascii_digit()) else { return (piece, "", "") };
    // A bracket before the first digit belongs to the number.
    let begin = piece[..begin].trim_end().strip_suffix('(').map_or(begin, str::len);
    let (before, rest) = piece.split_at(begin);
    let dials = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    let end = rest.find(|c| !dials(c)).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    // "4,91555E+12": what a spreadsheet makes of a number is none any more.
    if number.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(['e', 'E']) {
        return ("", "", "");
    }
    // "0155 123 (Anna)": a bracket behind the last digit belongs to the name.
    let number = number.trim_end_matches([' ', '(', '-', '.', '/', '\u{a0}']);
    (before.trim(), number, after.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(text: &str) -> Vec<(u64, String, String)> {
        let shown = |one: Typed| {
            let address = one.address.map_or_else(|_| format!("?{}", one.given), |address| address.to_string());
            (one.line, address, one.name)
        };
        read(text, "DE").into_iter().map(shown).collect()
    }

    fn found(line: u64, address: &str, name: &str) -> (u64, String, String) {
        (line, address.to_owned(), name.to_owned())
    }

    #[test]
    fn numbers_stand_one_a_line_or_parted_with_a_name_beside_them() {
        for (text, expected) in [
            ("+49 1555 0123456", vec![found(1, "+4915550123456", "")]),
            ("0155 50123456\r\n\r\n+12125550100", vec![found(1, "+4915550123456", ""), found(3, "+12125550100", "")]),
            (
                "+4915550123456, +4915550123457;+4915550123458\t+4915550123459",
                vec![
                    found(1, "+4915550123456", ""),
                    found(1, "+4915550123457", ""),
                    found(1, "+4915550123458", ""),
                    found(1, "+4915550123459", ""),
                ],
            ),
            ("+4915550123456 Anna Schmidt", vec![found(1, "+4915550123456", "Anna Schmidt")]),
            ("+49 (0)1555 0123456; Anna Schmidt", vec![found(1, "+4915550123456", "Anna Schmidt")]),
            ("Anna Schmidt <+49-1555-0123456>", vec![found(1, "+4915550123456", "Anna Schmidt")]),
            ("(0155) 50123456 (Anna)", vec![found(1, "+4915550123456", "Anna")]),
            ("tel:+4915550123456", vec![found(1, "+4915550123456", "")]),
            ("wa:DE.13491208655302 Ben", vec![found(1, "wa:DE.13491208655302", "Ben")]),
            (
                "+4915550123456, Anna, +4915550123457, Ben",
                vec![found(1, "+4915550123456", "Anna"), found(1, "+4915550123457", "Ben")],
            ),
            ("  \n ,;, \n", vec![]),
        ] {
            assert_eq!(list(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_told_with_its_line_and_the_rest_is_read() {
        assert_eq!(
            list("+4915550123456\nhello\n+49 12\n4,91555E+12\nAnna; +4915550123457"),
            vec![
                found(1, "+4915550123456", ""),
                found(2, "?hello", ""),
                found(3, "?+49 12", ""),
                found(4, "?4", ""),
                found(4, "?91555E+12", ""),
                found(5, "+4915550123457", "Anna"),
            ]
        );
    }

    #[test]
    fn what_was_typed_is_the_number_alone() {
        let given = |text: &str| read(text, "DE").into_iter().map(|one| (one.given, one.name)).collect::<Vec<_>>();
        let both = |given: &str, name: &str| vec![(given.to_owned(), name.to_owned())];

        assert_eq!(given("+49 1555 0123456 =HYPERLINK"), both("+49 1555 0123456", "=HYPERLINK"));
        assert_eq!(given("Anna Schmidt <0155/50123456>"), both("0155/50123456", "Anna Schmidt"));
        assert_eq!(given("+49 12 Ben"), both("+49 12", "Ben"));
        assert_eq!(given("hello"), both("hello", ""));
        assert_eq!(given("=1+1"), both("=1+1", ""), "signs are no name, and what cannot be read is shown whole");
    }

    #[test]
    fn a_number_is_taken_out_in_whatever_spelling_with_its_line_and_nobody_else() {
        let who = Address::parse("+4915550123456").expect("a number");
        let other = "+4915550123457 Ben\n+49 12\nhello 0123456";
        for theirs in ["+4915550123456", "0155 50123456 Anna", "Anna, (0155) 5012-3456", "tel:0049 1555 0123456"] {
            assert_eq!(without(&format!("{theirs}\n{other}"), &who, "DE").as_deref(), Some(other), "{theirs}");
        }
        assert_eq!(
            without("Ben, +4915550123457; 0155 50123456, Anna, +49 12 Cleo", &who, "DE").as_deref(),
            Some("+4915550123457 Ben, +49 12 Cleo")
        );
        assert_eq!(without(other, &who, "DE"), None);
        assert_eq!(without("0155 50123456", &who, "US"), None, "there it is another number");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in r"[\PC\n,;+0-9]{0,200}") {
            let most = text.split([',', ';', '\t', '\n']).count();
            prop_assert!(read(&text, "DE").len() <= most);
        }
    }
}
