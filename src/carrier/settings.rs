//! Reads a trunk's settings against the fields its dialect declares: what is unknown, missing or unusable is named.

use crate::carrier::dialect::{Field, Settings, SettingsError};
use crate::domain::secret::Secret;
use crate::domain::wording::Wording;
use serde_json::Value;

/// Longest value of a field.
const VALUE_CHARS_MAX: usize = 2000;

/// Longest value of a field of several lines.
const LINES_CHARS_MAX: usize = 8000;

/// A field that is neither secret nor required.
pub const fn field(key: &'static str, english: &'static str, german: &'static str, hint: &'static str) -> Field {
    Field {
        key,
        english,
        german,
        hint,
        hint_german: "",
        secret: false,
        required: false,
        default: None,
        multiline: false,
    }
}

impl Field {
    /// With its hint in German.
    pub const fn german_hint(mut self, hint: &'static str) -> Field {
        self.hint_german = hint;
        self
    }

    /// Kept encrypted, never shown again.
    pub const fn secret(mut self) -> Field {
        self.secret = true;
        self
    }

    /// Must be there.
    pub const fn required(mut self) -> Field {
        self.required = true;
        self
    }

    /// May have several lines.
    pub const fn multiline(mut self) -> Field {
        self.multiline = true;
        self
    }

    /// What stands there if nothing is given.
    pub const fn or(mut self, default: &'static str) -> Field {
        self.default = Some(default);
        self
    }
}

/// A trunk's settings, checked for shape: every key is known, every value is a text, what must be there is there.
pub struct Fields<'a> {
    fields: &'static [Field],
    settings: &'a Settings,
}

impl<'a> Fields<'a> {
    /// Checks the shape of `settings`.
    pub fn of(fields: &'static [Field], settings: &'a Settings) -> Result<Fields<'a>, SettingsError> {
        for (key, value) in settings {
            let known = fields.iter().any(|field| field.key == key);
            let lines = fields.iter().any(|field| field.key == key && field.multiline);
            let usable = match value {
                Value::Null => true,
                Value::String(text) if lines => {
                    let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
                    text.chars().count() <= LINES_CHARS_MAX && text.chars().all(allowed)
                }
                Value::String(text) => text.chars().count() <= VALUE_CHARS_MAX && !text.chars().any(char::is_control),
                _ => false,
            };
            if !known {
                return Err(wrong(
                    key,
                    (
                        "this carrier has no such setting: remove it",
                        "dieser Anbieter kennt diese Einstellung nicht: bitte entfernen",
                    ),
                ));
            }
            if !usable {
                return Err(wrong(
                    key,
                    (
                        "this must be a text on one line: enter it again",
                        "das muss ein Text in einer Zeile sein: bitte erneut eingeben",
                    ),
                ));
            }
        }
        let read = Fields { fields, settings };
        for field in fields.iter().filter(|field| field.required) {
            if read.text(field.key).is_none() {
                return Err(wrong(field.key, ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen")));
            }
        }
        Ok(read)
    }

    /// The value of a field, else its default; blanks around it are dropped, an empty one counts as not given.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let given = self.settings.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        given.or_else(|| self.fields.iter().find(|field| field.key == key)?.default)
    }

    /// The value of a required field.
    pub fn required(&self, key: &str) -> Result<&'a str, SettingsError> {
        self.text(key).ok_or_else(|| wrong(key, ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen")))
    }

    /// A secret, at least `chars_min` long, in printable ASCII as headers and keys want it.
    pub fn secret(&self, key: &str, chars_min: usize) -> Result<Option<Secret>, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        if text.len() < chars_min {
            return Err(wrong(
                key,
                (
                    format!("this is too short for a secret: at least {chars_min} characters"),
                    format!("das ist für ein Geheimnis zu kurz: mindestens {chars_min} Zeichen"),
                ),
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(
                key,
                (
                    "this holds a blank or a special character: copy it again",
                    "das enthält ein Leer- oder Sonderzeichen: bitte erneut kopieren",
                ),
            ));
        }
        Ok(Some(Secret::new(text)))
    }

    /// A required secret.
    pub fn required_secret(&self, key: &str, chars_min: usize) -> Result<Secret, SettingsError> {
        self.secret(key, chars_min)?
            .ok_or_else(|| wrong(key, ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen")))
    }

    /// A web address without credentials or fragment, and without a slash at its end.
    pub fn address(&self, key: &str) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let bad = |english: &str, german: &str| wrong(key, (english, german));
        let url = url::Url::parse(text).map_err(|_| {
            bad(
                "this is no web address: it looks like https://api.example.com",
                "das ist keine Webadresse: sie sieht aus wie https://api.example.com",
            )
        })?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
            return Err(bad(
                "this must begin with https:// (or http:// for a test inside your own network)",
                "das muss mit https:// beginnen (oder http:// für einen Versuch im eigenen Netz)",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad(
                "no user or password in the address: they have fields of their own",
                "kein Benutzer oder Kennwort in der Adresse: dafür gibt es eigene Felder",
            ));
        }
        if url.fragment().is_some() {
            return Err(bad("remove the part from # on", "bitte den Teil ab # entfernen"));
        }
        Ok(Some(text.trim_end_matches('/').to_owned()))
    }

    /// `yes` or `no`.
    pub fn yes(&self, key: &str) -> Result<bool, SettingsError> {
        self.one_of(key, &["yes", "no"]).map(|word| word == "yes")
    }

    /// One of a few words; the first where nothing is given.
    pub fn one_of(&self, key: &str, words: &'static [&'static str]) -> Result<&'static str, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(words[0]) };
        let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| {
            wrong(
                key,
                (
                    format!("this must be one of: {}", words.join(", ")),
                    format!("das muss eines davon sein: {}", words.join(", ")),
                ),
            )
        })
    }

    /// A number within bounds.
    pub fn number(&self, key: &str, least: f64, most: f64) -> Result<Option<f64>, SettingsError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
        number.map(Some).ok_or_else(|| {
            wrong(
                key,
                (
                    format!("this must be a number from {least} to {most}"),
                    format!("das muss eine Zahl von {least} bis {most} sein"),
                ),
            )
        })
    }
}

/// Names the field and what to do about it.
pub fn wrong(field: &str, problem: impl Into<Wording>) -> SettingsError {
    SettingsError { field: field.chars().take(60).collect(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] =
        &[field("url", "", "", "").or("https://a.example"), field("token", "", "", "").secret().required()];

    fn settings(text: &str) -> Settings {
        serde_json::from_str(text).expect("an object")
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        for (text, field, problem) in [
            (r#"{}"#, "token", "needed"),
            (r#"{"token":"  "}"#, "token", "needed"),
            (r#"{"token":5}"#, "token", "must be a text"),
            (r#"{"token":"a\nb"}"#, "token", "one line"),
            (r#"{"token":"abcdefgh","color":"red"}"#, "color", "no such setting"),
        ] {
            let error = Fields::of(FIELDS, &settings(text)).err().expect(text);

            assert_eq!(error.field, field, "{text}");
            assert!(error.problem.english.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_is_checked_before_it_is_ever_called() {
        for (address, fits) in [
            ("https://api.example.com/", true),
            ("http://127.0.0.1:8080/x", true),
            ("ftp://api.example.com", false),
            ("api.example.com", false),
            ("https://user:pass@api.example.com", false),
            ("https://api.example.com/#x", false),
            ("file:///etc/passwd", false),
        ] {
            let settings = settings(&format!(r#"{{"token":"abcdefgh","url":"{address}"}}"#));
            let read = Fields::of(FIELDS, &settings).expect("the shape is good");

            assert_eq!(read.address("url").is_ok(), fits, "{address}");
        }
    }

    #[test]
    fn a_default_stands_in_and_short_secrets_are_refused() {
        let settings = settings(r#"{"token":"short"}"#);
        let read = Fields::of(FIELDS, &settings).expect("the shape is good");

        assert_eq!(read.address("url").expect("good"), Some("https://a.example".to_owned()));
        assert!(read.secret("token", 8).is_err());
    }
}
