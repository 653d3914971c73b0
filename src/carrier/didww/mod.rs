//! DIDWW SMS trunks: JSON:API out over HTTP OUT, our own template in over HTTP IN, reports in two steps to the trunk's
//! callback address. Sources: the vendor's pages of 2026; names of report fields from two independent receivers.

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
use crate::carrier::settings::{Fields, field};
use crate::carrier::webhooks::Sources;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use ::http::Method;
use serde_json::Value;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "didww",
    title: "DIDWW",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[all(
            "User panel: SMS trunks: the HTTP IN trunk of the number for messages, the callback of the HTTP OUT trunk for reports.",
            "User Panel: SMS Trunks: der HTTP-IN-Trunk der Rufnummer für Nachrichten, der Callback des HTTP-OUT-Trunks für Berichte.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "DIDWW's table of code_id and the exact fields of its reports were not at hand.",
        "DIDWWs Tabelle der code_id und die genauen Felder seiner Berichte lagen nicht vor.",
    )),
    build: |settings| Ok(Box::new(Didww::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("username", "User name", "Benutzername", "Of the HTTP OUT trunk; allow this system's address there")
        .german_hint("Der HTTP-OUT-Leitung; dort auch die Adresse dieses Systems erlauben")
        .required(),
    field("password", "Password", "Passwort", "Of the HTTP OUT trunk")
        .german_hint("Der HTTP-OUT-Leitung")
        .secret()
        .required(),
    field(
        "header_secret",
        "Secret of the HTTP IN trunk",
        "Geheimnis der HTTP-IN-Leitung",
        "Make one up; add it there as the header X-Trunk-Secret",
    )
    .german_hint("Selbst gewählt; dort als Kopfzeile X-Trunk-Secret eintragen")
    .secret(),
    field("sources", "Addresses texts come from", "Adressen, von denen Texte kommen", "any: not checked")
        .german_hint("any: nicht geprüft")
        .or("46.19.209.214"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole trunk; empty: no limit")
        .german_hint("Für die ganze Leitung; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Of HTTP OUT").german_hint("Von HTTP OUT").or("https://sms-out.didww.com"),
];

/// A trunk at DIDWW.
struct Didww {
    username: String,
    password: Secret,
    header_secret: Option<Secret>,
    sources: Sources,
    base_url: String,
    limits: Limits,
}

impl Didww {
    fn from_settings(settings: &Settings) -> Result<Didww, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        Ok(Didww {
            username: fields.required("username")?.to_owned(),
            password: fields.required_secret("password", 6)?,
            header_secret: fields.secret("header_secret", 12)?,
            sources: Sources::of(&fields, "sources")?,
            base_url: fields.address("base_url")?.unwrap_or_default(),
            limits: Limits { trunk_mps: fields.number("rate", 0.01, 10_000.0)?, ..Limits::text(1600) },
        })
    }

    /// A message for DIDWW; its content type takes no parameters.
    fn call(&self, attributes: &Value) -> Result<Request, SendError> {
        let body = serde_json::json!({ "data": { "type": "outbound_messages", "attributes": attributes } });
        let call = Call::new(Method::POST, &format!("{}/outbound_messages", self.base_url))?;
        Ok(call.basic(&self.username, self.password.expose())?.json_as("application/vnd.api+json", &body))
    }
}

impl Carrier for Didww {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        self.hear_and_check(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        match question {
            Question::Credentials => Some(self.ask_credentials(answers)),
            _ => None,
        }
    }

    fn secrets(&self) -> Vec<String> {
        let mut all = vec![self.password.expose().to_owned(), basic_token(&self.username, self.password.expose())];
        all.extend(self.header_secret.iter().map(|secret| secret.expose().to_owned()));
        all
    }
}
