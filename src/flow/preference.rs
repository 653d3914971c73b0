//! A peer told its carrier that it wants no more, or that it does again: it stands in the list before anything else is sent.

use crate::carrier::dialect::Preference;
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::opt_outs::NewOptOut;

/// Takes a peer's word in; says what came of it.
pub fn take(tx: &Tx<'_>, trunk: TrunkId, word: &Preference, now: Timestamp) -> Result<&'static str, StoreError> {
    // Some carriers say it beside the message, under its id.
    let key = format!("{}/preference", word.carrier_id);
    if !tx.hear_webhook(trunk, &key, now)? {
        return Ok("preference was here before");
    }
    let number = match &word.number {
        Some(ours) => tx.number_for(trunk, word.kind, ours)?.map(|number| number.id),
        None => None,
    };
    // Without a number of ours it counts for all that this account has of the kind.
    let numbers = match number {
        Some(number) => vec![number],
        None => tx.numbers_on(trunk, word.kind)?,
    };
    for number in &numbers {
        if !word.opted_out {
            tx.take_back_opt_outs(&word.peer, *number, word.marketing_only, (None, word.words.as_deref()), now)?;
            continue;
        }
        let new = NewOptOut {
            address: &word.peer,
            scope: Scope::Number { number: *number },
            marketing_only: word.marketing_only,
            source: OptOutSource::Carrier,
            words: word.words.as_deref(),
            note: "",
            by: None,
            said_to: None,
        };
        tx.note_opt_out(&new, now)?;
    }
    Ok(if word.opted_out { "opt-out noted" } else { "opt-out taken back" })
}
