//! Contacts: found, shown, made, changed, many at once.

use crate::api::auth::{Supervisor, Who};
use crate::api::contact_view::{ContactOut, ContactRow};
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body, Id, Items, Page, bounded, bounded_q, cursor, read_cursor};
use crate::api::state::ApiState;
use crate::api::trunks::version_of;
use crate::domain::address::Address;
use crate::domain::contact_form::ContactForm;
use crate::domain::id::{ContactId, PhonebookId};
use crate::flow::phonebook::bulk::{self, Bulk};
use crate::flow::phonebook::{contacts, merge};
use crate::store::contacts_find::{ContactCursor, ContactsWanted};
use crate::store::contacts_twice::SameBy;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Which contacts.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactsAsked {
    phonebook: Option<i64>,
    /// Beginnings of words in names, company or e-mail, or of a number in any spelling.
    q: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

/// Whose number.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AddressAsked {
    address: String,
}

/// A contact, as somebody writes it.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ContactIn {
    #[serde(flatten)]
    form: ContactForm,
    /// The phonebooks it stands in.
    #[serde(default)]
    phonebooks: Vec<PhonebookId>,
    version: Option<i64>,
}

/// What to do with many contacts.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct BulkIn {
    /// At most 10,000.
    ids: Vec<ContactId>,
    action: BulkAction,
    /// Which one, for `add` and `remove`.
    phonebook: Option<PhonebookId>,
}

/// What to do.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BulkAction {
    /// Into a phonebook.
    Add,
    /// Out of a phonebook.
    Remove,
    /// Away.
    Delete,
}

/// How many it changed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Changed {
    changed: u32,
}

/// By what contacts are the same.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TwiceAsked {
    /// `number`, `email` or `name`.
    #[param(inline)]
    by: SameAsked,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

/// By what contacts are the same.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameAsked {
    /// A number.
    Number,
    /// An e-mail address.
    Email,
    /// The name.
    Name,
}

/// Contacts that may be one.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Duplicates {
    /// What they share.
    key: String,
    contacts: Vec<ContactRow>,
}

/// Contacts that are one.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct MergeIn {
    /// Which one stays.
    keep: ContactId,
    /// Who goes: at most 20.
    others: Vec<ContactId>,
    /// Of the one that stays.
    version: Option<i64>,
}

/// A page of contacts: in order of names; of a search with very many finds, in the order they were entered.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(ContactsAsked),
    responses((status = 200, body = Page<ContactRow>)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Who,
    Asked(asked): Asked<ContactsAsked>,
) -> Result<Json<Page<ContactRow>>, Problem> {
    let wanted = ContactsWanted {
        phonebook: asked.phonebook.map(PhonebookId),
        q: bounded_q(asked.q)?,
        after: asked.after.as_deref().map(read_place).transpose()?,
        limit: bounded(asked.limit) as usize,
    };
    let page = state.reader.read(move |db| Ok::<_, Problem>(db.contacts_page(&wanted)?)).await?;
    let items = page.items.into_iter().map(ContactRow::from).collect();
    Ok(Json(Page { items, next: page.next.map(|place| write_place(&place)) }))
}

/// Make a contact. A number that cannot be read is kept as it was typed, with its problem.
#[utoipa::path(post, path = "/contacts", tag = "contacts", request_body = ContactIn,
    responses((status = 201, body = ContactOut), (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Supervisor,
    Body(given): Body<ContactIn>,
) -> Result<(StatusCode, Json<ContactOut>), Problem> {
    let id = contacts::create(&state.desk, given.form, given.phonebooks).await?;
    Ok((StatusCode::CREATED, Json(one(&state, id).await?)))
}

/// One contact.
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", params(("id" = i64, Path)),
    responses((status = 200, body = ContactOut), (status = 404, body = Problem)))]
pub async fn get(State(state): State<ApiState>, _: Who, Id(id): Id) -> Result<Json<ContactOut>, Problem> {
    one(&state, ContactId(id)).await.map(Json)
}

/// Change a contact that is kept here.
#[utoipa::path(put, path = "/contacts/{id}", tag = "contacts", params(("id" = i64, Path)), request_body = ContactIn,
    responses((status = 200, body = ContactOut), (status = 409, body = Problem), (status = 412, body = Problem),
              (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Body(given): Body<ContactIn>,
) -> Result<Json<ContactOut>, Problem> {
    let version = version_of(given.version)?;
    contacts::update(&state.desk, ContactId(id), version, given.form, given.phonebooks).await?;
    one(&state, ContactId(id)).await.map(Json)
}

/// Delete a contact that is kept here.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "contacts", params(("id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub async fn delete(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
) -> Result<StatusCode, Problem> {
    contacts::delete(&state.desk, ContactId(id), who.actor().name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who has this number.
#[utoipa::path(get, path = "/contacts/by-address", tag = "contacts", params(AddressAsked),
    responses((status = 200, body = Items<ContactOut>), (status = 422, body = Problem)))]
pub async fn by_address(
    State(state): State<ApiState>,
    _: Who,
    Asked(asked): Asked<AddressAsked>,
) -> Result<Json<Items<ContactOut>>, Problem> {
    let found = state.reader.read(move |db| {
        let address = Address::from_typed(&asked.address, &db.country()?)
            .map_err(|error| Problem::invalid("address", error.wording()))?;
        Ok::<_, Problem>(db.contacts_of_address(&address)?)
    });
    Ok(Json(Items { items: found.await?.into_iter().map(ContactOut::from).collect() }))
}

/// Many contacts into a phonebook, out of it, or away.
#[utoipa::path(post, path = "/contacts/bulk", tag = "contacts", request_body = BulkIn,
    responses((status = 200, body = Changed), (status = 422, body = Problem)))]
pub async fn bulk(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Body(given): Body<BulkIn>,
) -> Result<Json<Changed>, Problem> {
    let book = || given.phonebook.ok_or_else(|| Problem::invalid("phonebook", ("required", "erforderlich")));
    let what = match given.action {
        BulkAction::Add => Bulk::Add(book()?),
        BulkAction::Remove => Bulk::Remove(book()?),
        BulkAction::Delete => Bulk::Delete,
    };
    Ok(Json(Changed { changed: bulk::run(&state.desk, given.ids, what, who.actor().name).await? }))
}

/// Contacts that may stand there more than once.
#[utoipa::path(get, path = "/contacts/duplicates", tag = "contacts", params(TwiceAsked),
    responses((status = 200, body = Page<Duplicates>)))]
pub async fn duplicates(
    State(state): State<ApiState>,
    _: Who,
    Asked(asked): Asked<TwiceAsked>,
) -> Result<Json<Page<Duplicates>>, Problem> {
    let by = match asked.by {
        SameAsked::Number => SameBy::Number,
        SameAsked::Email => SameBy::Email,
        SameAsked::Name => SameBy::Name,
    };
    let (after, limit) = (asked.after.unwrap_or_default(), bounded(asked.limit) as usize);
    let mut found = state.reader.read(move |db| Ok::<_, Problem>(db.contacts_twice(by, &after, limit + 1)?)).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|group| group.key.clone());
    let items = found.into_iter().map(|group| Duplicates {
        // What stands between last and first name in the key is no letter.
        key: group.key.replace('\u{1}', ", "),
        contacts: group.contacts.into_iter().map(ContactRow::from).collect(),
    });
    Ok(Json(Page { items: items.collect(), next }))
}

/// Make contacts one. What has no place in the one that stays is written into its remark.
#[utoipa::path(post, path = "/contacts/merge", tag = "contacts", request_body = MergeIn,
    responses((status = 200, body = ContactOut), (status = 409, body = Problem), (status = 412, body = Problem)))]
pub async fn merge(
    State(state): State<ApiState>,
    _: Supervisor,
    Body(given): Body<MergeIn>,
) -> Result<Json<ContactOut>, Problem> {
    let version = version_of(given.version)?;
    merge::merge(&state.desk, given.keep, version, given.others).await?;
    one(&state, given.keep).await.map(Json)
}

async fn one(state: &ApiState, id: ContactId) -> Result<ContactOut, Problem> {
    let contact = state.reader.read(move |db| Ok::<_, Problem>(db.contact(id)?)).await?;
    contact.map(ContactOut::from).ok_or_else(|| Problem::not_found("contact"))
}

fn write_place(place: &ContactCursor) -> String {
    match place {
        ContactCursor::Name(key, id) => format!("n{}.{id}", hex::encode(key)),
        ContactCursor::Nth(nth) => cursor(0, i64::try_from(*nth).unwrap_or(i64::MAX)),
        ContactCursor::Entered(id) => cursor(1, id.0),
    }
}

fn read_place(text: &str) -> Result<ContactCursor, Problem> {
    let name = text.strip_prefix('n').and_then(|rest| {
        let (key, id) = rest.split_once('.')?;
        let key = String::from_utf8(hex::decode(key).ok()?).ok()?;
        Some(ContactCursor::Name(key, ContactId(id.parse().ok()?)))
    });
    match name {
        Some(place) => Ok(place),
        None => match read_cursor(text)? {
            (0, nth) => Ok(ContactCursor::Nth(usize::try_from(nth).unwrap_or(0))),
            (_, id) => Ok(ContactCursor::Entered(ContactId(id))),
        },
    }
}
