//! What a WhatsApp message can be beyond text and files: a place, contacts, a reaction, buttons, a list, a template.
//! It stands as JSON beside the message's text, which always says the same in words.

use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A message beyond text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Rich {
    /// A place on earth.
    Location(Place),
    /// People's cards.
    Contacts {
        /// One or more.
        contacts: Vec<ContactCard>,
    },
    /// A sign put to an earlier message; empty: taken away again.
    Reaction {
        /// The carrier's id of the message it is put to.
        to: String,
        /// The sign.
        emoji: String,
    },
    /// A question with up to three buttons; the text is the question.
    Buttons {
        /// What can be pressed.
        choices: Vec<Choice>,
    },
    /// A question with a list to choose from; the text is the question.
    List {
        /// What stands on the button that opens the list.
        button: String,
        /// The list.
        sections: Vec<Section>,
    },
    /// What a peer pressed or chose.
    Chosen(Choice),
    /// An approved template, filled in.
    Template(TemplateUse),
    /// Something the carrier could not hand over.
    Unsupported {
        /// What it was, as far as told.
        what: String,
    },
}

/// A place on earth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Place {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Somebody's card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ContactCard {
    /// First name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// Last name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_name: String,
    /// The name as it is shown.
    pub name: String,
    /// Company.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub company: String,
    /// Telephone numbers as they were written.
    pub phones: Vec<String>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
}

/// Something that can be pressed or chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Choice {
    /// What comes back when it is chosen.
    pub id: String,
    /// What stands on it.
    pub title: String,
    /// A second line, in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Section {
    /// Its heading; needed as soon as there are two.
    #[serde(default)]
    pub title: String,
    /// What can be chosen.
    pub rows: Vec<Choice>,
}

/// A template, filled in for one peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateUse {
    /// Its name at the carrier.
    pub name: String,
    /// Its language there, as in `en_US`.
    pub language: String,
    /// What goes into its head, where that is not fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderValue>,
    /// The values of its body's variables, in their order; named ones with their names.
    #[serde(default)]
    pub body: Vec<Variable>,
    /// The values of its buttons, by their place from 0: the end of an address, a coupon code, a payload.
    #[serde(default)]
    pub buttons: Vec<ButtonValue>,
}

/// What goes into a template's head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HeaderValue {
    /// The variable of a text.
    Text(Variable),
    /// A place.
    Location(Place),
    /// A picture, a film or a paper: the message's first file, or where the carrier fetches it.
    Media {
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// What it is, as the template wants it; filled in from the template.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<String>,
    },
}

/// A variable's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Variable {
    /// Its name, where the template names its variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What stands there.
    pub value: String,
}

/// A button's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ButtonValue {
    /// Which button, from 0.
    pub index: u32,
    /// What kind of button the template has there; filled in from the template.
    #[serde(default)]
    pub kind: ButtonKind,
    /// What goes into it.
    pub value: String,
}

/// What a button of a template takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// The end of its address.
    #[default]
    Url,
    /// What comes back when it is pressed.
    QuickReply,
    /// A code to copy.
    CopyCode,
}

/// Longest text that says the same in words.
const WORDS_CHARS_MAX: usize = 4000;

/// Buttons under one question, entries in one list, cards in one message.
const BUTTONS_MAX: usize = 3;
const ROWS_MAX: usize = 10;
const CARDS_MAX: usize = 20;
/// Longest question above buttons, and above a list.
const BUTTONS_TEXT_CHARS_MAX: usize = 1024;
const LIST_TEXT_CHARS_MAX: usize = 4096;

/// Why it cannot be sent: which part, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct RichProblem {
    /// Which part.
    pub field: &'static str,
    /// What is wrong and what to do.
    pub problem: Wording,
}

fn wrong(field: &'static str, problem: impl Into<Wording>) -> RichProblem {
    RichProblem { field, problem: problem.into() }
}

fn fits(field: &'static str, text: &str, most: usize) -> Result<(), RichProblem> {
    let length = text.chars().count();
    match length {
        0 => Err(wrong(field, ("this is empty: fill it in", "das ist leer: bitte ausfüllen"))),
        _ if length > most => Err(wrong(
            field,
            (
                format!("{length} characters; at most {most} fit here"),
                format!("{length} Zeichen; höchstens {most} passen hier"),
            ),
        )),
        _ => Ok(()),
    }
}

impl Rich {
    /// Whether it can be sent with this text, by the rules of WhatsApp. A template is checked against itself elsewhere.
    pub fn check(&self, text: &str) -> Result<(), RichProblem> {
        match self {
            Rich::Location(place) if place.exists() => Ok(()),
            Rich::Location(_) => Err(wrong(
                "location",
                (
                    "there is no such place on earth: latitude -90 to 90, longitude -180 to 180",
                    "diesen Ort gibt es nicht: Breite -90 bis 90, Länge -180 bis 180",
                ),
            )),
            Rich::Contacts { contacts } if contacts.is_empty() || contacts.len() > CARDS_MAX => Err(wrong(
                "contacts",
                (format!("give one to {CARDS_MAX} contacts"), format!("bitte ein bis {CARDS_MAX} Kontakte angeben")),
            )),
            Rich::Contacts { contacts } => contacts.iter().try_for_each(|card| fits("contacts", &card.name, 120)),
            Rich::Reaction { emoji, .. } if emoji.chars().count() > 12 || emoji.chars().any(char::is_alphabetic) => {
                Err(wrong(
                    "emoji",
                    (
                        "give one sign; an empty one takes it back",
                        "bitte ein einzelnes Zeichen; ein leeres nimmt es zurück",
                    ),
                ))
            }
            Rich::Reaction { .. } | Rich::Template(_) => Ok(()),
            Rich::Buttons { choices } => check_buttons(text, choices),
            Rich::List { button, sections } => check_list(text, button, sections),
            Rich::Chosen(_) | Rich::Unsupported { .. } => {
                Err(wrong("type", ("only a customer can send this", "das kann nur der Kunde senden")))
            }
        }
    }

    /// The same in words, for a desk phone, for search and for carriers that only take text.
    pub fn in_words(&self, text: &str) -> String {
        let lines = match self {
            Rich::Location(place) => place.in_words(),
            Rich::Contacts { contacts } => contacts.iter().map(ContactCard::in_words).collect::<Vec<_>>().join("\n"),
            Rich::Reaction { emoji, .. } if emoji.is_empty() => "(reaction taken back)".to_owned(),
            Rich::Reaction { emoji, .. } => emoji.clone(),
            Rich::Buttons { choices } => numbered(choices.iter()),
            Rich::List { sections, .. } => numbered(sections.iter().flat_map(|section| &section.rows)),
            Rich::Chosen(choice) if choice.title == text => String::new(),
            Rich::Chosen(choice) => choice.title.clone(),
            Rich::Template(used) if text.is_empty() => format!("({})", used.name),
            Rich::Template(_) => String::new(),
            Rich::Unsupported { what } => format!("(cannot be shown: {what})"),
        };
        let both: Vec<&str> = [text, &lines].into_iter().filter(|part| !part.is_empty()).collect();
        both.join("\n").chars().take(WORDS_CHARS_MAX).collect()
    }

    /// One word for what it is, as in the JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Rich::Location(_) => "location",
            Rich::Contacts { .. } => "contacts",
            Rich::Reaction { .. } => "reaction",
            Rich::Buttons { .. } => "buttons",
            Rich::List { .. } => "list",
            Rich::Chosen(_) => "chosen",
            Rich::Template(_) => "template",
            Rich::Unsupported { .. } => "unsupported",
        }
    }
}

fn check_buttons(question: &str, choices: &[Choice]) -> Result<(), RichProblem> {
    fits("text", question, BUTTONS_TEXT_CHARS_MAX)?;
    if choices.is_empty() || choices.len() > BUTTONS_MAX {
        return Err(wrong(
            "choices",
            (
                format!("give one to {BUTTONS_MAX} buttons"),
                format!("bitte ein bis {BUTTONS_MAX} Schaltflächen angeben"),
            ),
        ));
    }
    for choice in choices {
        fits("choices", &choice.id, 256)?;
        fits("choices", &choice.title, 20)?;
    }
    all_differ(choices.iter())
}

fn check_list(question: &str, button: &str, sections: &[Section]) -> Result<(), RichProblem> {
    fits("text", question, LIST_TEXT_CHARS_MAX)?;
    fits("button", button, 20)?;
    let rows: usize = sections.iter().map(|section| section.rows.len()).sum();
    if rows == 0 || rows > ROWS_MAX || sections.iter().any(|section| section.rows.is_empty()) {
        return Err(wrong(
            "sections",
            (
                format!("give one to {ROWS_MAX} entries, and none of the sections empty"),
                format!("bitte ein bis {ROWS_MAX} Einträge angeben, und keinen Abschnitt leer lassen"),
            ),
        ));
    }
    for section in sections {
        if sections.len() > 1 || !section.title.is_empty() {
            fits("sections", &section.title, 24)?;
        }
        for row in &section.rows {
            fits("sections", &row.id, 200)?;
            fits("sections", &row.title, 24)?;
            row.description.as_deref().map_or(Ok(()), |more| fits("sections", more, 72))?;
        }
    }
    all_differ(sections.iter().flat_map(|section| &section.rows))
}

/// Two with one id could not be told apart in the answer.
fn all_differ<'a>(choices: impl Iterator<Item = &'a Choice>) -> Result<(), RichProblem> {
    let mut ids: Vec<&str> = choices.map(|choice| choice.id.as_str()).collect();
    ids.sort_unstable();
    match ids.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(wrong(
            "choices",
            ("two have the same id: give each its own", "zwei haben dieselbe Kennung: jeder bitte eine eigene geben"),
        )),
        false => Ok(()),
    }
}

fn numbered<'a>(choices: impl Iterator<Item = &'a Choice>) -> String {
    let line = |(n, choice): (usize, &Choice)| match &choice.description {
        Some(more) => format!("{}. {} ({more})", n + 1, choice.title),
        None => format!("{}. {}", n + 1, choice.title),
    };
    choices.enumerate().map(line).collect::<Vec<_>>().join("\n")
}

impl Place {
    /// Name, address and a `geo:` URI (RFC 5870).
    pub fn in_words(&self) -> String {
        let geo = format!("geo:{},{}", self.latitude, self.longitude);
        let parts = [self.name.as_deref(), self.address.as_deref(), Some(&geo)];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// Whether there is such a place on earth.
    pub fn exists(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

impl ContactCard {
    fn in_words(&self) -> String {
        let mut parts = vec![self.name.as_str()];
        parts.extend((!self.company.is_empty()).then_some(self.company.as_str()));
        parts.extend(self.phones.iter().chain(&self.emails).map(String::as_str));
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_phone_gets_words_for_everything() {
        let choice = |title: &str, description: Option<&str>| Choice {
            id: "x".into(),
            title: title.into(),
            description: description.map(str::to_owned),
        };
        let place = Place { latitude: 52.52, longitude: 13.405, name: Some("Office".into()), address: None };
        let card = ContactCard { name: "Max M".into(), phones: vec!["+49 30 1".into()], ..ContactCard::default() };
        for (rich, text, words) in [
            (Rich::Location(place), "", "Office\ngeo:52.52,13.405"),
            (Rich::Contacts { contacts: vec![card] }, "", "Max M, +49 30 1"),
            (Rich::Reaction { to: "m".into(), emoji: "👍".into() }, "", "👍"),
            (
                Rich::Buttons { choices: vec![choice("Yes", None), choice("No", Some("never"))] },
                "Well?",
                "Well?\n1. Yes\n2. No (never)",
            ),
            (Rich::Chosen(choice("Yes", None)), "Yes", "Yes"),
            (Rich::Unsupported { what: "a poll".into() }, "", "(cannot be shown: a poll)"),
        ] {
            assert_eq!(rich.in_words(text), words);
        }
    }
}
