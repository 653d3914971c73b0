//! What a WhatsApp message can be beyond text and files: a place, contacts, a reaction, buttons, a list, a template.
//! It stands as JSON beside the message's text, which always says the same in words.

use serde::{Deserialize, Serialize};

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

/// Longest text of a word for word fallback.
const WORDS_CHARS_MAX: usize = 4000;

impl Rich {
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
