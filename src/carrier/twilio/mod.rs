//! Twilio Programmable Messaging: form out, signed form in (X-Twilio-Signature), SMS and WhatsApp.
//! Sources: the vendor's OpenAPI document of 2026-04, its Python library 9.13.0, its webhook pages of 2026-09.

mod ask;
mod errors;
mod hear;
mod send;
mod templates;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::{Call, basic_token};
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken, WHATSAPP};
use crate::carrier::places::{Group, Place, messages};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "twilio",
    title: "Twilio",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    place: Place {
        group: Group::World,
        paste: &[messages(
            "Console: the number (or its messaging service), A message comes in: Webhook, HTTP POST. Reports are asked for with each message.",
            "Console: die Rufnummer (oder ihr Messaging Service), A message comes in: Webhook, HTTP POST. Berichte werden mit jeder Nachricht angefordert.",
        )],
    },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Twilio::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("account_sid", "Account SID", "Account SID", "AC and 32 characters; on the console's first page")
        .german_hint("AC und 32 Zeichen; auf der ersten Seite der Konsole")
        .required(),
    field("auth_token", "Auth token", "Auth Token", "Beside the Account SID; it also signs webhooks")
        .german_hint("Neben der Account SID; er signiert auch Webhooks")
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
    field("api_key_sid", "API key SID", "API Key SID", "Optional; SK and 32 characters; then sending uses the API key")
        .german_hint("Optional; SK und 32 Zeichen; dann wird mit dem API Key gesendet"),
    field("api_key_secret", "API key secret", "API Key Secret", "Shown once when the API key is made")
        .german_hint("Wird einmal beim Anlegen des API Key angezeigt")
        .secret(),
    field("messaging_service_sid", "Messaging Service SID", "Messaging Service SID", "Optional; MG and 32 characters")
        .german_hint("Optional; MG und 32 Zeichen"),
    field(
        "shared_key_id",
        "Webhook shared key",
        "Shared Key für Webhooks",
        "Optional; then webhooks must be signed with it",
    )
    .german_hint("Optional; dann müssen Webhooks damit signiert sein"),
    field(
        "shared_key_secret",
        "Shared key secret",
        "Geheimnis des Shared Key",
        "Shown once when the shared key is made",
    )
    .german_hint("Wird einmal beim Anlegen des Shared Key angezeigt")
    .secret(),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Another region or edge, as in https://api.dublin.ie1.twilio.com")
        .german_hint("Andere Region, etwa https://api.dublin.ie1.twilio.com")
        .or("https://api.twilio.com"),
];

/// Files by MMS, by Twilio's page "Accepted content types for media" of 2026: pictures are made to fit, the rest goes as it
/// is, and the American networks pass on little of it.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(PICTURES, 5_000_000),
        Taken::of(&[Pdf, VCard, Mp4, ThreeGp, Webm, Quicktime, Mp3, M4a, Amr, Ogg, Wav], OTHER_BYTES_MAX),
    ],
    10,
    5_000_000,
);
/// On WhatsApp, Twilio passes on 16 MB at most.
const WHATSAPP_FILES: MediaLimits = WHATSAPP.at_most(16_000_000);

/// An account at Twilio.
struct Twilio {
    account_sid: String,
    auth_tokens: Vec<Secret>,
    api_key: Option<ApiKey>,
    messaging_service_sid: Option<String>,
    shared_key: Option<SharedKey>,
    base_url: String,
    limits: Limits,
}

struct ApiKey {
    sid: String,
    secret: Secret,
}

struct SharedKey {
    id: String,
    secret: Secret,
}

impl Twilio {
    fn from_settings(settings: &Settings) -> Result<Twilio, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let mut auth_tokens = vec![fields.required_secret("auth_token", 16)?];
        auth_tokens.extend(fields.secret("auth_token_2", 16)?);
        let api_key = match pair(&fields, "api_key_sid", "api_key_secret")? {
            Some((_, secret)) => Some(ApiKey { sid: sid(&fields, "api_key_sid", "SK")?, secret }),
            None => None,
        };
        let shared_key =
            pair(&fields, "shared_key_id", "shared_key_secret")?.map(|(id, secret)| SharedKey { id, secret });
        let service =
            fields.text("messaging_service_sid").map(|_| sid(&fields, "messaging_service_sid", "MG")).transpose()?;
        Ok(Twilio {
            account_sid: sid(&fields, "account_sid", "AC")?,
            auth_tokens,
            api_key,
            messaging_service_sid: service,
            shared_key,
            base_url: fields.address("base_url")?.ok_or_else(|| wrong("base_url", "this is needed: fill it in"))?,
            limits: Limits {
                text_chars_max: 1600,
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                idempotent: false,
                reports: true,
                media: Some(MMS),
                whatsapp_media: Some(WHATSAPP_FILES),
            },
        })
    }

    /// A call to `/2010-04-01/Accounts/{sid}{rest}` with the API key, where there is one, else with the auth token.
    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        self.sister(method, "api", &format!("{}{rest}", self.account_path()))
    }

    /// A call to another of Twilio's hosts, as in `https://content.twilio.com`.
    fn sister(&self, method: Method, name: &str, path: &str) -> Result<Call, SendError> {
        let base = self.base_url.replacen("://api.", &format!("://{name}."), 1);
        self.signed_in(Call::new(method, &format!("{base}{path}"))?)
    }

    fn signed_in(&self, call: Call) -> Result<Call, SendError> {
        let (user, secret) = match &self.api_key {
            Some(key) => (&key.sid, &key.secret),
            None => (&self.account_sid, &self.auth_tokens[0]),
        };
        call.basic(user, secret.expose())
    }

    fn account_path(&self) -> String {
        format!("/2010-04-01/Accounts/{}", self.account_sid)
    }
}

/// Two fields that belong together: both or none.
fn pair(fields: &Fields<'_>, name: &str, secret: &str) -> Result<Option<(String, Secret)>, SettingsError> {
    match (fields.text(name), fields.secret(secret, 16)?) {
        (Some(name), Some(secret)) => Ok(Some((name.to_owned(), secret))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(wrong(secret, format!("this belongs to {name}: fill in both or none"))),
        (None, Some(_)) => Err(wrong(name, format!("this belongs to {secret}: fill in both or none"))),
    }
}

/// An id as Twilio writes them: two letters and 32 hexadecimal digits.
fn sid(fields: &Fields<'_>, key: &str, letters: &str) -> Result<String, SettingsError> {
    let text = fields.required(key)?;
    let fits = is_sid(text, letters);
    fits.then(|| text.to_owned()).ok_or_else(|| {
        wrong(key, format!("this must be {letters} and 32 digits from 0 to f: copy it from the console"))
    })
}

fn is_sid(text: &str, letters: &str) -> bool {
    text.strip_prefix(letters).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// An address as Twilio writes it on this kind of channel; `None` where no such address can be written.
fn written(address: &Address, kind: ChannelKind) -> Option<String> {
    match (kind, address.as_str().strip_prefix("wa:")) {
        (ChannelKind::Sms, None) => Some(address.as_str().to_owned()),
        (ChannelKind::Sms, Some(_)) => None,
        (ChannelKind::WhatsApp, user) => Some(format!("whatsapp:{}", user.unwrap_or(address.as_str()))),
    }
}

/// Reads what [`written`] wrote: the address and the kind of channel it says.
fn read(text: &str) -> Result<(Address, ChannelKind), String> {
    let (address, kind) = match text.strip_prefix("whatsapp:") {
        Some(number) if number.starts_with('+') => (Address::parse(number), ChannelKind::WhatsApp),
        Some(user) => (Address::parse(&format!("wa:{user}")), ChannelKind::WhatsApp),
        None => (Address::parse(text), ChannelKind::Sms),
    };
    address.map(|address| (address, kind)).map_err(|error| error.to_string())
}

impl Carrier for Twilio {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        // Twilio signs no time: a replay is known by its ids, further down.
        self.verify(request)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Status { carrier_id } => self.ask_status(carrier_id, answers),
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            Question::Sender { kind, number } => return self.ask_sender(*kind, number, answers),
            Question::Callback { kind, number, url } => return self.ask_callback(*kind, number, url, answers),
            Question::Credit => self.ask_credit(answers),
            Question::Templates => self.ask_templates(answers),
            Question::Media { location } => self.ask_media(location, answers),
            Question::Numbers | Question::Seen { .. } => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        let tokens = self.auth_tokens.iter().map(|token| (&self.account_sid, token));
        let key = self.api_key.iter().map(|key| (&key.sid, &key.secret));
        let pairs: Vec<_> = tokens.chain(key).collect();
        let plain = pairs.iter().map(|(_, secret)| secret.expose().to_owned());
        let basic = pairs.iter().map(|(user, secret)| basic_token(user, secret.expose()));
        let shared = self.shared_key.iter().map(|key| key.secret.expose().to_owned());
        plain.chain(basic).chain(shared).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_refused_with_the_field_and_what_to_do() {
        let good = serde_json::json!({
            "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "0123456789abcdef0123456789abcdef",
        });
        for (key, value, field) in [
            ("account_sid", "AC123", "account_sid"),
            ("auth_token", "short", "auth_token"),
            ("api_key_sid", "SK0123456789abcdef0123456789abcdef", "api_key_secret"),
            ("api_key_secret", "0123456789abcdef0123456789abcdef", "api_key_sid"),
            ("shared_key_id", "k", "shared_key_secret"),
            ("messaging_service_sid", "PN0123456789abcdef0123456789abcdef", "messaging_service_sid"),
            ("base_url", "api.twilio.com", "base_url"),
            ("rate", "many", "rate"),
            ("colour", "red", "colour"),
        ] {
            let mut settings = good.clone();
            settings[key] = value.into();

            let error = (ENTRY.build)(settings.as_object().expect("an object")).err().expect(key);

            assert_eq!(error.field, field, "{error}");
        }
        assert!((ENTRY.build)(good.as_object().expect("an object")).is_ok());
    }

    #[test]
    fn addresses_are_written_and_read_for_each_kind_of_channel() {
        for (address, kind, text) in [
            ("+15550100123", ChannelKind::Sms, "+15550100123"),
            ("70123", ChannelKind::Sms, "70123"),
            ("+15550100123", ChannelKind::WhatsApp, "whatsapp:+15550100123"),
            ("wa:US.13491208655302", ChannelKind::WhatsApp, "whatsapp:US.13491208655302"),
        ] {
            let address = Address::parse(address).expect("valid");

            assert_eq!(written(&address, kind).as_deref(), Some(text));
            assert_eq!(read(text), Ok((address, kind)));
        }
        assert_eq!(written(&Address::parse("wa:US.1349").expect("valid"), ChannelKind::Sms), None);
    }
}
