//! What a carrier is: a dialect. Pure functions from values to values: no I/O, no clock, no retry, no logger.
//! A conversation is a fold: given the message and the answers so far, what is the next call?

use crate::carrier::places::Place;
use crate::carrier::sip_trunk::SipTrunk;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use bytes::Bytes;
use thiserror::Error;

// The words of the trait below, each defined with its kind; who speaks with carriers finds them all here.
pub use crate::carrier::asking::{AccountNumber, AskStep, Known, Question};
pub use crate::carrier::hearing::{
    DeliveryReport, Heard, InboundMedia, InboundMessage, InboundPart, Preference, Refusal, Said, Told,
};
pub use crate::carrier::media_limits::MediaLimits;
pub use crate::carrier::sending::{Accepted, OutboundMedia, OutboundMessage, Step};

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
    /// What files it takes on WhatsApp, where that differs; see [`Limits::media_for`].
    pub whatsapp_media: Option<MediaLimits>,
}

impl Limits {
    /// A carrier of texts that reports, without a pace of its own and without files.
    pub const fn text(chars_max: usize) -> Limits {
        Limits {
            text_chars_max: chars_max,
            trunk_mps: None,
            idempotent: false,
            reports: true,
            media: None,
            whatsapp_media: None,
        }
    }

    /// What files it takes on such a channel; `None`: only text.
    pub fn media_for(&self, kind: ChannelKind) -> Option<&MediaLimits> {
        match kind {
            ChannelKind::Sms => self.media.as_ref(),
            ChannelKind::WhatsApp => self.whatsapp_media.as_ref().or(self.media.as_ref()),
        }
    }
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
    /// Where it stands in a list, and where our address is entered at it.
    pub place: Place,
    /// Its settings.
    pub fields: &'static [Field],
    /// What of it nobody could check with the vendor, in English and German; the portal and the docs say so.
    pub unverified: Option<(&'static str, &'static str)>,
    /// Builds the dialect from settings (an object of [`Field`] keys to strings), or says which field is wrong.
    pub build: fn(&Settings) -> Result<Box<dyn Carrier>, SettingsError>,
}
