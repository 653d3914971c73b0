//! Phonebooks are made, named and deleted. A large one is emptied in small commits before it goes, so that nobody waits.

use crate::domain::event::Event;
use crate::domain::id::PhonebookId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_name};
use serde_json::json;

/// The field's bound for phonebooks.
const BOOKS_MAX: usize = 500;
const REMARK_CHARS_MAX: usize = 1_000;
/// Contacts of one commit.
pub(super) const AT_ONCE: usize = 500;

/// Makes a phonebook.
pub async fn create(desk: &Desk, name: &str, remark: &str) -> Result<PhonebookId, FlowError> {
    let (name, remark, now) = (checked_name("name", name)?, checked_remark(remark)?, desk.now());
    desk.store
        .write(move |tx| {
            if tx.phonebook_count()? >= BOOKS_MAX {
                let why = (format!("at most {BOOKS_MAX} phonebooks"), format!("höchstens {BOOKS_MAX} Telefonbücher"));
                return Err(FlowError::NotAllowed(why.into()));
            }
            let id = tx.insert_phonebook(&name, &remark, now).map_err(about("phonebook"))?;
            tx.emit(Event::ContactsChanged);
            Ok(id)
        })
        .await
}

/// Names it anew.
pub async fn update(desk: &Desk, id: PhonebookId, version: i64, name: &str, remark: &str) -> Result<(), FlowError> {
    let (name, remark) = (checked_name("name", name)?, checked_remark(remark)?);
    desk.store
        .write(move |tx| {
            tx.update_phonebook(id, version, (&name, &remark)).map_err(about("phonebook"))?;
            tx.emit(Event::ContactsChanged);
            Ok(())
        })
        .await
}

/// Deletes it; with those contacts that stand in no other phonebook, if that is wanted. Broken off, it is smaller, and
/// can be deleted again.
pub async fn delete(desk: &Desk, id: PhonebookId, with_contacts: bool, by: String) -> Result<(), FlowError> {
    let here = desk.store.read(move |db| Ok::<_, FlowError>((db.phonebook_kept_here(id)?, db.phonebook(id)?)));
    let name = match here.await? {
        (Some(true), Some(book)) => book.name,
        (Some(false), _) => return Err(FlowError::Conflict(of_a_source())),
        _ => return Err(FlowError::NotFound("phonebook")),
    };
    while with_contacts && delete_some(desk, id, (&name, &by)).await? > 0 {}
    while empty_some(desk, id).await? > 0 {}
    desk.store
        .write(move |tx| {
            tx.delete_phonebook(id).map_err(about("phonebook"))?;
            tx.emit(Event::ContactsChanged);
            Ok(())
        })
        .await
}

async fn delete_some(desk: &Desk, id: PhonebookId, (name, by): (&str, &str)) -> Result<usize, FlowError> {
    let (name, by, now) = (name.to_owned(), by.to_owned(), desk.now());
    desk.store
        .write(move |tx| {
            let some = tx.some_of_phonebook(id, true, AT_ONCE)?;
            for contact in &some {
                tx.delete_contact(*contact)?;
            }
            if !some.is_empty() {
                tx.audit_thing(&by, "contact.delete", Some(&name), &json!({ "contacts": some.len() }), now)?;
            }
            Ok(some.len())
        })
        .await
}

async fn empty_some(desk: &Desk, id: PhonebookId) -> Result<usize, FlowError> {
    desk.store
        .write(move |tx| {
            let some = tx.some_of_phonebook(id, false, AT_ONCE)?;
            for contact in &some {
                tx.remove_from_phonebook(id, *contact).map_err(about("phonebook"))?;
            }
            Ok(some.len())
        })
        .await
}

/// Why a phonebook or contact of a source is not touched here.
pub(super) fn of_a_source() -> crate::domain::wording::Wording {
    (
        "this is read from a source: change it there, or delete the source",
        "das wird aus einer Quelle gelesen: bitte dort ändern oder die Quelle löschen",
    )
        .into()
}

fn checked_remark(remark: &str) -> Result<String, FlowError> {
    let remark = remark.trim();
    if remark.chars().count() > REMARK_CHARS_MAX {
        let what = (
            format!("too long: at most {REMARK_CHARS_MAX} characters"),
            format!("zu lang: höchstens {REMARK_CHARS_MAX} Zeichen"),
        );
        return Err(FlowError::invalid("remark", what));
    }
    Ok(remark.replace('\0', ""))
}
