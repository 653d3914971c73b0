//! A carrier that lives inside the house: it speaks the general SMS API at `simulator://world`, costs nothing, and
//! misbehaves on demand. This is its dialect; the other side, a pure state machine, is `world.rs`.

pub mod behaviour;
pub mod files;
mod phone;
mod templates;
#[cfg(test)]
mod tests;
mod wire;
pub mod world;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Field, Heard, Known, Limits, OutboundMessage, Question, Refusal, Request,
    Settings, SettingsError, Step, Told,
};
use crate::carrier::generic::hear::said_of;
use crate::carrier::generic::{Generic, Signed, errors};
use crate::carrier::http::Call;
use crate::carrier::incoming::fetched;
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken, WHATSAPP};
use crate::carrier::places::{Group, Place};
use crate::carrier::settings::{Fields, field};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType::*;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use serde_json::Value;

/// The scheme of its addresses: whoever makes calls hands these to [`world::World::answer`].
pub const SCHEME: &str = "simulator";

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "simulator",
    title: "Simulator",
    kinds: &[ChannelKind::Sms, ChannelKind::WhatsApp],
    place: Place { group: Group::Trial, paste: &[] },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Simulator::from_settings(settings)?)),
};

const FIELDS: &[Field] = &[
    field("secret", "Secret", "Geheimnis", "Any 16 characters or more; signs what the simulated carrier sends to us")
        .german_hint("Beliebige 16 Zeichen oder mehr; signiert, was der simulierte Anbieter sendet")
        .secret()
        .required(),
    field("idempotent", "Honours Idempotency-Key", "Beachtet Idempotency-Key", "yes: a repeated send is taken once")
        .german_hint("yes: wiederholtes Senden zählt nur einmal")
        .or("no"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole trunk; empty: no limit")
        .german_hint("Für die ganze Leitung; leer: keine Grenze"),
];

/// Files by MMS, as a carrier of North America takes them; but to every country, so that they can be tried anywhere.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(PICTURES, 5_000_000),
        Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Quicktime, Mp3, M4a, Amr, Ogg, Wav], OTHER_BYTES_MAX),
    ],
    10,
    5_000_000,
)
.by_upload_alone()
.to(&[]);

/// An account at the carrier inside.
struct Simulator(Generic);

impl Simulator {
    fn from_settings(settings: &Settings) -> Result<Simulator, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let secret = fields.required_secret("secret", 16)?;
        let idempotent = fields.yes("idempotent")?;
        let once = if idempotent { "?once=yes" } else { "" };
        Ok(Simulator(Generic {
            send_url: format!("{SCHEME}://world/messages{once}"),
            upload_url: Some(format!("{SCHEME}://world/media")),
            check_url: Some(format!("{SCHEME}://world/account")),
            status_url: Some(format!("{SCHEME}://world/messages/{{id}}")),
            lookup_url: Some(format!("{SCHEME}://world/references/{{reference}}")),
            api_key: secret.clone(),
            webhook_secrets: vec![secret],
            signed: Signed::TimestampAndBody,
            limits: Limits {
                text_chars_max: 1600,
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                idempotent,
                reports: true,
                media: Some(MMS),
                whatsapp_media: Some(WHATSAPP.by_upload_alone()),
            },
        }))
    }
}

impl Simulator {
    /// What holds for everybody whose key is good.
    fn account(&self, answers: &[Answer], known: Known) -> Result<AskStep, SendError> {
        match answers.last() {
            None => Ok(AskStep::Call(self.call("account")?)),
            Some(answer) if answer.status().is_success() => Ok(AskStep::Known(known)),
            Some(_) => Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused) }),
        }
    }

    fn call(&self, path: &str) -> Result<Request, SendError> {
        let call = Call::new(http::Method::GET, &format!("{SCHEME}://world/{path}"))?;
        Ok(call.bearer(self.0.api_key.expose())?.bare())
    }

    /// A file a customer sent.
    fn file(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else {
            let path = location.strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix("://world/"));
            let path = path.filter(|path| path.starts_with("media/"));
            let nowhere = || SendError::Unreadable { why: "the file is not in the simulated world".into() };
            return Ok(AskStep::File { call: self.call(path.ok_or_else(nowhere)?)?, at_home: true });
        };
        fetched(answer, errors::of)
    }

    /// What came in, as its webhooks would have told it.
    fn inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let unreadable = |why: &str| SendError::Unreadable { why: why.to_owned() };
        let Some(answer) = answers.last() else {
            return Ok(AskStep::Call(self.call(&format!("inbox/{}", since.0))?));
        };
        let body: Value = serde_json::from_slice(answer.body()).map_err(|_| unreadable("the answer is not JSON"))?;
        let (Some(events), Some(up_to)) = (body["events"].as_array(), body["up_to"].as_i64()) else {
            return Err(unreadable("the answer lists nothing"));
        };
        let said = events.iter().map(said_of).collect();
        Ok(AskStep::Known(Known::Inbox { said, up_to: Timestamp(up_to) }))
    }
}

impl Carrier for Simulator {
    fn limits(&self) -> &Limits {
        self.0.limits()
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        // A simulated phone shows words and files; what is beyond them was checked as for a real carrier. Nothing of the
        // simulated world can call us, so that files go by upload, wherever else they may be had.
        let mut simple = OutboundMessage { rich: None, ..message.clone() };
        simple.media.iter_mut().for_each(|file| file.url = None);
        self.0.next(&simple, answers)
    }

    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        self.0.hear(request, now)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        match question {
            Question::Inbox { since } => Some(self.inbox(*since, answers)),
            Question::Credit => {
                Some(self.account(answers, Known::Credit { says: "as much as you like".into(), low: false }))
            }
            Question::Sender { .. } => Some(self.account(answers, Known::SenderGood(String::new()))),
            Question::Media { location } => Some(self.file(location, answers)),
            Question::Templates => Some(templates::ask(&self.0.api_key, answers)),
            _ => self.0.ask(question, answers),
        }
    }

    fn secrets(&self) -> Vec<String> {
        self.0.secrets()
    }
}
