//! Telnyx API v2: JSON out with a bearer key, JSON events in, signed with Ed25519; the state stands with each recipient.
//! Sources: the vendor's OpenAPI document of 2026-07, its Python library 4.189.0, its pages on error codes and webhooks.

mod ask;
mod errors;
mod hear;
mod inbox;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::Call;
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, Taken};
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "telnyx",
    title: "Telnyx",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[all(
            "Mission Control: Messaging, the messaging profile of the number, Inbound settings, webhook URL, API v2.",
            "Mission Control: Messaging, das Messaging-Profil der Rufnummer, Inbound settings, Webhook-URL, API v2.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Polling reads Telnyx's detail records; nobody has checked yet how soon a message appears there.",
        "Das Abrufen liest die Einzelnachweise von Telnyx; wie schnell eine Nachricht dort erscheint, ist ungeprüft.",
    )),
    build: |settings| Ok(Box::new(Telnyx::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("api_key", "API key", "API Key", "Begins with KEY; in the portal under API Keys")
        .german_hint("Beginnt mit KEY; im Portal unter API Keys")
        .secret()
        .required(),
    field("public_key", "Public key", "Public Key", "Checks webhooks; in the portal under Keys & Credentials")
        .german_hint("Prüft Webhooks; im Portal unter Keys & Credentials")
        .required(),
    field("messaging_profile_id", "Messaging profile", "Messaging Profile", "Needed for a sender with letters")
        .german_hint("Nötig für einen Absender mit Buchstaben"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Only where Telnyx gave you another one")
        .german_hint("Nur, wenn Telnyx eine andere genannt hat")
        .or("https://api.telnyx.com/v2"),
];

/// Files by MMS: the vendor's pages "MMS media & transcoding" of 2026, all together less than 1 MB.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(&[Jpeg, Png, Gif, Webp], 999_999),
        Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Quicktime, Mp3, Amr, Ogg, Wav], OTHER_BYTES_MAX),
    ],
    10,
    999_999,
)
.from_toll_free(600_000);

/// An account at Telnyx.
struct Telnyx {
    api_key: Secret,
    public_key: Vec<u8>,
    messaging_profile_id: Option<String>,
    base_url: String,
    limits: Limits,
}

impl Telnyx {
    fn from_settings(settings: &Settings) -> Result<Telnyx, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let public_key = STANDARD.decode(fields.required("public_key")?).ok().filter(|key| key.len() == 32);
        Ok(Telnyx {
            api_key: fields.required_secret("api_key", 16)?,
            public_key: public_key
                .ok_or_else(|| wrong("public_key", "this must be 44 characters that end in =: copy it again"))?,
            messaging_profile_id: fields.text("messaging_profile_id").map(str::to_owned),
            base_url: fields.address("base_url")?.ok_or_else(|| wrong("base_url", "this is needed: fill it in"))?,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(1530)
            },
        })
    }

    /// A call to `path` with our key.
    fn call(&self, method: Method, path: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}{path}", self.base_url))?.bearer(self.api_key.expose())
    }
}

impl Carrier for Telnyx {
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
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Callback { number, url, .. } => self.ask_callback(number, url, answers),
            Question::Credit => self.ask_credit(answers),
            // There is no list of messages to find one in by its text or by a reference of ours.
            Question::Taken { .. } | Question::Templates | Question::Numbers | Question::Seen { .. } => return None,
            Question::Media { location } => self.ask_media(location, answers),
        })
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.api_key.expose().to_owned()]
    }
}
