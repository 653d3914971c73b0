//! What somebody wants to say beyond plain text, as it is given: not checked yet (see `flow/compose.rs`).

use crate::domain::id::{MessageId, UploadId};
use crate::domain::rich::{ButtonValue, Choice, ContactCard, Section, Variable};
use serde::Deserialize;

/// What somebody wants to say.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Say {
    /// A text, perhaps in answer to a message.
    Text {
        /// The text.
        text: String,
    },
    /// A place.
    Location(PlaceGiven),
    /// People's cards.
    Contacts {
        /// One or more.
        contacts: Vec<ContactCard>,
    },
    /// A sign put to a message of this conversation; empty: taken back.
    Reaction {
        /// The message.
        to: MessageId,
        /// The sign.
        emoji: String,
    },
    /// A question with up to three buttons.
    Buttons {
        /// The question.
        text: String,
        /// The buttons.
        choices: Vec<Choice>,
    },
    /// A question with a list to choose from.
    List {
        /// The question.
        text: String,
        /// What stands on the button that opens the list.
        button: String,
        /// The list.
        sections: Vec<Section>,
    },
    /// An approved template.
    Template(TemplateGiven),
}

/// A place: pasted, or by its coordinates.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct PlaceGiven {
    /// The address of a map, `geo:` or "lat, lon", as pasted.
    pub link: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// What it is called; goes before what the link says.
    pub name: Option<String>,
    /// Where it is, in words.
    pub address: Option<String>,
}

/// A template, filled in by somebody.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
pub struct TemplateGiven {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// What goes into its head.
    #[serde(default)]
    pub header: Option<HeaderGiven>,
    /// The values of its body's variables, in their order; named ones with their names.
    #[serde(default)]
    pub body: Vec<Variable>,
    /// The values of its buttons.
    #[serde(default)]
    pub buttons: Vec<ButtonValue>,
}

/// What goes into a template's head.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HeaderGiven {
    /// The variable of a text.
    Text {
        /// Its value.
        value: String,
    },
    /// A place.
    Location(PlaceGiven),
    /// A file that the carrier fetches.
    Media {
        /// Where it is.
        link: String,
    },
    /// A file that was put here.
    Upload {
        /// Which.
        upload: UploadId,
    },
}

impl Say {
    /// The file that was put here for it, if it needs one.
    pub fn upload(&self) -> Option<UploadId> {
        match self {
            Say::Template(TemplateGiven { header: Some(HeaderGiven::Upload { upload }), .. }) => Some(*upload),
            _ => None,
        }
    }
}
