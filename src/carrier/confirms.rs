//! Which carriers answer STOP by themselves, and which words they know. State of 2026-11; see the reference's table of
//! opt-outs. Two confirmations are worse than none: the second is refused by the carrier (21610) and counts against us.

use crate::domain::consent::Confirms;

/// What carriers that answer by themselves understand, folded; none of them knows another language unless it is told to.
const WORDS: [&str; 18] = [
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "start",
    "unstop",
    "yes",
    "opt in",
    "optin",
    "help",
    "info",
    "subscribe",
];

/// Who usually confirms at a carrier.
pub fn usual(carrier: &str) -> Confirms {
    match carrier {
        // Twilio and SignalWire answer on every long code, Telnyx on every messaging profile, Plivo on those of North America.
        "twilio" | "telnyx" | "signalwire" | "plivo" => Confirms::Carrier,
        _ => Confirms::We,
    }
}

/// Whether a carrier that confirms by itself knows this word, folded.
pub fn knows(word: &str) -> bool {
    WORDS.contains(&word)
}
