//! What is heard: a webhook as it came in, everything a carrier may say in one, and why one is refused.

use crate::carrier::dialect::Answer;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::reason::Reason;
use crate::domain::rich::Rich;
use crate::domain::template::TemplateNews;
use crate::domain::time::Timestamp;
use bytes::Bytes;
use std::net::IpAddr;
use thiserror::Error;

/// Longest name of a file that is kept.
const NAME_CHARS_MAX: usize = 200;

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
    /// A file at an address or under an id. Many carriers tell its name by the end of the address alone.
    pub fn at(location: &str, claimed_type: Option<&str>) -> InboundMedia {
        InboundMedia {
            location: location.to_owned(),
            claimed_type: claimed_type.map(str::to_owned),
            file_name: name_in(location),
        }
    }

    /// Under this name, if one is told.
    pub fn named(self, name: Option<&str>) -> InboundMedia {
        let told = name.filter(|name| !name.is_empty()).map(|name| name.chars().take(NAME_CHARS_MAX).collect());
        InboundMedia { file_name: told.or(self.file_name), ..self }
    }
}

/// The last piece of an address's path, where it looks like a file's name.
fn name_in(location: &str) -> Option<String> {
    let (_, place) = location.split_once("://")?;
    let path = place.split(['?', '#']).next()?;
    let (_, last) = path.split_once('/')?.1.rsplit_once('/').unwrap_or(("", path.split_once('/')?.1));
    let name = percent_encoding::percent_decode_str(last).decode_utf8().ok()?;
    let (stem, ending) = name.rsplit_once('.')?;
    let looks_like_one = !stem.is_empty() && (2..=5).contains(&ending.len()) && name.chars().count() <= NAME_CHARS_MAX;
    looks_like_one.then(|| name.into_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_ends_like_a_file_gives_its_name() {
        for (location, name) in [
            ("https://messaging.example.com/api/v2/users/99/media/1/0/cat%20picture.png", Some("cat picture.png")),
            ("https://a.example.com/photo.jpeg?token=x.y", Some("photo.jpeg")),
            ("https://a.example.com/2010-04-01/Accounts/AC1/Media/ME1", None),
            ("https://a.example.com", None),
            ("https://a.example.com/.htaccess", None),
            ("1908647269898587", None),
        ] {
            assert_eq!(InboundMedia::at(location, None).file_name.as_deref(), name, "{location}");
        }
        let told = InboundMedia::at("https://a.example.com/1.jpg", None).named(Some("holiday.jpg"));
        assert_eq!(told.file_name.as_deref(), Some("holiday.jpg"));
    }
}
