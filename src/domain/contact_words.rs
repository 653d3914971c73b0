//! How contacts are sorted and found: letters without case and accents, and numbers as people begin to dial them.

use crate::domain::contact_form::Person;

/// Words of a search that count.
const WORDS_MAX: usize = 8;
/// Longest sort key; whoever differs only behind it stands in the order of entry.
const KEY_CHARS_MAX: usize = 120;
/// Between last and first name: below every letter, so that Meier stands before Meier-Schmidt.
const BETWEEN: char = '\u{1}';

/// What a person looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// Beginnings of words in names, company and e-mail.
    pub words: Vec<String>,
    /// What could be the beginning of a number: digits, perhaps with `+` before them.
    pub dialled: Option<String>,
}

/// Reads a search: `müll anna`, `0151 23`, `+49 (0)151/23`, `anna 0151`.
pub fn sought(q: &str) -> Sought {
    let mut found = Sought::default();
    let mut dialled = String::new();
    for chunk in q.replace("(0)", "").split_whitespace() {
        let is_dialled = chunk.chars().all(|c| c.is_ascii_digit() || "+-/().".contains(c));
        if is_dialled && (chunk.contains('+') || chunk.chars().any(|c| c.is_ascii_digit())) {
            if dialled.is_empty() && chunk.starts_with('+') {
                dialled.push('+');
            }
            dialled.extend(chunk.chars().filter(char::is_ascii_digit));
        } else {
            found
                .words
                .extend(chunk.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned));
        }
    }
    found.words.truncate(WORDS_MAX);
    dialled.truncate(20);
    found.dialled = (dialled.chars().any(|c| c.is_ascii_digit())).then_some(dialled);
    found
}

/// The ways in which the address of a number may begin that somebody began to dial in this country.
pub fn address_beginnings(dialled: &str, country: &str) -> Vec<String> {
    let mut found = Vec::new();
    let international = dialled.strip_prefix('+').or_else(|| dialled.strip_prefix("00"));
    if let Some(digits) = international {
        found.push(format!("+{digits}"));
        return found;
    }
    let util = &rlibphonenumber::PHONE_NUMBER_UTIL;
    if let Ok(region) = country.parse::<rlibphonenumber::Region>()
        && let Some(code) = util.get_country_code_for_region(region)
    {
        let national = trunk_prefixes(country).iter().filter_map(|trunk| dialled.strip_prefix(trunk));
        found.extend(national.map(|rest| format!("+{code}{rest}")));
        found.push(format!("+{code}{dialled}"));
    }
    found.push(format!("+{dialled}"));
    found.push(dialled.to_owned());
    found
}

/// What is dialled before a number of the own country, and is no part of it abroad. Where there is none, as in Italy, the
/// beginning as it stands is looked for as well.
fn trunk_prefixes(country: &str) -> &'static [&'static str] {
    match country {
        "HU" => &["06"],
        "RU" | "KZ" | "BY" | "TM" => &["8"],
        "LT" => &["0", "8"],
        _ => &["0"],
    }
}

/// Text without case and accents, for comparing: `Müller-Łuk` is `muller-luk`.
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(plain).filter(|c| !is_mark(*c)).collect()
}

/// The same as Germans and Danes write it where there are no umlauts: `Müller` is `mueller`. `None`: no difference.
pub fn spelled_out(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 4);
    let mut differs = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        let letters = match c {
            'ä' | 'æ' => "ae",
            'ö' | 'ø' | 'œ' => "oe",
            'ü' => "ue",
            'ß' => "ss",
            'å' => "aa",
            other => {
                out.push(other);
                continue;
            }
        };
        differs = true;
        out.push_str(letters);
    }
    differs.then_some(out)
}

impl Person {
    /// By what it stands in a list.
    pub fn sort_key(&self) -> String {
        let (first, last) = (folded(&self.first_name), folded(&self.last_name));
        let key = match (last.is_empty(), first.is_empty()) {
            (false, _) => format!("{last}{BETWEEN}{first}"),
            (true, false) => first,
            (true, true) => folded(&self.label()),
        };
        key.chars().take(KEY_CHARS_MAX).collect()
    }
}

/// By what a contact is found: the words of the index.
pub fn index_words(parts: [&str; 4]) -> String {
    let all = parts.join(" ");
    let lower = all.trim().to_owned();
    match spelled_out(&lower) {
        Some(other) => format!("{lower} {other}"),
        None => lower,
    }
}

/// Whether every word begins one of these.
pub fn has_words(words: &[String], parts: [&str; 4]) -> bool {
    let all = folded(&index_words(parts));
    let known: Vec<&str> = all.split(|c: char| !c.is_alphanumeric()).collect();
    words.iter().all(|word| known.iter().any(|known| known.starts_with(&folded(word))))
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// A lower-case letter of Latin writing without what stands on or under it.
fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_words_or_the_beginning_of_a_number() {
        for (q, words, dialled) in [
            ("müll anna", vec!["müll", "anna"], None),
            ("0151 23", vec![], Some("015123")),
            ("+49 (0)151/23-4", vec![], Some("+49151234")),
            ("anna 0151", vec!["anna"], Some("0151")),
            ("\"OR* --", vec!["OR"], None),
            ("a.b@example.com", vec!["a", "b", "example", "com"], None),
            ("3M", vec!["3M"], None),
            ("  ", vec![], None),
        ] {
            let found = sought(q);
            assert_eq!((found.words, found.dialled.as_deref()), (words.iter().map(|w| (*w).into()).collect(), dialled));
        }
    }

    #[test]
    fn a_number_begins_as_it_is_dialled() {
        assert!(address_beginnings("015123", "DE").contains(&"+4915123".to_owned()));
        assert_eq!(address_beginnings("+4915123", "DE"), ["+4915123"]);
        assert_eq!(address_beginnings("004915", "DE"), ["+4915"]);
        assert!(address_beginnings("555010", "US").contains(&"+1555010".to_owned()));
        assert!(address_beginnings("06123", "IT").contains(&"+3906123".to_owned()));
        assert!(address_beginnings("0", "DE").contains(&"+49".to_owned()));
    }

    #[test]
    fn names_sort_without_case_and_accents() {
        let key = |first: &str, last: &str| {
            Person { first_name: first.into(), last_name: last.into(), ..Person::default() }.sort_key()
        };
        assert!(key("Anna", "Meier") < key("Anna", "Meier-Schmidt"));
        assert!(key("Zoe", "Müller") < key("Anna", "Munk"));
        assert_eq!(key("ÉMILE", "ŁUKASZ"), key("emile", "lukasz"));
        assert_eq!(key("Anna", ""), "anna");
    }

    #[test]
    fn a_contact_is_found_by_the_beginnings_of_its_words() {
        let parts = ["Jörg", "Müller", "Weiß & Söhne", "joerg@example.com"];
        for (q, found) in [("mull", true), ("MÜLL jörg", true), ("mueller", true), ("weiss", true), ("xyz", false)] {
            assert_eq!(has_words(&sought(q).words, parts), found, "{q}");
        }
    }
}
