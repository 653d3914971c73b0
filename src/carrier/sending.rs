//! What is sent: a message on its way to a carrier, the steps towards it, and the carrier's word that it took it.

use crate::carrier::dialect::Request;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::rich::Rich;
use bytes::Bytes;
use std::time::Duration;

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
    /// Make this call first, then ask again with its answer: it brings a file to the carrier, and nothing to the peer.
    Upload(Request),
    /// Make this call, then ask again with its answer. Without one, the carrier may have taken the message.
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

impl Step {
    /// The call to make, if there is one.
    pub fn call(self) -> Option<Request> {
        match self {
            Step::Upload(call) | Step::Call(call) => Some(call),
            Step::Done(_) => None,
        }
    }
}
