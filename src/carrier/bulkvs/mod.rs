//! BulkVS: JSON with eleven digits out, one webhook for texts and reports in. There is no vendor's document in the open:
//! all of this is from public programs that use it.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::{Call, basic_token};
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken};
use crate::carrier::places::{Group, Place, messages};
use crate::carrier::settings::{Fields, field};
use crate::carrier::webhooks::Sources;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use ::http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "bulkvs",
    title: "BulkVS",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::NorthAmerica,
        paste: &[messages(
            "Portal: Messaging, webhooks; then choose that webhook at the number.",
            "Portal: Messaging, Webhooks; danach diesen Webhook bei der Rufnummer wählen.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Nothing of this was verified with the vendor: it has no open documentation. Delivery reports and errors may differ.",
        "Nichts hiervon wurde mit dem Anbieter geprüft: er hat keine offene Dokumentation. Zustellberichte und Fehler können abweichen.",
    )),
    build: |settings| Ok(Box::new(BulkVs::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("username", "API user", "API-Benutzer", "The portal's e-mail address")
        .german_hint("Die E-Mail-Adresse des Portals")
        .required(),
    field("token", "API token", "API-Token", "In the portal under API, API Credentials")
        .german_hint("Im Portal unter API, API Credentials")
        .secret()
        .required(),
    field(
        "sources",
        "Addresses it calls from",
        "Adressen, von denen es anruft",
        "BulkVS signs nothing; optional: 192.0.2.1, 198.51.100.0/24",
    )
    .german_hint("BulkVS signiert nichts; wahlweise: 192.0.2.1, 198.51.100.0/24"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Of the REST API")
        .german_hint("Der REST-Schnittstelle")
        .or("https://portal.bulkvs.com/api/v1.0"),
];

/// Files by MMS. No page of the vendor says how large and of which type: this is the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 1_000_000), Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    10,
    1_000_000,
);

/// An account at BulkVS.
struct BulkVs {
    username: String,
    token: Secret,
    sources: Sources,
    base_url: String,
    limits: Limits,
}

impl BulkVs {
    fn from_settings(settings: &Settings) -> Result<BulkVs, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        Ok(BulkVs {
            username: fields.required("username")?.to_owned(),
            token: fields.required_secret("token", 8)?,
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
        Call::new(method, &format!("{}{rest}", self.base_url))?.basic(&self.username, self.token.expose())
    }
}

impl Carrier for BulkVs {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        self.sources.check(request)?;
        hear::decode(request, now)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        let token = self.token.expose();
        vec![token.to_owned(), basic_token(&self.username, token)]
    }
}
