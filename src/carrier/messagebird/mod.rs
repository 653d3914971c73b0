//! MessageBird's old REST API: reports come by GET and only with a reference; webhooks carry a token over address and body.
//! Sources: the vendor's OpenAPI document 1.0.0, its PHP library of 2026-02, its Python library 2.2.0.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::Call;
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken};
use crate::carrier::places::{Group, Place, messages};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "messagebird",
    title: "MessageBird (old REST API)",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::Europe,
        paste: &[messages(
            "Dashboard: Numbers, the number, flow: forward SMS to URL, POST. Reports are asked for with each message.",
            "Dashboard: Numbers, die Rufnummer, Flow: Forward SMS to URL, POST. Berichte werden mit jeder Nachricht angefordert.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "The longest text (1,377 characters), the size of files, what many delivery error codes mean, and the filters of MessageBird's lists could not be checked with MessageBird.",
        "Der längste Text (1.377 Zeichen), die Größe von Dateien, die Bedeutung vieler Fehlercodes der Zustellung und die Filter der Listen ließen sich nicht mit MessageBird prüfen.",
    )),
    build: |settings| Ok(Box::new(MessageBird::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("access_key", "Access key", "Access Key", "In the dashboard under Developers, API access")
        .german_hint("Im Dashboard unter Developers, API access")
        .secret()
        .required(),
    field(
        "signing_key",
        "Signing key",
        "Signing Key",
        "In the dashboard under Developers, API settings; it signs webhooks",
    )
    .german_hint("Im Dashboard unter Developers, API settings; er signiert Webhooks")
    .secret()
    .required(),
    field("signing_key_2", "Second signing key", "Zweiter Signing Key", "Also valid, while keys are changed")
        .german_hint("Gilt ebenfalls, während Schlüssel gewechselt werden")
        .secret(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: ohne Grenze"),
    field("base_url", "Address", "Adresse", "Only for a proxy of your own")
        .german_hint("Nur für einen eigenen Proxy")
        .or("https://rest.messagebird.com"),
];

/// Files by MMS: ten, 1 MB each, to the United States and Canada; which types pass is the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 1_000_000), Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    10,
    10_000_000,
);

/// An account at MessageBird.
struct MessageBird {
    access_key: Secret,
    signing_keys: Vec<Secret>,
    base_url: String,
    limits: Limits,
}

impl MessageBird {
    fn from_settings(settings: &Settings) -> Result<MessageBird, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let mut signing_keys = vec![fields.required_secret("signing_key", 8)?];
        signing_keys.extend(fields.secret("signing_key_2", 8)?);
        Ok(MessageBird {
            access_key: fields.required_secret("access_key", 8)?,
            signing_keys,
            base_url: fields.address("base_url")?.ok_or_else(|| {
                wrong("base_url", ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen"))
            })?,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(1377)
            },
        })
    }

    fn call(&self, method: Method, path: &str) -> Result<Call, SendError> {
        let credentials = format!("AccessKey {}", self.access_key.expose());
        Call::new(method, &format!("{}{path}", self.base_url))?.authorization(&credentials)
    }
}

impl Carrier for MessageBird {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        self.verify(request, now)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        self.answer(question, answers)
    }

    fn secrets(&self) -> Vec<String> {
        self.signing_keys.iter().chain([&self.access_key]).map(|secret| secret.expose().to_owned()).collect()
    }
}
