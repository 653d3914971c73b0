//! A vCard (RFC 2426, RFC 6350) of an address book, as far as a contact has a place for what it says.

use crate::domain::contact::NumberKind;
use crate::domain::contact_form::ContactForm;
use crate::flow::contact_source::person::Numbers;

/// Lines of one card; a picture is one line, however it is folded.
const LINES_MAX: usize = 2_000;

/// What a card says; `None`: it is none.
pub(super) fn form(text: &str) -> Option<ContactForm> {
    let mut form = ContactForm::default();
    let (mut full_name, mut numbers, mut begun) = (String::new(), Numbers::default(), false);
    for line in unfolded(text).take(LINES_MAX) {
        let Some((head, value)) = split(&line) else { continue };
        let mut head = head.split(';');
        let name = head.next().unwrap_or_default().rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
        let types: Vec<String> = head.flat_map(types).collect();
        match name.as_str() {
            "BEGIN" => begun |= value.eq_ignore_ascii_case("vcard"),
            // One card is one contact.
            "END" => break,
            "FN" => full_name = plain(value),
            "N" => {
                let mut parts = fields(value);
                form.last_name = parts.next().unwrap_or_default();
                form.first_name = parts.next().unwrap_or_default();
            }
            "ORG" => form.company = fields(value).next().unwrap_or_default(),
            "EMAIL" if form.email.is_empty() => form.email = plain(value),
            "NOTE" => form.remark = plain(value),
            "ADR" if form.address.is_empty() => {
                let parts: Vec<String> = fields(value).filter(|part| !part.is_empty()).collect();
                form.address = parts.join(", ");
            }
            "LANG" => form.language = Some(plain(value)),
            "TEL" => {
                let given = plain(value);
                numbers.put(kind(&types), given.strip_prefix("tel:").unwrap_or(&given).to_owned());
            }
            _ => {}
        }
    }
    if form.first_name.is_empty() && form.last_name.is_empty() && form.company != full_name {
        form.last_name = full_name;
    }
    form.numbers = numbers.settle();
    begun.then_some(form)
}

/// Lines that a blank begins belong to the one before.
fn unfolded(text: &str) -> impl Iterator<Item = String> {
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
    std::iter::from_fn(move || {
        let mut whole = lines.next()?.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
            whole.push_str(&more[1..]);
        }
        Some(whole)
    })
}

/// Head and value; a colon inside quotes belongs to the head.
fn split(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    })?;
    Some((&line[..at.0], &line[at.0 + 1..]))
}

/// `TYPE="work,fax"`, or as older ones write it, `WORK`.
fn types(parameter: &str) -> Vec<String> {
    let value = match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("type") => value,
        Some(_) => return Vec::new(),
        None => parameter,
    };
    value.trim_matches('"').split(',').map(str::to_ascii_lowercase).collect()
}

fn kind(types: &[String]) -> NumberKind {
    let is = |word: &str| types.iter().any(|kind| kind == word);
    match (is("fax"), is("cell"), is("work"), is("home")) {
        (true, _, _, true) => NumberKind::HomeFax,
        (true, ..) => NumberKind::BusinessFax,
        (_, true, ..) => NumberKind::Mobile,
        (_, _, true, _) => NumberKind::Business,
        (_, _, _, true) => NumberKind::Home,
        _ => NumberKind::Other,
    }
}

/// The fields of a value, at semicolons that are not escaped.
fn fields(value: &str) -> impl Iterator<Item = String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in value.chars() {
        if c == ';' && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts.into_iter().map(|part| plain(&part))
}

/// Without the escapes.
fn plain(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut signs = value.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            sign => plain.push(sign),
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_becomes_a_contact() {
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller\\; Söhne;Ada;;;\r\nFN:Ada Müller\r\nORG:Analytical\r\n  Engines;Sales\r\n\
                    item1.TEL;TYPE=\"work,voice\":+49 30 5550100\r\nTEL;TYPE=CELL:tel:+49-155-5001234\r\nTEL;TYPE=WORK;TYPE=FAX:030 5550199\r\n\
                    EMAIL;TYPE=INTERNET:ada@example.com\r\nNOTE:one\\ntwo\r\nEND:VCARD\r\n";

        let form = form(card).expect("a card");

        assert_eq!((form.last_name.as_str(), form.first_name.as_str()), ("Müller; Söhne", "Ada"));
        assert_eq!((form.company.as_str(), form.email.as_str()), ("Analytical Engines", "ada@example.com"));
        assert_eq!(form.remark, "one\ntwo");
        let numbers: Vec<_> = form.numbers.iter().map(|number| (number.kind, number.given.as_str())).collect();
        assert_eq!(
            numbers,
            [
                (NumberKind::Business, "+49 30 5550100"),
                (NumberKind::Mobile, "+49-155-5001234"),
                (NumberKind::BusinessFax, "030 5550199"),
            ]
        );
    }

    #[test]
    fn what_is_no_card_is_none() {
        for text in ["", "<html>", "BEGIN:VCALENDAR\nEND:VCALENDAR", "FN:Ada"] {
            assert!(form(text).is_none(), "{text}");
        }
    }
}
