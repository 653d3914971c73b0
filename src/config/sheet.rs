//! One settings file on its way to typed values: each option is asked for with its default and its
//! bounds, everything wrong is noted with its line, and what nobody asked for is an unknown key.

use crate::config::problem::{Problem, Problems, nearest};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// An option as it was asked for: the sample file is checked against these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `sip.pbx`
    pub section: String,
    /// `transport`
    pub key: String,
    /// Its default, written as TOML.
    pub default: String,
}

/// A parsed file and what was found wrong with it so far.
pub struct Sheet<'a> {
    file: PathBuf,
    text: &'a str,
    document: Spanned<DeTable<'a>>,
    asked: Vec<Asked>,
    problems: Vec<Problem>,
}

impl<'a> Sheet<'a> {
    /// Parses `text`; a file that is no TOML is refused here, with every place where it is none.
    pub fn parse(file: &Path, text: &'a str) -> Result<Sheet<'a>, Problems> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut sheet = Sheet { file: file.to_owned(), text, document, asked: Vec::new(), problems: Vec::new() };
        for error in errors {
            let what = format!("this is no TOML: {}", error.message());
            sheet.note(error.span(), "", &what, "mend this line (text needs quotes, tables look like [sip])");
        }
        match Problems::new(std::mem::take(&mut sheet.problems)) {
            Some(problems) => Err(problems),
            None => Ok(sheet),
        }
    }

    /// The options of one table, `[name]`.
    pub fn section(&mut self, name: &'static str) -> Section<'_, 'a> {
        Section { sheet: self, name }
    }

    /// Notes what is wrong at `key` of `section`; the line is the key's, or else its section's.
    pub fn refuse(&mut self, section: &str, key: &str, what: &str, remedy: &str) {
        let span = self.find(section, key).or_else(|| self.section_value(section)).map(Spanned::span);
        self.note(span, &dotted(section, key), what, remedy);
    }

    /// Ends the reading: unknown keys are added, and the options asked for come back if nothing was wrong.
    pub fn finish(mut self) -> Result<Vec<Asked>, Problems> {
        let mut unknown = Vec::new();
        self.unknown_in(self.document.get_ref(), "", &mut unknown);
        for (span, key, remedy) in unknown {
            self.note(Some(span), &key, "there is no such option", &remedy);
        }
        match Problems::new(self.problems) {
            Some(problems) => Err(problems),
            None => Ok(self.asked),
        }
    }

    fn note(&mut self, span: Option<Range<usize>>, key: &str, what: &str, remedy: &str) {
        let line = span.map_or(0, |span| 1 + self.text[..span.start.min(self.text.len())].matches('\n').count());
        let (key, what, remedy) = (key.to_owned(), what.to_owned(), remedy.to_owned());
        self.problems.push(Problem { file: self.file.clone(), line, key, what, remedy });
    }

    fn section_value(&self, section: &str) -> Option<&Spanned<DeValue<'a>>> {
        let mut names = section.split('.');
        let mut value = self.document.get_ref().get(names.next()?)?;
        for name in names {
            value = value.get_ref().as_table()?.get(name)?;
        }
        Some(value)
    }

    fn find(&self, section: &str, key: &str) -> Option<&Spanned<DeValue<'a>>> {
        self.section_value(section)?.get_ref().as_table()?.get(key)
    }

    fn unknown_in(&self, table: &DeTable<'a>, path: &str, unknown: &mut Vec<(Range<usize>, String, String)>) {
        for (name, value) in table {
            let full = dotted(path, name.get_ref());
            let is_section = self.asked.iter().any(|asked| within(&asked.section, &full));
            match value.get_ref().as_table() {
                Some(inner) if is_section => self.unknown_in(inner, &full, unknown),
                _ if self.asked.iter().any(|asked| dotted(&asked.section, &asked.key) == full) => {}
                _ => unknown.push((name.span(), full.clone(), self.meant(path, name.get_ref(), is_section))),
            }
        }
    }

    /// The remedy for an unknown key: the near one here, the same one elsewhere, or the list.
    fn meant(&self, section: &str, key: &str, is_section: bool) -> String {
        if is_section {
            return format!("write it as a table: [{}]", dotted(section, key));
        }
        let here: BTreeSet<&str> = self.asked.iter().filter_map(|asked| word_at(asked, section)).collect();
        if let Some(near) = nearest(key, here.iter().copied()) {
            return format!("did you mean {near}?");
        }
        let elsewhere: Vec<String> =
            self.asked.iter().filter(|asked| asked.key == key).map(|asked| format!("[{}]", asked.section)).collect();
        if !elsewhere.is_empty() {
            return format!("it belongs in {}", elsewhere.join(" or "));
        }
        format!("known here: {}", here.into_iter().collect::<Vec<_>>().join(", "))
    }
}

fn dotted(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// The word that leads from the table `path` to an option: a key, or the next table's name.
fn word_at<'o>(asked: &'o Asked, path: &str) -> Option<&'o str> {
    if asked.section == path {
        return Some(&asked.key);
    }
    let below = if path.is_empty() { &asked.section } else { asked.section.strip_prefix(path)?.strip_prefix('.')? };
    below.split('.').next()
}

fn within(section: &str, path: &str) -> bool {
    section == path || section.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}

/// One table of the file. Each reader returns the value, or the default where there is none or a wrong one.
pub struct Section<'s, 'a> {
    sheet: &'s mut Sheet<'a>,
    name: &'static str,
}

impl Section<'_, '_> {
    /// Free text.
    pub fn text(&mut self, key: &'static str, default: &str) -> String {
        self.read(key, format!("{default:?}"), |value| value.as_str().map(str::to_owned).ok_or(TEXT.to_owned()))
            .unwrap_or_else(|| default.to_owned())
    }

    /// Text that `parse` understands; its error says what is wrong and, after a semicolon, what to write.
    pub fn parsed<T>(&mut self, key: &'static str, default: &str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        self.read(key, format!("{default:?}"), |value| parse(value.as_str().ok_or(TEXT)?))
            .unwrap_or_else(|| parse(default).expect("a default is understood"))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> T {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        let pick = |text: &str| {
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
            chosen.ok_or_else(|| format!("{text:?} is no choice; write one of {}", words.join(", ")))
        };
        self.parsed(key, choices[0].0, pick)
    }

    /// true or false.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let flag =
            |value: &DeValue<'_>| value.as_bool().ok_or("this takes a yes or no; write true or false".to_owned());
        self.read(key, default.to_string(), flag).unwrap_or(default)
    }

    /// A whole number within bounds.
    pub fn number(&mut self, key: &'static str, default: u64, bounds: std::ops::RangeInclusive<u64>) -> u64 {
        let span = format!("write a number from {} to {}", bounds.start(), bounds.end());
        let number = |value: &DeValue<'_>| {
            let integer =
                value.as_integer().ok_or_else(|| format!("this takes a whole number; {span}, without quotes"))?;
            let number = i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX);
            let within = u64::try_from(number).ok().filter(|number| bounds.contains(number));
            let side = if number < i128::from(*bounds.start()) { "small" } else { "large" };
            within.ok_or_else(|| format!("{number} is too {side}; {span}"))
        };
        self.read(key, default.to_string(), number).unwrap_or(default)
    }

    /// A list of texts, each understood by `parse`.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        default: &[&str],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let list = |value: &DeValue<'_>| {
            let entries = value.as_array().ok_or("this takes a list; write [\"…\", \"…\"]")?;
            let texts = entries.iter().map(|entry| entry.get_ref().as_str().ok_or(TEXT.to_owned()));
            let (read, wrong): (Vec<_>, Vec<_>) = texts.map(|text| parse(text?)).partition(Result::is_ok);
            let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
            if wrong.is_empty() { Ok(read.into_iter().flatten().collect()) } else { Err(wrong.join("\n")) }
        };
        let parsed = || default.iter().map(|text| parse(text).expect("a default is understood")).collect();
        self.read(key, format!("{default:?}"), list).unwrap_or_else(parsed)
    }

    /// Notes what is wrong with a value that was read before.
    pub fn refuse(&mut self, key: &str, what: &str, remedy: &str) {
        self.sheet.refuse(self.name, key, what, remedy);
    }

    /// Whether the value of `key` was refused: what follows from that is not said again.
    pub fn refused(&self, key: &str) -> bool {
        let full = dotted(self.name, key);
        self.sheet.problems.iter().any(|problem| problem.key == full)
    }

    /// Whether the file says anything about `key`.
    pub fn says(&self, key: &str) -> bool {
        self.sheet.find(self.name, key).is_some()
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: String,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Option<T> {
        self.sheet.asked.push(Asked { section: self.name.to_owned(), key: key.to_owned(), default });
        let outcome = read(self.sheet.find(self.name, key)?.get_ref());
        outcome
            .map_err(|wrong| {
                wrong.lines().for_each(|wrong| {
                    let (what, remedy) =
                        wrong.split_once("; ").unwrap_or((wrong, "see the sample file for an example"));
                    self.refuse(key, what, remedy);
                });
            })
            .ok()
    }
}

const TEXT: &str = "this takes text; put it in quotes";

/// The variables of the environment that settings may come from.
pub type Variables = BTreeMap<String, String>;
