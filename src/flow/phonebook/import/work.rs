//! The work on imports, one after the other, for as long as the house runs. What was under way when it stopped goes on at
//! the row it had come to.

use crate::domain::contact_import::ImportState;
use crate::domain::event::Event;
use crate::domain::id::ImportId;
use crate::domain::wording::Wording;
use crate::flow::error::FlowError;
use crate::flow::phonebook::import::desk::{ImportDesk, is_due};
use crate::flow::phonebook::import::rows::{self, Entry};
use crate::flow::phonebook::import::write::{look_through, note_look, take_over};
use crate::store::error::StoreError;
use crate::store::imports::{Import, Progress};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// How often a lot is tried that the store has no room for.
const TRIES_MAX: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);
/// Most contacts of the house.
const CONTACTS_MAX: u64 = 1_000_000;

/// Works until the house goes down.
pub async fn run(imports: ImportDesk, stop: CancellationToken) {
    loop {
        if let Err(error) = imports.tidy().await {
            tracing::warn!(%error, "Old imports cannot be forgotten: {error}");
        }
        work_off(&imports, &stop).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = imports.bell.notified() => {}
            () = imports.desk.clock.sleep(TIDY_EVERY) => {}
        }
    }
}

async fn work_off(imports: &ImportDesk, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match imports.desk.store.read(|db| Ok::<_, FlowError>(db.import_at_work()?)).await {
            Ok(Some(import)) => {
                let id = import.id;
                if let Err(error) = one(imports, import, stop).await
                    && !fail(imports, id, &error).await
                {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "Imports cannot be looked for: {error}");
                return;
            }
        }
    }
}

async fn one(imports: &ImportDesk, import: Import, stop: &CancellationToken) -> Result<(), FlowError> {
    let is_run = import.state == ImportState::Running;
    let path = import.spool.as_deref().map(|spool| imports.path_of(spool)).ok_or_else(gone)?;
    let file = tokio::task::spawn_blocking(move || std::fs::File::open(path));
    let file = file.await.map_err(|_| gone())?.map_err(|_| gone())?;
    let about = imports.desk.store.read(|db| Ok::<_, FlowError>((db.country()?, db.contact_count()?)));
    let (country, contacts) = about.await?;
    let mut progress = if is_run { import.progress } else { Progress::default() };
    let added_max = progress.added + CONTACTS_MAX.saturating_sub(contacts);
    let (import, skip) = (Arc::new(import), progress.done);
    let (hand, mut lots) = mpsc::channel(1);
    let reading = {
        let import = Arc::clone(&import);
        tokio::task::spawn_blocking(move || rows::read(&import, &country, file, skip, &hand))
    };
    let (mut seen, mut said) = (HashSet::new(), None);
    loop {
        let lot: Vec<Entry> = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            lot = lots.recv() => match lot { Some(lot) => lot, None => break },
        };
        if progress.added + lot.len() as u64 > added_max {
            return Err(full());
        }
        let lot = Arc::new(lot);
        let now = imports.desk.clock.monotonic();
        let is_said = is_due(said, now);
        said = if is_said { Some(now) } else { said };
        if is_run {
            progress = written(imports, &import, &lot, progress, is_said).await?;
        } else {
            (progress, seen) = looked(imports, &import, &lot, (progress, seen), is_said).await?;
        }
    }
    reading
        .await
        .map_err(|_| FlowError::Conflict(("the file could not be read", "die Datei war nicht lesbar").into()))?;
    end(imports, import.id, is_run, progress).await
}

/// Takes a lot over; where the store has no room, a little later.
async fn written(
    imports: &ImportDesk,
    import: &Arc<Import>,
    lot: &Arc<Vec<Entry>>,
    progress: Progress,
    is_said: bool,
) -> Result<Progress, FlowError> {
    for _ in 0..TRIES_MAX {
        let (import, lot, now) = (Arc::clone(import), Arc::clone(lot), imports.desk.now());
        let taken = imports.desk.store.write(move |tx| {
            let progress = take_over(tx, &import, &lot, progress, now)?;
            if is_said {
                tx.emit(Event::ImportChanged { import: import.id });
            }
            Ok(progress)
        });
        match taken.await {
            Err(FlowError::Store(StoreError::Busy)) => imports.desk.clock.sleep(PAUSE).await,
            taken => return taken,
        }
    }
    Err(FlowError::Store(StoreError::Busy))
}

async fn looked(
    imports: &ImportDesk,
    import: &Arc<Import>,
    lot: &Arc<Vec<Entry>>,
    (progress, mut seen): (Progress, HashSet<u64>),
    is_said: bool,
) -> Result<(Progress, HashSet<u64>), FlowError> {
    let asked = (Arc::clone(import), Arc::clone(lot));
    let (progress, seen) = imports
        .desk
        .store
        .read(move |db| Ok::<_, FlowError>((look_through(db, &asked.0, &asked.1, progress, &mut seen)?, seen)))
        .await?;
    let (import, lot) = (Arc::clone(import), Arc::clone(lot));
    let noted = imports.desk.store.write(move |tx| {
        if is_said {
            tx.emit(Event::ImportChanged { import: import.id });
        }
        note_look(tx, &import, &lot, progress)
    });
    Ok((noted.await?, seen))
}

async fn end(imports: &ImportDesk, id: ImportId, is_run: bool, mut progress: Progress) -> Result<(), FlowError> {
    progress.total = Some(progress.done);
    let now = imports.desk.now();
    imports
        .desk
        .store
        .write(move |tx| {
            tx.note_progress(id, &progress)?;
            let state = if is_run { ImportState::Done } else { ImportState::Checked };
            tx.set_import_state(id, state, None, now)?;
            tx.emit(Event::ImportChanged { import: id });
            if is_run {
                tx.emit(Event::ContactsChanged);
            }
            Ok(())
        })
        .await
}

/// Writes down why an import ended early; `false`: not even that can be written.
async fn fail(imports: &ImportDesk, id: ImportId, error: &FlowError) -> bool {
    tracing::warn!(import.id = %id, %error, "Import {id} broke off: {error}");
    let (problem, now) = (why(error), imports.desk.now());
    let failed = imports.desk.store.write(move |tx| {
        tx.set_import_state(id, ImportState::Failed, Some(&problem), now)?;
        tx.emit(Event::ImportChanged { import: id });
        tx.emit(Event::ContactsChanged);
        Ok::<_, FlowError>(())
    });
    failed.await.is_ok()
}

fn why(error: &FlowError) -> Wording {
    match error {
        FlowError::Conflict(why) | FlowError::NotAllowed(why) => why.clone(),
        FlowError::Invalid { problem, .. } => problem.clone(),
        FlowError::Store(error) => {
            Wording::new(error.to_string(), format!("die Datenbank hat es nicht angenommen ({error})"))
        }
        other => other.to_string().into(),
    }
}

fn full() -> FlowError {
    let why = (
        format!("the phonebooks are full: at most {CONTACTS_MAX} contacts"),
        format!("die Telefonbücher sind voll: höchstens {CONTACTS_MAX} Kontakte"),
    );
    FlowError::Conflict(why.into())
}

fn gone() -> FlowError {
    FlowError::Conflict(
        ("its file is gone: put it here again", "die Datei ist nicht mehr da: bitte erneut hochladen").into(),
    )
}
