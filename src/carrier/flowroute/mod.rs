//! Flowroute (BCM One) Messaging v2.2: flat JSON out, JSON:API in; delivery receipts in two levels, asked for with each
//! message. Nothing is signed. Sources: the vendor's pages of messages v2.1 and v2.2, its Python SDK of 2023.

mod ask;
mod errors;
mod hear;
mod send;
#[cfg(test)]
mod tests;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::{Call, basic_token};
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken};
use crate::carrier::places::{Group, Place, messages, reports};
use crate::carrier::settings::{Fields, field};
use crate::carrier::webhooks::Sources;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "flowroute",
    title: "Flowroute",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::NorthAmerica,
        paste: &[
            messages(
                "Manage: Preferences, API control, SMS and MMS callback.",
                "Manage: Preferences, API control, SMS- und MMS-Callback.",
            ),
            reports(
                "Manage: Preferences, API control, delivery receipts.",
                "Manage: Preferences, API control, Zustellberichte (DLR).",
            ),
        ],
    },
    fields: FIELDS,
    unverified: Some((
        "Flowroute's table of delivery codes and the fields of its errors were not at hand: reasons are read from its words. Which types of files it takes is the usual of MMS.",
        "Flowroutes Tabelle der Zustellcodes und die Felder seiner Fehler lagen nicht vor: Gründe werden aus seinen Worten gelesen. Welche Arten von Dateien es annimmt, ist das bei MMS Übliche.",
    )),
    build: |settings| Ok(Box::new(Flowroute::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("access_key", "Access key", "Access Key", "In the portal under Preferences, API Control")
        .german_hint("Im Portal unter Preferences, API Control")
        .required(),
    field("secret_key", "Secret key", "Secret Key", "Beside the access key")
        .german_hint("Neben dem Access Key")
        .secret()
        .required(),
    field(
        "sources",
        "Addresses it calls from",
        "Adressen, von denen es anruft",
        "Flowroute signs nothing; optional: 192.0.2.1, 198.51.100.0/24",
    )
    .german_hint("Flowroute signiert nichts; wahlweise: 192.0.2.1, 198.51.100.0/24"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Without the version of the API")
        .german_hint("Ohne die Version der Schnittstelle")
        .or("https://api.flowroute.com"),
];

/// Files by MMS: 750 kB with the text; which types pass is the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 740_000), Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    10,
    740_000,
);

/// An account at Flowroute.
struct Flowroute {
    access_key: String,
    secret_key: Secret,
    sources: Sources,
    base_url: String,
    limits: Limits,
}

impl Flowroute {
    fn from_settings(settings: &Settings) -> Result<Flowroute, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        Ok(Flowroute {
            access_key: fields.required("access_key")?.to_owned(),
            secret_key: fields.required_secret("secret_key", 8)?,
            sources: Sources::of(&fields, "sources")?,
            base_url: fields.address("base_url")?.unwrap_or_default(),
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(1600)
            },
        })
    }

    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}{rest}", self.base_url))?.basic(&self.access_key, self.secret_key.expose())
    }
}

impl Carrier for Flowroute {
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
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        let secret = self.secret_key.expose();
        vec![secret.to_owned(), basic_token(&self.access_key, secret)]
    }
}
