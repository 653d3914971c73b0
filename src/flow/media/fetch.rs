//! Files that came with messages are fetched from their carriers at once, a few at a time, again after growing pauses where
//! that may help, and not for ever. The message is there meanwhile and says that its file is loading.

use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::TrunkId;
use crate::domain::media::{AttachmentState, safe_name};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::file_fetch::{FetchBounds, FetchError};
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Rules;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::keep::keep;
use crate::flow::media::ring::ring_file;
use crate::flow::queue::{ring_text, who_rings};
use crate::media::archive::ArchiveError;
use crate::media::incoming::Incoming;
use crate::net::body::Sink;
use crate::store::attachments::DueFile;
use crate::store::files::StoredFile;
use crate::store::handle::Tx;
use futures_util::StreamExt;
use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Files fetched at once.
const AT_ONCE: usize = 3;
/// Files looked at in one round.
const LOOK_MAX: usize = 64;
/// Tries before a file is given up: with the pauses below about six hours.
const TRIES_MAX: u32 = 10;
const PAUSE_MIN: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(3600);
/// It is looked at least this often whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Why a file was not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFetched {
    /// Why.
    pub reason: Reason,
    /// Whether it may work later.
    pub again: bool,
}

/// Where carriers keep files. The house has one; a test has its own.
pub trait Shelves: Send + Sync + 'static {
    /// Fetches a file of at most `bytes_max` into `incoming`.
    fn fetch(
        &self,
        at: (TrunkId, &str),
        bytes_max: u64,
        incoming: &mut Incoming,
    ) -> impl Future<Output = (Result<(), NotFetched>, Vec<Exchange>)> + Send;
}

/// Fetches until the daemon stops.
pub async fn run(media: MediaDesk, shelves: impl Shelves, stop: CancellationToken) {
    loop {
        let fetched = tokio::select! {
            () = stop.cancelled() => return,
            fetched = round(&media, &shelves) => fetched,
        };
        let next = fetched.unwrap_or_else(|error| {
            tracing::error!(%error, "Files cannot be fetched now: {error}");
            None
        });
        let latest = media.desk.now().plus(LOOK_EVERY);
        tokio::select! {
            () = stop.cancelled() => return,
            () = media.desk.bus.files_rung() => {}
            () = media.desk.clock.sleep_until(next.unwrap_or(latest).min(latest)) => {}
        }
    }
}

/// Fetches all that is due; says when the next one is.
pub async fn round(media: &MediaDesk, shelves: &impl Shelves) -> Result<Option<Timestamp>, FlowError> {
    loop {
        let now = media.desk.now();
        let due = media.desk.store.read(move |db| db.due_files(now, LOOK_MAX)).await?;
        if due.is_empty() {
            return Ok(media.desk.store.read(|db| db.next_file_due()).await?);
        }
        let fetching = due.into_iter().map(|file| one(media, shelves, file));
        let done: Vec<Result<(), FlowError>> =
            futures_util::stream::iter(fetching).buffer_unordered(AT_ONCE).collect().await;
        done.into_iter().collect::<Result<(), FlowError>>()?;
    }
}

async fn one(media: &MediaDesk, shelves: &impl Shelves, file: DueFile) -> Result<(), FlowError> {
    let (result, exchanges) = try_one(media, shelves, &file).await;
    let now = media.desk.now();
    let rules = media.desk.rules.clone();
    media
        .desk
        .store
        .write(move |tx| {
            for exchange in &exchanges {
                tx.insert_exchange(&Exchange { message: Some(file.message), ..exchange.clone() })?;
            }
            note(tx, &rules, &file, result, now)
        })
        .await
}

async fn try_one(
    media: &MediaDesk,
    shelves: &impl Shelves,
    file: &DueFile,
) -> (Result<StoredFile, NotFetched>, Vec<Exchange>) {
    let over = |reason| (Err(NotFetched { reason, again: false }), Vec::new());
    let Some(trunk) = file.trunk else { return over(Reason::of(ReasonCode::FileGone)) };
    let mut incoming = match media.archive.begin().await {
        Ok(incoming) => incoming,
        // Room may be made meanwhile; the message has gone on without its file.
        Err(error) => return (Err(NotFetched { reason: error.reason(), again: true }), Vec::new()),
    };
    let bytes_max = media.archive.bounds().file_bytes_max;
    let (fetched, exchanges) = shelves.fetch((trunk, &file.location), bytes_max, &mut incoming).await;
    if let Err(why) = fetched {
        return (Err(why), exchanges);
    }
    let kept = keep(media, incoming).await;
    let kept = kept.map_err(|reason| {
        let again = matches!(reason.code, ReasonCode::FilesFull | ReasonCode::FileProblem);
        NotFetched { reason, again }
    });
    (kept, exchanges)
}

/// What came of it; phones are told of a file that is here, and of one that will not come.
fn note(
    tx: &Tx<'_>,
    rules: &Rules,
    file: &DueFile,
    result: Result<StoredFile, NotFetched>,
    now: Timestamp,
) -> Result<(), FlowError> {
    let over = match result {
        Ok(stored) => match not_allowed(tx, file, &stored)? {
            Some(reason) => tx.attachment_failed(file.id, &reason)?,
            None => tx.attachment_is_here(file.id, &stored.hash, &safe_name(&file.name, stored.facts.media_type))?,
        },
        Err(NotFetched { reason, again: true }) if file.tries + 1 < TRIES_MAX => {
            tx.fetch_again(file.id, now.plus(pause(file.tries)), &reason)?;
            if file.tries == 0 {
                ring_meanwhile(tx, rules, file, now)?;
            }
            false
        }
        Err(NotFetched { reason, .. }) => tx.attachment_failed(file.id, &reason)?,
    };
    if over {
        tell(tx, rules, file, now)?;
    }
    tx.emit(Event::AttachmentChanged { session: file.session, message: file.message });
    Ok(())
}

/// A channel keeps only the kinds of files that its admin allows.
fn not_allowed(tx: &Tx<'_>, file: &DueFile, stored: &StoredFile) -> Result<Option<Reason>, FlowError> {
    let Some(channel) = tx.channel(file.channel)? else { return Ok(None) };
    let media_type = stored.facts.media_type;
    let allowed = tx.channel_media(file.channel)?.allows(channel.kind, media_type.family());
    Ok((!allowed).then(|| Reason::of(ReasonCode::FileTypeNotAllowed).saying(media_type.as_str())))
}

fn tell(tx: &Tx<'_>, rules: &Rules, file: &DueFile, now: Timestamp) -> Result<(), FlowError> {
    let (Some(session), Some(attachment)) = (tx.session(file.session)?, tx.attachment(file.id)?) else {
        return Ok(());
    };
    debug_assert_ne!(attachment.state, AttachmentState::Loading);
    let extensions = who_rings(tx, &session)?;
    ring_file(tx, rules, &extensions, &attachment, now)?;
    tx.emit(Event::OutboxRung);
    Ok(())
}

/// A message of files alone has not rung yet, and it may be a while: phones are told that there is something.
fn ring_meanwhile(tx: &Tx<'_>, rules: &Rules, file: &DueFile, now: Timestamp) -> Result<(), FlowError> {
    let (Some(session), Some(said)) = (tx.session(file.session)?, tx.message(file.message)?) else { return Ok(()) };
    if said.text.trim().is_empty() && !tx.has_rung(said.id)? {
        ring_text(tx, rules, &who_rings(tx, &session)?, &said, now)?;
        tx.emit(Event::OutboxRung);
    }
    Ok(())
}

fn pause(tries: u32) -> Duration {
    PAUSE_MIN.saturating_mul(3_u32.saturating_pow(tries.min(10))).min(PAUSE_MAX)
}

impl Shelves for Switchboard {
    async fn fetch(
        &self,
        (trunk, location): (TrunkId, &str),
        bytes_max: u64,
        incoming: &mut Incoming,
    ) -> (Result<(), NotFetched>, Vec<Exchange>) {
        let bounds = FetchBounds::of(bytes_max);
        let (fetched, exchanges) = self.fetch_file(trunk, location, bounds, &mut IntoArchive(incoming)).await;
        let result = fetched.map(|_| ()).map_err(|error| {
            let reason = error.reason();
            match (reason, &error) {
                (Some(reason), _) => NotFetched { reason, again: error.may_try_again() },
                (None, FetchError::Sink(full)) => {
                    NotFetched { reason: full.reason(), again: !matches!(full, ArchiveError::TooLarge { .. }) }
                }
                (None, _) => NotFetched { reason: Reason::of(ReasonCode::FileNotFetched), again: true },
            }
        });
        (result, exchanges)
    }
}

/// What is fetched goes straight to the disk.
struct IntoArchive<'a>(&'a mut Incoming);

impl Sink for IntoArchive<'_> {
    type Error = ArchiveError;

    async fn take(&mut self, piece: &[u8]) -> Result<(), ArchiveError> {
        self.0.write(piece).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<u64> = (0..TRIES_MAX).map(|tries| pause(tries).as_secs()).collect();
        assert_eq!(pauses[..4], [5, 15, 45, 135]);
        assert_eq!(pauses.last(), Some(&3600));
    }
}
