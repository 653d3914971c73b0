//! SignalWire's Compatibility API: the forms of TwiML at a host of the customer's own, with its own ids, codes and key.
//! Sources: the vendor's OpenAPI document and error pages of 2026-08, its Python library 2.1.1.

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
    name: "signalwire",
    title: "SignalWire",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::NorthAmerica,
        paste: &[messages(
            "Space: Phone Numbers, the number, Messaging Settings, handle messages with: LaML Webhooks, POST. Reports are asked for with each message.",
            "Space: Phone Numbers, die Rufnummer, Messaging Settings, handle messages with: LaML Webhooks, POST. Berichte werden mit jeder Nachricht angefordert.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Whether delivery reports come as a form or as JSON is not certain: both are understood.",
        "Ob Zustellberichte als Formular oder als JSON kommen, ist nicht sicher: beides wird verstanden.",
    )),
    build: |settings| Ok(Box::new(SignalWire::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("base_url", "Space", "Space", "Your own address, as in https://example.signalwire.com")
        .german_hint("Die eigene Adresse, etwa https://example.signalwire.com")
        .required(),
    field("project_id", "Project ID", "Project ID", "In the dashboard under API")
        .german_hint("In der Übersicht unter API")
        .required(),
    field("api_token", "API token", "API Token", "In the dashboard under API; it needs the scope Messaging")
        .german_hint("In der Übersicht unter API; braucht den Bereich Messaging")
        .secret()
        .required(),
    field("signing_key", "Signing key", "Signing Key", "Begins with PSK_; in the dashboard under API; checks webhooks")
        .german_hint("Beginnt mit PSK_; in der Übersicht unter API; prüft Webhooks")
        .secret()
        .required(),
    field("signing_key_2", "Second signing key", "Zweiter Signing Key", "Also valid, while keys are changed")
        .german_hint("Gilt ebenfalls, solange der Schlüssel gewechselt wird")
        .secret(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole project; empty: no limit")
        .german_hint("Für das ganze Projekt; leer: keine Grenze"),
];

/// Files by MMS: the vendor's page "Messaging MIME types". PDF is not on it.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(PICTURES, 1_200_000),
        Taken::of(&[VCard, Text, Mp4, ThreeGp, Quicktime, Mp3, M4a, Amr, Ogg, Wav], OTHER_BYTES_MAX),
    ],
    8,
    1_200_000,
)
.from_toll_free(750_000);

/// A project at SignalWire.
struct SignalWire {
    base_url: String,
    project_id: String,
    api_token: Secret,
    signing_keys: Vec<Secret>,
    limits: Limits,
}

impl SignalWire {
    fn from_settings(settings: &Settings) -> Result<SignalWire, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let project_id = fields.required("project_id")?;
        if !is_uuid(project_id) {
            return Err(wrong(
                "project_id",
                "this must be 36 characters with four hyphens: copy it from the dashboard",
            ));
        }
        let mut signing_keys = vec![fields.required_secret("signing_key", 16)?];
        signing_keys.extend(fields.secret("signing_key_2", 16)?);
        Ok(SignalWire {
            base_url: fields.address("base_url")?.ok_or_else(|| wrong("base_url", "this is needed: fill it in"))?,
            project_id: project_id.to_owned(),
            api_token: fields.required_secret("api_token", 16)?,
            signing_keys,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(1600)
            },
        })
    }

    /// A call below our project.
    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        let url = format!("{}{}{rest}", self.base_url, self.account_path());
        Call::new(method, &url)?.basic(&self.project_id, self.api_token.expose())
    }

    fn account_path(&self) -> String {
        format!("/api/laml/2010-04-01/Accounts/{}", self.project_id)
    }
}

/// An id as SignalWire writes them.
fn is_uuid(text: &str) -> bool {
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| if hyphen(at) { b == b'-' } else { b.is_ascii_hexdigit() })
}

impl Carrier for SignalWire {
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
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Callback { number, url, .. } => self.ask_callback(number, url, answers),
            Question::Media { location } => self.ask_media(location, answers),
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        let token = self.api_token.expose();
        let keys = self.signing_keys.iter().map(|key| key.expose().to_owned());
        [token.to_owned(), basic_token(&self.project_id, token)].into_iter().chain(keys).collect()
    }
}
