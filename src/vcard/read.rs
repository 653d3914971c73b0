//! Cards become forms of contacts, one after the other, in bounded memory.

use crate::domain::contact::NumberKind;
use crate::domain::contact_form::{ContactForm, NumberForm};
use crate::domain::contact_import::parted;
use crate::domain::wording::Wording;
use crate::vcard::lines::{Lines, Property, plain_label};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use std::io::{BufReader, Read};

/// Properties of one card that are looked at.
const PROPERTIES_MAX: usize = 500;
/// What says nothing of a person that a phonebook keeps.
const PASSED_OVER: [&str; 14] = [
    "VERSION",
    "PRODID",
    "REV",
    "UID",
    "PHOTO",
    "LOGO",
    "SOUND",
    "KEY",
    "X-ABLABEL",
    "X-ABUID",
    "X-ABADR",
    "SORT-STRING",
    "KIND",
    "AGENT",
];

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The line it begins on.
    pub line: u64,
    /// What its writer calls it.
    pub uid: Option<String>,
    /// Who it is.
    pub form: ContactForm,
}

/// A card that cannot be read, or a file that cannot be read any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFault {
    /// Where it begins.
    pub line: u64,
    /// What is wrong.
    pub what: Wording,
    /// Whether nothing can be read behind it.
    pub is_last: bool,
}

/// Reads cards.
pub struct Cards<R: Read> {
    lines: Lines<BufReader<DecodeReaderBytes<R, Vec<u8>>>>,
    is_over: bool,
}

/// Begins to read a file of cards; one in UTF-16 is known by its mark.
pub fn cards<R: Read>(source: R) -> Cards<R> {
    let decoded = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).bom_sniffing(true).build(source);
    Cards { lines: Lines::new(BufReader::with_capacity(64 * 1024, decoded)), is_over: false }
}

/// Whether a file that begins like this holds cards.
pub fn are_cards(start: &[u8]) -> bool {
    let mut text = Vec::new();
    let mut decoded = DecodeReaderBytesBuilder::new().strip_bom(true).bom_sniffing(true).build(start);
    // What cannot be decoded is no card.
    let _ = decoded.by_ref().take(64).read_to_end(&mut text);
    String::from_utf8_lossy(&text).trim_start().to_ascii_uppercase().starts_with("BEGIN:VCARD")
}

impl<R: Read> Iterator for Cards<R> {
    type Item = Result<Card, CardFault>;

    fn next(&mut self) -> Option<Result<Card, CardFault>> {
        if self.is_over {
            return None;
        }
        let card = self.read();
        self.is_over = matches!(&card, None | Some(Err(CardFault { is_last: true, .. })));
        card
    }
}

impl<R: Read> Cards<R> {
    fn read(&mut self) -> Option<Result<Card, CardFault>> {
        let begins = loop {
            match self.lines.next_property() {
                Ok(None) => return None,
                Ok(Some((line, property))) if is(&property, "BEGIN") => break line,
                Ok(Some(_)) => {}
                Err(error) => return Some(Err(unreadable(1, &error))),
            }
        };
        let (mut properties, mut depth) = (Vec::new(), 1);
        loop {
            match self.lines.next_property() {
                Ok(None) => return Some(Err(unended(begins))),
                Err(error) => return Some(Err(unreadable(begins, &error))),
                // A card in a card, as of somebody's assistant, is not this person.
                Ok(Some((_, property))) if is(&property, "BEGIN") => depth += 1,
                Ok(Some((_, property))) if is(&property, "END") => depth -= 1,
                Ok(Some((_, property))) if depth == 1 && properties.len() < PROPERTIES_MAX => properties.push(property),
                Ok(Some(_)) => {}
            }
            if depth == 0 {
                return Some(Ok(card(begins, &properties)));
            }
        }
    }
}

fn is(property: &Property, name: &str) -> bool {
    property.name == name && property.value.trim().eq_ignore_ascii_case("vcard")
}

fn unended(line: u64) -> CardFault {
    let what = (
        "this card has no end (END:VCARD): the file was cut off",
        "diese Karte hat kein Ende (END:VCARD): die Datei ist abgeschnitten",
    );
    CardFault { line, what: what.into(), is_last: true }
}

fn unreadable(line: u64, error: &std::io::Error) -> CardFault {
    let what = (
        format!("the file cannot be read any further: {error}"),
        format!("die Datei ist von hier an nicht lesbar: {error}"),
    );
    CardFault { line, what: what.into(), is_last: true }
}

fn card(line: u64, properties: &[Property]) -> Card {
    let mut form = ContactForm::default();
    let mut full_name = String::new();
    let uid = properties.iter().find(|property| property.name == "UID").map(Property::text);
    for property in properties {
        match property.name.as_str() {
            "" => {}
            "N" => {
                let parts = property.parts();
                let part = |nth: usize| parts.get(nth).cloned().unwrap_or_default();
                form.last_name = part(0);
                form.first_name = [part(1), part(2)].join(" ").trim().to_owned();
            }
            "FN" => full_name = property.text(),
            "ORG" => {
                let mut parts = property.parts().into_iter().filter(|part| !part.is_empty());
                form.company = parts.next().unwrap_or_default();
                let department = parts.collect::<Vec<_>>().join(", ");
                add_field(&mut form, "Department", department);
            }
            "EMAIL" if form.email.is_empty() => form.email = property.text().trim_start_matches("mailto:").to_owned(),
            "EMAIL" => add_field(&mut form, "E-mail", property.text()),
            "TEL" => add_number(&mut form, property, label(properties, property).as_deref()),
            "ADR" if form.address.is_empty() => form.address = address(property),
            "ADR" => add_field(&mut form, "Address", address(property)),
            "NOTE" => form.remark = [form.remark.as_str(), &property.text()].join("\n").trim().to_owned(),
            "LANG" if form.language.is_none() => form.language = Some(property.text()),
            "TZ" => form.time_zone = Some(property.text()).filter(|zone| zone.contains('/')),
            "X-CUSTOM" => {
                let name = property.parameter("name").unwrap_or("Custom").to_owned();
                add_field(&mut form, &name, property.text());
            }
            name if PASSED_OVER.contains(&name) => {}
            name => add_field(&mut form, &field_name(name), property.parts().join(" ").trim().to_owned()),
        }
    }
    if form.first_name.is_empty() && form.last_name.is_empty() && full_name != form.company {
        (form.first_name, form.last_name) = parted(&full_name);
    }
    Card { line, uid, form }
}

/// `X-SKYPE` is `SKYPE`, `BDAY` is `Bday`.
fn field_name(name: &str) -> String {
    match name.strip_prefix("X-") {
        Some(own) => own.to_owned(),
        None => name.chars().take(1).chain(name.to_ascii_lowercase().chars().skip(1)).collect(),
    }
}

/// Keeps a field of the user's own; several of one name stand under each other.
fn add_field(form: &mut ContactForm, name: &str, value: String) {
    if value.is_empty() {
        return;
    }
    let kept = form.custom.entry(name.to_owned()).or_default();
    *kept = [kept.as_str(), &value].join("\n").trim().to_owned();
}

fn address(property: &Property) -> String {
    let parts = property.parts();
    let filled = parts.iter().map(|part| part.replace('\n', ", ")).filter(|part| !part.is_empty());
    filled.collect::<Vec<_>>().join(", ")
}

/// What Apple calls a number, in a line of its own.
fn label(properties: &[Property], of: &Property) -> Option<String> {
    let mut labels = properties.iter().filter(|one| one.name == "X-ABLABEL" && one.group == of.group);
    labels.next().filter(|_| !of.group.is_empty()).map(|label| plain_label(&label.text()))
}

fn add_number(form: &mut ContactForm, property: &Property, label: Option<&str>) {
    use NumberKind::{Business, Business2, BusinessFax, Home, Home2, HomeFax, Mobile, Mobile2, Other};
    let has = |kind: &str| property.has_type(kind) || label.is_some_and(|label| label.contains(kind));
    let ways: &[NumberKind] = match () {
        () if has("fax") && has("home") => &[HomeFax],
        () if has("fax") => &[BusinessFax, HomeFax],
        () if has("cell") || has("mobil") || has("iphone") => &[Mobile, Mobile2, Other],
        () if has("home") => &[Home, Home2, Other],
        () if has("pager") || has("other") => &[Other],
        () => &[Business, Business2, Other],
    };
    let text = property.text();
    let given = text.trim().strip_prefix("tel:").unwrap_or(text.trim()).to_owned();
    let free = ways.iter().copied().find(|kind| form.numbers.iter().all(|other| other.kind != *kind));
    match free {
        Some(kind) if !given.is_empty() => form.numbers.push(NumberForm { kind, given }),
        _ => add_field(form, "Phone", given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Result<Card, CardFault>> {
        cards(text).collect()
    }

    fn one(text: &str) -> ContactForm {
        let mut found = read(text.as_bytes());
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0).expect("a card").form
    }

    fn numbers(form: &ContactForm) -> Vec<(&str, &str)> {
        form.numbers.iter().map(|number| (number.kind.as_str(), number.given.as_str())).collect()
    }

    #[test]
    fn a_card_of_version_3_with_folds_groups_and_labels() {
        let form = one(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Anna;Maria;;\r\nFN:Anna Müller\r\nORG:Weiß\\, Bau;Sales\r\n\
             item1.TEL;type=pref:+1 555 0100\r\nitem1.X-ABLabel:_$!<Mobile>!$_\r\nTEL;TYPE=WORK,VOICE:030 12\r\n 34567\r\n\
             TEL;TYPE=CELL:+15550101\r\nTEL;TYPE=CELL:+15550102\r\nTEL;TYPE=CELL:+15550103\r\nTEL;TYPE=\"work,fax\":+15550104\r\n\
             EMAIL;TYPE=INTERNET:anna@example.com\r\nADR;TYPE=WORK:;;Am Platz 1;Bonn;;53111;Germany\r\nNOTE:one\\ntwo\r\n\
             X-SKYPE:anna.m\r\nX-CUSTOM;NAME=\"Branch office\":Köln\r\nPHOTO;ENCODING=b:AAAA\r\nEND:VCARD\r\n",
        );

        assert_eq!((form.first_name.as_str(), form.last_name.as_str()), ("Anna Maria", "Müller"));
        assert_eq!((form.company.as_str(), form.address.as_str()), ("Weiß, Bau", "Am Platz 1, Bonn, 53111, Germany"));
        assert_eq!(form.remark, "one\ntwo");
        let all = [
            ("mobile", "+1 555 0100"),
            ("business", "030 1234567"),
            ("mobile2", "+15550101"),
            ("other", "+15550102"),
            ("business_fax", "+15550104"),
        ];
        assert_eq!(numbers(&form), all);
        let custom: Vec<_> = form.custom.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            custom,
            [("Branch office", "Köln"), ("Department", "Sales"), ("Phone", "+15550103"), ("SKYPE", "anna.m")]
        );
    }

    #[test]
    fn a_card_of_version_2_1_in_quoted_printable_and_an_old_charset() {
        let form = one(
            "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BC=\n=6C=6C=65=72;J=C3=B6rg\n\
             TEL;CELL;VOICE:01555 0001234\nTEL;HOME;FAX:030 7654321\n\
             NOTE;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Gr=FC=DFe\nEND:VCARD\n",
        );

        assert_eq!((form.first_name.as_str(), form.last_name.as_str()), ("Jörg", "Müller"));
        assert_eq!(numbers(&form), [("mobile", "01555 0001234"), ("home_fax", "030 7654321")]);
        assert_eq!(form.remark, "Grüße");
    }

    #[test]
    fn a_card_of_version_4_with_addresses_as_uris() {
        let form = one(
            "BEGIN:VCARD\nVERSION:4.0\nFN:Müller, Anna\nTEL;VALUE=uri;TYPE=\"voice,cell\":tel:+1-555-0100\nLANG:de\n\
             TZ:Europe/Berlin\nEND:VCARD\n",
        );

        assert_eq!((form.first_name.as_str(), form.last_name.as_str()), ("Anna", "Müller"));
        assert_eq!(numbers(&form), [("mobile", "+1-555-0100")]);
        assert_eq!((form.language.as_deref(), form.time_zone.as_deref()), (Some("de"), Some("Europe/Berlin")));
    }

    #[test]
    fn what_is_made_to_harm_costs_only_itself() {
        let mut bytes = b"BEGIN:VCARD\nFN:One\nPHOTO:".to_vec();
        bytes.extend(std::iter::repeat_n(b'A', 3_000_000));
        bytes.extend(b"\nBEGIN:VCARD\nFN:Within\nEND:VCARD\nno colon here\n:\n;;=:\nEND:VCARD\nrubbish\nBEGIN:VCARD\nFN:Two\nEND:VCARD\nBEGIN:VCARD\nFN:Three");

        let found: Vec<_> = read(&bytes)
            .into_iter()
            .map(|card| card.map(|card| card.form.last_name).map_err(|fault| fault.line))
            .collect();

        assert_eq!(found, [Ok("One".to_owned()), Ok("Two".to_owned()), Err(15)]);
    }

    #[test]
    fn cards_are_known_by_their_beginning() {
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("BEGIN:VCARD\r\nFN:Ä\r\nEND:VCARD\r\n".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert!(are_cards(b"\xef\xbb\xbfbegin:vcard\n") && are_cards(&wide) && !are_cards(b"Name,Begin\n"));
        assert_eq!(read(&wide)[0].as_ref().expect("a card").form.last_name, "Ä");
    }
}
