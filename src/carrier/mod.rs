//! Carriers as dialects: the table from name to dialect, one line each.

pub mod asking;
pub mod bandwidth;
pub mod bird;
pub mod bulkvs;
pub mod clickatell;
pub mod codes;
pub mod confirms;
pub mod custom;
pub mod dialect;
pub mod didww;
pub mod flowroute;
pub mod generic;
pub mod hearing;
pub mod http;
pub mod incoming;
pub mod infobip;
pub mod jwt;
pub mod link;
pub mod listing;
pub mod media_limits;
pub mod messagebird;
pub mod moments;
pub mod outgoing;
pub mod places;
pub mod plivo;
pub mod redact;
pub mod sending;
pub mod settings;
pub mod seven;
pub mod sign;
pub mod signalwire;
pub mod simulator;
pub mod sinch;
pub mod sip_trunk;
pub mod sipgate;
pub mod spelling;
pub mod taken;
pub mod telnyx;
pub mod twilio;
pub mod twiml;
pub mod voipms;
pub mod vonage;
pub mod vonage_sms;
pub mod webhooks;
pub mod whatsapp;
pub mod words;

pub mod public_url;

use dialect::Entry;

/// Every carrier this house speaks to, in the order a form shows them.
#[rustfmt::skip]
pub const CARRIERS: &[Entry] = &[
    twilio::ENTRY,
    whatsapp::ENTRY,
    signalwire::ENTRY,
    telnyx::ENTRY,
    bandwidth::ENTRY,
    plivo::ENTRY,
    sipgate::ENTRY,
    link::ENTRY,
    didww::ENTRY,
    clickatell::ENTRY,
    flowroute::ENTRY,
    voipms::ENTRY,
    bulkvs::ENTRY,
    vonage_sms::ENTRY,
    seven::ENTRY,
    sinch::ENTRY,
    vonage::ENTRY,
    infobip::ENTRY,
    messagebird::ENTRY,
    bird::ENTRY,
    generic::ENTRY,
    custom::ENTRY,
    sip_trunk::ENTRY,
    simulator::ENTRY,
];

/// The carrier with this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    CARRIERS.iter().find(|entry| entry.name == name)
}
