//! Files that came with messages are fetched from their carriers at once, a few at a time, again after growing pauses where
//! that may help, and not for ever. The message is there meanwhile and says that its file is loading.

use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::{AttachmentId, MessageId, TrunkId};
use crate::domain::media::{ActivePdf, AttachmentState, FitWish, safe_name};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::file_fetch::{FetchBounds, FetchError};
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Rules;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::fit::make_fit;
use crate::flow::media::keep::{Kept, keep};
use crate::flow::media::ring::ring_file;
use crate::flow::queue::{ring_text, who_rings};
use crate::media::archive::ArchiveError;
use crate::media::incoming::Incoming;
use crate::net::body::Sink;
use crate::store::attachments::DueFile;
use crate::store::files::StoredFile;
use crate::store::handle::Tx;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Files fetched at once.
const AT_ONCE: usize = 8;
/// Files of one trunk fetched at once: a slow carrier does not hold up the others.
const AT_ONCE_OF_TRUNK: usize = 3;
/// Files looked at in one round.
const LOOK_MAX: usize = 256;
/// Before a file is looked at again of which nothing could be written down.
const AFTER_ERROR: Duration = Duration::from_secs(2);
/// How long phones hear nothing of a message of files alone.
const SILENT_MAX: Duration = Duration::from_secs(10);
/// Tries before a file is given up: with the pauses below three days, so that a token which broke on a Friday evening is
/// mended on Monday.
const TRIES_MAX: u32 = 20;
const PAUSE_MIN: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(6 * 3600);
/// It is looked at least this often whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Why a file was not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFetched {
    /// Why.
    pub reason: Reason,
    /// Whether it may work later.
    pub again: bool,
    /// How long its place asked us to stay away.
    pub stay_away: Option<Duration>,
}

impl NotFetched {
    fn over(reason: Reason) -> NotFetched {
        NotFetched { reason, again: false, stay_away: None }
    }

    fn for_now(reason: Reason) -> NotFetched {
        NotFetched { reason, again: true, stay_away: None }
    }
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
    let mut fetching = Fetching::new(media, shelves);
    loop {
        let next = fetching.begin_due().await.unwrap_or_else(|error| {
            tracing::error!(%error, "Files cannot be fetched now: {error}");
            None
        });
        let clock = &fetching.media.desk.clock;
        let latest = clock.now().plus(if fetching.tasks.is_empty() { LOOK_EVERY } else { SILENT_MAX });
        tokio::select! {
            () = stop.cancelled() => return,
            () = fetching.media.desk.bus.files_rung() => {}
            () = clock.sleep_until(next.unwrap_or(latest).min(latest)) => {}
            Some(ended) = fetching.tasks.join_next() => fetching.ended(ended),
        }
    }
}

/// Fetches all that is due; says when the next one is.
pub async fn round(media: &MediaDesk, shelves: impl Shelves) -> Result<Option<Timestamp>, FlowError> {
    let mut fetching = Fetching::new(media.clone(), shelves);
    let mut next = fetching.begin_due().await?;
    while let Some(ended) = fetching.tasks.join_next().await {
        fetching.ended(ended);
        next = fetching.begin_due().await?;
    }
    Ok(next)
}

/// What is being fetched: a place is given to the next file as soon as one is free, and no trunk holds them all.
struct Fetching<S> {
    media: MediaDesk,
    shelves: Arc<S>,
    tasks: JoinSet<(AttachmentId, Result<(), FlowError>)>,
    under_way: HashMap<AttachmentId, Option<TrunkId>>,
}

impl<S: Shelves> Fetching<S> {
    fn new(mut media: MediaDesk, shelves: S) -> Fetching<S> {
        // What strangers send does not hold up what people here attach.
        media.workshop = media.workshop.for_strangers();
        Fetching { media, shelves: Arc::new(shelves), tasks: JoinSet::new(), under_way: HashMap::new() }
    }

    /// Begins what is due and has a place; says when the next one is due, of those that are not under way.
    async fn begin_due(&mut self) -> Result<Option<Timestamp>, FlowError> {
        ring_the_silent(&self.media).await?;
        let now = self.media.desk.now();
        let read = self
            .media
            .desk
            .store
            .read(move |db| Ok::<_, FlowError>((db.due_files(now, LOOK_MAX)?, db.next_file_due(now)?)));
        let (due, next) = read.await?;
        for file in due {
            if self.has_place_for(&file) {
                self.begin(file);
            }
        }
        Ok(next)
    }

    fn has_place_for(&self, file: &DueFile) -> bool {
        let of_trunk = self.under_way.values().filter(|trunk| **trunk == file.trunk).count();
        self.under_way.len() < AT_ONCE && of_trunk < AT_ONCE_OF_TRUNK && !self.under_way.contains_key(&file.id)
    }

    fn begin(&mut self, file: DueFile) {
        self.under_way.insert(file.id, file.trunk);
        let (media, shelves) = (self.media.clone(), Arc::clone(&self.shelves));
        self.tasks.spawn(async move {
            let id = file.id;
            let result = one(&media, shelves.as_ref(), file).await;
            if result.is_err() {
                // It is still due, and a database that does not write is not asked at every turn.
                media.desk.clock.sleep(AFTER_ERROR).await;
            }
            (id, result)
        });
    }

    fn ended(&mut self, ended: Result<(AttachmentId, Result<(), FlowError>), JoinError>) {
        match ended {
            Ok((id, result)) => {
                self.under_way.remove(&id);
                if let Err(error) = result {
                    tracing::error!(%error, "What came of a file could not be written down: {error}");
                }
            }
            // Whose it was is not known: all are looked at again, and what is still under way is noted once.
            Err(error) => {
                tracing::error!(%error, "Fetching a file broke down: {error}");
                self.under_way.clear();
            }
        }
    }
}

/// A message of files alone rings when its first file is here; where that takes a while, phones are told that there is
/// something.
async fn ring_the_silent(media: &MediaDesk) -> Result<(), FlowError> {
    let (now, rules) = (media.desk.now(), media.desk.rules.clone());
    let before = now.minus(SILENT_MAX);
    let silent = media.desk.store.read(move |db| db.silent_messages(before, LOOK_MAX)).await?;
    if silent.is_empty() {
        return Ok(());
    }
    let work = move |tx: &Tx<'_>| silent.iter().try_for_each(|id| ring_meanwhile(tx, &rules, *id, now));
    media.desk.store.write(work).await
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
    let Some(trunk) = file.trunk else {
        return (Err(NotFetched::over(Reason::of(ReasonCode::FileGone))), Vec::new());
    };
    let mut incoming = match media.archive.begin().await {
        Ok(incoming) => incoming,
        // Room may be made meanwhile; the message has gone on without its file.
        Err(error) => return (Err(NotFetched::for_now(error.reason())), Vec::new()),
    };
    let bytes_max = media.archive.bounds().file_bytes_max;
    let (fetched, exchanges) = shelves.fetch((trunk, &file.location), bytes_max, &mut incoming).await;
    if let Err(why) = fetched {
        return (Err(why), exchanges);
    }
    let kept = keep_harmless(media, file, incoming).await;
    let kept = kept.map_err(|reason| {
        let again = matches!(reason.code, ReasonCode::FilesFull | ReasonCode::FileProblem);
        NotFetched { reason, again, stay_away: None }
    });
    (kept, exchanges)
}

/// A PDF that can do more than be read is cleaned before anybody opens it, or not kept, as its channel says.
async fn keep_harmless(media: &MediaDesk, file: &DueFile, incoming: Incoming) -> Result<StoredFile, Reason> {
    let Kept { file: kept, active } = keep(media, incoming).await?;
    if !active {
        return Ok(kept);
    }
    let channel = file.channel;
    let rules = media.desk.store.read(move |db| db.channel_media(channel)).await;
    let rules = rules.map_err(|error| Reason::of(ReasonCode::FileProblem).saying(&error.to_string()))?;
    if rules.active_pdf == ActivePdf::Refuse {
        return Err(Reason::of(ReasonCode::FileActive));
    }
    let wish = FitWish {
        bytes_max: media.archive.bounds().file_bytes_max,
        types: vec![kept.facts.media_type],
        strip_location: false,
        active_pdf: ActivePdf::Clean,
    };
    make_fit(media, &kept, &wish).await.map(|(cleaned, _)| cleaned)
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
        Err(NotFetched { reason, again: true, stay_away }) if file.tries + 1 < TRIES_MAX => {
            tx.fetch_again(file.id, now.plus(pause(file.tries, stay_away)), &reason)?;
            if file.tries == 0 {
                ring_meanwhile(tx, rules, file.message, now)?;
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
fn ring_meanwhile(tx: &Tx<'_>, rules: &Rules, message: MessageId, now: Timestamp) -> Result<(), FlowError> {
    let Some(said) = tx.message(message)? else { return Ok(()) };
    let Some(session) = tx.session(said.session)? else { return Ok(()) };
    if said.text.trim().is_empty() && !tx.has_rung(message)? {
        ring_text(tx, rules, &who_rings(tx, &session)?, (&said).into(), now)?;
        tx.emit(Event::OutboxRung);
    }
    Ok(())
}

/// A place that asks us to stay away longer is heeded, but not for ever.
fn pause(tries: u32, stay_away: Option<Duration>) -> Duration {
    let ours = PAUSE_MIN.saturating_mul(3_u32.saturating_pow(tries.min(10)));
    ours.max(stay_away.unwrap_or_default()).min(PAUSE_MAX)
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
                (Some(reason), _) => {
                    NotFetched { reason, again: error.may_try_again(), stay_away: error.retry_after() }
                }
                (None, FetchError::Sink(full @ ArchiveError::TooLarge { .. })) => NotFetched::over(full.reason()),
                (None, FetchError::Sink(full)) => NotFetched::for_now(full.reason()),
                (None, _) => NotFetched::for_now(Reason::of(ReasonCode::FileNotFetched)),
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
        let pauses: Vec<u64> = (0..TRIES_MAX).map(|tries| pause(tries, None).as_secs()).collect();
        assert_eq!(pauses[..4], [5, 15, 45, 135]);
        assert_eq!(pauses.last(), Some(&21_600));
        let hours = pauses.iter().take(TRIES_MAX as usize - 1).sum::<u64>() / 3600;
        assert_eq!(hours, 70, "from Friday evening to Monday afternoon");
        let asked = |seconds| pause(1, Some(Duration::from_secs(seconds))).as_secs();
        assert_eq!((asked(1), asked(60), asked(86_400)), (15, 60, 21_600));
    }
}
