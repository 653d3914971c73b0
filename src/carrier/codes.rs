//! Tables of carriers' error codes, and what a reason means for a message that was just refused.
//! A table is a dialect's own; how to read one is the same everywhere.

use crate::carrier::dialect::{Answer, DeliveryReport};
use crate::carrier::http;
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::{Reason, ReasonCode};
use std::time::Duration;

/// A carrier's codes: the code, our reason, and what it says where the carrier itself sends no sentence.
#[derive(Clone, Copy, Debug)]
pub struct Codes(pub &'static [(&'static str, ReasonCode, &'static str)]);

impl Codes {
    /// The reason a code stands for, with the carrier's sentence where it sent one.
    pub fn reason(&self, code: &str, says: Option<&str>, fallback: ReasonCode) -> Reason {
        let known = self.0.iter().find(|(known, ..)| *known == code);
        let ours = known.map_or(fallback, |(_, ours, _)| *ours);
        let sentence = says.filter(|says| !says.is_empty()).or(known.map(|(.., note)| *note)).unwrap_or_default();
        Reason::of(ours).coded(code).saying(sentence)
    }

    /// Why a delivery failed. What would be tried again while sending is not promised here: the carrier gave up.
    pub fn of_delivery(&self, code: Option<&str>, says: Option<&str>) -> Reason {
        let gave_up = ReasonCode::CarrierGaveUp;
        let Some(code) = code else { return Reason::of(gave_up).saying(says.unwrap_or_default()) };
        let mut reason = self.reason(code, says, gave_up);
        let passing = [ReasonCode::CarrierThrottled, ReasonCode::CarrierUnreachable, ReasonCode::CarrierUnreadable];
        if passing.contains(&reason.code) {
            reason.code = gave_up;
        }
        reason
    }
}

/// What the carrier's refusal means, whatever its status was.
pub fn refused(reason: Reason, retry_after: Option<Duration>) -> SendError {
    let why = |reason: Reason| reason.detail.or(reason.carrier_code).unwrap_or_default();
    match reason.code {
        ReasonCode::OptedOut => SendError::OptedOut { reason },
        ReasonCode::NoCredit => SendError::NoCredit { reason },
        ReasonCode::CredentialsRefused => SendError::Misconfigured { reason },
        ReasonCode::CarrierThrottled => SendError::Throttled { retry_after },
        ReasonCode::CarrierUnreachable => {
            SendError::Unreachable { why: format!("the carrier answered: {}", why(reason)) }
        }
        ReasonCode::CarrierUnreadable => {
            SendError::Unreadable { why: format!("the carrier answered: {}", why(reason)) }
        }
        _ => SendError::Rejected { reason },
    }
}

/// What an answer outside 2xx means, given the reason its body names.
pub fn judged(answer: &Answer, reason: Option<Reason>) -> SendError {
    let by_status = http::by_status(answer);
    let Some(reason) = reason else { return by_status };
    // What may have been taken (500), or was certainly not (429, 503), is judged by its status alone.
    if !answer.status().is_client_error()
        || matches!(by_status, SendError::Throttled { .. } | SendError::Unreachable { .. })
    {
        return by_status;
    }
    match refused(reason, http::retry_after(answer)) {
        SendError::Rejected { reason }
            if reason.code == ReasonCode::CarrierRefused && !matches!(by_status, SendError::Rejected { .. }) =>
        {
            by_status
        }
        judged => judged,
    }
}

/// A report: about what, which state, and why where it went wrong.
pub fn report(
    carrier_id: Option<String>,
    reference: Option<String>,
    state: DeliveryState,
    reason: impl FnOnce() -> Reason,
) -> DeliveryReport {
    let went_wrong = matches!(state, DeliveryState::Failed | DeliveryState::Undelivered);
    DeliveryReport { carrier_id, reference, state, reason: went_wrong.then(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const CODES: Codes = Codes(&[
        ("1", ReasonCode::CarrierThrottled, "slower"),
        ("2", ReasonCode::CredentialsRefused, "who are you"),
        ("9", ReasonCode::NoCredit, "no credit"),
    ]);

    #[test]
    fn a_pause_told_after_the_fact_is_not_promised_to_be_tried_again() {
        assert_eq!(CODES.of_delivery(Some("1"), None).code, ReasonCode::CarrierGaveUp);
        assert_eq!(CODES.of_delivery(Some("77"), Some("odd")).carrier_code.as_deref(), Some("77"));
        assert_eq!(CODES.of_delivery(None, None), Reason::of(ReasonCode::CarrierGaveUp));
    }

    #[test]
    fn a_status_that_leaves_a_doubt_outweighs_the_body() {
        let judged = |status: u16, code: &str| {
            let answer = ::http::Response::builder().status(status).body(Bytes::new()).expect("an answer");
            format!("{:?}", judged(&answer, Some(CODES.reason(code, None, ReasonCode::CarrierRefused))))
        };
        for (status, code, word) in [
            (400, "9", "NoCredit"),
            (400, "77", "Rejected"),
            (401, "77", "Misconfigured"),
            (422, "1", "Throttled"),
            (500, "9", "Unreadable"),
            (503, "9", "Unreachable"),
            (429, "9", "Throttled"),
        ] {
            assert!(judged(status, code).starts_with(word), "{status} {code}: {}", judged(status, code));
        }
    }
}
