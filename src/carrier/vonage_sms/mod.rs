//! Vonage's SMS API (formerly Nexmo): one form out, errors inside 200, an id for each part of a long text.
//! Sources: the vendor's OpenAPI document 1.2.0, its Python library of 2026-01, its support pages.

mod ask;
mod errors;
mod hear;
mod send;

pub(in crate::carrier) use ask::Account;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::basic_token;
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "vonage_sms",
    title: "Vonage (SMS API)",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[all(
            "API Dashboard: Settings, SMS: inbound and delivery receipts, method POST-JSON; the number's own inbound address wins over it.",
            "API Dashboard: Settings, SMS: Inbound und Delivery receipts, Methode POST-JSON; die eigene Adresse der Rufnummer geht vor.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "The signature method \"MD5 hash\" could not be checked with Vonage's own library; the four HMAC methods were.",
        "Das Signaturverfahren „MD5 hash“ ließ sich nicht mit der Bibliothek von Vonage prüfen; die vier HMAC-Verfahren schon.",
    )),
    build: |settings| Ok(Box::new(VonageSms::from_settings(settings)?)),
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
        "signature",
        "Signature method",
        "Signaturverfahren",
        "As in the dashboard: sha256, sha512, sha1, md5 (all HMAC), md5hash, or none",
    )
    .german_hint("Wie im Dashboard: sha256, sha512, sha1, md5 (alle HMAC), md5hash oder none für keines")
    .or("sha256"),
    field(
        "signature_secret",
        "Signature secret",
        "Signaturgeheimnis",
        "Signs webhooks; needed unless the method is none",
    )
    .german_hint("Signiert Webhooks; nötig, außer das Verfahren ist none")
    .secret(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; Vonage allows 30")
        .german_hint("Für das ganze Konto; Vonage erlaubt 30")
        .or("30"),
    field("base_url", "Address", "Adresse", "Only for a proxy of your own")
        .german_hint("Nur für einen eigenen Proxy")
        .or("https://rest.nexmo.com"),
];

/// How webhooks are signed: chosen in the account, never by the sender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Method {
    Sha256,
    Sha512,
    Sha1,
    Md5,
    Md5Hash,
}

/// An account at Vonage, over its SMS API.
struct VonageSms {
    api_key: String,
    api_secret: Secret,
    signed: Option<(Method, Secret)>,
    base_url: String,
    limits: Limits,
}

impl VonageSms {
    fn from_settings(settings: &Settings) -> Result<VonageSms, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let method = match fields.one_of("signature", &["sha256", "sha512", "sha1", "md5", "md5hash", "none"])? {
            "sha256" => Some(Method::Sha256),
            "sha512" => Some(Method::Sha512),
            "sha1" => Some(Method::Sha1),
            "md5" => Some(Method::Md5),
            "md5hash" => Some(Method::Md5Hash),
            _ => None,
        };
        let signed = match method {
            Some(method) => Some((method, fields.required_secret("signature_secret", 8)?)),
            None => None,
        };
        Ok(VonageSms {
            api_key: fields.required("api_key")?.to_owned(),
            api_secret: fields.required_secret("api_secret", 8)?,
            signed,
            base_url: fields.address("base_url")?.ok_or_else(|| {
                wrong("base_url", ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen"))
            })?,
            limits: Limits { trunk_mps: fields.number("rate", 0.01, 10_000.0)?, ..Limits::text(1600) },
        })
    }
}

impl Carrier for VonageSms {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        let parameters = hear::Parameters::of(request);
        self.verify(&parameters, now)?;
        hear::decode(&parameters)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        self.answer(question, answers)
    }

    fn secrets(&self) -> Vec<String> {
        let mut all = vec![self.api_secret.expose().to_owned(), basic_token(&self.api_key, self.api_secret.expose())];
        all.extend(self.signed.iter().map(|(_, secret)| secret.expose().to_owned()));
        all
    }
}
