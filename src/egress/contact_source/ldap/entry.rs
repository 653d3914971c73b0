//! From an entry of a directory to what it says of a person: which attribute means what, and what it is called for ever.

use crate::domain::contact_source::{LdapSettings, Says, SourceEntry, USUAL_ATTRIBUTES};
use crate::egress::contact_source::gather::{Print, key, values};
use ldap3::ResultEntry;
use std::collections::BTreeMap;

/// Attributes that never change for one person, where the directory has them.
const KEYS: &[&str] = &["entryUUID", "objectGUID"];

/// Which attributes mean what.
pub(super) struct Mapping {
    targets: BTreeMap<String, Vec<String>>,
    keys: Vec<String>,
}

impl Mapping {
    /// As the settings say, else as usual.
    pub fn of(settings: &LdapSettings) -> Mapping {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut targets: BTreeMap<_, _> =
            USUAL_ATTRIBUTES.iter().map(|(target, names)| ((*target).to_owned(), owned(names))).collect();
        targets.extend(settings.attributes.clone());
        let keys = if settings.key.is_empty() { owned(KEYS) } else { vec![settings.key.clone()] };
        Mapping { targets, keys }
    }

    /// What to ask for.
    pub fn attributes(&self) -> Vec<String> {
        let mut all: Vec<String> = self.targets.values().flatten().chain(&self.keys).cloned().collect();
        all.sort();
        all.dedup();
        all
    }

    /// What an entry says; `None`: it cannot be read.
    pub fn read(&self, entry: ResultEntry) -> Option<SourceEntry> {
        let (dn, attributes) = plain(entry)?;
        let of = |name: &String| attributes.get(&name.to_ascii_lowercase());
        let said = |names: &Vec<String>| {
            let texts = names.iter().filter_map(of).map(|found| values(found.iter().map(|bytes| text(bytes))));
            texts.into_iter().find(|found| !found.is_empty())
        };
        let fields: BTreeMap<String, Vec<String>> = self
            .targets
            .iter()
            .filter_map(|(target, names)| said(names).map(|found| (target.clone(), found)))
            .collect();
        let named = self.keys.iter().filter_map(of).filter_map(|found| found.first()).find(|found| !found.is_empty());
        let called = named.map_or_else(|| dn.to_lowercase(), |bytes| name(bytes));
        let mark = Print::of(&serde_json::to_string(&fields).ok()?).to_string();
        Some(SourceEntry { key: key(&called), mark, says: Says::Fields(fields) })
    }
}

/// Values by the names of attributes.
type Attributes = BTreeMap<String, Vec<Vec<u8>>>;

/// The name and attributes of an entry, these in lower case and without options.
fn plain(entry: ResultEntry) -> Option<(String, Attributes)> {
    let mut parts = entry.0.expect_constructed()?.into_iter();
    let dn = text(&parts.next()?.expect_primitive()?);
    let mut attributes = Attributes::new();
    for attribute in parts.next()?.expect_constructed()? {
        let mut parts = attribute.expect_constructed()?.into_iter();
        let name = text(&parts.next()?.expect_primitive()?).to_ascii_lowercase();
        let name = name.split(';').next().unwrap_or_default().to_owned();
        let found = parts.next()?.expect_constructed()?.into_iter().filter_map(|value| value.expect_primitive());
        attributes.entry(name).or_default().extend(found);
    }
    Some((dn, attributes))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A key as text; a GUID of sixteen bytes as hex.
fn name(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) && bytes.len() != 16 => text.to_owned(),
        _ => hex::encode(bytes),
    }
}
