//! Files of contacts: what they are, how far they are taken in, what a column may mean, and how a row becomes a form. What
//! the names of columns mean is in `contact_columns`.

use crate::domain::contact::NumberKind;
use crate::domain::contact_columns::plain;
use crate::domain::contact_form::{ContactForm, NumberForm};
use serde::{Deserialize, Serialize};

macro_rules! words_of {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident $word:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The word in the database and the API.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// Reads it.
            pub fn from_word(word: &str) -> Option<$name> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words_of! {
    /// What a file of contacts is.
    ImportFormat {
        /// A table.
        Csv "csv",
        /// Cards, of version 2.1, 3 or 4.
        Vcard "vcard",
    }
}

words_of! {
    /// How far an import is.
    ImportState {
        /// Here, and not looked through.
        Uploaded "uploaded",
        /// Being looked through; nothing is written.
        Checking "checking",
        /// Looked through.
        Checked "checked",
        /// Being taken in.
        Running "running",
        /// Taken in.
        Done "done",
        /// Broken off; it can go on from where it came to.
        Failed "failed",
    }
}

words_of! {
    /// What happens with a contact that is there already: by number, else e-mail, else exact name in the phonebook.
    Known {
        /// It stays as it is.
        Skip "skip",
        /// What the row says is written over it.
        Update "update",
        /// It is added once more.
        Add "add",
    }
}

words_of! {
    /// Whose export a table is.
    Export {
        /// Yeastar's.
        Yeastar "yeastar",
        /// 3CX's.
        ThreeCx "3cx",
        /// Our own.
        Depesche "depesche",
        /// Outlook's.
        Outlook "outlook",
        /// Google's.
        Google "google",
    }
}

/// What a column means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// First name.
    FirstName,
    /// Last name.
    LastName,
    /// Both in one.
    FullName,
    /// Company.
    Company,
    /// E-mail address.
    Email,
    /// Remark; several columns stand one under the other.
    Remark,
    /// Address; several columns stand one behind the other.
    Address,
    /// Language.
    Language,
    /// Time zone.
    TimeZone,
    /// A number of this kind.
    Number(NumberKind),
    /// A field of the user's own.
    Custom(String),
}

impl Target {
    /// The word in the API, the database and our own exports: `first_name`, `number:mobile`, `custom:Branch`.
    pub fn word(&self) -> String {
        let plain = match self {
            Target::FirstName => "first_name",
            Target::LastName => "last_name",
            Target::FullName => "full_name",
            Target::Company => "company",
            Target::Email => "email",
            Target::Remark => "remark",
            Target::Address => "address",
            Target::Language => "language",
            Target::TimeZone => "time_zone",
            Target::Number(kind) => return format!("number:{}", kind.as_str()),
            Target::Custom(name) => return format!("custom:{name}"),
        };
        plain.to_owned()
    }

    /// Reads [`Target::word`].
    pub fn from_word(word: &str) -> Option<Target> {
        Some(match word {
            "first_name" => Target::FirstName,
            "last_name" => Target::LastName,
            "full_name" => Target::FullName,
            "company" => Target::Company,
            "email" => Target::Email,
            "remark" => Target::Remark,
            "address" => Target::Address,
            "language" => Target::Language,
            "time_zone" => Target::TimeZone,
            _ => match word.split_once(':')? {
                ("number", kind) => Target::Number(NumberKind::from_word(kind)?),
                ("custom", name) if !name.trim().is_empty() => Target::Custom(name.trim().to_owned()),
                _ => return None,
            },
        })
    }
}

/// Where the kind of a number stands that a row says beside it, as Google's export does: `Phone 1 - Label`.
pub fn labels(columns: &[String]) -> Vec<Option<usize>> {
    let names: Vec<String> = columns.iter().map(|name| plain(name)).collect();
    let label_of = |name: &String| {
        let stem = name.strip_suffix("value").filter(|stem| stem.starts_with("phone"))?;
        names.iter().position(|other| *other == format!("{stem}label") || *other == format!("{stem}type"))
    };
    names.iter().map(label_of).collect()
}

/// A row as a form of a contact.
pub fn form(cells: &[String], mapping: &[Option<Target>], labels: &[Option<usize>]) -> ContactForm {
    let mut form = ContactForm::default();
    let mut full_name = "";
    for (at, (cell, target)) in cells.iter().zip(mapping).enumerate() {
        let (Some(target), cell) = (target, cell.trim()) else { continue };
        if cell.is_empty() {
            continue;
        }
        match target {
            Target::FirstName => cell.clone_into(&mut form.first_name),
            Target::LastName => cell.clone_into(&mut form.last_name),
            Target::FullName => full_name = cell,
            Target::Company => cell.clone_into(&mut form.company),
            Target::Email => cell.split(" ::: ").next().unwrap_or_default().clone_into(&mut form.email),
            Target::Remark => join(&mut form.remark, "\n", cell),
            Target::Address => join(&mut form.address, ", ", cell),
            Target::Language => form.language = Some(cell.to_owned()),
            Target::TimeZone => form.time_zone = Some(cell.to_owned()),
            Target::Number(kind) => {
                let label = labels.get(at).copied().flatten().and_then(|label| cells.get(label));
                add_number(&mut form, label.and_then(|label| labelled(label)).unwrap_or(*kind), cell, label.is_some());
            }
            Target::Custom(name) => {
                form.custom.insert(name.clone(), cell.to_owned());
            }
        }
    }
    if form.first_name.is_empty() && form.last_name.is_empty() {
        (form.first_name, form.last_name) = parted(full_name);
    }
    form
}

/// Adds a number; of one that says its own kind the second goes to the next free one.
fn add_number(form: &mut ContactForm, kind: NumberKind, cell: &str, says_kind: bool) {
    use NumberKind::{Business, Business2, Home, Home2, Mobile, Mobile2, Other};
    for given in cell.split(" ::: ") {
        let is_free = |kind: &NumberKind| form.numbers.iter().all(|other| other.kind != *kind);
        let ways: &[NumberKind] = match kind {
            _ if !says_kind => &[],
            Business => &[Business2, Other],
            Mobile => &[Mobile2, Other],
            Home => &[Home2, Other],
            _ => &[Other],
        };
        let free = std::iter::once(&kind).chain(ways).copied().find(is_free);
        form.numbers.push(NumberForm { kind: free.unwrap_or(kind), given: given.trim().to_owned() });
    }
}

fn labelled(label: &str) -> Option<NumberKind> {
    let label = plain(label);
    let is = |words: &[&str]| words.iter().any(|word| label.contains(word));
    let private = is(&["home", "privat"]);
    Some(match () {
        () if is(&["fax"]) && private => NumberKind::HomeFax,
        () if is(&["fax"]) => NumberKind::BusinessFax,
        () if is(&["mobil", "cell", "handy"]) => NumberKind::Mobile,
        () if private => NumberKind::Home,
        () if is(&["work", "arbeit", "main", "business", "geschaftlich"]) => NumberKind::Business,
        () if is(&["other", "sonst", "pager"]) => NumberKind::Other,
        () => return None,
    })
}

fn join(text: &mut String, between: &str, more: &str) {
    if !text.is_empty() {
        text.push_str(between);
    }
    text.push_str(more);
}

/// First and last name of `Müller, Anna` and `Anna Maria Müller`.
pub fn parted(name: &str) -> (String, String) {
    let name = name.trim();
    if let Some((last, first)) = name.split_once(',') {
        return (first.trim().to_owned(), last.trim().to_owned());
    }
    match name.rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim().to_owned(), last.to_owned()),
        None => (String::new(), name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contact_columns::guess;

    #[test]
    fn a_row_becomes_a_form() {
        let columns: Vec<String> =
            ["Name", "PLZ", "Ort", "Phone 1 - Label", "Phone 1 - Value", "Phone 2 - Label", "Phone 2 - Value"]
                .map(String::from)
                .to_vec();
        let cells = ["Müller, Anna", "53111", "Bonn", "* Mobile", "+15550100 ::: +15550101", "Work Fax", "+15550102"]
            .map(String::from);

        let form = form(&cells, &guess(&columns).1, &labels(&columns));

        assert_eq!(
            (form.first_name.as_str(), form.last_name.as_str(), form.address.as_str()),
            ("Anna", "Müller", "53111, Bonn")
        );
        let numbers: Vec<_> = form.numbers.iter().map(|number| number.kind).collect();
        assert_eq!(numbers, [NumberKind::Mobile, NumberKind::Mobile2, NumberKind::BusinessFax]);
        assert_eq!(parted("Anna Maria Müller"), ("Anna Maria".into(), "Müller".into()));
    }

    #[test]
    fn a_target_is_read_as_it_is_written() {
        for word in ["first_name", "number:home_fax", "custom:Branch office"] {
            assert_eq!(Target::from_word(word).expect(word).word(), word);
        }
        for word in ["", "number:", "number:cb", "custom: ", "id"] {
            assert!(Target::from_word(word).is_none(), "{word}");
        }
    }
}
