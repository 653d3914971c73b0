//! Templates with placeholders in double braces, each written as the place wants it: address, form, JSON or header.
//! A template is checked when it is set, so that a wrong one never meets a message.

use crate::carrier::dialect::SettingsError;
use crate::carrier::settings::wrong;

/// What may stand between double braces.
pub(super) const SLOTS: &[&str] = &[
    "to",
    "to_plus",
    "to_digits",
    "from",
    "from_plus",
    "from_digits",
    "text",
    "reference",
    "channel",
    "report_url",
    "media_url",
    "media_urls",
    "valid_for_s",
    "user",
    "secret",
    "secret_2",
    "basic",
];

/// Where a template stands: that decides how a value is written into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Percent-encoded.
    Url,
    /// As a form writes it.
    Form,
    /// Inside a JSON string.
    Json,
    /// A header: as it is, on one line.
    Header,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Slot(&'static str),
}

/// A checked template.
#[derive(Clone, Debug)]
pub(super) struct Template {
    place: Place,
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a template; what is wrong is named with the field it stands in.
    pub(super) fn parse(field: &str, place: Place, text: &str) -> Result<Template, SettingsError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or_else(|| {
                wrong(
                    field,
                    (
                        "a placeholder is not closed: write }} after its name",
                        "ein Platzhalter ist nicht geschlossen: bitte }} hinter seinen Namen schreiben",
                    ),
                )
            })?;
            let name: String = name.trim().chars().take(40).collect();
            let slot = SLOTS.iter().find(|slot| **slot == name).ok_or_else(|| {
                let all = SLOTS.join(", ");
                wrong(
                    field,
                    (
                        format!("there is no placeholder {name}; these are: {all}"),
                        format!("einen Platzhalter {name} gibt es nicht; es gibt: {all}"),
                    ),
                )
            })?;
            pieces.extend([Piece::Text(before.to_owned()), Piece::Slot(slot)]);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let template = Template { place, pieces };
        template.check(field)?;
        Ok(template)
    }

    fn check(&self, field: &str) -> Result<(), SettingsError> {
        // Digits, because a number may stand in JSON without quotes; a text there would not be JSON.
        let sample = self
            .fill(|slot| if slot.ends_with("digits") || slot == "valid_for_s" { "49".into() } else { "a\"b".into() });
        match self.place {
            Place::Json if serde_json::from_str::<serde_json::Value>(&sample).is_err() => Err(wrong(
                field,
                (
                    "this is no JSON when it is filled in: put placeholders between quotes, and look at commas and braces",
                    "ausgefüllt ist das kein JSON: bitte Platzhalter in Anführungszeichen setzen und auf Kommas und Klammern achten",
                ),
            )),
            Place::Header if self.uses("text") => Err(wrong(
                field,
                (
                    "a message's text cannot stand in a header: put it into the address or the body",
                    "der Text einer Nachricht kann in keiner Kopfzeile stehen: bitte in die Adresse oder den Inhalt setzen",
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Whether a placeholder is in it.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Slot(slot) if *slot == name))
    }

    /// Filled in.
    pub(super) fn fill(&self, value: impl Fn(&str) -> String) -> String {
        self.pieces.iter().fold(String::new(), |so_far, piece| match piece {
            Piece::Text(text) => so_far + text,
            Piece::Slot(slot) => so_far + &escaped(self.place, &value(slot)),
        })
    }

    /// What stands before the first placeholder.
    pub(super) fn head(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }
}

fn escaped(place: Place, value: &str) -> String {
    let form = || form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
    match place {
        Place::Url => form().replace('+', "%20"),
        Place::Form => form(),
        Place::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Place::Header => value.chars().filter(|c| !c.is_control()).collect(),
    }
}

/// A pattern with one star: what stands where the star is.
pub(super) fn starred<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let (before, after) = pattern.split_once('*')?;
    let start = if before.is_empty() { 0 } else { text.find(before)? + before.len() };
    let rest = &text[start..];
    let end = if after.is_empty() { rest.len() } else { rest.find(after)? };
    Some(rest[..end].trim()).filter(|found| !found.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_its_place_wants_it() {
        for (place, template, filled) in [
            (Place::Url, "https://a.example/?t={{text}}", "https://a.example/?t=a%26b%20%22%C3%BC%22%0A"),
            (Place::Form, "t={{ text }}&x=1", "t=a%26b+%22%C3%BC%22%0A&x=1"),
            (Place::Json, r#"{"t":"{{text}}"}"#, r#"{"t":"a&b \"ü\"\n"}"#),
            (Place::Header, "x {{reference}}", "x a&b \"ü\""),
        ] {
            let template = Template::parse("f", place, template).expect("good");
            assert_eq!(template.fill(|_| "a&b \"ü\"\n".into()), filled);
        }
    }

    #[test]
    fn a_wrong_template_is_refused_with_what_to_do() {
        for (place, template, says) in [
            (Place::Url, "https://a.example/{{too}}", "there is no placeholder too"),
            (Place::Url, "https://a.example/{{to", "not closed"),
            (Place::Json, r#"{"t":{{text}}}"#, "no JSON"),
            (Place::Json, r#"{"t":"{{text}}",}"#, "no JSON"),
            (Place::Header, "{{text}}", "header"),
        ] {
            let error = Template::parse("send_body", place, template).expect_err(template);
            assert_eq!(error.field, "send_body");
            assert!(error.problem.english.contains(says), "{error}");
        }
        assert!(Template::parse("f", Place::Json, r#"{"to":{{to_digits}}}"#).is_ok());
    }

    #[test]
    fn a_star_finds_what_stands_in_its_place() {
        for (pattern, text, found) in [
            ("OK: *", "OK: 77", Some("77")),
            ("<id>*</id>", "<a><id>5</id></a>", Some("5")),
            ("OK: *", "ERR 5", None),
            ("OK:*", "OK:", None),
            ("no star", "no star", None),
        ] {
            assert_eq!(starred(pattern, text), found, "{pattern}");
        }
    }
}
