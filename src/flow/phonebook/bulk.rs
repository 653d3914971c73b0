//! Many contacts at once: into a phonebook, out of it, or away; in small commits.

use crate::domain::event::Event;
use crate::domain::id::{ContactId, PhonebookId};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::phonebook::books::AT_ONCE;
use crate::flow::phonebook::contacts::checked_book;
use crate::flow::settings::about;
use crate::store::handle::Tx;
use serde_json::json;

/// Contacts of one request.
pub const IDS_MAX: usize = 10_000;

/// What is done with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// Into this phonebook.
    Add(PhonebookId),
    /// Out of this phonebook.
    Remove(PhonebookId),
    /// Away.
    Delete,
}

/// Does it; how many it changed. Contacts that are gone, or come from a source and cannot be deleted here, are passed over.
pub async fn run(desk: &Desk, ids: Vec<ContactId>, what: Bulk, by: String) -> Result<u32, FlowError> {
    if ids.len() > IDS_MAX {
        let why = (format!("at most {IDS_MAX} at once"), format!("höchstens {IDS_MAX} auf einmal"));
        return Err(FlowError::invalid("ids", why));
    }
    let (now, mut changed) = (desk.now(), 0);
    for some in ids.chunks(AT_ONCE).map(<[ContactId]>::to_vec) {
        let by = by.clone();
        changed += desk
            .store
            .write(move |tx| {
                if let Bulk::Add(book) | Bulk::Remove(book) = what {
                    checked_book(tx, book)?;
                }
                let mut changed = 0;
                for id in some {
                    changed += u32::from(one(tx, id, what)?);
                }
                if what == Bulk::Delete && changed > 0 {
                    tx.audit(&by, "contact.delete", None, &json!({ "contacts": changed }), now)?;
                }
                tx.emit(Event::ContactsChanged);
                Ok::<_, FlowError>(changed)
            })
            .await?;
    }
    Ok(changed)
}

fn one(tx: &Tx<'_>, id: ContactId, what: Bulk) -> Result<bool, FlowError> {
    match what {
        Bulk::Add(book) => tx.add_to_phonebook(book, id).map_err(about("phonebook")),
        Bulk::Remove(book) => tx.remove_from_phonebook(book, id).map_err(about("phonebook")),
        Bulk::Delete => {
            let here = tx.contact(id)?.is_some_and(|contact| contact.source.is_none());
            Ok(here && tx.delete_contact(id)?)
        }
    }
}
