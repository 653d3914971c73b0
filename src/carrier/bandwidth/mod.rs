//! Bandwidth's Messaging API v2: JSON out, arrays of events in, guarded by Basic credentials that we choose.
//! Sources: the vendor's OpenAPI document of 2026-07, its pages on errors and webhooks.

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
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "bandwidth",
    title: "Bandwidth",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::NorthAmerica,
        paste: &[all(
            "Dashboard: Applications, the messaging application of the location: inbound and status callback URL.",
            "Dashboard: Applications, die Messaging-Anwendung der Location: Inbound- und Status-Callback-URL.",
        )],
    },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Bandwidth::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("account_id", "Account ID", "Account ID", "Seven digits; in the dashboard under Account")
        .german_hint("Sieben Ziffern; in der Übersicht unter Account")
        .required(),
    field("username", "API user", "API-Benutzer", "A user of the kind API credentials")
        .german_hint("Ein Benutzer der Art API Credentials")
        .required(),
    field("password", "API password", "API-Passwort", "The password of this user")
        .german_hint("Das Passwort dieses Benutzers")
        .secret()
        .required(),
    field("application_id", "Application ID", "Application ID", "Of the messaging application your numbers belong to")
        .german_hint("Der Messaging-Anwendung, zu der die Rufnummern gehören")
        .required(),
    field("callback_user", "Webhook user", "Webhook-Benutzer", "Any name; enter the same in the messaging application")
        .german_hint("Beliebiger Name; in der Messaging-Anwendung ebenso eintragen")
        .required(),
    field("callback_password", "Webhook password", "Webhook-Passwort", "8 characters or more; enter it there too")
        .german_hint("8 Zeichen oder mehr; dort ebenso eintragen")
        .secret()
        .required(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Only where Bandwidth gave you another one")
        .german_hint("Nur, wenn Bandwidth eine andere genannt hat")
        .or("https://messaging.bandwidth.com/api/v2"),
];

/// Files by MMS: 3.5 MB each by the vendor's article 12823216; which types pass is the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(PICTURES, 3_500_000),
        Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Mp3, M4a, Amr, Wav], OTHER_BYTES_MAX),
    ],
    10,
    3_500_000,
)
.or_by_upload()
.from_toll_free(525_000);

/// An account at Bandwidth.
struct Bandwidth {
    account_id: String,
    username: String,
    password: Secret,
    application_id: String,
    callback_user: String,
    callback_password: Secret,
    base_url: String,
    limits: Limits,
}

impl Bandwidth {
    fn from_settings(settings: &Settings) -> Result<Bandwidth, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let account_id = fields.required("account_id")?;
        if !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("account_id", "this must be digits alone: copy it from the dashboard"));
        }
        let callback_user = fields.required("callback_user")?;
        if callback_user.contains(':') {
            return Err(wrong("callback_user", "no colon in the name: choose another one"));
        }
        Ok(Bandwidth {
            account_id: account_id.to_owned(),
            username: fields.required("username")?.to_owned(),
            password: fields.required_secret("password", 8)?,
            application_id: fields.required("application_id")?.to_owned(),
            callback_user: callback_user.to_owned(),
            callback_password: fields.required_secret("callback_password", 8)?,
            base_url: fields.address("base_url")?.ok_or_else(|| wrong("base_url", "this is needed: fill it in"))?,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(2048)
            },
        })
    }

    /// A call below our account.
    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        self.signed_in(Call::new(method, &self.url(rest))?)
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/users/{}{rest}", self.base_url, self.account_id)
    }

    fn signed_in(&self, call: Call) -> Result<Call, SendError> {
        call.basic(&self.username, self.password.expose())
    }

    fn callback_token(&self) -> String {
        basic_token(&self.callback_user, self.callback_password.expose())
    }
}

impl Carrier for Bandwidth {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        self.verify(request)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Media { location } => self.ask_media(location, answers),
            // Its list of messages has neither texts nor our tag: it can settle nothing and bring nothing.
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        vec![
            self.password.expose().to_owned(),
            basic_token(&self.username, self.password.expose()),
            self.callback_password.expose().to_owned(),
            self.callback_token(),
        ]
    }
}
