//! VoIP.ms: everything is a parameter, the credentials too, so that they go by POST only; errors stand inside 200.
//! No delivery reports, nothing signed. Sources: public clients in Python, PHP and Kotlin; the vendor's page was not at hand.

mod ask;
mod errors;
mod hear;
mod send;
#[cfg(test)]
mod tests;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Limits, OutboundMessage, Question, Refusal, Request, Settings,
    SettingsError, Step, Told,
};
use crate::carrier::http::Call;
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken};
use crate::carrier::places::{Group, Place, messages};
use crate::carrier::settings::{Fields, field};
use crate::carrier::webhooks::Sources;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use http::Method;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "voipms",
    title: "VoIP.ms",
    kinds: &[ChannelKind::Sms],
    place: Place {
        group: Group::NorthAmerica,
        paste: &[messages(
            "Customer portal: Manage DIDs, the number, SMS/MMS URL callback, with its placeholders as the manual of Depesche shows them.",
            "Kundenportal: Manage DIDs, die Rufnummer, SMS/MMS URL Callback, mit den Platzhaltern aus dem Handbuch von Depesche.",
        )],
    },
    fields: FIELDS,
    unverified: Some((
        "The vendor's document was not at hand: ids, limits of MMS and the lists for polling are known from its users' programs.",
        "Das Dokument des Anbieters lag nicht vor: Kennungen, Grenzen von MMS und die Listen zum Abfragen sind aus Programmen seiner Nutzer bekannt.",
    )),
    build: |settings| Ok(Box::new(VoipMs::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("api_username", "API user", "API-Benutzer", "The e-mail address of the account")
        .german_hint("Die E-Mail-Adresse des Kontos")
        .required(),
    field(
        "api_password",
        "API password",
        "API-Passwort",
        "Set under Main Menu, SOAP and REST/JSON API; allow this system's address there",
    )
    .german_hint("Unter Main Menu, SOAP and REST/JSON API gesetzt; dort auch die Adresse dieses Systems erlauben")
    .secret()
    .required(),
    field(
        "long_texts",
        "Texts over 160 characters",
        "Texte über 160 Zeichen",
        "mms: as one MMS; split: as several SMS; refuse",
    )
    .german_hint("mms: als eine MMS; split: als mehrere SMS; refuse: ablehnen")
    .or("mms"),
    field(
        "sources",
        "Addresses it calls from",
        "Adressen, von denen es anruft",
        "VoIP.ms signs nothing; optional: 192.0.2.1, 198.51.100.0/24",
    )
    .german_hint("VoIP.ms signiert nichts; wahlweise: 192.0.2.1, 198.51.100.0/24"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
    field("base_url", "Address", "Adresse", "Of the REST API")
        .german_hint("Der REST-Schnittstelle")
        .or("https://voip.ms/api/v1/rest.php"),
];

/// Files by MMS, by address or as a data URI: three of them. Size and types could not be checked with the vendor.
const MMS: MediaLimits = MediaLimits::of(
    &[Taken::of(PICTURES, 1_200_000), Taken::of(&[Mp4, ThreeGp, Mp3, Amr, Wav], OTHER_BYTES_MAX)],
    3,
    1_200_000,
)
.or_by_upload();

/// Characters in one SMS.
const SMS_CHARS_MAX: usize = 160;
/// Characters in one MMS.
const MMS_CHARS_MAX: usize = 1600;

/// What happens to a text that is too long for one SMS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LongTexts {
    Mms,
    Split,
    Refuse,
}

/// An account at VoIP.ms.
struct VoipMs {
    username: String,
    password: Secret,
    long_texts: LongTexts,
    sources: Sources,
    base_url: String,
    limits: Limits,
}

impl VoipMs {
    fn from_settings(settings: &Settings) -> Result<VoipMs, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let (long_texts, text_chars_max) = match fields.one_of("long_texts", &["mms", "split", "refuse"])? {
            "split" => (LongTexts::Split, MMS_CHARS_MAX),
            "refuse" => (LongTexts::Refuse, SMS_CHARS_MAX),
            _ => (LongTexts::Mms, MMS_CHARS_MAX),
        };
        Ok(VoipMs {
            username: fields.required("api_username")?.to_owned(),
            password: fields.required_secret("api_password", 6)?,
            long_texts,
            sources: Sources::of(&fields, "sources")?,
            base_url: fields.address("base_url")?.unwrap_or_default(),
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                reports: false,
                media: Some(MMS),
                ..Limits::text(text_chars_max)
            },
        })
    }

    /// A call of one method. The credentials stand in the body: addresses end up in logs.
    fn call(&self, method: &str, parameters: &[(&str, String)]) -> Result<Request, SendError> {
        let mut form = vec![
            ("api_username", self.username.clone()),
            ("api_password", self.password.expose().to_owned()),
            ("method", method.to_owned()),
        ];
        form.extend_from_slice(parameters);
        Ok(Call::new(Method::POST, &self.base_url)?.form(&form))
    }
}

impl Carrier for VoipMs {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        self.sources.check(request)?;
        hear::decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Credit => self.ask_credit(answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Callback { number, url, .. } => self.ask_callback(number, url, answers),
            Question::Taken { message, since } => self.ask_taken(message, *since, answers),
            Question::Inbox { since } => self.ask_inbox(*since, answers),
            _ => return None,
        })
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.password.expose().to_owned()]
    }
}
