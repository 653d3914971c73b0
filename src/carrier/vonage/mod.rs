//! Vonage's Messages API: SMS, MMS, RCS and WhatsApp with one JSON; webhooks carry a token over the body's hash.
//! Sources: the vendor's OpenAPI document 1.4.0, its Python and Java libraries of 2026, its webhook pages.

mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Known, Limits, OutboundMessage, Question, Refusal, Settings,
    SettingsError, Step, Told,
};
use crate::carrier::http::{self, Call, basic_token};
use crate::carrier::incoming::Shelf;
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken, WHATSAPP};
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::carrier::vonage_sms::Account;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use ::http::Method;
use serde_json::json;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "vonage",
    title: "Vonage (Messages API)",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    place: Place {
        group: Group::World,
        paste: &[all(
            "API Dashboard: Applications, the application, Messages: inbound URL and status URL.",
            "API Dashboard: Applications, die Anwendung, Messages: Inbound-URL und Status-URL.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Whether files that customers send must be fetched with the account's password, and what WhatsApp by Vonage does with reactions and lists, how large files by MMS may be, and what many of its delivery error codes mean, could not be checked with Vonage.",
        "Ob Dateien von Kunden mit dem Kennwort des Kontos abgeholt werden müssen und wie WhatsApp über Vonage mit Reaktionen und Listen umgeht, wie groß Dateien per MMS sein dürfen und was viele seiner Fehlercodes der Zustellung bedeuten, ließ sich nicht mit Vonage prüfen.",
    )),
    build: |settings| Ok(Box::new(Vonage::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("api_key", "API key", "API-Schlüssel", "Eight characters; on the dashboard's first page")
        .german_hint("Acht Zeichen; auf der ersten Seite des Dashboards")
        .required(),
    field("api_secret", "API secret", "API-Geheimnis", "In the dashboard under API settings")
        .german_hint("Im Dashboard unter API Settings")
        .secret()
        .required(),
    field(
        "signature_secret",
        "Signature secret",
        "Signaturgeheimnis",
        "In the dashboard under API settings; it signs webhooks",
    )
    .german_hint("Im Dashboard unter API Settings; es signiert Webhooks")
    .secret()
    .required(),
    field(
        "signature_secret_2",
        "Second signature secret",
        "Zweites Signaturgeheimnis",
        "Also valid, while secrets are changed",
    )
    .german_hint("Gilt ebenfalls, während Geheimnisse gewechselt werden")
    .secret(),
    field("rcs_agent", "RCS agent", "RCS-Agent", "Optional: texts of the number below go as RCS from this agent")
        .german_hint("Optional: Nachrichten der Rufnummer darunter gehen als RCS von diesem Agenten"),
    field(
        "rcs_number",
        "Number of the RCS agent",
        "Rufnummer des RCS-Agenten",
        "Ours, as in +4930555000; who has no RCS gets an SMS from it",
    )
    .german_hint("Unsere, wie +4930555000; wer kein RCS hat, bekommt von ihr eine SMS"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: ohne Grenze"),
    field("base_url", "Address", "Adresse", "Another region, as in https://api-eu.vonage.com")
        .german_hint("Eine andere Region, wie https://api-eu.vonage.com")
        .or("https://api.nexmo.com"),
    field("account_url", "Address of the account", "Adresse des Kontos", "For credit and numbers")
        .german_hint("Für Guthaben und Rufnummern")
        .or("https://rest.nexmo.com"),
];

/// Files by MMS: one with a message, to the United States and Canada. The vendor's page names no size: the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 1_000_000), Taken::of(&[Pdf, VCard, Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    1,
    1_000_000,
);

/// An account at Vonage, over its Messages API.
struct Vonage {
    api_key: String,
    api_secret: Secret,
    signature_secrets: Vec<Secret>,
    rcs: Option<Rcs>,
    base_url: String,
    account_url: String,
    limits: Limits,
}

/// A number of ours that writes as an agent.
struct Rcs {
    agent: String,
    number: Address,
}

impl Vonage {
    fn from_settings(settings: &Settings) -> Result<Vonage, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let mut signature_secrets = vec![fields.required_secret("signature_secret", 8)?];
        signature_secrets.extend(fields.secret("signature_secret_2", 8)?);
        let rcs = match (fields.text("rcs_agent"), fields.text("rcs_number")) {
            (Some(agent), Some(number)) => {
                let number = Address::parse(number).map_err(|error| wrong("rcs_number", error.to_string()))?;
                Some(Rcs { agent: agent.to_owned(), number })
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(wrong(
                    "rcs_number",
                    (
                        "this belongs to rcs_agent: fill in both or none",
                        "das gehört zu rcs_agent: beides ausfüllen oder keines",
                    ),
                ));
            }
            (None, Some(_)) => {
                return Err(wrong(
                    "rcs_agent",
                    (
                        "this belongs to rcs_number: fill in both or none",
                        "das gehört zu rcs_number: beides ausfüllen oder keines",
                    ),
                ));
            }
        };
        let needed = |key: &str| {
            fields
                .address(key)?
                .ok_or_else(|| wrong(key, ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen")))
        };
        Ok(Vonage {
            api_key: fields.required("api_key")?.to_owned(),
            api_secret: fields.required_secret("api_secret", 8)?,
            signature_secrets,
            rcs,
            base_url: needed("base_url")?,
            account_url: needed("account_url")?,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                whatsapp_media: Some(WHATSAPP),
                ..Limits::text(send::WHATSAPP_CHARS_MAX)
            },
        })
    }

    fn call(&self, method: Method, url: &str) -> Result<Call, SendError> {
        Call::new(method, url)?.basic(&self.api_key, self.api_secret.expose())
    }

    /// Not a question: the peer sees that its message was read.
    fn say_seen(&self, id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let url = format!("{}/v1/messages/{}", self.base_url, http::path_piece(id));
            return Ok(AskStep::Call(self.call(Method::PATCH, &url)?.json(&json!({ "status": "read" }))));
        };
        if answer.status().is_success() { Ok(AskStep::Known(Known::Noted)) } else { Err(errors::of(answer)) }
    }
}

impl Carrier for Vonage {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        self.verify(request, now)?;
        self.decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        match question {
            Question::Seen { carrier_id, .. } => Some(self.say_seen(carrier_id, answers)),
            Question::Media { location } => {
                let shelf = Shelf { base_url: &self.base_url, hosts: &[".nexmo.com", ".vonage.com"] };
                let authorized = |call: Call| call.basic(&self.api_key, self.api_secret.expose());
                Some(shelf.fetch(location, authorized, answers, errors::of))
            }
            // Where inbound goes stands in the application, which its own key alone may read.
            Question::Callback { .. } => None,
            Question::Sender { kind: ChannelKind::WhatsApp, .. } => None,
            _ => {
                let (api_key, api_secret) = (self.api_key.as_str(), self.api_secret.expose());
                Account { base_url: &self.account_url, api_key, api_secret }.answer(question, answers)
            }
        }
    }

    fn secrets(&self) -> Vec<String> {
        let mut all = vec![self.api_secret.expose().to_owned(), basic_token(&self.api_key, self.api_secret.expose())];
        all.extend(self.signature_secrets.iter().map(|secret| secret.expose().to_owned()));
        all
    }
}
