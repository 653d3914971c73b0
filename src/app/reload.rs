//! Keeps the switchboard's picture of the trunks true: after every edit, also one made from the command line.

use crate::domain::event::Event;
use crate::domain::id::TrunkId;
use crate::domain::trunk::{Intake, OnUncertain};
use crate::egress::switchboard::{Switchboard, TrunkSettings};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::outbox::claim::Board;

use crate::store::trunks::Trunk;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether another process has written.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// See [`Reload::run`].
pub struct Reload {
    desk: Desk,
    switchboard: Switchboard,
}

impl Reload {
    /// Over these.
    pub fn new(desk: Desk, switchboard: Switchboard) -> Reload {
        Reload { desk, switchboard }
    }

    /// Takes a new picture; says which trunk has which version.
    pub async fn now(&self) -> Result<HashMap<TrunkId, i64>, FlowError> {
        let trunks = self.desk.store.read(|db| db.trunks()).await?;
        let versions = trunks.iter().map(|trunk| (trunk.id, trunk.version)).collect();
        let polled = trunks.iter().filter(|trunk| trunk.intake == Intake::Polling).map(|trunk| trunk.id).collect();
        self.switchboard.set_polled(polled);
        for (id, error) in self.switchboard.set(trunks.into_iter().map(settings_of).collect()) {
            tracing::error!(trunk.id = %id, "Trunk {id} cannot be used: {error}");
        }
        Ok(versions)
    }

    /// Takes a new picture whenever something changed, until told to stop; a trunk that was edited may send at once.
    pub async fn run(self, board: Board, stop: CancellationToken) {
        let mut events = self.desk.bus.listen();
        let mut known = self.now().await.unwrap_or_default();
        let mut data_version = None;
        let mut look_at = self.desk.clock.monotonic() + LOOK_EVERY;
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                event = events.recv() => match event {
                    Ok(numbered) => matches!(numbered.event, Event::TrunkChanged { .. }),
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => return,
                },
                () = self.desk.clock.sleep_until_monotonic(look_at) => {
                    look_at = self.desk.clock.monotonic() + LOOK_EVERY;
                    self.written_by_others(&mut data_version).await
                }
            };
            if !changed {
                continue;
            }
            match self.now().await {
                Ok(versions) => {
                    for (&trunk, version) in &versions {
                        if known.get(&trunk) != Some(version) {
                            board.release(trunk);
                            // The edit rang while the trunk was still held.
                            self.desk.bus.publish(&[Event::OutboxRung]);
                        }
                    }
                    known = versions;
                }
                Err(error) => tracing::error!(%error, "The trunks cannot be read: {error}"),
            }
        }
    }

    /// Whether another process has committed since the last look; then everybody is told to look again.
    async fn written_by_others(&self, last: &mut Option<i64>) -> bool {
        let Ok(version) = self.desk.store.write(|tx| tx.data_version()).await else { return false };
        let before = last.replace(version);
        let written = before.is_some_and(|before| before != version);
        if written {
            self.desk.bus.publish(&[Event::SettingsChanged, Event::OutboxRung]);
        }
        written
    }
}

fn settings_of(trunk: Trunk) -> TrunkSettings {
    TrunkSettings {
        id: trunk.id,
        settings: trunk.merged_settings(),
        webhook_key: trunk.webhook_key.expose().to_owned(),
        send_again_when_uncertain: trunk.on_uncertain == OnUncertain::SendAgain,
        name: trunk.name,
        carrier: trunk.carrier,
        enabled: trunk.enabled,
        mps: trunk.mps,
    }
}
