//! One reading: all of a source is fetched first, then compared, then applied in small commits. Half an answer changes
//! nothing, and nobody is deleted on a sudden lack of entries alone: somebody is told, and may agree.

use crate::domain::contact_source::{ProblemCode, SourceCounts, SourceEntry, SourceProblem, SourceSettings};
use crate::domain::event::Event;
use crate::domain::id::ContactId;
use crate::domain::secret::Secret;
use crate::egress::contact_source::ContactSources;
use crate::egress::contact_source::gather::{Before, Harvest, Print, Seen};
use crate::flow::contact_source::person;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::about;
use crate::store::contact_sources::{Applied, Source, SourceState};
use crate::store::handle::Tx;
use std::collections::HashSet;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

/// Contacts of one commit.
const AT_ONCE: usize = 500;
/// Rows of one look.
const LOOK: usize = 5_000;
/// So few may go unasked, if anybody stays.
const GONE_UNASKED: usize = 10;
/// Else no more than one in so many.
const GONE_ONE_IN: usize = 4;
/// The shortest and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_secs(5 * 60), Duration::from_secs(6 * 3600));

/// Where sources are read.
pub trait Shelves: Send + Sync + 'static {
    /// Reads all of a source, or says why not.
    fn read(
        &self,
        settings: &SourceSettings,
        password: &Secret,
        before: &Before,
        folder: &Path,
    ) -> impl Future<Output = Result<Harvest, SourceProblem>> + Send;
}

impl Shelves for ContactSources {
    async fn read(
        &self,
        settings: &SourceSettings,
        password: &Secret,
        before: &Before,
        folder: &Path,
    ) -> Result<Harvest, SourceProblem> {
        ContactSources::read(self, settings, password, before, folder).await
    }
}

/// Why a reading ended without being applied.
enum Ended {
    /// It could not be read, or must not be applied.
    Problem(SourceProblem),
    /// Somebody edited the source meanwhile.
    Overtaken,
    /// Our own store.
    Flow(FlowError),
}

impl From<FlowError> for Ended {
    fn from(error: FlowError) -> Ended {
        Ended::Flow(error)
    }
}

/// Reads a source, or empties one that leaves.
pub(super) async fn one(desk: &Desk, shelves: &impl Shelves, source: Source, folder: &Path) -> Result<(), FlowError> {
    if source.state == SourceState::Leaving {
        return leave(desk, &source).await;
    }
    let (id, version) = (source.id, source.version);
    let begun = desk
        .store
        .write(move |tx| {
            let begun = tx.begin_source(id, version)?;
            if begun {
                tx.emit(Event::SourceChanged { source: id });
            }
            Ok::<_, FlowError>(begun)
        })
        .await?;
    if !begun {
        return Ok(());
    }
    match read(desk, shelves, &source, folder).await {
        Ok((counts, memory)) => done(desk, &source, counts, memory).await,
        Err(Ended::Problem(problem)) => failed(desk, &source, problem).await,
        Err(Ended::Overtaken) => desk.store.write(move |tx| Ok::<_, FlowError>(tx.source_overtaken(id)?)).await,
        Err(Ended::Flow(error)) => {
            // The state must not stay "reading" where nobody reads.
            failed(desk, &source, ours(&error)).await?;
            Err(error)
        }
    }
}

async fn read(
    desk: &Desk,
    shelves: &impl Shelves,
    source: &Source,
    folder: &Path,
) -> Result<(SourceCounts, Option<String>), Ended> {
    let before = before(desk, source).await?;
    let harvest = shelves.read(&source.settings, &source.password, &before, folder).await.map_err(Ended::Problem)?;
    let known = before.marks.len();
    let gone = gone(&before, &harvest.seen);
    if !source.may_shrink && far_fewer(known, gone) {
        return Err(Ended::Problem(told_far_fewer(known, gone)));
    }
    drop(before);
    let Harvest { mut entries, seen, unreadable, memory } = harvest;
    let mut counts = SourceCounts { unreadable, ..SourceCounts::default() };
    loop {
        let some = entries.next(AT_ONCE).map_err(|error| Ended::Problem(our_disk(&error)))?;
        if some.is_empty() {
            break;
        }
        apply(desk, source, some, &mut counts).await?;
    }
    if gone > 0 {
        remove(desk, source, &seen, &mut counts).await?;
    }
    Ok((counts, memory))
}

/// Everything of it that is here, and in which version.
async fn before(desk: &Desk, source: &Source) -> Result<Before, FlowError> {
    let mut before = Before { memory: source.memory.clone(), ..Before::default() };
    let (id, mut after) = (source.id, ContactId(0));
    loop {
        let some = desk.store.read(move |rows| Ok::<_, FlowError>(rows.contacts_of_source(id, after, LOOK)?)).await?;
        let Some(last) = some.last() else { return Ok(before) };
        after = last.id;
        let unmarked = || Print::of("");
        before
            .marks
            .extend(some.iter().map(|one| (Print::of(&one.key), one.mark.as_deref().map_or_else(unmarked, Print::of))));
    }
}

fn gone(before: &Before, seen: &Seen) -> usize {
    match seen {
        Seen::All(there) => before.marks.keys().filter(|key| !there.contains(key)).count(),
        Seen::AllBut(gone) => {
            let gone: HashSet<Print> = gone.iter().map(|key| Print::of(key)).collect();
            gone.iter().filter(|key| before.marks.contains_key(key)).count()
        }
    }
}

/// Whether so many are gone that somebody should look first.
fn far_fewer(known: usize, gone: usize) -> bool {
    gone > 0 && (gone == known || gone > GONE_UNASKED && gone > known / GONE_ONE_IN)
}

async fn apply(desk: &Desk, source: &Source, some: Vec<SourceEntry>, counts: &mut SourceCounts) -> Result<(), Ended> {
    let (id, version, book, now) = (source.id, source.version, source.phonebook, desk.now());
    let applied = desk
        .store
        .write(move |tx| {
            if !tx.source_stands(id, version)? {
                return Ok(None);
            }
            let country = tx.country()?;
            let mut counts = SourceCounts::default();
            for SourceEntry { key, mark, says } in some {
                let Some(person) = person::of(says, &country) else {
                    counts.unreadable += 1;
                    continue;
                };
                let applied = tx.set_contact_of_source((id, book), (&key, &mark), &person, now);
                match applied.map_err(about("source"))? {
                    Applied::Added => counts.added += 1,
                    Applied::Changed => counts.changed += 1,
                    Applied::Same => {}
                }
            }
            tx.emit(Event::ContactsChanged);
            Ok::<_, FlowError>(Some(counts))
        })
        .await?;
    let some = applied.ok_or(Ended::Overtaken)?;
    counts.added += some.added;
    counts.changed += some.changed;
    counts.unreadable += some.unreadable;
    Ok(())
}

/// Takes away who is not there any more.
async fn remove(desk: &Desk, source: &Source, seen: &Seen, counts: &mut SourceCounts) -> Result<(), Ended> {
    let gone: HashSet<Print> = match seen {
        Seen::All(_) => HashSet::new(),
        Seen::AllBut(gone) => gone.iter().map(|key| Print::of(key)).collect(),
    };
    let is_gone = |key: &str| match seen {
        Seen::All(there) => !there.contains(&Print::of(key)),
        Seen::AllBut(_) => gone.contains(&Print::of(key)),
    };
    let (id, mut after) = (source.id, ContactId(0));
    loop {
        let some = desk.store.read(move |rows| Ok::<_, FlowError>(rows.contacts_of_source(id, after, LOOK)?)).await?;
        let Some(last) = some.last() else { return Ok(()) };
        after = last.id;
        let leaving: Vec<ContactId> = some.iter().filter(|one| is_gone(&one.key)).map(|one| one.id).collect();
        for part in leaving.chunks(AT_ONCE) {
            counts.gone += remove_some(desk, source, part.to_vec()).await?.ok_or(Ended::Overtaken)?;
        }
    }
}

async fn remove_some(desk: &Desk, source: &Source, ids: Vec<ContactId>) -> Result<Option<u64>, FlowError> {
    let (id, version) = (source.id, source.version);
    desk.store
        .write(move |tx| {
            if !tx.source_stands(id, version)? {
                return Ok(None);
            }
            delete(tx, &ids).map(Some)
        })
        .await
}

fn delete(tx: &Tx<'_>, ids: &[ContactId]) -> Result<u64, FlowError> {
    let mut gone = 0;
    for id in ids {
        gone += u64::from(tx.delete_contact(*id)?);
    }
    tx.emit(Event::ContactsChanged);
    Ok(gone)
}

async fn done(desk: &Desk, source: &Source, counts: SourceCounts, memory: Option<String>) -> Result<(), FlowError> {
    let (id, version, now, next_at) = (source.id, source.version, desk.now(), desk.now().plus(source.every));
    if source.failures > 0 {
        tracing::info!(source.id = %id, "Source {id} of contacts can be read again");
    }
    desk.store
        .write(move |tx| {
            // Edited at the last moment: then the next reading is due already, and must read all.
            match tx.source_stands(id, version)? {
                true => tx.source_read(id, &counts, memory.as_deref(), next_at, now)?,
                false => tx.source_overtaken(id)?,
            }
            tx.emit(Event::SourceChanged { source: id });
            Ok::<_, FlowError>(())
        })
        .await
}

async fn failed(desk: &Desk, source: &Source, problem: SourceProblem) -> Result<(), FlowError> {
    let (id, next_at) = (source.id, desk.now().plus(pause(source)));
    if source.failures == 0 {
        tracing::warn!(source.id = %id, "Source {id} of contacts was not read: {:?}", problem.code);
    }
    desk.store
        .write(move |tx| {
            tx.source_failed(id, &problem, next_at)?;
            tx.emit(Event::SourceChanged { source: id });
            Ok::<_, FlowError>(())
        })
        .await
}

/// Twice as long after each failure, and never longer than between good readings, if those are far apart.
fn pause(source: &Source) -> Duration {
    let (shortest, longest) = PAUSE;
    shortest.saturating_mul(2_u32.saturating_pow(source.failures.min(10))).min(longest).min(source.every)
}

/// Empties a source some at a time, then deletes it.
async fn leave(desk: &Desk, source: &Source) -> Result<(), FlowError> {
    let id = source.id;
    loop {
        let left = desk
            .store
            .write(move |tx| {
                let some = tx.contacts_of_source(id, ContactId(0), AT_ONCE)?;
                let ids: Vec<ContactId> = some.iter().map(|one| one.id).collect();
                let gone = delete(tx, &ids)?;
                if ids.is_empty() {
                    tx.delete_source(id)?;
                    tx.emit(Event::SourceChanged { source: id });
                }
                Ok::<_, FlowError>(gone)
            })
            .await?;
        if left == 0 {
            return Ok(());
        }
    }
}

fn told_far_fewer(known: usize, gone: usize) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::FarFewer,
        (
            format!("The source no longer names {gone} of its {known} contacts. Nothing was changed."),
            format!("Die Quelle nennt {gone} ihrer {known} Kontakte nicht mehr. Es wurde nichts geändert."),
        ),
        (
            "Check the source: its address, base, filter and rights. If they are really gone, read it once more and agree.",
            "Bitte die Quelle prüfen: Adresse, Basis, Filter und Rechte. Sind sie wirklich weg, bitte erneut lesen und zustimmen.",
        ),
    )
}

fn our_disk(error: &std::io::Error) -> SourceProblem {
    ours(&FlowError::from(crate::store::error::StoreError::Disk(error.to_string())))
}

fn ours(error: &FlowError) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Ours,
        (
            format!("What was read could not be written down here ({error})."),
            format!("Das Gelesene ließ sich hier nicht ablegen ({error})."),
        ),
        (
            "Check the disk of the data folder; it is tried again by itself.",
            "Bitte den Datenträger des Datenordners prüfen; es wird von selbst erneut versucht.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sudden_lack_is_told_and_a_usual_one_is_not() {
        for (known, gone, told) in [
            (0, 0, false),
            (1, 1, true),
            (5, 5, true),
            (8, 4, false),
            (30, 10, false),
            (30, 11, true),
            (1_000, 100, false),
            (1_000, 251, true),
            (500_000, 500_000, true),
        ] {
            assert_eq!(far_fewer(known, gone), told, "{gone} of {known}");
        }
    }
}
