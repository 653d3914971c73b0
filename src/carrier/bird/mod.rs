//! Bird's new platform (it was MessageBird): JSON with an idempotency key, the region in the host, Standard Webhooks.
//! Sources: the vendor's Python library 0.106.0 of 2026.

mod ask;
mod errors;
mod hear;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::Call;
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "bird",
    title: "Bird",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[all(
            "Workspace: Developer, Webhooks: channel message events of the channel.",
            "Workspace: Developer, Webhooks: Nachrichten-Ereignisse des Kanals.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "How Bird tells of files that customers send could not be checked with Bird; it takes no files from us yet.",
        "Wie Bird Dateien von Kunden meldet, ließ sich nicht mit Bird prüfen; von uns nimmt es noch keine Dateien.",
    )),
    build: |settings| Ok(Box::new(Bird::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("api_key", "API key", "API-Schlüssel", "As in bk_eu1_…; it names the region")
        .german_hint("Wie bk_eu1_…; er nennt die Region")
        .secret()
        .required(),
    field("webhook_secret", "Webhook secret", "Webhook-Geheimnis", "As in whsec_…; shown when the webhook is made")
        .german_hint("Wie whsec_…; wird beim Anlegen des Webhooks gezeigt")
        .secret()
        .required(),
    field(
        "webhook_secret_2",
        "Second webhook secret",
        "Zweites Webhook-Geheimnis",
        "Also valid, while secrets are changed",
    )
    .german_hint("Gilt ebenfalls, während Geheimnisse gewechselt werden")
    .secret(),
    field(
        "category",
        "Category of our texts",
        "Kategorie unserer Texte",
        "service, transactional, marketing or authentication",
    )
    .german_hint("service, transactional, marketing oder authentication")
    .or("service"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: ohne Grenze"),
    field("base_url", "Address", "Adresse", "Instead of the region's: https://eu1.platform.bird.com")
        .german_hint("Anstelle der Adresse der Region: https://eu1.platform.bird.com"),
];

/// A workspace at Bird.
struct Bird {
    api_key: Secret,
    webhook_keys: Vec<WebhookKey>,
    category: &'static str,
    base_url: String,
    limits: Limits,
}

/// A secret as it is shown, and the bytes that sign.
struct WebhookKey {
    shown: Secret,
    bytes: Vec<u8>,
}

impl Bird {
    fn from_settings(settings: &Settings) -> Result<Bird, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let api_key = fields.required_secret("api_key", 8)?;
        let base_url = match (fields.address("base_url")?, region_of(api_key.expose())) {
            (Some(address), _) => address,
            (None, Some(region)) => format!("https://{region}.platform.bird.com"),
            (None, None) => {
                return Err(wrong(
                    "base_url",
                    (
                        "the API key names no region: fill in the address",
                        "der API-Schlüssel nennt keine Region: bitte die Adresse ausfüllen",
                    ),
                ));
            }
        };
        let mut webhook_keys = vec![webhook_key("webhook_secret", fields.required_secret("webhook_secret", 8)?)?];
        if let Some(second) = fields.secret("webhook_secret_2", 8)? {
            webhook_keys.push(webhook_key("webhook_secret_2", second)?);
        }
        Ok(Bird {
            api_key,
            webhook_keys,
            category: fields.one_of("category", &["service", "transactional", "marketing", "authentication"])?,
            base_url,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                idempotent: true,
                // Twelve segments.
                ..Limits::text(12 * 153)
            },
        })
    }

    fn call(&self, method: Method, path: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}{path}", self.base_url))?.bearer(self.api_key.expose())
    }
}

/// `bk_eu1_…` names the region `eu1`.
fn region_of(api_key: &str) -> Option<&str> {
    let (region, _) = api_key.strip_prefix("bk_")?.split_once('_')?;
    (!region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(region)
}

fn webhook_key(field: &str, shown: Secret) -> Result<WebhookKey, SettingsError> {
    let text = shown.expose().strip_prefix("whsec_").unwrap_or(shown.expose());
    let bytes = STANDARD.decode(text).map_err(|_| {
        wrong(
            field,
            (
                "this is no secret of Bird's: copy it with its whsec_",
                "das ist kein Geheimnis von Bird: mit whsec_ kopieren",
            ),
        )
    })?;
    Ok(WebhookKey { shown, bytes })
}

impl Carrier for Bird {
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
        self.webhook_keys
            .iter()
            .map(|key| &key.shown)
            .chain([&self.api_key])
            .map(|key| key.expose().to_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_comes_from_the_key() {
        for (key, region) in
            [("bk_eu1_abc", Some("eu1")), ("bk_us1_a_b", Some("us1")), ("bk_x", None), ("bk_a/b_c", None)]
        {
            assert_eq!(region_of(key), region, "{key}");
        }
    }
}
