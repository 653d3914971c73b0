//! sipgate REST API v2: a text goes out without an id and without a report; what comes in is fetched from the history,
//! because no webhook tells of texts. Sources: the vendor's Node library of 2025 and its examples.

mod ask;
#[cfg(test)]
mod ask_tests;
mod send;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError,
    Step, Told,
};
use crate::carrier::http::{Call, basic_token};
use crate::carrier::places::{Group, Place};
use crate::carrier::settings::{Fields, field, wrong};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use ::http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "sipgate",
    title: "sipgate",
    kinds: &[ChannelKind::Sms],
    place: Place { group: Group::Europe, paste: &[] },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Sipgate::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field(
        "token_id",
        "Token id",
        "Token-ID",
        "token-XXXXXX; a personal access token with sessions:sms:write, history:read, sms:read, balance:read",
    )
    .german_hint("token-XXXXXX; ein Personal-Access-Token mit sessions:sms:write, history:read, sms:read, balance:read")
    .required(),
    field("token", "Token", "Token", "Shown once when it is made")
        .german_hint("Wird beim Anlegen einmal angezeigt")
        .secret()
        .required(),
    field(
        "sms_id",
        "SMS extension",
        "SMS-Nebenstelle",
        "s0; with several numbers: +4915550000001=s0, +4915550000002=s1",
    )
    .german_hint("s0; bei mehreren Nummern: +4915550000001=s0, +4915550000002=s1")
    .or("s0"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Of the REST API")
        .german_hint("Der REST-Schnittstelle")
        .or("https://api.sipgate.com/v2"),
];

/// An account at sipgate.
struct Sipgate {
    token_id: String,
    token: Secret,
    /// Which extension sends for which number; `None`: for all others.
    extensions: Vec<(Option<Address>, String)>,
    base_url: String,
    limits: Limits,
}

impl Sipgate {
    fn from_settings(settings: &Settings) -> Result<Sipgate, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let extensions = fields.required("sms_id")?.split([',', ' ']).filter(|piece| !piece.is_empty());
        let bad = || {
            wrong(
                "sms_id",
                (
                    "write s0, or a number and its extension as in +4915550000001=s0, with commas between",
                    "bitte s0 schreiben, oder eine Nummer und ihre Nebenstelle wie in +4915550000001=s0, mit Kommas dazwischen",
                ),
            )
        };
        Ok(Sipgate {
            token_id: fields.required("token_id")?.to_owned(),
            token: fields.required_secret("token", 8)?,
            extensions: extensions.map(|piece| extension(piece).ok_or_else(bad)).collect::<Result<_, _>>()?,
            base_url: fields.address("base_url")?.unwrap_or_default(),
            limits: Limits { trunk_mps: fields.number("rate", 0.01, 10_000.0)?, reports: false, ..Limits::text(1600) },
        })
    }

    fn call(&self, method: Method, rest: &str) -> Result<Call, SendError> {
        Call::new(method, &format!("{}{rest}", self.base_url))?.basic(&self.token_id, self.token.expose())
    }

    /// The extension that sends for a number of ours. The number itself is the extension's, not the request's.
    fn extension_of(&self, number: &Address) -> Option<&str> {
        let own = self.extensions.iter().find(|(owner, _)| owner.as_ref() == Some(number));
        let any = || self.extensions.iter().find(|(owner, _)| owner.is_none());
        own.or_else(any).map(|(_, id)| id.as_str())
    }
}

fn extension(piece: &str) -> Option<(Option<Address>, String)> {
    let (number, id) = match piece.split_once('=') {
        Some((number, id)) => (Some(Address::parse(number).ok()?), id),
        None => (None, piece),
    };
    let digits = id.strip_prefix('s')?;
    let fits = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| (number, id.to_owned()))
}

impl Carrier for Sipgate {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, _request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        Err(Refusal::Unreadable("sipgate tells of texts by no webhook: switch on polling for this trunk".into()))
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Credit => self.ask_credit(answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        let token = self.token.expose();
        vec![token.to_owned(), basic_token(&self.token_id, token)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_extension_and_others_the_common_one() {
        let with = |ids: &str| {
            let settings = serde_json::json!({ "token_id": "token-ABC123", "token": "12345678", "sms_id": ids });
            Sipgate::from_settings(settings.as_object().expect("an object"))
        };
        let number = |text: &str| Address::parse(text).expect("a number");
        let some = with("s0, +4915550000001=s1").expect("good");

        assert_eq!(some.extension_of(&number("+4915550000001")), Some("s1"));
        assert_eq!(some.extension_of(&number("+4915550000002")), Some("s0"));
        assert_eq!(with("+4915550000001=s1").expect("good").extension_of(&number("+4915550000002")), None);
        for bad in ["x0", "s", "12=s0", "+4915550000001=w1"] {
            assert_eq!(with(bad).err().map(|error| error.field).as_deref(), Some("sms_id"), "{bad}");
        }
    }
}
