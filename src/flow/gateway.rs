//! A GSM gateway registers here: where it is goes to disk before it hears so, and what waited for it may leave.

use crate::domain::event::Event;
use crate::domain::id::TrunkId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::sip::registrar::binding::Binding;
use crate::store::bindings::KeptBinding;
use crate::store::error::StoreError;

/// A gateway said where it is.
pub async fn registered(desk: &Desk, trunk: TrunkId, bindings: Vec<KeptBinding>) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.set_trunk_bindings(trunk, &bindings)?;
            tx.emit(Event::TrunkChanged { trunk });
            tx.emit(Event::OutboxRung);
            Ok(())
        })
        .await
}

/// Where every gateway is, as it was before a restart.
pub async fn known(desk: &Desk) -> Result<Vec<(TrunkId, Vec<Binding>)>, FlowError> {
    let now = desk.now();
    let found: Result<Vec<_>, StoreError> = desk
        .store
        .read(move |db| {
            let trunks = db.trunks()?;
            trunks.into_iter().map(|trunk| Ok((trunk.id, db.trunk_bindings(trunk.id, now)?))).collect()
        })
        .await;
    let read = |kept: &KeptBinding| serde_json::from_str(&kept.binding).ok();
    Ok(found?.into_iter().map(|(trunk, kept)| (trunk, kept.iter().filter_map(read).collect())).collect())
}
