//! What the columns of a table of contacts mean: guessed from their names as PBXs, phones and people write them in English
//! and German, and corrected by people before anything is taken in.

use crate::domain::contact::NumberKind;
use crate::domain::contact_import::{Export, Target};
use crate::domain::contact_words::folded;

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
pub(super) fn plain(name: &str) -> String {
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
}
