//! Plivo: JSON out, signed forms in. Only signatures V3 count: V2 covers neither the query nor the form.
//! Sources: the vendor's Python library 4.63.0, its pages on messages, callbacks and error codes.

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
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "plivo",
    title: "Plivo",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[messages(
            "Console: Messaging, Applications, the application of the number: message URL, POST. Reports are asked for with each message.",
            "Console: Messaging, Applications, die Anwendung der Rufnummer: Message-URL, POST. Berichte werden mit jeder Nachricht angefordert.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Error codes above 50 and the answer to an upload of a file are not checked with the vendor.",
        "Fehlercodes über 50 und die Antwort auf das Hochladen einer Datei sind beim Anbieter nicht geprüft.",
    )),
    build: |settings| Ok(Box::new(Plivo::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("auth_id", "Auth ID", "Auth ID", "20 characters; on the console's first page")
        .german_hint("20 Zeichen; auf der ersten Seite der Konsole")
        .required(),
    field("auth_token", "Auth token", "Auth Token", "Beside the Auth ID; it also signs webhooks")
        .german_hint("Neben der Auth ID; er signiert auch Webhooks")
        .secret()
        .required(),
    field(
        "auth_token_2",
        "Second auth token",
        "Zweiter Auth Token",
        "Also valid for webhooks, while tokens are changed",
    )
    .german_hint("Gilt ebenfalls für Webhooks, solange das Token gewechselt wird")
    .secret(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Only where Plivo gave you another one")
        .german_hint("Nur, wenn Plivo eine andere genannt hat")
        .or("https://api.plivo.com/v1"),
];

/// Files by MMS, by the vendor's pages on uploads: 2 MB each, less than 5 MB together; JPEG, PNG, GIF, MP4, PDF and
/// text.
const MMS: MediaLimits =
    MediaLimits::of(&[Taken::of(PICTURES, 2_000_000), Taken::of(&[Pdf, Text, Mp4], OTHER_BYTES_MAX)], 10, 4_999_999)
        .or_by_upload();

/// An account at Plivo.
struct Plivo {
    auth_id: String,
    auth_tokens: Vec<Secret>,
    base_url: String,
    limits: Limits,
}

impl Plivo {
    fn from_settings(settings: &Settings) -> Result<Plivo, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let auth_id = fields.required("auth_id")?;
        if !auth_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(wrong("auth_id", "this must be letters and digits alone: copy it from the console"));
        }
        let mut auth_tokens = vec![fields.required_secret("auth_token", 16)?];
        auth_tokens.extend(fields.secret("auth_token_2", 16)?);
        Ok(Plivo {
            auth_id: auth_id.to_owned(),
            auth_tokens,
            base_url: fields.address("base_url")?.ok_or_else(|| wrong("base_url", "this is needed: fill it in"))?,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(1600)
            },
        })
    }

    /// A call below our account.
    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        self.signed_in(Call::new(method, &format!("{}/Account/{}{rest}", self.base_url, self.auth_id))?)
    }

    fn signed_in(&self, call: Call) -> Result<Call, SendError> {
        call.basic(&self.auth_id, self.auth_tokens[0].expose())
    }
}

impl Carrier for Plivo {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        // No time is signed: a replay is known by its ids, further down.
        self.verify(request)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Callback { number, url, .. } => self.ask_callback(number, url, answers),
            Question::Credit => self.ask_credit(answers),
            Question::Media { location } => self.ask_media(location, answers),
            // Its list of messages has no texts: it can settle nothing and bring nothing.
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        let plain = self.auth_tokens.iter().map(|token| token.expose().to_owned());
        let basic = self.auth_tokens.iter().map(|token| basic_token(&self.auth_id, token.expose()));
        plain.chain(basic).collect()
    }
}
