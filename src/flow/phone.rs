//! Phones come, go, and say that they got a text.

use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::id::ExtensionId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::report::move_forward;
use crate::store::bindings::KeptBinding;
use crate::store::deliveries::Line;
use crate::store::error::StoreError;

/// A phone registered, refreshed or left: its bindings are on disk before it is answered, and what waits for it leaves.
pub async fn registered(desk: &Desk, extension: ExtensionId, bindings: Vec<KeptBinding>) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            tx.set_bindings(extension, &bindings)?;
            tx.emit(Event::ExtensionChanged { extension });
            if !bindings.is_empty() {
                tx.wake_lane(&Line::Extension(extension).lane(), now)?;
                tx.emit(Event::OutboxRung);
            }
            Ok(())
        })
        .await
}

/// A phone's receipt (RFC 5438) for a text of ours, named by its Call-ID. One for a text we do not know is no error.
pub async fn receipt(
    desk: &Desk,
    extension: ExtensionId,
    call_id: &str,
    state: DeliveryState,
) -> Result<(), FlowError> {
    let now = desk.now();
    let call_id = call_id.to_owned();
    desk.store
        .write(move |tx| {
            tx.note_speaks_imdn(extension)?;
            let delivery = tx.delivery_by_reference(&call_id)?;
            let Some(delivery) = delivery.filter(|found| found.line == Line::Extension(extension)) else {
                return Ok::<_, StoreError>(());
            };
            move_forward(tx, &delivery, state, None, None, now).map(drop)
        })
        .await?;
    Ok(())
}
