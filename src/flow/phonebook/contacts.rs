//! One contact is made, changed or deleted.

use crate::domain::contact_form::{ContactForm, FieldFault, Person};
use crate::domain::event::Event;
use crate::domain::id::{ContactId, PhonebookId};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::phonebook::books::of_a_source;
use crate::flow::settings::about;
use crate::store::contacts::Contact;
use crate::store::handle::{Snapshot, Tx};
use serde_json::json;

/// Phonebooks one contact may stand in.
const BOOKS_OF_ONE_MAX: usize = 100;

/// Makes a contact.
pub async fn create(desk: &Desk, form: ContactForm, books: Vec<PhonebookId>) -> Result<ContactId, FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let person = checked(tx, form)?;
            let books = checked_books(tx, books)?;
            let id = tx.insert_contact(&person, &books, None, now).map_err(about("contact"))?;
            tx.emit(Event::ContactsChanged);
            Ok(id)
        })
        .await
}

/// Changes a contact that is kept here.
pub async fn update(
    desk: &Desk,
    id: ContactId,
    version: i64,
    form: ContactForm,
    books: Vec<PhonebookId>,
) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            kept_here(tx, id)?;
            let person = checked(tx, form)?;
            let books = checked_books(tx, books)?;
            tx.update_contact(id, version, &person, now).map_err(about("contact"))?;
            tx.set_phonebooks(id, &books).map_err(about("contact"))?;
            tx.emit(Event::ContactsChanged);
            Ok(())
        })
        .await
}

/// Deletes a contact that is kept here.
pub async fn delete(desk: &Desk, id: ContactId, by: String) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let contact = kept_here(tx, id)?;
            tx.delete_contact(id)?;
            // By their number, not their name: what is noted of a person goes when they are erased.
            let about = contact.person.numbers.iter().find_map(|number| number.address.as_ref());
            tx.audit(&by, "contact.delete", about, &json!({ "contacts": 1 }), now)?;
            tx.emit(Event::ContactsChanged);
            Ok(())
        })
        .await
}

/// The contact, if it is kept here and may be changed.
pub(super) fn kept_here(tx: &Tx<'_>, id: ContactId) -> Result<Contact, FlowError> {
    let contact = tx.contact(id)?.ok_or(FlowError::NotFound("contact"))?;
    if contact.source.is_some() { Err(FlowError::Conflict(of_a_source())) } else { Ok(contact) }
}

fn checked(db: &Snapshot<'_>, form: ContactForm) -> Result<Person, FlowError> {
    let refused = |fault: FieldFault| FlowError::invalid(fault.field, fault.what);
    let person = form.checked(&db.country()?).map_err(refused)?;
    let unknown = person.time_zone.as_deref().is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err());
    if unknown {
        let what = (
            "no such time zone: write it as in Europe/Berlin",
            "diese Zeitzone gibt es nicht: bitte schreiben wie Europe/Berlin",
        );
        return Err(FlowError::invalid("time_zone", what));
    }
    Ok(person)
}

/// Phonebooks that are there and kept here, each once.
fn checked_books(db: &Snapshot<'_>, mut books: Vec<PhonebookId>) -> Result<Vec<PhonebookId>, FlowError> {
    books.sort_unstable();
    books.dedup();
    if books.len() > BOOKS_OF_ONE_MAX {
        let what = (
            format!("at most {BOOKS_OF_ONE_MAX} phonebooks for one contact"),
            format!("höchstens {BOOKS_OF_ONE_MAX} Telefonbücher für einen Kontakt"),
        );
        return Err(FlowError::invalid("phonebooks", what));
    }
    books.into_iter().map(|book| checked_book(db, book)).collect()
}

/// A phonebook that is there and kept here.
pub(super) fn checked_book(db: &Snapshot<'_>, book: PhonebookId) -> Result<PhonebookId, FlowError> {
    match db.phonebook_kept_here(book)? {
        Some(true) => Ok(book),
        Some(false) => Err(FlowError::invalid("phonebooks", of_a_source())),
        None => Err(FlowError::invalid(
            "phonebooks",
            ("this phonebook does not exist (any more)", "dieses Telefonbuch gibt es nicht (mehr)"),
        )),
    }
}
