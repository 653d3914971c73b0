//! WhatsApp's 24 hours: free text only so long after the peer last wrote, else a template. Asked here before anything is
//! filed, and once more when it leaves (see outbox/whatsapp.rs): the carrier is never the one who finds out.

use crate::domain::channel::ChannelKind;
use crate::domain::id::{NumberId, PeerId};
use crate::domain::reason::ReasonCode;
use crate::domain::time::Timestamp;
use crate::flow::error::FlowError;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use std::time::Duration;

/// How long a peer may be answered freely.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Whether a peer may be answered freely at a number now; always where the channel is not WhatsApp.
pub fn is_open(db: &Snapshot<'_>, number: NumberId, peer: PeerId, now: Timestamp) -> Result<bool, StoreError> {
    if db.kind_of_number(number)? != Some(ChannelKind::WhatsApp) {
        return Ok(true);
    }
    Ok(db.open_until(number, peer)?.is_some_and(|until| until > now))
}

/// Refuses free text where only a template may be sent.
pub fn must_be_open(db: &Snapshot<'_>, number: NumberId, peer: PeerId, now: Timestamp) -> Result<(), FlowError> {
    if is_open(db, number, peer, now)? { Ok(()) } else { Err(FlowError::Refused(ReasonCode::WindowClosed)) }
}
