//! What a carrier is: a dialect. Pure functions from values to values: no I/O, no clock, no retry, no logger.
//! A conversation is a fold: given the message and the answers so far, what is the next call?

use crate::carrier::sip_trunk::SipTrunk;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::media::MediaType;
use crate::domain::reason::Reason;
use crate::domain::rich::Rich;
use crate::domain::template::{Template, TemplateNews};
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use bytes::Bytes;
use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error;

/// A call to the carrier.
pub type Request = http::Request<Bytes>;
/// What the carrier answered to a call.
pub type Answer = http::Response<Bytes>;

/// One ITSP's way of speaking, built from a trunk's typed settings.
pub trait Carrier: Send + Sync {
    /// What the carrier takes and can.
    fn limits(&self) -> &Limits;

    /// The next step towards sending `message`, given the answers to the steps before.
    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError>;

    /// Reads a webhook: first verifies that the carrier sent it, then decodes it.
    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal>;

    /// The next step towards an answer to `question`; `None` where the carrier cannot be asked.
    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        let _ = (question, answers);
        None
    }

    /// Its settings, where it speaks SIP instead of HTTP.
    fn sip(&self) -> Option<&SipTrunk> {
        None
    }

    /// Secrets as they may stand in a recorded exchange; the channel log blots them out.
    fn secrets(&self) -> Vec<String>;
}

/// What a carrier takes and can.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest text, in characters.
    pub text_chars_max: usize,
    /// Pace of the whole account in messages per second, if the carrier has one.
    pub trunk_mps: Option<f64>,
    /// Whether a repeated send with the same key is taken once: then an unknown outcome may be tried again.
    pub idempotent: bool,
    /// Whether delivery reports come at all; without, `sent` is a good end.
    pub reports: bool,
    /// What files it takes; `None`: only text.
    pub media: Option<MediaLimits>,
}

impl Limits {
    /// A carrier of texts that reports, without a pace of its own and without files.
    pub const fn text(chars_max: usize) -> Limits {
        Limits { text_chars_max: chars_max, trunk_mps: None, idempotent: false, reports: true, media: None }
    }
}

/// What files a carrier takes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLimits {
    /// How many with one message.
    pub count_max: usize,
    /// Bytes of one file.
    pub each_bytes_max: usize,
    /// Bytes of all together.
    pub total_bytes_max: usize,
    /// Whether it fetches a file from an address of ours.
    pub by_link: bool,
    /// Whether it takes the bytes themselves, so that a box without a public address can send files.
    pub by_upload: bool,
}

impl MediaLimits {
    /// Most bytes of a file of this type; `None`: it takes no such files.
    pub fn bytes_max_of(&self, media_type: MediaType) -> Option<u64> {
        let _ = media_type;
        Some(self.each_bytes_max as u64)
    }

    /// The countries (ISO 3166) whose numbers can be sent files; empty: all.
    pub fn countries(&self) -> &'static [&'static str] {
        &[]
    }
}

/// A message for the carrier.
#[derive(Clone, Debug)]
pub struct OutboundMessage {
    /// Our key for this delivery: unique, unguessable, the same on every try; the idempotency key where there is one.
    pub reference: String,
    /// What it is sent as.
    pub kind: ChannelKind,
    /// Our number.
    pub from: Address,
    /// The peer.
    pub to: Address,
    /// The text; the caption where there are files.
    pub text: String,
    /// Files.
    pub media: Vec<OutboundMedia>,
    /// What it is beyond text and files (WhatsApp); `text` then says the same in words.
    pub rich: Option<Rich>,
    /// The carrier's id of the message this one answers (WhatsApp shows it above).
    pub in_reply_to: Option<String>,
    /// Where delivery reports should go: the trunk's own webhook address, if the box can be reached from outside.
    pub report_url: Option<String>,
    /// How long the carrier should keep trying.
    pub valid_for: Option<Duration>,
}

impl OutboundMessage {
    /// A plain text.
    pub fn text(reference: &str, kind: ChannelKind, from: Address, to: Address, text: &str) -> OutboundMessage {
        OutboundMessage {
            reference: reference.to_owned(),
            kind,
            from,
            to,
            text: text.to_owned(),
            media: Vec::new(),
            rich: None,
            in_reply_to: None,
            report_url: None,
            valid_for: None,
        }
    }
}

/// A file on its way out: by link where there is one and the carrier fetches, else its bytes by upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundMedia {
    /// Where the carrier can fetch it, if the box can be reached from outside.
    pub url: Option<String>,
    /// The file itself.
    pub bytes: Bytes,
    /// What it truly is.
    pub media_type: String,
    /// A safe name for it.
    pub file_name: String,
}

/// One step of sending.
#[derive(Debug)]
pub enum Step {
    /// Make this call, then ask again with its answer.
    Call(Request),
    /// The carrier took the message.
    Done(Accepted),
}

/// The carrier's word that it took a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The carrier's id for it.
    pub carrier_id: String,
    /// Ids of the further parts, where the carrier counts and reports each part by itself.
    pub parts: Vec<String>,
    /// How many segments the carrier counted, if it said.
    pub segments: Option<u32>,
}

impl Accepted {
    /// Taken under one id.
    pub fn of(carrier_id: impl Into<String>, segments: Option<u32>) -> Accepted {
        Accepted { carrier_id: carrier_id.into(), parts: Vec::new(), segments }
    }
}

/// A webhook as it came in.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Method, in capitals.
    pub method: http::Method,
    /// The address as the carrier called it: our public base address, path and query.
    pub url: String,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The raw body.
    pub body: Bytes,
    /// Who called, behind our own proxy: for carriers that prove themselves by nothing but their address.
    pub caller: Option<IpAddr>,
}

impl Heard {
    /// A header as text, if it is there exactly once and readable: nobody can hide a second signature behind the first.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let only = all.next()?;
        if all.next().is_some() {
            return None;
        }
        only.to_str().ok()
    }
}

/// What a webhook told, and what to answer once it is on disk.
#[derive(Debug)]
pub struct Told {
    /// Everything that was said, in order.
    pub said: Vec<Said>,
    /// The answer the carrier wants to see.
    pub answer: Answer,
}

/// One thing a carrier said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A peer wrote to us.
    Message(InboundMessage),
    /// A part of a long text that this carrier hands over in parts: whoever has them all joins them.
    Part(InboundPart),
    /// What became of a message of ours.
    DeliveryReport(DeliveryReport),
    /// A peer refused us, or allowed us again, at the carrier.
    Preference(Preference),
    /// A template was approved, refused, paused or rated.
    Template(TemplateNews),
    /// A peer changed its number or user id; the conversation stays the same.
    PeerMoved {
        /// As it was.
        from: Address,
        /// As it is now.
        to: Address,
    },
    /// Something we know and do not need, or do not know: noted in the channel log, no error.
    Other {
        /// What it was, in a few words.
        what: String,
    },
}

/// A message from a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct InboundMessage {
    /// What it came in as: one number may be on an SMS and on a WhatsApp channel.
    pub kind: ChannelKind,
    /// The carrier's id: the same on every repetition of the webhook.
    pub carrier_id: String,
    /// The peer.
    pub from: Address,
    /// Our number.
    pub to: Address,
    /// The text; may be empty where there is media. What is rich says here in words what a desk phone can show.
    pub text: String,
    /// What it is beyond text and files (WhatsApp).
    pub rich: Option<Rich>,
    /// The carrier's id of the message of ours it answers.
    pub in_reply_to: Option<String>,
    /// Further addresses of the same person: a number beside a WhatsApp user id.
    pub also: Vec<Address>,
    /// What is attached, still at the carrier.
    pub media: Vec<InboundMedia>,
    /// The name the peer goes by there, if told.
    pub profile_name: Option<String>,
    /// When the peer sent it, as the carrier says; webhooks may come days later.
    pub said_at: Option<Timestamp>,
}

impl InboundMessage {
    /// A plain text.
    pub fn text(kind: ChannelKind, carrier_id: &str, from: Address, to: Address, text: &str) -> InboundMessage {
        InboundMessage {
            kind,
            carrier_id: carrier_id.to_owned(),
            from,
            to,
            text: text.to_owned(),
            rich: None,
            in_reply_to: None,
            also: Vec::new(),
            media: Vec::new(),
            profile_name: None,
            said_at: None,
        }
    }
}

/// A part of a long text from a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct InboundPart {
    /// The part as a message: its own id, who wrote it, to which number of ours, and its piece of the text.
    pub message: InboundMessage,
    /// What the parts of one text have in common, between this peer and this number.
    pub joins: String,
    /// Which part, from 1 to `total`.
    pub number: u32,
    /// How many there are, at most 255.
    pub total: u32,
}

/// A file that came with a message, to be fetched from the carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct InboundMedia {
    /// Where it is: an address, or an id at the carrier.
    pub location: String,
    /// What the carrier says it is; never to be believed.
    pub claimed_type: Option<String>,
    /// The name it goes by there; never to be believed.
    pub file_name: Option<String>,
}

impl InboundMedia {
    /// A file at an address or under an id.
    pub fn at(location: &str, claimed_type: Option<&str>) -> InboundMedia {
        InboundMedia { location: location.to_owned(), claimed_type: claimed_type.map(str::to_owned), file_name: None }
    }
}

/// A peer's standing word at the carrier: no more of this, or again.
#[derive(Clone, Debug, PartialEq)]
pub struct Preference {
    /// The same on every repetition of the webhook.
    pub carrier_id: String,
    /// What it was said on.
    pub kind: ChannelKind,
    /// Who said it.
    pub peer: Address,
    /// Which number of ours it is about; `None`: all of this trunk.
    pub number: Option<Address>,
    /// `true`: no more; `false`: again.
    pub opted_out: bool,
    /// Only advertising is meant (WhatsApp's marketing), not answers.
    pub marketing_only: bool,
    /// What was said or pressed, as proof.
    pub words: Option<String>,
}

/// The carrier's word on a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryReport {
    /// The carrier's id of the message.
    pub carrier_id: Option<String>,
    /// Our own reference, where the carrier echoes it.
    pub reference: Option<String>,
    /// What became of it: `Sent`, `Delivered`, `Read`, `Failed` or `Undelivered`.
    pub state: DeliveryState,
    /// Why, where it failed.
    pub reason: Option<Reason>,
}

/// Why a webhook was refused. Nothing of it is stored.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum Refusal {
    /// The signature is missing.
    #[error("the request carries no signature ({0})")]
    Unsigned(&'static str),
    /// The signature is wrong.
    #[error("the signature does not fit: check the {0} and the public address of this trunk")]
    Forged(&'static str),
    /// The signature is right but too old or from the future.
    #[error("the request was signed {0} s away from our clock: it is a replay, or a clock is wrong")]
    Stale(i64),
    /// Signed well, but not readable.
    #[error("the request is not readable: {0}")]
    Unreadable(String),
}

impl Refusal {
    /// The HTTP status the sender sees.
    pub fn status(&self) -> http::StatusCode {
        match self {
            Refusal::Unsigned(_) => http::StatusCode::UNAUTHORIZED,
            Refusal::Forged(_) | Refusal::Stale(_) => http::StatusCode::FORBIDDEN,
            Refusal::Unreadable(_) => http::StatusCode::BAD_REQUEST,
        }
    }
}

/// Something a carrier can be asked.
#[expect(clippy::large_enum_variant, reason = "a question lives for one talk; boxing it would only hide it")]
#[derive(Clone, Debug)]
pub enum Question {
    /// Are the credentials good? Answered with a sentence for the operator.
    Credentials,
    /// What became of this message?
    Status {
        /// The carrier's id of it.
        carrier_id: String,
    },
    /// Did you take this message? For a delivery whose answer was never seen.
    Taken {
        /// The message as it was sent.
        message: OutboundMessage,
        /// Not before this moment.
        since: Timestamp,
    },
    /// What came in, and what became of ours, since this moment? For a box without webhooks.
    Inbox {
        /// Not before this moment.
        since: Timestamp,
    },
    /// May we send from this number?
    Sender {
        /// What it sends.
        kind: ChannelKind,
        /// Our number.
        number: Address,
    },
    /// Where do you send what comes in for this number? Answered with whether it is `url`.
    Callback {
        /// What comes in.
        kind: ChannelKind,
        /// Our number.
        number: Address,
        /// Our webhook address.
        url: String,
    },
    /// How much credit is left?
    Credit,
    /// Which templates are there?
    Templates,
    /// Which numbers has the account, and what does the carrier call them?
    Numbers,
    /// Not a question: a person has read this message of a peer (WhatsApp then shows the blue ticks).
    Seen {
        /// Our number.
        number: Address,
        /// The carrier's id of the peer's message.
        carrier_id: String,
    },
    /// The file that a peer's message brought.
    Media {
        /// Where it is, as [`InboundMedia::location`] says.
        location: String,
    },
}

/// One step of asking.
#[derive(Debug)]
pub enum AskStep {
    /// Make this call, then ask again with its answer.
    Call(Request),
    /// The answer.
    Known(Known),
}

/// What a carrier answered to a [`Question`].
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// The credentials are good; the sentence says whose account it is.
    CredentialsGood(String),
    /// The state of a message.
    State(DeliveryReport),
    /// It took the message, under this id.
    Taken(Accepted),
    /// It certainly did not take it.
    NotTaken,
    /// What was said, oldest first; complete up to this moment, from where the next question goes on.
    Inbox {
        /// As webhooks would have said it, with the same ids.
        said: Vec<Said>,
        /// Ask from here next.
        up_to: Timestamp,
    },
    /// We may send from the number; the sentence is the carrier's, for the operator.
    SenderGood(String),
    /// We may not, and why.
    SenderBad(String),
    /// What comes in is sent to us.
    CallbackFits,
    /// What comes in is sent elsewhere, or nowhere (`None`).
    CallbackDiffers(Option<String>),
    /// The credit as the carrier writes it, with its currency, and whether it is about to end.
    Credit {
        /// For the operator.
        says: String,
        /// Top up soon.
        low: bool,
    },
    /// All templates of the account.
    Templates(Vec<Template>),
    /// All numbers of the account.
    Numbers(Vec<AccountNumber>),
    /// It was noted.
    Noted,
    /// A file, and what the carrier says it is.
    Media {
        /// The file itself.
        bytes: Bytes,
        /// Never to be believed.
        claimed_type: Option<String>,
    },
}

/// A number of an account at the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountNumber {
    /// The number.
    pub address: Address,
    /// What the carrier calls it, where it wants to be told so in the trunk's settings.
    pub carrier_id: String,
    /// The name peers see, the quality, and so on, as the carrier writes it.
    pub says: String,
}

/// One field of a trunk's settings, for the portal's form.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key in the settings object.
    pub key: &'static str,
    /// Label in English.
    pub english: &'static str,
    /// Label in German.
    pub german: &'static str,
    /// What it looks like, where to find it.
    pub hint: &'static str,
    /// The same in German; empty where it is not written yet.
    pub hint_german: &'static str,
    /// Kept encrypted, never shown again.
    pub secret: bool,
    /// Must be there.
    pub required: bool,
    /// What stands there if nothing is given.
    pub default: Option<&'static str>,
    /// May have several lines: the form shows a larger box.
    pub multiline: bool,
}

/// Why a trunk's settings cannot be used.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("{field}: {problem}")]
pub struct SettingsError {
    /// The key of the field.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: Wording,
}

/// A trunk's settings: [`Field`] keys to values.
pub type Settings = serde_json::Map<String, serde_json::Value>;

/// One line of the table of carriers.
pub struct Entry {
    /// Its word in the database and the API.
    pub name: &'static str,
    /// Its name as people know it.
    pub title: &'static str,
    /// What it carries.
    pub kinds: &'static [ChannelKind],
    /// Its settings.
    pub fields: &'static [Field],
    /// What of it nobody could check with the vendor, in English and German; the portal and the docs say so.
    pub unverified: Option<(&'static str, &'static str)>,
    /// Builds the dialect from settings (an object of [`Field`] keys to strings), or says which field is wrong.
    pub build: fn(&Settings) -> Result<Box<dyn Carrier>, SettingsError>,
}
