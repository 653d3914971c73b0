//! What a gateway's answer to a MESSAGE means (RFC 3261 21, RFC 3428 7): taken, refused, later, or nobody knows.

use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use std::time::Duration;

/// What became of one MESSAGE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The gateway took it.
    Taken,
    /// It certainly did not.
    Refused(SendError),
    /// It may have: somebody behind it did not answer in time.
    Unknown(String),
}

/// What a final answer means; `said` is its Warning or reason phrase.
pub fn verdict(status: u16, said: &str, retry_after: Option<Duration>) -> Verdict {
    let reason = |code| Reason::of(code).coded(status.to_string()).saying(said);
    let unreachable = || SendError::Unreachable { why: format!("the gateway answered {status} {said}") };
    Verdict::Refused(match status {
        200..300 => return Verdict::Taken,
        // A proxy's word that what is behind it kept silent: it may have taken it all the same.
        408 | 504 => {
            return Verdict::Unknown(format!("the gateway answered {status} {said}: what is behind it was silent"));
        }
        401 | 407 => SendError::Misconfigured { reason: reason(ReasonCode::CredentialsRefused) },
        402 => SendError::NoCredit { reason: reason(ReasonCode::NoCredit) },
        404 | 410 | 484 | 604 => SendError::Rejected { reason: reason(ReasonCode::NumberInvalid) },
        413 | 513 => SendError::Rejected { reason: reason(ReasonCode::TextTooLong) },
        405 | 501 => SendError::Misconfigured {
            reason: reason(ReasonCode::CarrierRefused)
                .saying("this gateway takes no MESSAGE: turn on SMS over SIP there"),
        },
        300..=399 => SendError::Misconfigured {
            reason: reason(ReasonCode::CarrierRefused)
                .saying("the gateway sends us elsewhere: correct the trunk's server"),
        },
        503 if retry_after.is_some() => SendError::Throttled { retry_after },
        480 | 486 | 491 | 500 | 502 | 503 | 600 => unreachable(),
        _ => SendError::Rejected { reason: reason(ReasonCode::CarrierRefused) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_decides_what_happens_next() {
        for (statuses, word) in [
            (&[200, 202][..], "Taken"),
            (&[408, 504], "Unknown"),
            (&[401, 407, 405, 501, 302], "Refused(Misconfigured"),
            (&[402], "Refused(NoCredit"),
            (&[400, 403, 404, 413, 415, 488, 484, 603, 604], "Refused(Rejected"),
            (&[480, 486, 500, 503, 600], "Refused(Unreachable"),
        ] {
            for status in statuses {
                let found = format!("{:?}", verdict(*status, "said", None));
                assert!(found.starts_with(word), "{status}: {found}");
            }
        }
        let wait = Some(Duration::from_secs(9));
        assert_eq!(verdict(503, "", wait), Verdict::Refused(SendError::Throttled { retry_after: wait }));
    }
}
