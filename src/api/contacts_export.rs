//! Contacts go out: as a table that no spreadsheet runs, or as cards; page by page while it is downloaded.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::Asked;
use crate::api::state::ApiState;
use crate::domain::contact::NumberKind;
use crate::domain::contact_form::Person;
use crate::domain::contact_import::Target;
use crate::domain::id::PhonebookId;
use crate::flow::consent::audit;
use crate::net::file_answer::disposition;
use crate::store::contacts::Contact;
use crate::store::contacts_find::{ContactCursor, ContactsWanted};
use crate::store::error::StoreError;
use crate::store::handle::Reader;
use crate::tabular::write::CsvWriter;
use crate::vcard::write::{Version, card};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;

/// Contacts that are read and written at once.
const AT_ONCE: usize = 500;
/// Fields of the users' own that become columns.
const CUSTOM_COLUMNS_MAX: usize = 150;

/// What is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportAsked {
    /// Only this phonebook.
    phonebook: Option<i64>,
    /// `csv`, `vcard` (3.0) or `vcard4`.
    #[param(inline)]
    format: ExportFormat,
}

/// As what contacts go out.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// A table.
    Csv,
    /// Cards of version 3.0, which every phone reads.
    Vcard,
    /// Cards of version 4.0.
    Vcard4,
}

impl ExportFormat {
    fn as_str(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::Vcard => "vcard",
            ExportFormat::Vcard4 => "vcard4",
        }
    }
}

/// All contacts, or those of a phonebook, as a file. A table can be imported again as it is.
#[utoipa::path(get, path = "/contacts/export", tag = "contacts", params(ExportAsked),
    responses((status = 200, content_type = "text/csv"), (status = 404, body = Problem)))]
pub async fn export(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Asked(asked): Asked<ExportAsked>,
) -> Result<Response, Problem> {
    let book = asked.phonebook.map(PhonebookId);
    let found = state.reader.read(move |db| {
        let name = match book {
            Some(book) => Some(db.phonebook(book)?.ok_or_else(|| Problem::not_found("phonebook"))?.name),
            None => None,
        };
        Ok::<_, Problem>((name, db.custom_names(book, CUSTOM_COLUMNS_MAX)?))
    });
    let (name, custom) = found.await?;
    let detail = json!({ "format": asked.format.as_str() });
    audit::note(&state.desk, who.actor().name, "contact.export", name.clone(), detail).await?;
    let name = name.unwrap_or_else(|| "contacts".to_owned());
    let (media_type, ending) = match asked.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Vcard | ExportFormat::Vcard4 => ("text/vcard; charset=utf-8", "vcf"),
    };
    let export =
        Export { reader: state.reader.clone(), columns: columns(custom), format: asked.format, book, at: At::Begin };
    let pieces = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, export)))
    });
    let mut answer = Response::new(Body::from_stream(pieces));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(named) = HeaderValue::from_str(&disposition(false, &format!("{name}.{ending}"))) {
        headers.insert(CONTENT_DISPOSITION, named);
    }
    Ok(answer)
}

struct Export {
    reader: Reader,
    columns: Vec<Target>,
    format: ExportFormat,
    book: Option<PhonebookId>,
    at: At,
}

/// How far an export is.
enum At {
    Begin,
    Behind(ContactCursor),
    End,
}

impl Export {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let (after, is_first) = match std::mem::replace(&mut self.at, At::End) {
            At::Begin => (None, true),
            At::Behind(place) => (Some(place), false),
            At::End => return Ok(None),
        };
        let wanted = ContactsWanted { phonebook: self.book, q: None, after, limit: AT_ONCE };
        let page = self.reader.read(move |db| db.contacts_page(&wanted)).await?;
        self.at = page.next.map_or(At::End, At::Behind);
        let written = self.written(&page.items, is_first).map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(Some(written.into()))
    }

    fn written(&self, contacts: &[Contact], is_first: bool) -> std::io::Result<Vec<u8>> {
        let version = match self.format {
            ExportFormat::Csv => return self.table(contacts, is_first),
            ExportFormat::Vcard => Version::Three,
            ExportFormat::Vcard4 => Version::Four,
        };
        let mut text = String::new();
        contacts.iter().for_each(|contact| card(&mut text, &contact.person, version));
        Ok(text.into_bytes())
    }

    fn table(&self, contacts: &[Contact], is_first: bool) -> std::io::Result<Vec<u8>> {
        let mut table = CsvWriter::new(Vec::new())?;
        // The mark stands at the beginning of the file, not of each piece.
        let mark = table.target().len();
        if is_first {
            table.row(self.columns.iter().map(Target::word))?;
        }
        for contact in contacts {
            table.row(self.columns.iter().map(|column| cell(&contact.person, column)))?;
        }
        let mut bytes = table.finish()?;
        Ok(if is_first { bytes } else { bytes.split_off(mark) })
    }
}

fn columns(custom: Vec<String>) -> Vec<Target> {
    let mut columns = vec![Target::FirstName, Target::LastName, Target::Company, Target::Email];
    columns.extend(NumberKind::ALL.iter().map(|kind| Target::Number(*kind)));
    columns.extend([Target::Remark, Target::Address, Target::Language, Target::TimeZone]);
    columns.extend(custom.into_iter().map(Target::Custom));
    columns
}

fn cell(person: &Person, column: &Target) -> String {
    match column {
        Target::FirstName => person.first_name.clone(),
        Target::LastName => person.last_name.clone(),
        Target::FullName => person.label(),
        Target::Company => person.company.clone(),
        Target::Email => person.email.clone(),
        Target::Remark => person.remark.clone(),
        Target::Address => person.address.clone(),
        Target::Language => person.language.clone().unwrap_or_default(),
        Target::TimeZone => person.time_zone.clone().unwrap_or_default(),
        Target::Number(kind) => {
            let number = person.numbers.iter().find(|number| number.kind == *kind);
            let written = |address: &crate::domain::address::Address| address.to_string();
            number.map_or_else(String::new, |number| {
                number.address.as_ref().map_or_else(|| number.given.clone(), written)
            })
        }
        Target::Custom(name) => person.custom.get(name).cloned().unwrap_or_default(),
    }
}
