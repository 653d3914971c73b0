//! Sources are set up, changed, tried out and deleted. What is wrong with a form is said with its field, before anybody is
//! called.

use crate::domain::contact_form::ContactForm;
use crate::domain::contact_source::{CarddavSettings, LdapSettings, SourceSettings};
use crate::domain::event::Event;
use crate::domain::id::SourceId;
use crate::domain::secret::Secret;
use crate::domain::wording::Wording;
use crate::egress::contact_source::ContactSources;
use crate::egress::trunk_test::TestStep;
use crate::flow::contact_source::person;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_name};
use crate::store::contact_sources::{SourceEdit, SourceState};
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// How many there may be.
const SOURCES_MAX: usize = 50;
const EVERY_LEAST: Duration = Duration::from_secs(300);
const EVERY_MOST: Duration = Duration::from_secs(7 * 24 * 3600);
const TEXT_CHARS_MAX: usize = 1_000;
const ATTRIBUTES_MAX: usize = 10;

/// What an admin says about a source.
#[derive(Clone, Debug)]
pub struct SourceForm {
    /// Its name, and its phonebook's.
    pub name: String,
    /// Whether it is read on a schedule.
    pub enabled: bool,
    /// Where and how.
    pub settings: SourceSettings,
    /// `None`: as it is. Empty: none.
    pub password: Option<Secret>,
    /// How long there is between readings.
    pub every: Duration,
}

/// How a test went.
#[derive(Debug)]
pub struct SourceTested {
    /// Step by step.
    pub steps: Vec<TestStep>,
    /// The first entries there, as contacts.
    pub first: Vec<ContactForm>,
}

/// Makes a source with its phonebook, and has it read.
pub async fn create(desk: &Desk, form: SourceForm) -> Result<SourceId, FlowError> {
    let edit = checked(form, Secret::default())?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            if tx.sources()?.len() >= SOURCES_MAX {
                let why = (format!("at most {SOURCES_MAX} sources"), format!("höchstens {SOURCES_MAX} Quellen"));
                return Err(FlowError::NotAllowed(why.into()));
            }
            let id = tx.insert_source(&edit, now).map_err(about("source"))?;
            tx.emit(Event::SourceChanged { source: id });
            tx.emit(Event::ContactsChanged);
            Ok(id)
        })
        .await
}

/// Changes a source, and has it read anew. A password stays only with the place it was given for.
pub async fn update(desk: &Desk, id: SourceId, version: i64, form: SourceForm) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let before = tx.source(id)?.ok_or(FlowError::NotFound("source"))?;
            if before.settings.kind() != form.settings.kind() {
                return Err(FlowError::invalid(
                    "settings.kind",
                    (
                        "a source keeps its kind: make a new one for another",
                        "eine Quelle behält ihre Art: für eine andere bitte eine neue anlegen",
                    ),
                ));
            }
            let kept = before.password;
            if form.password.is_none() && !kept.is_empty() && place(&before.settings) != place(&form.settings) {
                return Err(FlowError::invalid(
                    "password",
                    (
                        "enter it again: it was given for another server",
                        "bitte neu eingeben: es galt einem anderen Server",
                    ),
                ));
            }
            let edit = checked(form, kept)?;
            tx.update_source(id, version, &edit, now).map_err(about("source"))?;
            tx.emit(Event::SourceChanged { source: id });
            tx.emit(Event::ContactsChanged);
            Ok(())
        })
        .await
}

/// Deletes a source with its phonebook and contacts; they go some at a time, after this.
pub async fn delete(desk: &Desk, id: SourceId) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            if !tx.source_leaves(id, now)? {
                return Err(FlowError::NotFound("source"));
            }
            tx.emit(Event::SourceChanged { source: id });
            Ok(())
        })
        .await
}

/// Has a source read now; with `may_shrink` also if it no longer names many of its contacts.
pub async fn read_now(desk: &Desk, id: SourceId, may_shrink: bool) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let source = tx.source(id)?.ok_or(FlowError::NotFound("source"))?;
            if !source.enabled || source.state == SourceState::Leaving {
                let why = ("the source is switched off", "die Quelle ist abgeschaltet");
                return Err(FlowError::Conflict(why.into()));
            }
            if source.state == SourceState::Reading {
                let why = (
                    "it is being read right now: wait until it is done",
                    "sie wird gerade gelesen: bitte warten, bis sie fertig ist",
                );
                return Err(FlowError::Conflict(why.into()));
            }
            tx.ask_source(id, may_shrink, now)?;
            tx.emit(Event::SourceChanged { source: id });
            Ok(())
        })
        .await
}

/// Tries a source out; nothing is written.
pub async fn test(desk: &Desk, sources: &ContactSources, id: SourceId) -> Result<SourceTested, FlowError> {
    let source = desk.store.read(move |rows| Ok::<_, FlowError>(rows.source(id)?)).await?;
    let source = source.ok_or(FlowError::NotFound("source"))?;
    let tried = sources.test(&source.settings, &source.password).await;
    let first = tried.first.into_iter().filter_map(|entry| person::form(entry.says)).collect();
    Ok(SourceTested { steps: tried.steps, first })
}

/// Whom the password is given to.
fn place(settings: &SourceSettings) -> String {
    match settings {
        SourceSettings::Ldap(ldap) => format!("{}:{:?} {:?}", ldap.host, ldap.port, ldap.security),
        SourceSettings::Carddav(carddav) => {
            Url::parse(&carddav.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
        }
    }
}

fn checked(form: SourceForm, kept: Secret) -> Result<SourceEdit, FlowError> {
    let name = checked_name("name", &form.name)?;
    if !(EVERY_LEAST..=EVERY_MOST).contains(&form.every) {
        let what = ("from 5 minutes (300) to a week (604800)", "von 5 Minuten (300) bis zu einer Woche (604800)");
        return Err(FlowError::invalid("every_s", what));
    }
    let password = form.password.unwrap_or(kept);
    let settings = match form.settings {
        SourceSettings::Ldap(ldap) => SourceSettings::Ldap(checked_ldap(ldap)?),
        SourceSettings::Carddav(carddav) => SourceSettings::Carddav(checked_carddav(carddav)?),
    };
    if !settings.user().is_empty() && password.is_empty() {
        return Err(FlowError::invalid("password", ("required with a user", "mit Benutzer nötig")));
    }
    Ok(SourceEdit { name, enabled: form.enabled, settings, password, every: form.every })
}

fn checked_ldap(given: LdapSettings) -> Result<LdapSettings, FlowError> {
    let host = line("settings.host", &given.host)?.trim_matches(['[', ']']).to_owned();
    let host_like = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(host_like) {
        return Err(FlowError::invalid(
            "settings.host",
            (
                "a name or address without ldap:// and without a path, as in ldap.example.com",
                "ein Name oder eine Adresse ohne ldap:// und ohne Pfad, wie ldap.example.com",
            ),
        ));
    }
    if given.port == Some(0) {
        return Err(FlowError::invalid("settings.port", ("from 1 to 65535", "von 1 bis 65535")));
    }
    let filter = line("settings.filter", &given.filter)?;
    if !filter.starts_with('(') || !filter.ends_with(')') {
        return Err(FlowError::invalid(
            "settings.filter",
            ("in brackets, as in (objectClass=person)", "in Klammern, wie (objectClass=person)"),
        ));
    }
    let mut attributes = BTreeMap::new();
    for (target, names) in given.attributes {
        let field = format!("settings.attributes.{}", target.chars().take(60).collect::<String>());
        attributes.insert(checked_target(&field, target)?, checked_attributes(&field, names)?);
    }
    let key = line("settings.key", &given.key)?;
    if !key.is_empty() {
        checked_attributes("settings.key", vec![key.clone()])?;
    }
    Ok(LdapSettings {
        host,
        user: line("settings.user", &given.user)?,
        base: line("settings.base", &given.base)?,
        filter,
        key,
        attributes,
        ..given
    })
}

fn checked_target(field: &str, target: String) -> Result<String, FlowError> {
    use crate::domain::contact::NumberKind;
    let plain = ["first_name", "last_name", "full_name", "company", "email", "remark", "address"];
    let number = target.strip_prefix("number:").is_some_and(|kind| NumberKind::from_word(kind).is_some());
    if plain.contains(&target.as_str()) || number {
        return Ok(target);
    }
    Err(FlowError::invalid(field, ("there is no such field of a contact", "dieses Feld hat ein Kontakt nicht")))
}

fn checked_attributes(field: &str, names: Vec<String>) -> Result<Vec<String>, FlowError> {
    let names: Vec<String> =
        names.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let is_name = |name: &String| {
        name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    if names.len() > ATTRIBUTES_MAX || !names.iter().all(is_name) {
        return Err(FlowError::invalid(
            field,
            (
                format!("at most {ATTRIBUTES_MAX} names of attributes, as in telephoneNumber"),
                format!("höchstens {ATTRIBUTES_MAX} Namen von Attributen, wie telephoneNumber"),
            ),
        ));
    }
    Ok(names)
}

fn checked_carddav(given: CarddavSettings) -> Result<CarddavSettings, FlowError> {
    let url = line("settings.url", &given.url)?;
    let wrong = |what: (&str, &str)| FlowError::invalid("settings.url", Wording::new(what.0, what.1));
    let read = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    let Some(read) = read else {
        return Err(wrong((
            "a web address, as in https://cloud.example.com/",
            "eine Webadresse, wie https://cloud.example.com/",
        )));
    };
    if !read.username().is_empty() || read.password().is_some() {
        return Err(wrong((
            "without user and password in it: they have fields of their own",
            "ohne Benutzer und Kennwort darin: dafür gibt es eigene Felder",
        )));
    }
    let user = line("settings.user", &given.user)?;
    if user.contains(':') {
        let what = ("a user's name has no colon here", "ein Benutzername hat hier keinen Doppelpunkt");
        return Err(FlowError::invalid("settings.user", what));
    }
    Ok(CarddavSettings { url, user })
}

/// One line in bounds.
fn line(field: &str, text: &str) -> Result<String, FlowError> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) {
        let what = (
            format!("one line of at most {TEXT_CHARS_MAX} characters"),
            format!("eine Zeile mit höchstens {TEXT_CHARS_MAX} Zeichen"),
        );
        return Err(FlowError::invalid(field, what));
    }
    Ok(text.to_owned())
}
