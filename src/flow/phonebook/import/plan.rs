//! What people decide of an import, and when it begins: looked through first, or taken over at once.

use crate::domain::contact_columns::guess;
use crate::domain::contact_import::{ImportFormat, ImportState, Target};
use crate::domain::event::Event;
use crate::domain::id::ImportId;
use crate::flow::error::FlowError;
use crate::flow::phonebook::contacts::checked_book;
use crate::flow::phonebook::import::desk::{ImportDesk, now};
use crate::flow::phonebook::import::rows;
use crate::store::handle::Tx;
use crate::store::imports::{Import, ImportPlan};
use serde_json::json;

/// Writes down what was decided. Where the table is read another way, its columns are others: then they are guessed anew.
pub async fn decide(imports: &ImportDesk, id: ImportId, mut plan: ImportPlan) -> Result<(), FlowError> {
    let import = one(imports, id).await?;
    let spool = at_rest(&import)?;
    let (mut columns, mut first) = (import.columns.clone(), import.first.clone());
    if import.format == ImportFormat::Csv && plan.layout != import.plan.layout {
        let (path, layout) = (imports.path_of(&spool), plan.layout.clone());
        let read = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::open(path).map_err(|_| gone())?;
            rows::first_rows(file, &layout)
        });
        (columns, first) = read.await.map_err(|_| gone())??;
        if columns != import.columns {
            plan.mapping = guess(&columns).1.into_iter().map(|target| target.map(|target| target.word())).collect();
        }
    }
    check_mapping(&import, &mut plan, columns.len())?;
    let now = now(imports);
    imports
        .desk
        .store
        .write(move |tx| {
            at_rest(&tx.import(id)?.ok_or(FlowError::NotFound("import"))?)?;
            if let Some(book) = plan.phonebook {
                checked_book(tx, book)?;
            }
            tx.plan_import(id, &plan, (&columns, &first), now)?;
            tx.emit(Event::ImportChanged { import: id });
            Ok(())
        })
        .await
}

fn check_mapping(import: &Import, plan: &mut ImportPlan, columns: usize) -> Result<(), FlowError> {
    if import.format == ImportFormat::Vcard {
        plan.mapping.clear();
        return Ok(());
    }
    plan.mapping.resize(columns, None);
    let mut seen: Vec<Target> = Vec::new();
    for word in plan.mapping.iter().flatten() {
        let Some(target) = Target::from_word(word) else {
            let what = (format!("{word:?} is no field of a contact"), format!("{word:?} ist kein Feld eines Kontakts"));
            return Err(FlowError::invalid("mapping", what));
        };
        let may_be_several = matches!(target, Target::Remark | Target::Address);
        if seen.contains(&target) && !may_be_several {
            let what =
                (format!("two columns are {word}: choose one"), format!("zwei Spalten sind {word}: bitte eine wählen"));
            return Err(FlowError::invalid("mapping", what));
        }
        seen.push(target);
    }
    Ok(())
}

/// Begins to look it through; nothing is written.
pub async fn check(imports: &ImportDesk, id: ImportId) -> Result<(), FlowError> {
    begin(imports, id, move |tx, import, now| {
        if import.begun_at.is_some() {
            let why = ("it has been taken over already", "er ist schon übernommen");
            return Err(FlowError::Conflict(why.into()));
        }
        Ok(tx.restart_import(id, ImportState::Checking, now)?)
    })
    .await
}

/// Begins to take it over, or goes on where it broke off.
pub async fn run(imports: &ImportDesk, id: ImportId, by: String) -> Result<(), FlowError> {
    begin(imports, id, move |tx, import, now| {
        if import.state == ImportState::Done {
            let why = ("it has been taken over already", "er ist schon übernommen");
            return Err(FlowError::Conflict(why.into()));
        }
        if let Some(book) = import.plan.phonebook {
            checked_book(tx, book)?;
        }
        let total = import.progress.total;
        if import.begun_at.is_none() {
            tx.restart_import(id, ImportState::Running, now)?;
            tx.note_progress(id, &crate::store::imports::Progress { total, ..Default::default() })?;
        }
        let detail = match total {
            Some(rows) => json!({ "rows": rows }),
            None => json!({}),
        };
        tx.audit_thing(&by, "import.run", Some(&import.name), &detail, now)?;
        Ok(tx.set_import_state(id, ImportState::Running, None, now)?)
    })
    .await
}

async fn begin<F>(imports: &ImportDesk, id: ImportId, how: F) -> Result<(), FlowError>
where
    F: FnOnce(&Tx<'_>, &Import, crate::domain::time::Timestamp) -> Result<(), FlowError> + Send + 'static,
{
    let now = now(imports);
    imports
        .desk
        .store
        .write(move |tx| {
            let import = tx.import(id)?.ok_or(FlowError::NotFound("import"))?;
            at_rest(&import)?;
            let named = import.plan.mapping.iter().any(Option::is_some) || import.format == ImportFormat::Vcard;
            if !named {
                let what = ("say what at least one column is", "bitte sagen, was mindestens eine Spalte ist");
                return Err(FlowError::invalid("mapping", what));
            }
            how(tx, &import, now)?;
            tx.emit(Event::ImportChanged { import: id });
            Ok(())
        })
        .await?;
    imports.bell.notify_one();
    Ok(())
}

/// Forgets an import and its file; what was taken over stays. One that is at work stops first.
pub async fn delete(imports: &ImportDesk, id: ImportId) -> Result<(), FlowError> {
    let import = one(imports, id).await?;
    let deleted = imports.desk.store.write(move |tx| {
        tx.emit(Event::ImportChanged { import: id });
        Ok::<_, FlowError>(tx.delete_import(id)?)
    });
    deleted.await?;
    if let Some(spool) = import.spool {
        // Removed already, or by the next tidying.
        let _ = tokio::fs::remove_file(imports.path_of(&spool)).await;
    }
    Ok(())
}

async fn one(imports: &ImportDesk, id: ImportId) -> Result<Import, FlowError> {
    let found = imports.desk.store.read(move |db| Ok::<_, FlowError>(db.import(id)?)).await?;
    found.ok_or(FlowError::NotFound("import"))
}

/// The spool file of an import that is not at work.
fn at_rest(import: &Import) -> Result<String, FlowError> {
    if matches!(import.state, ImportState::Checking | ImportState::Running) {
        let why =
            ("it is at work: wait until it has ended", "er ist gerade in Arbeit: bitte warten, bis er fertig ist");
        return Err(FlowError::Conflict(why.into()));
    }
    import.spool.clone().ok_or_else(gone)
}

fn gone() -> FlowError {
    let why = (
        "its file is gone, since nobody touched it for a day: put it here again",
        "die Datei ist nicht mehr da, weil sie einen Tag lang niemand angerührt hat: bitte erneut hochladen",
    );
    FlowError::Conflict(why.into())
}
