//! Clickatell One API: JSON out with the bare key; a refused message sits inside a 202. SMS and WhatsApp text.
//! Sources: the vendor's pages of One API; the shapes of its webhooks from receivers in use.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Request, Settings,
    SettingsError, Step, Told,
};
use crate::carrier::http::{Call, basic_token};
use crate::carrier::places::{Group, Place, messages, reports};
use crate::carrier::settings::{Fields, field, wrong};
use crate::carrier::webhooks;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use ::http::Method;
use serde_json::Value;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "clickatell",
    title: "Clickatell",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    place: Place {
        group: Group::World,
        paste: &[
            messages(
                "Portal: the integration, two-way messaging: reply callback.",
                "Portal: die Integration, Two-way Messaging: Reply-Callback.",
            ),
            reports(
                "Portal: the integration, delivery notifications.",
                "Portal: die Integration, Delivery Notifications.",
            ),
        ],
    },
    fields: FIELDS,
    unverified: Some((
        "The shapes of One API's webhooks are known from receivers in use; files come as ids and are not fetched.",
        "Die Formen der Webhooks von One API sind aus benutzten Empfängern bekannt; Dateien kommen als Kennungen und werden nicht geholt.",
    )),
    build: |settings| Ok(Box::new(Clickatell::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("api_key", "API key", "API-Schlüssel", "Of the integration, in the portal")
        .german_hint("Der Integration, im Portal")
        .secret()
        .required(),
    field(
        "callback_user",
        "User of the callbacks",
        "Benutzer der Rückrufe",
        "Make one up; set it in the portal for each callback",
    )
    .german_hint("Selbst gewählt; im Portal bei jedem Rückruf eintragen"),
    field(
        "callback_password",
        "Password of the callbacks",
        "Passwort der Rückrufe",
        "Make one up; at least 12 characters",
    )
    .german_hint("Selbst gewählt; mindestens 12 Zeichen")
    .secret(),
    field("send_from", "Say our number", "Eigene Nummer nennen", "no: for an integration without a number of its own")
        .german_hint("no: für eine Integration ohne eigene Nummer")
        .or("yes"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Of One API")
        .german_hint("Von One API")
        .or("https://platform.clickatell.com"),
];

/// An integration at Clickatell.
struct Clickatell {
    api_key: Secret,
    callback: Option<(String, Secret)>,
    send_from: bool,
    base_url: String,
    limits: Limits,
}

impl Clickatell {
    fn from_settings(settings: &Settings) -> Result<Clickatell, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let callback = match (fields.text("callback_user"), fields.secret("callback_password", 12)?) {
            (Some(user), Some(password)) => Some((user.to_owned(), password)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(wrong(
                    "callback_password",
                    (
                        "this belongs to the user: fill in both or none",
                        "das gehört zum Benutzer: bitte beide oder keines ausfüllen",
                    ),
                ));
            }
            (None, Some(_)) => {
                return Err(wrong(
                    "callback_user",
                    (
                        "this belongs to the password: fill in both or none",
                        "das gehört zum Passwort: bitte beide oder keines ausfüllen",
                    ),
                ));
            }
        };
        Ok(Clickatell {
            api_key: fields.required_secret("api_key", 8)?,
            callback,
            send_from: fields.one_of("send_from", &["yes", "no"])? == "yes",
            base_url: fields.address("base_url")?.unwrap_or_default(),
            limits: Limits { trunk_mps: fields.number("rate", 0.01, 10_000.0)?, ..Limits::text(1600) },
        })
    }

    fn call(&self, body: &Value) -> Result<Request, SendError> {
        let call = Call::new(Method::POST, &format!("{}/v1/message", self.base_url))?;
        // The bare key, without a word before it.
        Ok(call.authorization(self.api_key.expose())?.json(body))
    }
}

impl Carrier for Clickatell {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        if let Some((user, password)) = &self.callback {
            webhooks::basic(request, user, password)?;
        }
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        match question {
            Question::Credentials => Some(self.ask_credentials(answers)),
            _ => None,
        }
    }

    fn secrets(&self) -> Vec<String> {
        let mut all = vec![self.api_key.expose().to_owned()];
        if let Some((user, password)) = &self.callback {
            all.extend([password.expose().to_owned(), basic_token(user, password.expose())]);
        }
        all
    }
}
