//! Sinch's SMS REST API ("XMS"): a batch with one recipient, reports only where they are asked for, the region in the host.
//! Sources: the vendor's public guide, its Java and Python libraries of 2026-07, its reference pages.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken};
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "sinch",
    title: "Sinch (SMS REST API)",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[all(
            "Dashboard: SMS, APIs, the service plan: callback URL.",
            "Dashboard: SMS, APIs, der Service-Plan: Callback-URL.",
        )],
    },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Sinch::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("service_plan_id", "Service plan ID", "Service-Plan-ID", "In the dashboard under SMS, APIs")
        .german_hint("Im Dashboard unter SMS, APIs")
        .required(),
    field("api_token", "API token", "API-Token", "Beside the service plan ID").german_hint("Neben der Service-Plan-ID")
        .secret()
        .required(),
    field("region", "Region", "Region", "us, eu, au, br or ca: where the service plan is")
        .german_hint("us, eu, au, br oder ca: wo der Service-Plan liegt")
        .or("us"),
    field("webhook_secret", "Webhook secret", "Webhook-Geheimnis", "Only where Sinch's account manager has set up HMAC; without it the secret webhook address is the proof")
        .german_hint("Nur wo der Kundenbetreuer von Sinch HMAC eingerichtet hat; ohne es beweist die geheime Webhook-Adresse die Herkunft")
        .secret(),
    field("webhook_secret_2", "Second webhook secret", "Zweites Webhook-Geheimnis", "Also valid, while secrets are changed")
        .german_hint("Gilt ebenfalls, während Geheimnisse gewechselt werden")
        .secret(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "Of the service plan; empty: no limit")
        .german_hint("Des Service-Plans; leer: ohne Grenze"),
    field("base_url", "Address", "Adresse", "Instead of the region's: https://us.sms.api.sinch.com")
        .german_hint("Anstelle der Adresse der Region: https://us.sms.api.sinch.com"),
];

/// Files as `mt_media`: one with a message, 1 MB advised; to the United States with Puerto Rico, Canada and Australia.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 1_000_000), Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    1,
    1_000_000,
)
.to(&["US", "PR", "CA", "AU"]);

/// A service plan at Sinch.
struct Sinch {
    service_plan_id: String,
    api_token: Secret,
    webhook_secrets: Vec<Secret>,
    base_url: String,
    limits: Limits,
}

impl Sinch {
    fn from_settings(settings: &Settings) -> Result<Sinch, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let region = fields.one_of("region", &["us", "eu", "au", "br", "ca"])?;
        let webhook_secrets: Vec<Secret> =
            fields.secret("webhook_secret", 8)?.into_iter().chain(fields.secret("webhook_secret_2", 8)?).collect();
        let plan = fields.required("service_plan_id")?;
        if !plan.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return Err(wrong(
                "service_plan_id",
                (
                    "this holds letters and digits alone: copy it from the dashboard",
                    "das besteht nur aus Buchstaben und Ziffern: aus dem Dashboard kopieren",
                ),
            ));
        }
        Ok(Sinch {
            service_plan_id: plan.to_owned(),
            api_token: fields.required_secret("api_token", 8)?,
            webhook_secrets,
            base_url: fields.address("base_url")?.unwrap_or_else(|| format!("https://{region}.sms.api.sinch.com")),
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(2000)
            },
        })
    }
}

impl Carrier for Sinch {
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
        self.answer(question, answers)
    }

    fn secrets(&self) -> Vec<String> {
        self.webhook_secrets.iter().chain([&self.api_token]).map(|secret| secret.expose().to_owned()).collect()
    }
}
