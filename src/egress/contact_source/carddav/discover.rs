//! From the address an admin knows to the address book: it is one itself, or the server knows who we are and where our
//! books are (RFC 6764, RFC 6352 7.1).

use crate::domain::contact_source::{ProblemCode, SourceProblem};
use crate::egress::contact_source::carddav::dav::{Ask, Dav, Said};
use crate::egress::contact_source::carddav::multistatus::{Answer, Told};
use crate::egress::contact_source::trouble;
use url::Url;

const WHAT: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><prop><resourcetype/><displayname/><current-user-principal/><C:addressbook-home-set/><supported-report-set/></prop></propfind>"#;
/// Address books that are named where there are several.
const NAMED_MAX: usize = 5;

/// An address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Book {
    pub url: Url,
    pub name: String,
    /// Whether changes since a moment can be asked for.
    pub syncs: bool,
}

/// Finds the one address book that is meant.
pub(super) async fn book(dav: &Dav<'_>) -> Result<Book, SourceProblem> {
    let well_known = dav.home.join("/.well-known/carddav").map_err(|_| trouble::unreadable("its address"))?;
    let bare = dav.home.path() == "/";
    let places = if bare { [well_known, dav.home.clone()] } else { [dav.home.clone(), well_known] };
    let mut statuses = Vec::new();
    for place in places {
        match dav.ask(&place, Ask::Propfind(0, WHAT)).await? {
            Said::Told(url, answer) => {
                if let Some(book) = behind(dav, url, answer).await? {
                    return Ok(book);
                }
            }
            Said::Nothing(status) => statuses.push(format!("{}: HTTP {status}", place.path())),
            Said::TooLarge => return Err(trouble::too_much()),
        }
    }
    Err(none(&statuses.join(", ")))
}

/// A place that answers: it is the book, or leads to it.
async fn behind(dav: &Dav<'_>, url: Url, answer: Answer) -> Result<Option<Book>, SourceProblem> {
    let Some(here) = answer.told.into_iter().next() else { return Ok(None) };
    if here.is_book {
        return Ok(Some(found(url, here)));
    }
    let homes = match (&here.home, &here.principal) {
        (Some(home), _) => vec![home.clone()],
        (None, Some(principal)) => {
            let Some(place) = at(dav, &url, principal) else { return Ok(None) };
            match dav.ask(&place, Ask::Propfind(0, WHAT)).await? {
                Said::Told(_, answer) => answer.told.into_iter().filter_map(|told| told.home).collect(),
                Said::Nothing(_) | Said::TooLarge => Vec::new(),
            }
        }
        // A folder of books that says nothing of us.
        (None, None) if here.is_collection => vec![url.as_str().to_owned()],
        (None, None) => Vec::new(),
    };
    for home in homes {
        let Some(place) = at(dav, &url, &home) else { continue };
        if let Said::Told(base, answer) = dav.ask(&place, Ask::Propfind(1, WHAT)).await? {
            let books: Vec<Book> = answer
                .told
                .into_iter()
                .filter(|told| told.is_book)
                .filter_map(|told| Some(found(at(dav, &base, &told.href)?, told)))
                .collect();
            match books.len() {
                0 => {}
                1 => return Ok(books.into_iter().next()),
                _ => return Err(several(&books)),
            }
        }
    }
    Ok(None)
}

fn found(url: Url, told: Told) -> Book {
    let name = told.name.filter(|name| !name.is_empty()).unwrap_or_else(|| url.path().to_owned());
    Book { url, name: trouble::said(&name), syncs: told.syncs }
}

/// An address in an answer, if it is at the same server.
pub(super) fn at(dav: &Dav<'_>, base: &Url, href: &str) -> Option<Url> {
    base.join(href).ok().filter(|url| dav.is_here(url))
}

fn none(statuses: &str) -> SourceProblem {
    let (en, de) = if statuses.is_empty() {
        (String::new(), String::new())
    } else {
        (format!(" ({statuses})"), format!(" ({statuses})"))
    };
    SourceProblem::new(
        ProblemCode::NoBook,
        (
            format!("There is no address book at this address{en}."),
            format!("An dieser Adresse ist kein Adressbuch{de}."),
        ),
        (
            "Copy the address of the address book from the server's own page; in Nextcloud it stands under Contacts, \
             Settings, Copy link.",
            "Bitte die Adresse des Adressbuchs von der Seite des Servers kopieren; bei Nextcloud steht sie unter \
             Kontakte, Einstellungen, Link kopieren.",
        ),
    )
}

fn several(books: &[Book]) -> SourceProblem {
    let list: Vec<String> = books.iter().take(NAMED_MAX).map(|book| format!("{} = {}", book.name, book.url)).collect();
    let list = list.join(", ");
    SourceProblem::new(
        ProblemCode::ManyBooks,
        (
            format!("There are {} address books: {list}.", books.len()),
            format!("Es gibt {} Adressbücher: {list}.", books.len()),
        ),
        (
            "Enter the address of the one you mean; make a source for each that you need.",
            "Bitte die Adresse des gewünschten eintragen; für jedes weitere eine eigene Quelle anlegen.",
        ),
    )
}
