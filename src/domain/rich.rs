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
    /// The message's first file: a picture, a film or a paper, as the template wants it.
    Media,
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
    /// What goes into it.
    pub value: String,
}
