//! One lot of rows: taken over in one transaction with how far it came, or only compared with what is there.

use crate::domain::address::Address;
use crate::domain::contact_form::Person;
use crate::domain::contact_import::{ImportState, Known};
use crate::domain::id::ContactId;
use crate::domain::time::Timestamp;
use crate::flow::error::FlowError;
use crate::flow::phonebook::import::rows::Entry;
use crate::flow::settings::about;
use crate::store::handle::{Snapshot, Tx};
use crate::store::imports::{Import, ImportFault, ImportPlan, Progress};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What became of a row.
enum Outcome {
    Added,
    Updated,
    Skipped,
}

impl Outcome {
    fn count(&self, progress: &mut Progress) {
        match self {
            Outcome::Added => progress.added += 1,
            Outcome::Updated => progress.updated += 1,
            Outcome::Skipped => progress.skipped += 1,
        }
    }
}

/// Takes a lot over; how far it is then. An import that was deleted meanwhile stops here.
pub fn take_over(
    tx: &Tx<'_>,
    import: &Import,
    lot: &[Entry],
    mut progress: Progress,
    now: Timestamp,
) -> Result<Progress, FlowError> {
    still(tx, import, ImportState::Running)?;
    for entry in lot {
        match &entry.person {
            Some(person) if was_erased(tx, import, person)? => Outcome::Skipped.count(&mut progress),
            Some(person) => one(tx, &import.plan, person, now)?.count(&mut progress),
            None => progress.faulty += 1,
        }
    }
    note(tx, import, lot, &mut progress)?;
    Ok(progress)
}

fn one(tx: &Tx<'_>, plan: &ImportPlan, person: &Person, now: Timestamp) -> Result<Outcome, FlowError> {
    let books: Vec<_> = plan.phonebook.into_iter().collect();
    match known(tx, plan, person)? {
        None => {
            tx.insert_contact(person, &books, None, now).map_err(about("contact"))?;
            Ok(Outcome::Added)
        }
        Some(_) if plan.known == Known::Skip => Ok(Outcome::Skipped),
        Some(id) => {
            let before = tx.contact(id)?.ok_or(FlowError::NotFound("contact"))?;
            let mut after = before.person.clone();
            after.write_over(person.clone());
            if after == before.person {
                return Ok(Outcome::Skipped);
            }
            tx.update_contact(id, before.version, &after, now).map_err(about("contact"))?;
            Ok(Outcome::Updated)
        }
    }
}

/// Whether somebody was erased after the file came: nobody comes back from it.
fn was_erased(db: &Snapshot<'_>, import: &Import, person: &Person) -> Result<bool, FlowError> {
    Ok(db.any_erased_since(&addresses(person), import.at)?)
}

fn addresses(person: &Person) -> Vec<&Address> {
    person.numbers.iter().filter_map(|number| number.address.as_ref()).collect()
}

/// Who this is, if somebody in the phonebook is: by number, else e-mail address, else exact name.
fn known(db: &Snapshot<'_>, plan: &ImportPlan, person: &Person) -> Result<Option<ContactId>, FlowError> {
    if plan.known == Known::Add {
        return Ok(None);
    }
    if let Some(found) = db.contact_with_number(&addresses(person), plan.phonebook)? {
        return Ok(Some(found));
    }
    if !person.email.is_empty()
        && let Some(found) = db.contact_with_email(&person.email, plan.phonebook)?
    {
        return Ok(Some(found));
    }
    if person.first_name.is_empty() && person.last_name.is_empty() {
        return Ok(None);
    }
    let name = (person.sort_key(), person.first_name.as_str(), person.last_name.as_str());
    Ok(db.contact_of_name((&name.0, name.1, name.2), plan.phonebook)?)
}

/// What a lot would come to: with what is there, and with the rows before it.
pub fn look_through(
    db: &Snapshot<'_>,
    import: &Import,
    lot: &[Entry],
    mut progress: Progress,
    seen: &mut HashSet<u64>,
) -> Result<Progress, FlowError> {
    for entry in lot {
        let Some(person) = &entry.person else {
            progress.faulty += 1;
            continue;
        };
        if was_erased(db, import, person)? {
            progress.skipped += 1;
            continue;
        }
        let keys = keys(person);
        let is_known = known(db, &import.plan, person)?.is_some() || keys.iter().any(|key| seen.contains(key));
        match import.plan.known {
            Known::Skip if is_known => progress.skipped += 1,
            Known::Update if is_known => progress.updated += 1,
            _ => progress.added += 1,
        }
        if import.plan.known != Known::Add {
            seen.extend(keys);
        }
    }
    Ok(progress)
}

/// By what a row before is known again, in few bytes.
fn keys(person: &Person) -> Vec<u64> {
    let hash = |what: &str, text: &str| {
        let mut hasher = DefaultHasher::new();
        (what, text).hash(&mut hasher);
        hasher.finish()
    };
    let numbers = person.numbers.iter().filter_map(|number| number.address.as_ref());
    let mut keys: Vec<u64> = numbers.map(|address| hash("number", address.as_str())).collect();
    if !person.email.is_empty() {
        keys.push(hash("email", &person.email.to_lowercase()));
    }
    if !person.first_name.is_empty() || !person.last_name.is_empty() {
        keys.push(hash("name", &format!("{}\u{1}{}", person.last_name, person.first_name)));
    }
    keys
}

/// Writes down how far a dry run is.
pub fn note_look(tx: &Tx<'_>, import: &Import, lot: &[Entry], mut progress: Progress) -> Result<Progress, FlowError> {
    still(tx, import, ImportState::Checking)?;
    note(tx, import, lot, &mut progress)?;
    Ok(progress)
}

fn still(tx: &Tx<'_>, import: &Import, state: ImportState) -> Result<(), FlowError> {
    let found = tx.import(import.id)?;
    if found.is_some_and(|found| found.state == state) { Ok(()) } else { Err(FlowError::NotFound("import")) }
}

fn note(tx: &Tx<'_>, import: &Import, lot: &[Entry], progress: &mut Progress) -> Result<(), FlowError> {
    let faults: Vec<ImportFault> = lot.iter().flat_map(|entry| entry.faults.iter().cloned()).collect();
    tx.add_import_faults(import.id, progress.faults + 1, &faults)?;
    progress.faults += faults.len() as u64;
    progress.done += lot.len() as u64;
    progress.total = progress.total.map(|total| total.max(progress.done));
    Ok(tx.note_progress(import.id, progress)?)
}
