//! A peer's long text that the carrier hands over in parts: kept until all are there, then filed as one message.
//! What is missing after a while is marked, so that nobody waits for ever and nothing is lost.

use crate::carrier::dialect::{InboundMessage, InboundPart};
use crate::domain::channel::ChannelKind;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::inbound::{self, Inbound};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::inbound_parts::{Part, Whole};
use std::time::Duration;

/// How long the parts that came wait for the others.
const WAIT: Duration = Duration::from_secs(10 * 60);
/// What stands for parts that did not come.
const GAP: &str = "[…]";

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was the last: the whole text went in.
    Whole(Inbound),
    /// It waits for the others: so many of so many are there.
    Waits(usize, u32),
    /// It was here before.
    SeenBefore,
}

/// Takes a part in; the last one brings the whole text.
pub fn take(
    tx: &Tx<'_>,
    rules: &Rules,
    trunk: TrunkId,
    heard: &InboundPart,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let message = &heard.message;
    if !tx.hear_webhook(trunk, &message.carrier_id, now)? {
        return Ok(Taken::SeenBefore);
    }
    let whole = Whole { trunk, peer: message.from.clone(), ours: message.to.clone(), joins: heard.joins.clone() };
    let there = tx.inbound_parts_of(&whole)?;
    // Carriers count such texts in one octet: the same word for another text ends the one before.
    if there.iter().any(|part| part.number == heard.number || part.total != heard.total) {
        file(tx, rules, &whole, now)?;
    }
    let part = Part {
        number: heard.number,
        total: heard.total,
        carrier_id: message.carrier_id.clone(),
        text: message.text.clone(),
        said_at: message.said_at,
    };
    tx.keep_part(&whole, &part, now)?;
    let there = tx.inbound_parts_of(&whole)?.len();
    if there as u64 == u64::from(heard.total) {
        return file(tx, rules, &whole, now).map(Taken::Whole);
    }
    Ok(Taken::Waits(there, heard.total))
}

/// Files what is there of a text as one message.
fn file(tx: &Tx<'_>, rules: &Rules, whole: &Whole, now: Timestamp) -> Result<Inbound, StoreError> {
    let parts = tx.inbound_parts_of(whole)?;
    tx.forget_parts(whole)?;
    let Some(first) = parts.first() else { return Ok(Inbound::SeenBefore) };
    // An id of its own: those of the parts are known already.
    let id = format!("parts of {}", first.carrier_id);
    let (peer, ours) = (whole.peer.clone(), whole.ours.clone());
    let mut message = InboundMessage::text(ChannelKind::Sms, &id, peer, ours, &joined(&parts));
    message.said_at = parts.iter().filter_map(|part| part.said_at).min();
    inbound::take(tx, rules, whole.trunk, &message, now)
}

fn joined(parts: &[Part]) -> String {
    let mut text = String::new();
    let mut next = 1;
    for part in parts {
        if part.number > next {
            text.push_str(GAP);
        }
        text.push_str(&part.text);
        next = part.number + 1;
    }
    if parts.last().is_some_and(|part| part.number < part.total) {
        text.push_str(GAP);
    }
    text
}

/// Files one text whose missing parts did not come in time; says whether there was one.
pub async fn file_overdue(desk: &Desk) -> Result<bool, FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            let Some(whole) = tx.overdue_parts(now.minus(WAIT))? else { return Ok(false) };
            tracing::warn!(trunk.id = %whole.trunk, "Parts of a long text did not come: it is filed with a gap");
            file(tx, &rules, &whole, now)?;
            Ok(true)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_marked() {
        let part = |number: u32, text: &str| Part {
            number,
            total: 4,
            carrier_id: number.to_string(),
            text: text.to_owned(),
            said_at: None,
        };

        assert_eq!(joined(&[part(1, "a"), part(2, "b"), part(3, "c"), part(4, "d")]), "abcd");
        assert_eq!(joined(&[part(2, "b"), part(3, "c")]), "[…]bc[…]");
        assert_eq!(joined(&[part(1, "a"), part(4, "d")]), "a[…]d");
    }
}
