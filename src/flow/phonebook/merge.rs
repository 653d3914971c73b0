//! Contacts that are one person become one, in one transaction: numbers, phonebooks and fields go together, what has no
//! place stands in the remark, and what campaigns sent to them stays with the one that is left.

use crate::domain::contact_form::TEXT_CHARS_MAX;
use crate::domain::event::Event;
use crate::domain::id::{ContactId, PhonebookId};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::phonebook::contacts::kept_here;
use crate::flow::settings::about;

/// Contacts that become one at once.
pub const OTHERS_MAX: usize = 20;

/// Merges `others` into `keep`; what had no place and was written into the remark.
pub async fn merge(
    desk: &Desk,
    keep: ContactId,
    version: i64,
    mut others: Vec<ContactId>,
) -> Result<Vec<String>, FlowError> {
    others.sort_unstable();
    others.dedup();
    if others.is_empty() || others.len() > OTHERS_MAX || others.contains(&keep) {
        let what = (format!("1 to {OTHERS_MAX} other contacts"), format!("1 bis {OTHERS_MAX} andere Kontakte"));
        return Err(FlowError::invalid("others", what));
    }
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let stays = kept_here(tx, keep)?;
            let (mut person, mut left) = (stays.person, Vec::new());
            let mut books: Vec<PhonebookId> = stays.phonebooks;
            for other in others {
                let goes = kept_here(tx, other)?;
                left.extend(person.take_in(goes.person));
                books.extend(goes.phonebooks);
                tx.hand_over_contact(other, keep)?;
                tx.delete_contact(other)?;
            }
            if person.remark.chars().count() > TEXT_CHARS_MAX {
                let why = (
                    "what does not fit would make the remark too long: shorten the remarks, or merge fewer at once",
                    "was nicht hineinpasst, würde die Bemerkung zu lang machen: bitte Bemerkungen kürzen oder weniger auf einmal zusammenführen",
                );
                return Err(FlowError::Conflict(why.into()));
            }
            tx.update_contact(keep, version, &person, now).map_err(about("contact"))?;
            for book in books {
                tx.add_to_phonebook(book, keep).map_err(about("contact"))?;
            }
            tx.emit(Event::ContactsChanged);
            Ok(left)
        })
        .await
}
