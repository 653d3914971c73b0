//! Infobip: an address of the account's own, ids that are ours, reports in batches, refusals inside 200.
//! Sources: the vendor's OpenAPI documents 3.210.0 (SMS, MMS, subscriptions) and its client libraries of 2026.

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
use http::{HeaderName, Method};

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "infobip",
    title: "Infobip",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::World,
        paste: &[messages(
            "Portal: Channels and numbers, Numbers, the number, keyword, forward to HTTP. Reports are asked for with each message.",
            "Portal: Channels and Numbers, Numbers, die Rufnummer, Keyword, Forward to HTTP. Berichte werden mit jeder Nachricht angefordert.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "Infobip does not publish how it signs webhooks with HMAC: the header's name is a setting, and SHA-256 over the body is assumed. Basic is known to work. The meaning of many error names, the balance, the upload of files, and how large and of which type they may be could not be checked with Infobip either.",
        "Infobip veröffentlicht nicht, wie es Webhooks mit HMAC signiert: der Name des Kopffelds ist einstellbar, angenommen wird SHA-256 über den Inhalt. Basic funktioniert bekanntermaßen. Auch die Bedeutung vieler Fehlernamen, das Guthaben, das Hochladen von Dateien sowie deren Größe und Art ließen sich nicht mit Infobip prüfen.",
    )),
    build: |settings| Ok(Box::new(Infobip::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("base_url", "Address", "Adresse", "The account's own, as in https://x1y2z3.api.infobip.com")
        .german_hint("Die des Kontos, wie https://x1y2z3.api.infobip.com")
        .required(),
    field("api_key", "API key", "API-Schlüssel", "In the web interface under Developer tools")
        .german_hint("In der Weboberfläche unter Developer tools")
        .secret()
        .required(),
    field(
        "webhook_auth",
        "Webhooks prove themselves by",
        "Webhooks weisen sich aus durch",
        "basic, hmac or none, as set up in the subscription",
    )
    .german_hint("basic, hmac oder none, wie im Abonnement eingerichtet")
    .or("basic"),
    field(
        "webhook_user",
        "Webhook user",
        "Benutzer der Webhooks",
        "For basic: make one up and enter it in the subscription",
    )
    .german_hint("Für basic: selbst ausdenken und im Abonnement eintragen"),
    field(
        "webhook_password",
        "Webhook password",
        "Kennwort der Webhooks",
        "For basic: make one up and enter it in the subscription",
    )
    .german_hint("Für basic: selbst ausdenken und im Abonnement eintragen")
    .secret(),
    field("hmac_secret", "HMAC secret", "HMAC-Geheimnis", "For hmac: the subscription's secret key")
        .german_hint("Für hmac: der Secret Key des Abonnements")
        .secret(),
    field("hmac_header", "HMAC header", "HMAC-Kopffeld", "For hmac: the header that carries the signature")
        .german_hint("Für hmac: das Kopffeld mit der Signatur")
        .or("x-infobip-signature"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: ohne Grenze"),
];

/// Files by MMS. How large, of which type and to which countries is in no document of the vendor: the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 1_000_000), Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    10,
    1_000_000,
)
.or_by_upload();

/// How webhooks prove that they are Infobip's. A setting, never the sender's choice.
enum Proof {
    Basic {
        user: String,
        password: Secret,
    },
    Hmac {
        header: HeaderName,
        secret: Secret,
    },
    /// The trunk's secret address alone.
    Address,
}

/// An account at Infobip.
struct Infobip {
    base_url: String,
    api_key: Secret,
    proof: Proof,
    limits: Limits,
}

impl Infobip {
    fn from_settings(settings: &Settings) -> Result<Infobip, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let proof = match fields.one_of("webhook_auth", &["basic", "hmac", "none"])? {
            "basic" => Proof::Basic {
                user: fields.required("webhook_user")?.to_owned(),
                password: fields.required_secret("webhook_password", 8)?,
            },
            "hmac" => {
                let header = fields.required("hmac_header")?.to_ascii_lowercase();
                let header = header.parse().map_err(|_| {
                    wrong("hmac_header", ("this is no name of a header", "das ist kein Name eines Kopffelds"))
                })?;
                Proof::Hmac { header, secret: fields.required_secret("hmac_secret", 8)? }
            }
            _ => Proof::Address,
        };
        Ok(Infobip {
            base_url: fields.address("base_url")?.ok_or_else(|| {
                wrong("base_url", ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen"))
            })?,
            api_key: fields.required_secret("api_key", 8)?,
            proof,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(MMS),
                ..Limits::text(1600)
            },
        })
    }

    fn call(&self, method: Method, path: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}{path}", self.base_url))?.authorization(&format!("App {}", self.api_key.expose()))
    }
}

impl Carrier for Infobip {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        // Nothing that Infobip can send here carries a time: a replay is known by its ids, further down.
        self.verify(request)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        self.answer(question, answers)
    }

    fn secrets(&self) -> Vec<String> {
        let mut all = vec![self.api_key.expose().to_owned()];
        match &self.proof {
            Proof::Basic { user, password } => {
                all.extend([password.expose().to_owned(), basic_token(user, password.expose())]);
            }
            Proof::Hmac { secret, .. } => all.push(secret.expose().to_owned()),
            Proof::Address => {}
        }
        all
    }
}
