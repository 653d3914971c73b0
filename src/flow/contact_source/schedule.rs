//! When sources are read: each at its time, a few at once, and again sooner where it failed. Sources that leave are
//! emptied here too.

use crate::domain::event::Event;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::flow::contact_source::reading::{self, Shelves};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::contact_sources::{Source, SourceState};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Sources that are read at once.
const AT_ONCE: usize = 4;
/// It is looked at least this often whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Reads sources until the daemon stops; what is read lies in `folder` until it is applied. A slow one holds up no other.
pub async fn run(desk: Desk, shelves: impl Shelves, folder: PathBuf, stop: CancellationToken) {
    let mut events = desk.bus.listen();
    let settled = desk.store.write(|tx| Ok::<_, FlowError>(tx.settle_sources()?)).await;
    if let Err(error) = settled {
        tracing::error!(%error, "Sources of contacts cannot be looked at now: {error}");
    }
    let mut under_way = FuturesUnordered::new();
    let mut busy: HashSet<SourceId> = HashSet::new();
    let mut rest_until = desk.now();
    loop {
        let mut next = desk.now().plus(LOOK_EVERY);
        for source in sources(&desk).await.unwrap_or_default() {
            let (id, at) = (source.id, source.next_at.max(rest_until));
            if busy.contains(&id) {
                continue;
            }
            if at > desk.now() {
                next = next.min(at);
            } else if busy.len() < AT_ONCE {
                busy.insert(id);
                let (desk, shelves, folder) = (&desk, &shelves, &folder);
                under_way.push(async move { (id, reading::one(desk, shelves, source, folder).await) });
            }
        }
        let asked = async {
            while let Ok(numbered) = events.recv().await {
                if matches!(numbered.event, Event::SourceChanged { .. }) {
                    return;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            Some((id, read)) = under_way.next() => {
                busy.remove(&id);
                if let Err(error) = read {
                    tracing::error!(%error, "Source {id} of contacts cannot be read now: {error}");
                    rest_until = desk.now().plus(LOOK_EVERY);
                }
            }
            () = desk.clock.sleep_until(next) => {}
            () = asked => {}
        }
    }
}

/// Reads every source that is due, one after the other; says when the next one is.
pub async fn round(desk: &Desk, shelves: &impl Shelves, folder: &Path) -> Result<Option<Timestamp>, FlowError> {
    let now = desk.now();
    for source in sources(desk).await?.into_iter().filter(|source| source.next_at <= now) {
        reading::one(desk, shelves, source, folder).await?;
    }
    Ok(sources(desk).await?.iter().map(|source| source.next_at).min())
}

/// Those with something to do: read, or leave.
async fn sources(desk: &Desk) -> Result<Vec<Source>, FlowError> {
    let all = desk.store.read(|rows| Ok::<_, FlowError>(rows.sources()?)).await?;
    Ok(all.into_iter().filter(|source| source.enabled || source.state == SourceState::Leaving).collect())
}
