//! A SIP trunk or GSM gateway that speaks MESSAGE (RFC 3428): GoIP, Yeastar TG, Dinstar, and ITSPs that take texts by SIP.
//! Its settings, how it spells numbers, what its answers mean. Pure; the wire is `egress/sip_trunk.rs`.

mod numbers;
mod parts;
mod settings;
mod verdict;

pub use numbers::Spelling;
pub use parts::parts;
pub use settings::{Named, SenderIn, SipTransport, SipTrunk};
pub use verdict::{Verdict, verdict};

use crate::carrier::dialect::{
    Answer, Carrier, Entry, Heard, Limits, OutboundMessage, Refusal, Settings, SettingsError, Step, Told,
};
use crate::carrier::places::{Group, Place};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "sip",
    title: "SIP trunk or GSM gateway",
    kinds: &[ChannelKind::Sms],
    place: Place { group: Group::Sip, paste: &[] },
    fields: settings::FIELDS,
    unverified: Some((
        "Tried against SIPp playing the gateway. Real GoIP, Yeastar TG and Dinstar boxes were not at hand: send a text each way before relying on it.",
        "Erprobt mit SIPp in der Rolle des Gateways. Echte Geräte von GoIP, Yeastar TG und Dinstar standen nicht zur Verfügung: bitte vor dem Einsatz je eine Nachricht in beide Richtungen senden.",
    )),
    build,
};

fn build(settings: &Settings) -> Result<Box<dyn Carrier>, SettingsError> {
    Ok(Box::new(SipTrunk::from_settings(settings)?))
}

/// A message as it goes on the wire: each part is a MESSAGE of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The user the request names.
    pub to_user: String,
    /// The user it comes from.
    pub from_user: String,
    /// The text, in as many parts as the gateway wants.
    pub parts: Vec<String>,
}

impl SipTrunk {
    /// What is sent for a message, or why it cannot be.
    pub fn outgoing(&self, message: &OutboundMessage) -> Result<Outgoing, SendError> {
        let rejected = |code| SendError::Rejected { reason: Reason::of(code) };
        if !message.media.is_empty() || message.rich.is_some() {
            return Err(rejected(ReasonCode::MediaNotTaken));
        }
        if message.text.trim().is_empty() {
            return Err(rejected(ReasonCode::TextEmpty));
        }
        if message.text.chars().count() > self.limits.text_chars_max {
            return Err(rejected(ReasonCode::TextTooLong));
        }
        let to_user = self.spelling.written(&message.to).ok_or_else(|| rejected(ReasonCode::NumberInvalid))?;
        let from_user = match self.named {
            Named::Number => {
                self.spelling.written(&message.from).ok_or_else(|| rejected(ReasonCode::SenderNotAllowed))?
            }
            Named::User => self.user.clone(),
        };
        let parts = if self.one_sms_each { parts(&message.text) } else { vec![message.text.clone()] };
        Ok(Outgoing { to_user, from_user, parts })
    }
}

impl Carrier for SipTrunk {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, _message: &OutboundMessage, _answers: &[Answer]) -> Result<Step, SendError> {
        let why = "this trunk speaks SIP, not HTTP: this is a fault in Depesche, please report it";
        Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CarrierRefused).saying(why) })
    }

    fn hear(&self, _request: &Heard, _now: Timestamp) -> Result<Told, Refusal> {
        Err(Refusal::Unreadable("this trunk speaks SIP and has no webhooks".into()))
    }

    fn secrets(&self) -> Vec<String> {
        [&self.password, &self.inbound_password].into_iter().flatten().map(|one| one.expose().to_owned()).collect()
    }

    fn sip(&self) -> Option<&SipTrunk> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::Address;
    use serde_json::json;

    fn trunk(more: serde_json::Value) -> Box<dyn Carrier> {
        let mut settings = json!({ "server": "192.0.2.7", "user": "goip", "password": "a-long-password" });
        settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        build(settings.as_object().expect("an object")).expect("good settings")
    }

    fn message(text: &str) -> OutboundMessage {
        let address = |text| Address::parse(text).expect("a number");
        OutboundMessage::text("r", ChannelKind::Sms, address("+4930555000"), address("+4915550012345"), text)
    }

    #[test]
    fn a_message_names_numbers_as_the_gateway_wants_them() {
        let carrier = trunk(json!({ "number_format": "national", "country": "DE", "out_prefix": "9" }));
        let sip = carrier.sip().expect("it speaks SIP");
        let outgoing = sip.outgoing(&message("hello")).expect("good");
        assert_eq!((outgoing.to_user.as_str(), outgoing.from_user.as_str()), ("9015550012345", "9030555000"));

        let carrier = trunk(json!({ "from": "user" }));
        let outgoing = carrier.sip().expect("SIP").outgoing(&message("hello")).expect("good");
        assert_eq!((outgoing.to_user.as_str(), outgoing.from_user.as_str()), ("+4915550012345", "goip"));
    }

    #[test]
    fn a_gateway_of_160_characters_gets_numbered_parts() {
        let carrier = trunk(json!({ "parts": "one_sms" }));
        let outgoing = carrier.sip().expect("SIP").outgoing(&message(&"word ".repeat(60))).expect("good");
        assert_eq!(outgoing.parts.len(), 2);
        assert!(outgoing.parts[0].starts_with("(1/2) word"), "{:?}", outgoing.parts);
    }

    #[test]
    fn its_passwords_are_secrets() {
        let carrier = trunk(json!({ "inbound_user": "gw", "inbound_password": "another-password" }));
        assert_eq!(carrier.secrets(), ["a-long-password", "another-password"]);
    }
}
