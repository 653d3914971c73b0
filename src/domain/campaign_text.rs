//! The words of a campaign: `{{first_name|there}}` stands for what is known of a recipient, and for what follows the bar
//! where nothing is. It is read once and filled in once: a value that looks like a variable stays text (T19).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Longest name of a variable; what is longer is a sentence in braces.
const NAME_CHARS_MAX: usize = 60;
/// Longest value of one variable; the rest is cut, and no table makes a text of megabytes.
const VALUE_CHARS_MAX: usize = 1600;

/// Other spellings of what is known of everybody, as headers of tables have them.
const ALIASES: &[(&str, &str)] = &[
    ("firstname", "first_name"),
    ("given_name", "first_name"),
    ("vorname", "first_name"),
    ("lastname", "last_name"),
    ("surname", "last_name"),
    ("family_name", "last_name"),
    ("nachname", "last_name"),
    ("familienname", "last_name"),
    ("full_name", "name"),
    ("firma", "company"),
    ("unternehmen", "company"),
    ("e_mail", "email"),
    ("mail", "email"),
    ("phone", "number"),
    ("phone_number", "number"),
    ("telefon", "number"),
    ("rufnummer", "number"),
    ("datum", "date"),
];

/// A text with variables, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Variable { name: String, fallback: Option<String> },
}

/// A text, filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// What is said.
    pub text: String,
    /// Variables for which nothing was known and nothing stands behind the bar: nothing stands there.
    pub missing: Vec<String>,
    /// Where in it, by bytes, stands what is known of the contact: others may have written that.
    pub foreign: Vec<Range<usize>>,
}

/// What is known of one recipient, for the variables of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Of the table they came from: goes before everything else.
    pub row: BTreeMap<String, String>,
    /// Of their contact and the site, by the names of this house.
    pub known: BTreeMap<String, String>,
}

impl Text {
    /// Reads a text. Braces that are no variable are words, and `\{{` always is.
    pub fn read(text: &str) -> Text {
        let (mut parts, mut words, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find("{{") {
            let (before, braces) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('\\') {
                words.push_str(before);
                words.push_str("{{");
                rest = &braces[2..];
            } else if let Some((variable, after)) = variable(&braces[2..]) {
                words.push_str(before);
                if !words.is_empty() {
                    parts.push(Part::Words(std::mem::take(&mut words)));
                }
                parts.push(variable);
                rest = after;
            } else {
                words.push_str(before);
                words.push('{');
                rest = &braces[1..];
            }
        }
        words.push_str(rest);
        if !words.is_empty() {
            parts.push(Part::Words(words));
        }
        Text(parts)
    }

    /// The names of its variables, each once, in their order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for part in &self.0 {
            if let Part::Variable { name, .. } = part
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// Whether it is the same for everybody.
    pub fn is_fixed(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Words(_)))
    }

    /// Fills it in, once.
    pub fn fill(&self, values: &Values) -> Filled {
        let mut filled = Filled::default();
        for part in &self.0 {
            match part {
                Part::Words(words) => filled.text.push_str(words),
                Part::Variable { name, fallback } => match (values.find(name), fallback) {
                    (Some((value, is_own)), _) => {
                        let begin = filled.text.len();
                        filled.text.push_str(&value);
                        if !is_own {
                            filled.foreign.push(begin..filled.text.len());
                        }
                    }
                    (None, Some(fallback)) => filled.text.push_str(fallback),
                    (None, None) if filled.missing.contains(name) => {}
                    (None, None) => filled.missing.push(name.clone()),
                },
            }
        }
        filled
    }
}

/// A variable behind its two braces, and what comes after it.
fn variable(text: &str) -> Option<(Part, &str)> {
    let end = text.find("}}")?;
    let (inside, after) = (&text[..end], &text[end + 2..]);
    if inside.contains(['{', '\n']) {
        return None;
    }
    let (name, fallback) = match inside.split_once('|') {
        Some((name, fallback)) => (name, Some(fallback.trim().to_owned())),
        None => (inside, None),
    };
    Some((Part::Variable { name: variable_name(name)?, fallback }, after))
}

/// The name of a variable as people write it, and of a table's column: small letters, digits and `_` for anything else.
/// `None`: nothing is left of it, or it is a sentence.
pub fn variable_name(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.trim().chars() {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    (!name.is_empty() && name.chars().count() <= NAME_CHARS_MAX).then(|| name.to_owned())
}

/// What this house calls it: `vorname` is `first_name`.
pub fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

impl Values {
    /// What is known under this name: in the table's row under this name or another spelling of it, else of the contact and
    /// the site. What is empty is not known.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.find(name).map(|(value, _)| value)
    }

    /// The same, and whether it comes from the table.
    fn find(&self, name: &str) -> Option<(Cow<'_, str>, bool)> {
        let filled = |value: &str| !value.trim().is_empty();
        let canon = canonical(name);
        let other = || self.row.iter().find(|(column, value)| canonical(column) == canon && filled(value));
        let own = self.row.get(name).filter(|value| filled(value)).or_else(|| other().map(|(_, value)| value));
        let known = || self.known.get(name).or_else(|| self.known.get(canon)).filter(|value| filled(value));
        let own = own.map(|value| (plain(value), true));
        own.or_else(|| known().map(|value| (plain(value), false)))
    }

    /// Whether something has this name, even if nothing stands there.
    pub fn has(&self, name: &str) -> bool {
        let canon = canonical(name);
        self.row.keys().any(|column| column == name || canonical(column) == canon)
            || self.known.contains_key(name)
            || self.known.contains_key(canon)
    }
}

/// A value as it may stand in a text: no control characters but line ends, no blanks around it, bounded.
fn plain(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    let is_plain = |c: char| !c.is_control() || c == '\n';
    if value.len() <= VALUE_CHARS_MAX && value.chars().all(is_plain) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(value.chars().filter(|&c| is_plain(c)).take(VALUE_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(row: &[(&str, &str)], known: &[(&str, &str)]) -> Values {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Values { row: map(row), known: map(known) }
    }

    fn filled(text: &str, values: &Values) -> String {
        Text::read(text).fill(values).text
    }

    #[test]
    fn a_variable_is_what_is_known_else_what_is_behind_the_bar_else_nothing() {
        let anna = values(&[("stadt", "Köln"), ("kunden_nr", "")], &[("first_name", "Anna"), ("kunden_nr", "7")]);
        for (text, said) in [
            ("Hello {{first_name|there}}!", "Hello Anna!"),
            ("Hello {{ First Name | there }}!", "Hello Anna!"),
            ("Hello {{FIRST_NAME}}!", "Hello Anna!"),
            ("Hello {{Vorname}}!", "Hello Anna!"),
            ("Hello {{last_name| dear customer }}!", "Hello dear customer!"),
            ("Hello {{last_name|}}!", "Hello !"),
            ("Hello {{last_name}}!", "Hello !"),
            ("{{Stadt}}, {{Kunden-Nr.}}", "Köln, 7"),
            (r"\{{first_name}} is {{first_name}}", "{{first_name}} is Anna"),
            ("{first_name} {{}} {{ | x}} {{first_name", "{first_name} {{}} {{ | x}} {{first_name"),
            ("{{{first_name}}}", "{Anna}"),
            ("{{a {{first_name}}", "{{a Anna"),
            ("100 % }} {{", "100 % }} {{"),
            ("", ""),
        ] {
            assert_eq!(filled(text, &anna), said, "{text}");
        }
        assert_eq!(Text::read("{{last_name}} {{x|}} {{last_name}}").fill(&anna).missing, ["last_name"]);
        assert_eq!(Text::read("{{b}} {{A|1}} {{B}}").names(), ["b", "a"]);
    }

    #[test]
    fn a_table_s_column_goes_before_the_contact_whatever_its_spelling() {
        let both = values(&[("vorname", "Änne"), ("nachname", " ")], &[("first_name", "Anna"), ("last_name", "Lang")]);

        assert_eq!(filled("{{first_name}} {{last_name}}", &both), "Änne Lang");
        assert!(both.has("first_name") && both.has("nachname") && !both.has("company"));
    }

    #[test]
    fn headers_of_tables_become_names() {
        for (header, name) in [
            ("First Name", Some("first_name")),
            ("  Größe (cm) ", Some("größe_cm")),
            ("E-Mail", Some("e_mail")),
            ("Straße", Some("straße")),
            ("№ 7", Some("7")),
            ("---", None),
            ("", None),
        ] {
            assert_eq!(variable_name(header).as_deref(), name, "{header:?}");
        }
        assert_eq!(variable_name(&"x".repeat(61)), None);
    }

    #[test]
    fn a_value_is_text_and_bounded() {
        let evil = values(&[("a", "{{b}}"), ("b", "\u{0}x\r\ny\u{7}"), ("c", &"z".repeat(5000))], &[]);

        assert_eq!(filled("{{a}} {{b}}", &evil), "{{b}} x\ny");
        assert_eq!(filled("{{c}}", &evil).len(), VALUE_CHARS_MAX);
    }

    proptest! {
        #[test]
        fn whatever_a_value_is_it_is_never_filled_in_again(value in ".{0,60}", other in ".{0,20}") {
            let known = values(&[("x", &value), ("y", &other)], &[]);

            let said = filled("<{{x|-}}>", &known);

            let inside = plain(&value);
            let shown = if value.trim().is_empty() { "-" } else { &inside };
            prop_assert_eq!(said, format!("<{shown}>"));
        }

        #[test]
        fn any_text_is_read_and_what_has_no_variable_stays_as_it_is(text in ".{0,200}") {
            let read = Text::read(&text);
            if read.is_fixed() {
                prop_assert_eq!(read.fill(&Values::default()).text, text.replace("\\{{", "{{"));
            }
        }

        #[test]
        fn braces_and_bars_in_any_order_never_hurt(text in r"[\\{}|a \n]{0,60}") {
            let read = Text::read(&text);
            let _ = read.fill(&values(&[("a", "{{a}}")], &[]));
        }

        #[test]
        fn a_name_read_twice_is_the_same_name(text in ".{0,60}") {
            if let Some(name) = variable_name(&text) {
                prop_assert_eq!(variable_name(&name), Some(name.clone()));
            }
        }
    }
}
