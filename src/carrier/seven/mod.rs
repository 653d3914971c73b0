//! seven.io (formerly sms77): one form out, errors inside 200, webhooks signed with a secret of their own.
//! Sources: the vendor's OpenAPI document of 2026-02, its JavaScript library 5.6.0, its PHP library.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "seven",
    title: "seven.io",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::Europe,
        paste: &[all(
            "Login: Developer, Webhooks: inbound SMS and delivery status.",
            "Login: Entwickler, Webhooks: eingehende SMS und Zustellstatus.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Whether delivery reports carry our own reference, and the time zone, the order and the pages of seven's lists, could not be checked with seven.",
        "Ob Zustellberichte unsere eigene Referenz tragen und in welcher Zeitzone, Reihenfolge und Seiteneinteilung seven seine Listen führt, ließ sich nicht mit seven prüfen.",
    )),
    build: |settings| Ok(Box::new(Seven::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("api_key", "API key", "API-Schlüssel", "In seven's web app under Developer")
        .german_hint("In der Web-App von seven unter Entwickler")
        .secret()
        .required(),
    field(
        "signing_secret",
        "Signing secret",
        "Signing Secret",
        "In seven's web app under Developer; it signs webhooks",
    )
    .german_hint("In der Web-App von seven unter Entwickler; es signiert Webhooks")
    .secret(),
    field(
        "signatures",
        "Webhooks are signed",
        "Webhooks sind signiert",
        "yes; no only while the account does not sign",
    )
    .german_hint("yes; no nur, solange das Konto nicht signiert")
    .or("yes"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: ohne Grenze"),
    field("base_url", "Address", "Adresse", "Only for a proxy of your own")
        .german_hint("Nur für einen eigenen Proxy")
        .or("https://gateway.seven.io/api"),
];

/// An account at seven.io.
struct Seven {
    api_key: Secret,
    signing_secret: Option<Secret>,
    base_url: String,
    limits: Limits,
}

impl Seven {
    fn from_settings(settings: &Settings) -> Result<Seven, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let signing_secret = match fields.yes("signatures")? {
            true => Some(fields.required_secret("signing_secret", 8)?),
            false => None,
        };
        Ok(Seven {
            api_key: fields.required_secret("api_key", 8)?,
            signing_secret,
            base_url: fields.address("base_url")?.ok_or_else(|| {
                wrong("base_url", ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen"))
            })?,
            limits: Limits { trunk_mps: fields.number("rate", 0.01, 10_000.0)?, ..Limits::text(1520) },
        })
    }
}

impl Carrier for Seven {
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
        self.signing_secret.iter().chain([&self.api_key]).map(|secret| secret.expose().to_owned()).collect()
    }
}
