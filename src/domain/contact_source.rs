//! Where contacts are read from besides our own hands: a directory (LDAP) or an address book (CardDAV), as an admin
//! describes it, what such a place says of one person, and what may be wrong with it, in words.

use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More entries than this are not taken from one source.
pub const ENTRIES_MAX: u64 = 500_000;

/// What an admin says of a source, besides its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceSettings {
    /// A directory: OpenLDAP, Active Directory and their like.
    Ldap(LdapSettings),
    /// An address book: Nextcloud, Radicale, Baïkal, iCloud and their like.
    Carddav(CarddavSettings),
}

impl SourceSettings {
    /// The word in the database.
    pub fn kind(&self) -> &'static str {
        match self {
            SourceSettings::Ldap(_) => "ldap",
            SourceSettings::Carddav(_) => "carddav",
        }
    }

    /// Who we are there; empty: nobody in particular.
    pub fn user(&self) -> &str {
        match self {
            SourceSettings::Ldap(ldap) => &ldap.user,
            SourceSettings::Carddav(carddav) => &carddav.user,
        }
    }
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LdapSettings {
    /// Name or address of the server.
    pub host: String,
    /// Left out: 636 with TLS from the start, else 389.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the line is protected.
    #[serde(default)]
    pub security: Security,
    /// The name to bind with: a DN, or `user@domain` at an Active Directory. Empty: without a name.
    #[serde(default)]
    pub user: String,
    /// Where people stand, as in `ou=people,dc=example,dc=com`.
    pub base: String,
    /// Which of them (RFC 4515).
    #[serde(default = "usual_filter")]
    pub filter: String,
    /// How deep to look.
    #[serde(default)]
    pub scope: SearchScope,
    /// The attribute that never changes for one person; empty: `entryUUID`, `objectGUID`, else the DN.
    #[serde(default)]
    pub key: String,
    /// Which attributes mean what: a target (`first_name`, `last_name`, `company`, `email`, `remark`, `address`,
    /// `number:<kind>`) to attribute names, the first that has a value counts. Targets left out: as usual.
    #[serde(default)]
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// How a line to a directory is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Ldaps,
    /// TLS once both agree; never without.
    Starttls,
    /// None: names and password can be read on the way. Only in the house.
    Plain,
}

/// How deep to look in a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchScope {
    /// All below the base.
    #[default]
    Sub,
    /// What stands directly below it.
    One,
    /// The base alone.
    Base,
}

/// An address book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CarddavSettings {
    /// Of the address book, or of the server: then it is looked for.
    pub url: String,
    /// The user's name; empty: without one.
    #[serde(default)]
    pub user: String,
}

/// People with a telephone or an e-mail address. Nothing is excluded by a class: a directory that does not know the class
/// finds nobody at all then (RFC 4511 4.5.1.7: "not undefined" is undefined).
pub fn usual_filter() -> String {
    "(&(objectClass=person)(|(telephoneNumber=*)(mobile=*)(homePhone=*)(ipPhone=*)(mail=*)))".into()
}

/// The attributes of inetOrgPerson and Active Directory, by what they mean to us.
pub const USUAL_ATTRIBUTES: &[(&str, &[&str])] = &[
    ("first_name", &["givenName"]),
    ("last_name", &["sn"]),
    ("full_name", &["displayName", "cn"]),
    ("company", &["company", "o"]),
    ("email", &["mail"]),
    ("number:business", &["telephoneNumber"]),
    ("number:business2", &["otherTelephone"]),
    ("number:mobile", &["mobile"]),
    ("number:mobile2", &["otherMobile"]),
    ("number:home", &["homePhone"]),
    ("number:home2", &["otherHomePhone"]),
    ("number:business_fax", &["facsimileTelephoneNumber"]),
    ("number:other", &["ipPhone"]),
];

/// What one entry of a source says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// What the source calls it, for ever.
    pub key: String,
    /// Changes whenever what it says does.
    pub mark: String,
    /// What it says.
    pub says: Says,
}

/// The words of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Says {
    /// By target, as in [`USUAL_ATTRIBUTES`].
    Fields(BTreeMap<String, Vec<String>>),
    /// A vCard.
    Card(String),
}

/// What a whole reading changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceCounts {
    /// Came.
    pub added: u64,
    /// Say something else now.
    pub changed: u64,
    /// Are gone.
    pub gone: u64,
    /// Could not be read, or say nothing; what was known of them stays.
    pub unreadable: u64,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceProblem {
    /// Which.
    pub code: ProblemCode,
    /// In English.
    pub en: String,
    /// In German.
    pub de: String,
    /// What to do, in English.
    pub todo_en: String,
    /// What to do, in German.
    pub todo_de: String,
}

impl SourceProblem {
    /// A problem and its remedy.
    pub fn new(code: ProblemCode, what: impl Into<Wording>, todo: impl Into<Wording>) -> SourceProblem {
        let (what, todo) = (what.into(), todo.into());
        SourceProblem { code, en: what.english, de: what.german, todo_en: todo.english, todo_de: todo.german }
    }
}

/// Kinds of problems, for whoever acts on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// Nobody knows the server's name.
    NotFound,
    /// It must not be called from here.
    NotAllowed,
    /// Nobody answers there, or not in time.
    Unreachable,
    /// The server cannot prove who it is.
    NotTrusted,
    /// It does not speak TLS.
    NoTls,
    /// It does not take our name and password.
    Credentials,
    /// We may not read there.
    Forbidden,
    /// The base does not exist.
    NoBase,
    /// No address book is there.
    NoBook,
    /// Several are.
    ManyBooks,
    /// The filter cannot be read.
    Filter,
    /// The server gives a part only.
    Partial,
    /// The line broke in the middle.
    Broken,
    /// There is more than we take.
    TooMuch,
    /// The answer cannot be understood.
    Unreadable,
    /// Far fewer entries than before: nobody is deleted on that alone.
    FarFewer,
    /// Our own disk or database.
    Ours,
}
