//! "Did you take this message?", asked of a carrier that only lists messages: the text decides, and what resembles it
//! leaves a doubt. Nothing here knows a carrier.

use crate::carrier::dialect::{Accepted, Known};
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use std::time::Duration;

/// How far a carrier's clock and ours may be apart: what was made in this time before proves nothing.
pub const DOUBT: Duration = Duration::from_secs(120);

/// A message of ours to this peer, in a carrier's list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The carrier's id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// When the carrier made it.
    pub made: Timestamp,
    /// How many segments it counted.
    pub segments: Option<u32>,
}

/// Nobody can tell.
pub fn doubt(why: &str) -> SendError {
    SendError::Unreadable { why: format!("whether the carrier took the message cannot be told: {why}") }
}

/// Exactly one with this very text since then: taken. None that even resembles it, in a list that is complete: not
/// taken. Else nobody knows.
pub fn judge(listed: &[Listed], text: &str, since: Timestamp) -> Result<Known, SendError> {
    // Most carriers' moments are whole seconds.
    let since = Timestamp::from_seconds(since.as_seconds());
    let near = listed.iter().filter(|row| row.made >= since.minus(DOUBT));
    let alike: Vec<_> = near.filter(|row| skeleton(&row.text) == skeleton(text)).collect();
    match alike.as_slice() {
        [] => Ok(Known::NotTaken),
        [one] if one.text == text && one.made >= since => Ok(Known::Taken(Accepted::of(one.id.clone(), one.segments))),
        [_] => Err(doubt("it lists one that resembles it")),
        _ => Err(doubt("it lists several with this text")),
    }
}

/// What is left of a text however a carrier trims it or swaps its quotes and dashes; the text itself if that is nothing.
pub fn skeleton(text: &str) -> String {
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if bare.is_empty() { text.trim().to_owned() } else { bare }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 March 2024, midnight.
    const SINCE: Timestamp = Timestamp(1_709_251_200_000);

    fn listed(text: &str, after: i64) -> Listed {
        Listed { id: format!("m{after}"), text: text.into(), made: Timestamp(SINCE.0 + after * 1000), segments: None }
    }

    #[test]
    fn only_one_exact_text_since_then_counts_as_taken() {
        let judged = |rows: &[Listed]| judge(rows, "Hello \"you\"", SINCE);

        assert!(matches!(judged(&[listed("Hello \"you\"", 3), listed("Other", 5)]), Ok(Known::Taken(_))));
        assert_eq!(judged(&[listed("Other", 3)]), Ok(Known::NotTaken));
        assert_eq!(judged(&[listed("Hello \"you\"", -4000)]), Ok(Known::NotTaken));
        for unclear in [
            vec![listed("Hello \"you\"", 3), listed("Hello \"you\"", 4)],
            vec![listed("Hello “you”", 3)],
            vec![listed("Hello \"you\"", -30)],
        ] {
            assert!(matches!(judged(&unclear), Err(SendError::Unreadable { .. })));
        }
    }
}
