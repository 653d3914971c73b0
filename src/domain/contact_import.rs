//! What the columns of a table of contacts mean: guessed from their names as PBXs, phones and people write them in English
//! and German, and corrected by people before anything is taken in.

use crate::domain::contact::NumberKind;
use crate::domain::contact_form::{ContactForm, NumberForm};
use crate::domain::contact_words::folded;
use serde::{Deserialize, Serialize};

macro_rules! words_of {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident $word:literal,)+ }) => {
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

/// What the columns mean, and whose export they look like.
pub fn guess(columns: &[String]) -> (Option<Export>, Vec<Option<Target>>) {
    let names: Vec<String> = columns.iter().map(|name| plain(name)).collect();
    let mut targets: Vec<Option<Target>> =
        columns.iter().zip(&names).map(|(raw, name)| Target::from_word(raw.trim()).or_else(|| meaning(name))).collect();
    // `Name` beside `Vorname` is the last name alone.
    if targets.contains(&Some(Target::FirstName)) && !targets.contains(&Some(Target::LastName)) {
        for target in targets.iter_mut().filter(|target| **target == Some(Target::FullName)).take(1) {
            *target = Some(Target::LastName);
        }
    }
    // Each number and name comes from one column: the first that means it.
    for at in 0..targets.len() {
        let joined = matches!(targets[at], Some(Target::Remark | Target::Address) | None);
        if !joined && targets[..at].contains(&targets[at]) {
            targets[at] = next_kind(&targets, at);
        }
    }
    (recognised(columns, &names), targets)
}

/// Where a second number of a kind goes, if there is room.
fn next_kind(targets: &[Option<Target>], at: usize) -> Option<Target> {
    let second = match targets[at].as_ref()? {
        Target::Number(NumberKind::Business) => NumberKind::Business2,
        Target::Number(NumberKind::Mobile) => NumberKind::Mobile2,
        Target::Number(NumberKind::Home) => NumberKind::Home2,
        Target::Number(_) => NumberKind::Other,
        _ => return None,
    };
    let second = Some(Target::Number(second));
    (!targets.contains(&second)).then_some(second).flatten()
}

/// Letters and digits of a column's name, without case, accents and what stands between them.
fn plain(name: &str) -> String {
    folded(name).replace('ß', "ss").chars().filter(|c| c.is_alphanumeric()).collect()
}

fn recognised(columns: &[String], names: &[String]) -> Option<Export> {
    let has = |wanted: &[&str]| wanted.iter().all(|one| names.iter().any(|name| name == one));
    let own = columns.iter().filter(|name| name.starts_with("number:")).count();
    if own >= 3 {
        Some(Export::Depesche)
    } else if has(&["phone1value"]) {
        Some(Export::Google)
    } else if has(&["firstname", "lastname", "companyname", "businessnumber", "businessfax"]) {
        Some(Export::Yeastar)
    } else if has(&["firstname", "lastname", "company", "mobile", "mobile2", "business", "business2"]) {
        Some(Export::ThreeCx)
    } else if has(&["firstname", "businessphone", "mobilephone"])
        || has(&["vorname", "telefongeschaftlich", "mobiltelefon"])
    {
        Some(Export::Outlook)
    } else {
        None
    }
}

fn meaning(name: &str) -> Option<Target> {
    use NumberKind::{Business, Business2, BusinessFax, Home, Home2, HomeFax, Mobile, Mobile2, Other};
    Some(match name {
        "firstname" | "vorname" | "givenname" | "rufname" | "forename" => Target::FirstName,
        "lastname" | "nachname" | "familyname" | "familienname" | "surname" | "zuname" => Target::LastName,
        "name" | "fullname" | "displayname" | "anzeigename" | "contactname" | "kontakt" | "contact"
        | "ansprechpartner" | "vollstandigername" | "filedas" => Target::FullName,
        "company" | "companyname" | "firma" | "firmenname" | "unternehmen" | "organization" | "organisation"
        | "organizationname" | "organization1name" | "betrieb" => Target::Company,
        "email" | "emailaddress" | "emailadresse" | "mail" | "mailadresse" | "email1value" | "emailvalue"
        | "primaryemail" => Target::Email,
        "remark" | "remarks" | "note" | "notes" | "notiz" | "notizen" | "bemerkung" | "bemerkungen" | "anmerkung"
        | "anmerkungen" | "kommentar" | "comment" | "description" | "beschreibung" => Target::Remark,
        "address"
        | "adresse"
        | "anschrift"
        | "street"
        | "strasse"
        | "city"
        | "ort"
        | "stadt"
        | "zip"
        | "zipcode"
        | "plz"
        | "postleitzahl"
        | "postalcode"
        | "postcode"
        | "state"
        | "bundesland"
        | "country"
        | "land"
        | "businessstreet"
        | "businesscity"
        | "businessstate"
        | "businesspostalcode"
        | "businesscountryregion"
        | "businesscountry"
        | "strassegeschaftlich"
        | "ortgeschaftlich"
        | "postleitzahlgeschaftlich"
        | "regiongeschaftlich"
        | "landregiongeschaftlich"
        | "address1formatted" => Target::Address,
        "language" | "sprache" => Target::Language,
        "timezone" | "zeitzone" => Target::TimeZone,
        "business"
        | "businessnumber"
        | "businessphone"
        | "businessnumber1"
        | "work"
        | "worknumber"
        | "workphone"
        | "phone"
        | "phonenumber"
        | "telephone"
        | "tel"
        | "telefon"
        | "telefonnummer"
        | "rufnummer"
        | "nummer"
        | "number"
        | "geschaftlich"
        | "dienstlich"
        | "telefongeschaftlich"
        | "telefondienstlich"
        | "telefonnummergeschaftlich"
        | "festnetz"
        | "buro"
        | "arbeit"
        | "primaryphone"
        | "companymainphone"
        | "phone1value" => Target::Number(Business),
        "business2"
        | "businessnumber2"
        | "businessphone2"
        | "work2"
        | "worknumber2"
        | "telefongeschaftlich2"
        | "geschaftlich2"
        | "telefon2"
        | "phone2"
        | "phone2value" => Target::Number(Business2),
        "mobile" | "mobilenumber" | "mobilephone" | "mobile1" | "cell" | "cellphone" | "handy" | "handynummer"
        | "mobil" | "mobilnummer" | "mobiltelefon" | "mobilfunk" | "mobilfunknummer" | "telefonmobil" => {
            Target::Number(Mobile)
        }
        "mobile2" | "mobilenumber2" | "mobilephone2" | "handy2" | "mobil2" | "mobiltelefon2" => Target::Number(Mobile2),
        "home"
        | "homenumber"
        | "homephone"
        | "home1"
        | "privat"
        | "telefonprivat"
        | "privatnummer"
        | "telefonnummerprivat" => Target::Number(Home),
        "home2" | "homenumber2" | "homephone2" | "privat2" | "telefonprivat2" => Target::Number(Home2),
        "businessfax" | "workfax" | "fax" | "faxnumber" | "faxnummer" | "faxgeschaftlich" | "faxdienstlich"
        | "telefax" => Target::Number(BusinessFax),
        "homefax" | "faxprivat" => Target::Number(HomeFax),
        "other" | "othernumber" | "otherphone" | "weiterenummer" | "weiterestelefon" | "sonstige"
        | "sonstigenummer" | "phone3value" => Target::Number(Other),
        _ => return None,
    })
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

    fn of(header: &str) -> (Option<Export>, Vec<String>) {
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        let (whose, targets) = guess(&columns);
        (whose, targets.iter().map(|target| target.as_ref().map_or("-".into(), Target::word)).collect())
    }

    #[test]
    fn exports_of_pbxs_and_phones_are_recognised() {
        let (whose, targets) =
            of("First Name,Last Name,Company Name,Email,Business Number,Business Number 2,Business Fax,\
             Mobile,Mobile 2,Home,Home 2,Home Fax,Other,ZIP Code,Street,City,State,Country,Remark,Phonebook");
        assert_eq!(whose, Some(Export::Yeastar));
        assert_eq!(targets[..5], ["first_name", "last_name", "company", "email", "number:business"]);
        assert_eq!(targets[6..9], ["number:business_fax", "number:mobile", "number:mobile2"]);
        assert_eq!(targets[13..], ["address", "address", "address", "address", "address", "remark", "-"]);

        let (whose, targets) = of(
            "FirstName,LastName,Company,Mobile,Mobile2,Home,Home2,Business,Business2,Email,Other,BusinessFax,HomeFax,Pager",
        );
        assert_eq!(whose, Some(Export::ThreeCx));
        assert!(targets[..13].iter().all(|target| target != "-") && targets[13] == "-");

        let (whose, targets) = of(
            "Anrede,Vorname,Nachname,Firma,Telefon geschäftlich,Fax geschäftlich,Telefon privat,Mobiltelefon,E-Mail-Adresse,Notizen",
        );
        assert_eq!(whose, Some(Export::Outlook));
        assert_eq!(targets[4..8], ["number:business", "number:business_fax", "number:home", "number:mobile"]);

        assert_eq!(of("First Name,Last Name,Phone 1 - Label,Phone 1 - Value,E-mail 1 - Value").0, Some(Export::Google));
        let own = "first_name,last_name,number:business,number:mobile,number:home,custom:Branch";
        assert_eq!(of(own), (Some(Export::Depesche), own.split(',').map(str::to_owned).collect()));
    }

    #[test]
    fn columns_of_anybody_are_guessed() {
        assert_eq!(
            of("Vorname,Name,Telefon,Handy,PLZ,Ort").1,
            ["first_name", "last_name", "number:business", "number:mobile", "address", "address"]
        );
        assert_eq!(
            of("Name,Rufnummer,Telefon,Kundennummer").1,
            ["full_name", "number:business", "number:business2", "-"]
        );
    }

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
