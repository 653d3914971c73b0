//! A peer told its carrier that it wants no more, or that it does again: it stands in the list before anything else is sent.

use crate::carrier::dialect::Preference;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::opt_outs::OptOut;

/// Takes a peer's word in; says what came of it.
pub fn take(tx: &Tx<'_>, trunk: TrunkId, word: &Preference, now: Timestamp) -> Result<&'static str, StoreError> {
    if tx.heard_webhook(trunk, &word.carrier_id)?.is_some() {
        return Ok("preference was here before");
    }
    tx.note_webhook(trunk, &word.carrier_id, None, now)?;
    let peer = tx.peer_for(&word.peer, None, now)?;
    let number = match &word.number {
        Some(ours) => tx.number_for(trunk, word.kind, ours)?.map(|number| number.id),
        None => None,
    };
    if !word.opted_out {
        tx.withdraw_opt_out(peer, word.kind, number, now)?;
        return Ok("opt-out taken back");
    }
    let new = OptOut {
        peer,
        kind: word.kind,
        number,
        marketing_only: word.marketing_only,
        source: "carrier",
        words: word.words.clone(),
    };
    tx.note_opt_out(&new, now)?;
    Ok("opt-out noted")
}
