//! LINK Mobility EU (formerly websms): JSON out, JSON in, and our answer to a webhook must be JSON too.
//! Sources: two client libraries of 2025 and 2026. LINK's other interfaces (Nordics, msghub, Netsize) are others.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Request, Settings,
    SettingsError, Step, Told,
};
use crate::carrier::http::{Call, basic_token};
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::carrier::webhooks::Sources;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use ::http::Method;
use serde_json::Value;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "link",
    title: "LINK Mobility EU",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::Europe,
        paste: &[all(
            "Web interface: API, message forwarding and notification address.",
            "Weboberfläche: API, Weiterleitung eingehender Nachrichten und Adresse für Berichte.",
        )],
    },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Link::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("token", "Access token", "Zugriffstoken", "From the portal; or user name and password instead")
        .german_hint("Aus dem Portal; oder stattdessen Benutzername und Passwort")
        .secret(),
    field("username", "User name", "Benutzername", "Only without a token").german_hint("Nur ohne Token"),
    field("password", "Password", "Passwort", "Only without a token").german_hint("Nur ohne Token").secret(),
    field(
        "sources",
        "Addresses it calls from",
        "Adressen, von denen es anruft",
        "LINK signs nothing; optional: 192.0.2.1, 198.51.100.0/24",
    )
    .german_hint("LINK signiert nichts; wahlweise: 192.0.2.1, 198.51.100.0/24"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Of the REST API")
        .german_hint("Der REST-Schnittstelle")
        .or("https://api.linkmobility.eu/rest"),
];

enum Credentials {
    Token(Secret),
    User(String, Secret),
}

/// An account at LINK Mobility EU.
struct Link {
    credentials: Credentials,
    sources: Sources,
    base_url: String,
    limits: Limits,
}

impl Link {
    fn from_settings(settings: &Settings) -> Result<Link, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let credentials = match (fields.secret("token", 8)?, fields.text("username"), fields.secret("password", 6)?) {
            (Some(token), None, None) => Credentials::Token(token),
            (None, Some(user), Some(password)) => Credentials::User(user.to_owned(), password),
            (Some(_), Some(_), _) => {
                return Err(wrong(
                    "username",
                    (
                        "there is a token already: remove one of the two",
                        "es gibt schon ein Token: bitte eines von beiden entfernen",
                    ),
                ));
            }
            (Some(_), None, Some(_)) => {
                return Err(wrong(
                    "password",
                    (
                        "there is a token already: remove one of the two",
                        "es gibt schon ein Token: bitte eines von beiden entfernen",
                    ),
                ));
            }
            (None, None, _) => {
                return Err(wrong(
                    "token",
                    (
                        "this is needed: fill it in, or user name and password",
                        "das wird gebraucht: bitte ausfüllen, oder Benutzername und Passwort",
                    ),
                ));
            }
            (None, Some(_), None) => {
                return Err(wrong(
                    "password",
                    (
                        "this belongs to the user name: fill in both",
                        "das gehört zum Benutzernamen: bitte beide ausfüllen",
                    ),
                ));
            }
        };
        Ok(Link {
            credentials,
            sources: Sources::of(&fields, "sources")?,
            base_url: fields.address("base_url")?.unwrap_or_default(),
            limits: Limits { trunk_mps: fields.number("rate", 0.01, 10_000.0)?, ..Limits::text(1600) },
        })
    }

    fn call(&self, body: &Value) -> Result<Request, SendError> {
        let call = Call::new(Method::POST, &format!("{}/smsmessaging/text", self.base_url))?;
        let call = match &self.credentials {
            Credentials::Token(token) => call.bearer(token.expose())?,
            Credentials::User(user, password) => call.basic(user, password.expose())?,
        };
        Ok(call.json(body))
    }
}

impl Carrier for Link {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        self.sources.check(request)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        match question {
            Question::Credentials => Some(self.ask_credentials(answers)),
            _ => None,
        }
    }

    fn secrets(&self) -> Vec<String> {
        match &self.credentials {
            Credentials::Token(token) => vec![token.expose().to_owned()],
            Credentials::User(user, password) => {
                vec![password.expose().to_owned(), basic_token(user, password.expose())]
            }
        }
    }
}
