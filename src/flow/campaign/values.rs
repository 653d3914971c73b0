//! What is known of a recipient, for the variables of a text: their row in a table, their contact, and the site.

use crate::domain::address::Address;
use crate::domain::campaign_text::{Values, variable_name};
use crate::domain::id::ContactId;
use crate::domain::time::Timestamp;
use crate::domain::zones;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use std::collections::BTreeMap;

/// What is known of every contact.
pub const OF_CONTACT: &[&str] = &["first_name", "last_name", "name", "company", "email", "number"];
/// What is known of the site.
pub const OF_SITE: &[&str] = &["our_company", "our_number", "date"];

/// A recipient, as far as words are concerned.
#[derive(Clone, Debug, Default)]
pub struct Person<'a> {
    /// Their number.
    pub address: Option<&'a Address>,
    /// What they are called.
    pub name: &'a str,
    /// Their contact.
    pub contact: Option<ContactId>,
    /// The cells of their row in a table, by variable.
    pub row: Option<&'a BTreeMap<String, String>>,
}

/// What is known of the site now. `number`: the one it is written from.
pub fn of_site(
    db: &Snapshot<'_>,
    number: Option<&Address>,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut known = BTreeMap::new();
    known.insert("our_company".to_owned(), db.site("company")?.unwrap_or_default());
    known.insert("our_number".to_owned(), number.map(Address::to_string).unwrap_or_default());
    let german = db.site("language")?.as_deref() == Some("de");
    known.insert("date".to_owned(), date(now, &site_zone(db)?, german));
    Ok(known)
}

/// The zone of the site: what is set, else that of its country; the first, where it has several.
pub fn site_zone(db: &Snapshot<'_>) -> Result<String, StoreError> {
    if let Some(zone) = db.site("time_zone")? {
        return Ok(zone);
    }
    let zones = zones::of_country(&db.country()?).unwrap_or("UTC");
    Ok(zones.split(' ').next().unwrap_or("UTC").to_owned())
}

fn date(now: Timestamp, zone: &str, german: bool) -> String {
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let Ok(moment) = jiff::Timestamp::from_millisecond(now.0) else { return String::new() };
    moment.to_zoned(zone).strftime(if german { "%d.%m.%Y" } else { "%-d %B %Y" }).to_string()
}

/// What is known of a person, beside what is known of the site.
pub fn of_person(
    db: &Snapshot<'_>,
    person: &Person<'_>,
    site: &BTreeMap<String, String>,
) -> Result<Values, StoreError> {
    let mut values = Values { row: person.row.cloned().unwrap_or_default(), known: site.clone() };
    for name in OF_CONTACT {
        values.known.insert((*name).to_owned(), String::new());
    }
    if let Some(contact) = person.contact.map(|id| db.contact_values(id)).transpose()?.flatten() {
        for (name, value) in contact.custom {
            if let Some(name) = variable_name(&name).filter(|name| !site.contains_key(name)) {
                values.known.insert(name, value);
            }
        }
        values.known.insert("first_name".to_owned(), contact.first_name);
        values.known.insert("last_name".to_owned(), contact.last_name);
        values.known.insert("company".to_owned(), contact.company);
        values.known.insert("email".to_owned(), contact.email);
    }
    values.known.insert("name".to_owned(), person.name.to_owned());
    values.known.insert("number".to_owned(), person.address.map(Address::to_string).unwrap_or_default());
    Ok(values)
}
