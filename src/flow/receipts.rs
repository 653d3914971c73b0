//! What became of a phone's text is shown on the phone that wrote it (RFC 5438), where its phone understands that.
//! Best effort, after the commit: the portal has the truth.

use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::MessageId;
use crate::egress::phones::{Phones, ReceiptToPhone};
use crate::flow::desk::Desk;
use crate::sip::registrar::binding::Binding;
use crate::store::error::StoreError;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A phone that is gone keeps its receipt waiting for half a minute; the others' do not wait for it.
const AT_ONCE_MAX: usize = 64;

/// Sends receipts until told to stop.
pub async fn run(desk: Desk, phones: Phones, stop: CancellationToken) {
    let mut events = desk.bus.listen();
    let mut under_way = JoinSet::new();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(numbered) => {
                if let Event::ReceiptDue { message } = numbered.event {
                    if under_way.len() >= AT_ONCE_MAX {
                        under_way.join_next().await;
                    }
                    under_way.spawn(send_or_tell(desk.clone(), phones.clone(), message));
                }
                while under_way.try_join_next().is_some() {}
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!("{missed} events came too fast: some phones get no receipt")
            }
            Err(RecvError::Closed) => return,
        }
    }
}

async fn send_or_tell(desk: Desk, phones: Phones, message: MessageId) {
    if let Err(error) = send(&desk, &phones, message).await {
        tracing::warn!(message.id = %message, %error, "No receipt for message {message}: {error}");
    }
}

async fn send(desk: &Desk, phones: &Phones, message: MessageId) -> Result<(), StoreError> {
    let now = desk.now();
    let found = desk
        .store
        .read(move |db| {
            let Some(delivery) = db.delivery_to_peer(message)? else { return Ok(None) };
            let Some((call_id, extension)) = delivery.phone else { return Ok(None) };
            let Some(session) = db.session(delivery.session)? else { return Ok(None) };
            let number = db.extension_number(extension)?;
            let kept = db.bindings(extension, now)?;
            let about = (delivery.state, call_id, extension);
            Ok::<_, StoreError>(number.map(|number| (about, number, session.peer_address, kept)))
        })
        .await?;
    let Some(((state, call_id, extension), number, peer, kept)) = found else { return Ok(()) };
    let bindings = kept.iter().filter_map(|kept| serde_json::from_str::<Binding>(&kept.binding).ok()).collect();
    let receipt = ReceiptToPhone {
        extension,
        extension_number: &number,
        bindings,
        peer_user: peer.as_str(),
        call_id: &call_id,
        state,
    };
    let exchanges = phones.receipt(receipt).await;
    desk.store
        .write(move |tx| {
            for exchange in exchanges {
                tx.insert_exchange(&Exchange { message: Some(message), ..exchange })?;
            }
            Ok(())
        })
        .await
}
