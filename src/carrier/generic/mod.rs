//! The general SMS API: Bearer + JSON out, HMAC-SHA256 signed JSON in. Any provider or a short script can speak it;
//! `configs/carriers/generic.md` is its contract, `configs/examples/generic_carrier.py` a working other side.

pub(in crate::carrier) mod errors;
pub(in crate::carrier) mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken, WHATSAPP};
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::HeaderName;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "generic",
    title: "General SMS API",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    place: Place {
        group: Group::Own,
        paste: &[all(
            "Your provider's or your script's settings: where it posts messages and reports, as configs/carriers/generic.md says.",
            "In den Einstellungen des Anbieters oder Skripts: wohin es Nachrichten und Berichte sendet, wie in configs/carriers/generic.md beschrieben.",
        )],
    },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Generic::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("send_url", "Address for sending", "Adresse zum Senden", "https://sms.example.com/v1/messages")
        .german_hint("https://sms.example.com/v1/messages")
        .required(),
    field("api_key", "API key", "API-Schlüssel", "Sent as Authorization: Bearer")
        .german_hint("Wird als Authorization: Bearer gesendet")
        .secret()
        .required(),
    field("webhook_secret", "Webhook secret", "Webhook-Geheimnis", "Signs what the provider sends to us")
        .german_hint("Signiert, was der Anbieter uns sendet")
        .secret()
        .required(),
    field(
        "webhook_secret_2",
        "Second webhook secret",
        "Zweites Webhook-Geheimnis",
        "Also valid, while secrets are changed",
    )
    .german_hint("Gilt ebenfalls, solange das Geheimnis gewechselt wird")
    .secret(),
    field("signature", "Signature covers", "Signatur über", "timestamp: X-Timestamp and body; body: the body alone")
        .german_hint("timestamp: X-Timestamp und Inhalt; body: nur der Inhalt")
        .or("timestamp"),
    field("check_url", "Address to check the key", "Adresse zur Prüfung des Schlüssels", "Optional; GET answers 200")
        .german_hint("Optional; GET antwortet mit 200"),
    field(
        "status_url",
        "Address of a message's state",
        "Adresse des Zustands",
        "Optional; {id} stands for the message's id",
    )
    .german_hint("Optional; {id} steht für die Kennung der Nachricht"),
    field(
        "lookup_url",
        "Address to find a message",
        "Adresse zur Suche",
        "Optional; {reference} stands for our reference",
    )
    .german_hint("Optional; {reference} steht für unsere Referenz"),
    field("media", "Takes files", "Nimmt Dateien", "yes: it fetches them from our address (MMS, WhatsApp)")
        .german_hint("yes: er holt sie von unserer Adresse (MMS, WhatsApp)")
        .or("no"),
    field(
        "upload_url",
        "Address for files",
        "Adresse für Dateien",
        "Optional; files are posted there before the message",
    )
    .german_hint("Optional; Dateien werden vor der Nachricht dorthin gesendet"),
    field("idempotent", "Honours Idempotency-Key", "Beachtet Idempotency-Key", "yes: a repeated send is taken once")
        .german_hint("yes: wiederholtes Senden zählt nur einmal")
        .or("no"),
    field("reports", "Sends delivery reports", "Sendet Zustellberichte", "yes or no")
        .german_hint("yes (ja) oder no (nein)")
        .or("yes"),
    field("text_chars_max", "Longest text", "Längster Text", "In characters").german_hint("In Zeichen").or("1600"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
];

/// Files by MMS, where the provider takes some: the usual of MMS; a channel can be told otherwise.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(PICTURES, 5_000_000),
        Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Quicktime, Mp3, M4a, Amr, Ogg, Wav], OTHER_BYTES_MAX),
    ],
    10,
    5_000_000,
);
/// The name of an uploaded file, percent-encoded.
pub(in crate::carrier) const FILE_NAME: HeaderName = HeaderName::from_static("x-file-name");

/// What a webhook's signature covers. A setting, never the sender's choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::carrier) enum Signed {
    /// `X-Timestamp`, a dot, the body: a replay is seen.
    TimestampAndBody,
    /// The body alone, as providers sign that were made for the plain contract of other PBXs.
    Body,
}

/// An account at a provider that speaks the general SMS API.
pub struct Generic {
    pub(in crate::carrier) send_url: String,
    pub(in crate::carrier) upload_url: Option<String>,
    pub(in crate::carrier) check_url: Option<String>,
    pub(in crate::carrier) status_url: Option<String>,
    pub(in crate::carrier) lookup_url: Option<String>,
    pub(in crate::carrier) api_key: Secret,
    pub(in crate::carrier) webhook_secrets: Vec<Secret>,
    pub(in crate::carrier) signed: Signed,
    pub(in crate::carrier) limits: Limits,
}

impl Generic {
    fn from_settings(settings: &Settings) -> Result<Generic, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let send_url = fields.address("send_url")?.ok_or_else(|| wrong("send_url", "this is needed: fill it in"))?;
        let mut webhook_secrets = vec![fields.required_secret("webhook_secret", 16)?];
        webhook_secrets.extend(fields.secret("webhook_secret_2", 16)?);
        let text_chars_max = fields.number("text_chars_max", 1.0, 65_536.0)?.unwrap_or(1600.0);
        let upload_url = fields.address("upload_url")?;
        let takes_files = upload_url.is_some() || fields.yes("media")?;
        let by_upload = |limits: MediaLimits| if upload_url.is_some() { limits.or_by_upload() } else { limits };
        Ok(Generic {
            send_url,
            upload_url: upload_url.clone(),
            check_url: fields.address("check_url")?,
            status_url: with_place(&fields, "status_url", "{id}")?,
            lookup_url: with_place(&fields, "lookup_url", "{reference}")?,
            api_key: fields.required_secret("api_key", 8)?,
            webhook_secrets,
            signed: match fields.one_of("signature", &["timestamp", "body"])? {
                "body" => Signed::Body,
                _ => Signed::TimestampAndBody,
            },
            limits: Limits {
                text_chars_max: text_chars_max as usize,
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                idempotent: fields.yes("idempotent")?,
                reports: fields.yes("reports")?,
                media: takes_files.then(|| by_upload(MMS)),
                whatsapp_media: takes_files.then(|| by_upload(WHATSAPP)),
            },
        })
    }
}

/// An address in which something must stand in for an id.
fn with_place(fields: &Fields<'_>, key: &str, place: &str) -> Result<Option<String>, SettingsError> {
    let address = fields.address(key)?;
    match address {
        Some(address) if !address.contains(place) => {
            Err(wrong(key, format!("write {place} where it belongs in the address")))
        }
        address => Ok(address),
    }
}

impl Carrier for Generic {
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
        match question {
            Question::Credentials => Some(self.ask_credentials(self.check_url.as_deref()?, answers)),
            Question::Status { carrier_id } => Some(self.ask_status(self.status_url.as_deref()?, carrier_id, answers)),
            Question::Taken { message, .. } => Some(self.ask_taken(self.lookup_url.as_deref()?, message, answers)),
            Question::Media { location } => Some(self.ask_media(location, answers)),
            _ => None,
        }
    }

    fn secrets(&self) -> Vec<String> {
        self.webhook_secrets.iter().chain([&self.api_key]).map(|secret| secret.expose().to_owned()).collect()
    }
}
