//! What the conformance tests must know of each dialect: one file each, one line each in [`ALL`].

pub mod bandwidth;
pub mod bird;
pub mod bulkvs;
pub mod clickatell;
pub mod custom;
pub mod didww;
pub mod flowroute;
pub mod generic;
pub mod infobip;
pub mod link;
pub mod messagebird;
pub mod plivo;
pub mod seven;
pub mod signalwire;
pub mod simulator;
pub mod sinch;
pub mod sipgate;
pub mod telnyx;
pub mod twilio;
pub mod voipms;
pub mod vonage;
pub mod vonage_sms;
pub mod whatsapp;

use bytes::Bytes;
use depesche::carrier::dialect::{Carrier, Heard};
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

/// The cases of every dialect.
#[rustfmt::skip]
pub const ALL: &[&[Case]] = &[
    twilio::CASES,
    bandwidth::CASES,
    bulkvs::CASES,
    clickatell::CASES,
    didww::CASES,
    flowroute::CASES,
    link::CASES,
    plivo::CASES,
    signalwire::CASES,
    sipgate::CASES,
    telnyx::CASES,
    voipms::CASES,
    whatsapp::CASES,
    vonage_sms::CASES,
    seven::CASES,
    sinch::CASES,
    vonage::CASES,
    infobip::CASES,
    messagebird::CASES,
    bird::CASES,
    generic::CASES,
    custom::CASES,
    simulator::CASES,
];

/// When the webhooks are signed.
pub const NOW: Timestamp = Timestamp(1_795_000_000_000);
/// Where they are called.
pub const HOOK: &str = "https://pbx.example.com/hook/k3y";

/// What the tests must know of a dialect that they cannot read from it.
///
/// The webhook's message is "Grüße & 1+1=2" from +4915550012345 (or [`Case::peer`]) to +4930555000 (or [`Case::number`]).
pub struct Case {
    pub name: &'static str,
    /// Settings with every secret a canary.
    pub settings: fn() -> Value,
    /// A webhook, well signed at [`NOW`]; `None` where this carrier has no such webhook.
    pub webhook: fn(What) -> Option<Heard>,
    /// The header that carries the signature (or our own password); `None`: this carrier signs nothing.
    pub signature: Option<&'static str>,
    /// Whether the body is covered by it: a password is not.
    pub signs_body: bool,
    /// Whether the address is signed too.
    pub signs_url: bool,
    /// Whether the signature grows old.
    pub signs_time: bool,
    /// How long a repetition is known as one, in seconds: for carriers whose texts have no id, it is short.
    pub repeats_within_s: u64,
    /// What the message is; what is sent, too.
    pub kind: ChannelKind,
    /// Who wrote the message.
    pub peer: &'static str,
    /// Which number of ours it came to; also what messages are sent from.
    pub number: &'static str,
    /// What the report says: the state, by our reference or the carrier's id, and our reason.
    pub report: Report,
    /// What it answers to the upload of a file, where it takes some so.
    pub uploaded: &'static str,
    /// Which ends no answer of this carrier can lead to, so that none is recorded.
    pub without: &'static [&'static str],
}

/// What [`What::Report`] tells.
pub struct Report {
    pub state: DeliveryState,
    pub reference: Option<&'static str>,
    pub carrier_id: Option<&'static str>,
    pub reason: Option<&'static str>,
}

impl Case {
    /// Most carriers: signed body, numbers of Germany, an undelivered report for our reference "ref-1" with reason "landline".
    pub const USUAL: Case = Case {
        name: "",
        settings: || Value::Null,
        webhook: |_| None,
        signature: None,
        signs_body: true,
        signs_url: false,
        signs_time: false,
        repeats_within_s: 300,
        kind: ChannelKind::Sms,
        peer: "+4915550012345",
        number: "+4930555000",
        report: Report {
            state: DeliveryState::Undelivered,
            reference: Some("ref-1"),
            carrier_id: None,
            reason: Some("landline"),
        },
        uploaded: "",
        without: &[],
    };

    pub fn dialect(&self) -> Box<dyn Carrier> {
        let entry = depesche::carrier::find(self.name).expect("it is in the table");
        let settings = (self.settings)();
        (entry.build)(settings.as_object().expect("an object")).expect("the settings are good")
    }

    pub fn canaries(&self) -> Vec<String> {
        let settings = (self.settings)();
        let texts = settings.as_object().expect("an object").values().filter_map(Value::as_str);
        texts.filter(|text| text.starts_with("canary")).map(str::to_owned).collect()
    }
}

/// What a webhook tells.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum What {
    Message,
    Report,
    Unknown,
}

/// A POST with a body, as a carrier calls our door.
pub fn heard(url: &str, kind: &str, headers: &[(&'static str, String)], body: String) -> Heard {
    let mut all = HeaderMap::new();
    all.insert("content-type", HeaderValue::from_str(kind).expect("a header"));
    for (name, value) in headers {
        all.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
    }
    Heard { method: Method::POST, url: url.to_owned(), headers: all, body: Bytes::from(body), caller: None }
}
