//! WhatsApp by Meta's Cloud API: JSON out, files by link or upload, signed and nested JSON in, templates.
//! Sources: the vendor's OpenAPI document v23.0 of 2025-11, its webhook pages of 2026, two public clients of 2026-08.

mod ask;
mod content;
mod errors;
mod hear;
mod inbound;
mod news;
mod send;
mod templates;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::Call;
use crate::carrier::places::{Group, Place, all};
use crate::carrier::settings::{Fields, field, wrong};
use crate::carrier::{media_limits, spelling};
use crate::domain::address::{Address, AddressKind};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "whatsapp",
    title: "WhatsApp (Meta Cloud API)",
    kinds: &[ChannelKind::WhatsApp],
    place: Place {
        group: Group::WhatsApp,
        paste: &[all(
            "Meta for Developers: the app, WhatsApp, Configuration, Callback URL with the verify token of this trunk; subscribe to messages and to what stands in the manual.",
            "Meta for Developers: die App, WhatsApp, Konfiguration, Callback-URL mit dem Prüf-Token dieser Leitung; messages und die Felder aus dem Handbuch abonnieren.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "How Meta tells of changed user ids, and how an app is asked for its own webhook address, could not be checked with Meta.",
        "Wie Meta geänderte Nutzerkennungen meldet und wie eine App nach ihrer eigenen Webhook-Adresse gefragt wird, ließ sich nicht mit Meta prüfen.",
    )),
    build: |settings| Ok(Box::new(WhatsApp::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("access_token", "Access token", "Zugriffstoken", "Of a system user, with the rights whatsapp_business_messaging and whatsapp_business_management")
        .german_hint("Eines Systemnutzers, mit den Rechten whatsapp_business_messaging und whatsapp_business_management")
        .secret()
        .required(),
    field("waba_id", "WhatsApp Business account ID", "ID des WhatsApp-Business-Kontos", "Digits; in Business Manager under WhatsApp accounts. A trunk of its own for each account")
        .german_hint("Ziffern; im Business Manager unter WhatsApp-Konten. Für jedes Konto eine eigene Leitung")
        .required(),
    field("phone_numbers", "Numbers and their IDs", "Rufnummern und ihre IDs", "As in +493012345678=106540352242922, more after a comma; \"Fetch numbers\" fills it in")
        .german_hint("Wie in +493012345678=106540352242922, weitere nach einem Komma; „Rufnummern abrufen“ füllt es aus"),
    field("app_secret", "App secret", "App-Geheimcode", "In the app's settings under Basic; it signs webhooks")
        .german_hint("In den App-Einstellungen unter Allgemeines; er unterschreibt Webhooks")
        .secret()
        .required(),
    field("app_secret_2", "Second app secret", "Zweiter App-Geheimcode", "Also valid for webhooks, while secrets are changed or for a second app")
        .german_hint("Gilt ebenfalls für Webhooks, während eines Wechsels oder für eine zweite App")
        .secret(),
    field("verify_token", "Verify token", "Verifizierungstoken", "Make one up (8 characters or more) and enter the same beside the callback URL at Meta")
        .german_hint("Selbst ausdenken (mindestens 8 Zeichen) und bei Meta neben der Callback-URL eintragen")
        .secret()
        .required(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: each number has its own pace (80)")
        .german_hint("Für das ganze Konto; leer: jede Rufnummer hat ihr eigenes Tempo (80)"),
    field("daily_limit", "New conversations a day", "Neue Unterhaltungen am Tag", "Different people whom the account may write to first in 24 hours: 250, 2000, 10000 … as Meta shows it; empty: no limit")
        .german_hint("Verschiedene Personen, die das Konto in 24 Stunden von sich aus anschreiben darf: 250, 2000, 10000 … wie Meta es zeigt; leer: ohne Grenze"),
    field("version", "Version of the API", "Version der API", "As in v23.0")
        .german_hint("Wie in v23.0")
        .or("v23.0"),
    field("base_url", "Address", "Adresse", "Only for tests or a gateway of your own")
        .german_hint("Nur für Tests oder ein eigenes Gateway")
        .or("https://graph.facebook.com"),
];

/// Longest text.
const TEXT_CHARS_MAX: usize = 4096;
/// Numbers of one account.
const NUMBERS_MAX: usize = 200;

/// A WhatsApp Business account.
struct WhatsApp {
    access_token: Secret,
    app_secrets: Vec<Secret>,
    verify_token: Secret,
    waba_id: String,
    /// Our numbers and what Meta calls them.
    numbers: Vec<(Address, String)>,
    base_url: String,
    version: String,
    limits: Limits,
}

impl WhatsApp {
    fn from_settings(settings: &Settings) -> Result<WhatsApp, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let mut app_secrets = vec![fields.required_secret("app_secret", 8)?];
        app_secrets.extend(fields.secret("app_secret_2", 8)?);
        let waba_id = fields.required("waba_id")?;
        if !is_id(waba_id) {
            return Err(wrong(
                "waba_id",
                (
                    "this must be digits: copy it from Business Manager",
                    "das müssen Ziffern sein: bitte aus dem Business Manager kopieren",
                ),
            ));
        }
        let version = fields.required("version")?;
        let fits = version.strip_prefix('v').is_some_and(|rest| {
            rest.len() <= 6 && rest.contains('.') && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        });
        if !fits {
            return Err(wrong("version", ("this must look like v23.0", "das muss aussehen wie v23.0")));
        }
        fields.number("daily_limit", 1.0, 100_000_000.0)?;
        Ok(WhatsApp {
            access_token: fields.required_secret("access_token", 16)?,
            app_secrets,
            verify_token: fields.required_secret("verify_token", 8)?,
            waba_id: waba_id.to_owned(),
            numbers: numbers(fields.text("phone_numbers").unwrap_or_default())?,
            base_url: fields.address("base_url")?.ok_or_else(|| {
                wrong("base_url", ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen"))
            })?,
            version: version.to_owned(),
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                media: Some(media_limits::WHATSAPP.or_by_upload()),
                ..Limits::text(TEXT_CHARS_MAX)
            },
        })
    }

    /// A call to `/{version}{rest}` with our token.
    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}/{}{rest}", self.base_url, self.version))?.bearer(self.access_token.expose())
    }

    /// What Meta calls a number of ours.
    fn id_of(&self, number: &Address) -> Result<&str, SendError> {
        let found = self.numbers.iter().find(|(ours, _)| ours == number);
        found.map(|(_, id)| id.as_str()).ok_or_else(|| SendError::Rejected {
            reason: Reason::of(ReasonCode::SenderNotAllowed)
                .saying(&format!("the trunk's settings name no ID for {number}: fetch the account's numbers there")),
        })
    }
}

/// The pairs of the setting `phone_numbers`.
fn numbers(text: &str) -> Result<Vec<(Address, String)>, SettingsError> {
    let bad = |pair: &str, english: &str, german: &str| {
        let pair: String = pair.chars().take(40).collect();
        wrong("phone_numbers", (format!("{pair:?} {english}"), format!("„{pair}“ {german}")))
    };
    let mut all: Vec<(Address, String)> = Vec::new();
    for pair in text.split([',', ';']).map(str::trim).filter(|pair| !pair.is_empty()) {
        let (number, id) = pair.split_once('=').ok_or_else(|| {
            bad(
                pair,
                "is no pair: write it as +493012345678=106540352242922",
                "ist kein Paar: bitte schreiben wie +493012345678=106540352242922",
            )
        })?;
        let number = Address::parse(number).ok().filter(|number| number.kind() == AddressKind::E164);
        let number = number.ok_or_else(|| {
            bad(pair, "has no number with + and country code", "hat keine Rufnummer mit + und Landesvorwahl")
        })?;
        let id = id.trim();
        if !is_id(id) {
            return Err(bad(
                pair,
                "has no ID: that is digits, as Meta shows it beside the number",
                "hat keine ID: das sind Ziffern, wie Meta sie neben der Rufnummer zeigt",
            ));
        }
        if all.iter().any(|(known, known_id)| *known == number || known_id == id) {
            return Err(bad(pair, "is there twice", "steht doppelt da"));
        }
        all.push((number, id.to_owned()));
    }
    if all.len() > NUMBERS_MAX {
        return Err(wrong(
            "phone_numbers",
            (format!("at most {NUMBERS_MAX} numbers"), format!("höchstens {NUMBERS_MAX} Rufnummern")),
        ));
    }
    Ok(all)
}

/// An id as Meta writes them: digits, which may stand in a path.
fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A peer by its number, as Meta writes it.
fn number(text: &str) -> Option<Address> {
    spelling::from_digits(&text.chars().filter(char::is_ascii_digit).collect::<String>()).ok()
}

/// A peer by its user id (BSUID).
fn user(text: &str) -> Option<Address> {
    Address::parse(&format!("wa:{text}")).ok()
}

/// A message in Meta's own JSON, `type` and its object, for carriers that hand it on as it is.
pub(in crate::carrier) fn meta_object(
    message: &OutboundMessage,
    file: Option<serde_json::Value>,
) -> Result<(&'static str, serde_json::Value), SendError> {
    content::of(message, file)
}

impl Carrier for WhatsApp {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        // Meta signs no time: a replay is known by its ids, further down.
        self.told(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        self.answer(question, answers)
    }

    fn secrets(&self) -> Vec<String> {
        let all = [&self.access_token, &self.verify_token].into_iter().chain(&self.app_secrets);
        all.map(|secret| secret.expose().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_refused_with_the_field_and_what_to_do() {
        let good = serde_json::json!({
            "access_token": "EAAG0123456789abcdef", "app_secret": "0123456789abcdef", "verify_token": "made-up-word",
            "waba_id": "102290129340398", "phone_numbers": "+49 30 12345678 = 106540352242922, +4930999999=12",
        });
        for (key, value) in [
            ("access_token", "short"),
            ("app_secret", "x"),
            ("verify_token", "short"),
            ("waba_id", "../me"),
            ("phone_numbers", "+493012345678"),
            ("phone_numbers", "12345=106540352242922"),
            ("phone_numbers", "+493012345678=1/2"),
            ("phone_numbers", "+493012345678=1,+493012345678=2"),
            ("version", "23"),
            ("version", "v1/../2.0"),
            ("daily_limit", "many"),
            ("base_url", "graph.facebook.com"),
        ] {
            let mut settings = good.clone();
            settings[key] = value.into();

            let error = (ENTRY.build)(settings.as_object().expect("an object")).err().expect(value);

            assert_eq!(error.field, key, "{error}");
        }
        assert!((ENTRY.build)(good.as_object().expect("an object")).is_ok());
    }
}
