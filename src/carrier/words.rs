//! The words of the trade for what became of a message: SMPP's, and those most carriers took over from it.
//! For carriers whose own table nobody has seen; what is unknown stays unknown.

use crate::domain::delivery::DeliveryState;
use crate::domain::reason::{Reason, ReasonCode};

/// A state in the words of SMPP or of most web APIs, however it is capitalised and joined.
pub fn state_of(word: &str) -> Option<DeliveryState> {
    let word: String =
        word.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).take(40).collect();
    Some(match word.as_str() {
        "delivrd" | "delivered" | "deliveredtohandset" | "deviceack" => DeliveryState::Delivered,
        "read" | "displayed" | "seen" => DeliveryState::Read,
        "acceptd" | "accepted" | "enroute" | "sent" | "success" | "queued" | "sending" | "buffered" | "submitted"
        | "messagebuffered" | "pending" | "scheduled" | "senttosupplier" | "delivering" => DeliveryState::Sent,
        "undeliv" | "undelivered" | "undeliverable" | "expired" | "deleted" | "notdelivered" | "deliveryfailure"
        | "deliveryfailed" | "unknown" | "rejectd" | "rejected" | "failed" | "failure" | "error" | "routingerror" => {
            DeliveryState::Undelivered
        }
        _ => return None,
    })
}

/// What a sentence about a failure most likely means, by words that leave little doubt.
pub fn code_in(sentence: &str) -> Option<ReasonCode> {
    const SIGNS: &[(&[&str], ReasonCode)] = &[
        (&["landline"], ReasonCode::Landline),
        (&["opted out", "opt-out", "optout", "unsubscribed", "stop keyword"], ReasonCode::OptedOut),
        (&["expired", "validity period"], ReasonCode::Expired),
        (&["spam", "filtered", "content violation"], ReasonCode::ContentFiltered),
        (&["10dlc", "campaign", "not registered", "unregistered"], ReasonCode::SenderNotRegistered),
        (&["unreachable", "absent", "switched off", "turned off", "powered off"], ReasonCode::HandsetUnreachable),
        (&["credit", "balance", "insufficient funds"], ReasonCode::NoCredit),
        (&["too long"], ReasonCode::TextTooLong),
        (
            &["unknown subscriber", "unallocated", "does not exist", "invalid number", "invalid destination"],
            ReasonCode::NumberInvalid,
        ),
    ];
    let sentence = sentence.to_ascii_lowercase();
    SIGNS.iter().find(|(signs, _)| signs.iter().any(|sign| sentence.contains(sign))).map(|(_, code)| *code)
}

/// Why a delivery failed: our best reading of the carrier's sentence, with its code beside it; none where it did not fail.
pub fn reason(state: DeliveryState, code: Option<&str>, sentence: &str) -> Option<Reason> {
    if !matches!(state, DeliveryState::Undelivered | DeliveryState::Failed) {
        return None;
    }
    let reason = Reason::of(code_in(sentence).unwrap_or(ReasonCode::CarrierGaveUp)).saying(sentence);
    Some(match code.filter(|code| !code.is_empty()) {
        Some(code) => reason.coded(code),
        None => reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_the_same_however_they_are_written() {
        for (word, state) in [
            ("DELIVRD", Some(DeliveryState::Delivered)),
            ("delivered", Some(DeliveryState::Delivered)),
            ("Routing error", Some(DeliveryState::Undelivered)),
            ("message buffered", Some(DeliveryState::Sent)),
            ("NOT_DELIVERED", Some(DeliveryState::Undelivered)),
            ("melted", None),
            ("", None),
        ] {
            assert_eq!(state_of(word), state, "{word}");
        }
    }

    #[test]
    fn a_sentence_is_read_only_where_it_leaves_little_doubt() {
        let code = |sentence| reason(DeliveryState::Undelivered, Some("7"), sentence).map(|reason| reason.code);

        assert_eq!(code("Destination is a landline"), Some(ReasonCode::Landline));
        assert_eq!(code("Something happened"), Some(ReasonCode::CarrierGaveUp));
        assert_eq!(reason(DeliveryState::Delivered, Some("0"), "fine"), None);
    }
}
