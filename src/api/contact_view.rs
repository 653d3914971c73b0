//! Contacts and phonebooks in the shapes of the API.

use crate::domain::address::Address;
use crate::domain::contact::NumberKind;
use crate::domain::contact_form::{ContactNumber, number_problem};
use crate::domain::id::{ContactId, PhonebookId, SourceId};
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::store::contacts::Contact;
use crate::store::phonebooks::Phonebook;
use serde::Serialize;
use std::collections::BTreeMap;

/// A sentence in both languages.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WordingOut {
    en: String,
    de: String,
}

impl From<Wording> for WordingOut {
    fn from(wording: Wording) -> WordingOut {
        WordingOut { en: wording.english, de: wording.german }
    }
}

/// A number of a contact.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ContactNumberOut {
    kind: NumberKind,
    /// As it was typed.
    given: String,
    /// As it is written to; null: it cannot be read.
    address: Option<Address>,
    /// Why it cannot be read.
    problem: Option<WordingOut>,
}

impl From<ContactNumber> for ContactNumberOut {
    fn from(number: ContactNumber) -> ContactNumberOut {
        let problem = number.address.is_none().then(|| number_problem(&number.given).into());
        ContactNumberOut { kind: number.kind, given: number.given, address: number.address, problem }
    }
}

/// A contact as a list shows it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ContactRow {
    id: ContactId,
    first_name: String,
    last_name: String,
    company: String,
    email: String,
    numbers: Vec<ContactNumberOut>,
    phonebooks: Vec<PhonebookId>,
    /// Whether one of its numbers opted out of something.
    opted_out: bool,
    /// It is read from a source and changed there.
    read_only: bool,
}

impl From<Contact> for ContactRow {
    fn from(contact: Contact) -> ContactRow {
        let person = contact.person;
        ContactRow {
            id: contact.id,
            first_name: person.first_name,
            last_name: person.last_name,
            company: person.company,
            email: person.email,
            numbers: person.numbers.into_iter().map(ContactNumberOut::from).collect(),
            phonebooks: contact.phonebooks,
            opted_out: contact.opted_out,
            read_only: contact.source.is_some(),
        }
    }
}

/// All of a contact.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ContactOut {
    id: ContactId,
    first_name: String,
    last_name: String,
    company: String,
    email: String,
    numbers: Vec<ContactNumberOut>,
    phonebooks: Vec<PhonebookId>,
    /// Whether one of its numbers opted out of something.
    opted_out: bool,
    /// It is read from a source and changed there.
    read_only: bool,
    remark: String,
    /// Where they live or work.
    address: String,
    /// BCP 47, as in `de`.
    language: Option<String>,
    /// IANA, as in `Europe/Berlin`; null: from the number.
    time_zone: Option<String>,
    /// Fields of the user's own.
    custom: BTreeMap<String, String>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i64,
    /// Where it is read from.
    source: Option<SourceRef>,
}

/// A source of contacts by id and name.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SourceRef {
    id: SourceId,
    name: String,
}

impl From<Contact> for ContactOut {
    fn from(contact: Contact) -> ContactOut {
        let (created_at, updated_at, version) = (contact.created_at, contact.updated_at, contact.version);
        let source = contact.source.clone().map(|(id, name)| SourceRef { id, name });
        let (remark, address) = (contact.person.remark.clone(), contact.person.address.clone());
        let (language, time_zone) = (contact.person.language.clone(), contact.person.time_zone.clone());
        let custom = contact.person.custom.clone();
        let ContactRow { id, first_name, last_name, company, email, numbers, phonebooks, opted_out, read_only } =
            ContactRow::from(contact);
        ContactOut {
            id,
            first_name,
            last_name,
            company,
            email,
            numbers,
            phonebooks,
            opted_out,
            read_only,
            remark,
            address,
            language,
            time_zone,
            custom,
            created_at,
            updated_at,
            version,
            source,
        }
    }
}

/// A phonebook.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PhonebookOut {
    id: PhonebookId,
    name: String,
    remark: String,
    /// How many stand in it.
    contacts: u64,
    /// Where it is read from; null: it is kept here.
    source: Option<PhonebookSource>,
    version: i64,
}

/// Where a phonebook is read from.
#[derive(Serialize, utoipa::ToSchema)]
pub struct PhonebookSource {
    id: SourceId,
    name: String,
    /// `ldap` or `carddav`.
    kind: String,
}

impl From<Phonebook> for PhonebookOut {
    fn from(book: Phonebook) -> PhonebookOut {
        PhonebookOut {
            id: book.id,
            name: book.name,
            remark: book.remark,
            contacts: book.contacts,
            source: book.source.map(|(id, name, kind)| PhonebookSource { id, name, kind }),
            version: book.version,
        }
    }
}
