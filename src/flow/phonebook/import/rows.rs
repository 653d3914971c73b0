//! The rows of a file, whichever it is, as people and their faults: read off the loop, in small lots, no further ahead
//! than a lot or two.

use crate::domain::contact_form::{ContactForm, FieldFault, Person, nobody};
use crate::domain::contact_import::{Export, ImportFormat, Target, form, labels};
use crate::flow::error::FlowError;
use crate::store::imports::{Import, ImportFault};
use crate::tabular::layout::Layout;
use crate::tabular::read as tabular;
use crate::tabular::write::as_meant;
use crate::vcard::read::cards;
use std::fs::File;
use tokio::sync::mpsc;

/// Rows of one lot, and of one commit.
pub const LOT: usize = 250;
/// Columns a table of contacts may have.
pub const COLUMNS_MAX: usize = 200;
/// Rows that are shown before anything is decided.
const FIRST_ROWS: usize = 20;
const CELL_CHARS_SHOWN: usize = 120;
const COLUMN_CHARS_SHOWN: usize = 80;

/// One row.
#[derive(Debug)]
pub struct Entry {
    /// Who it is; `None`: the row is not taken.
    pub person: Option<Person>,
    /// What is wrong with it.
    pub faults: Vec<ImportFault>,
}

/// The names of the columns and the first rows of a table.
pub fn first_rows(file: File, layout: &Layout) -> Result<(Vec<String>, Vec<Vec<String>>), FlowError> {
    let refused = |fault: tabular::RowFault| FlowError::invalid("body", at_line(fault));
    let mut rows = tabular::rows(file, layout).map_err(refused)?;
    let header = rows.header().map(<[String]>::to_vec);
    let mut first: Vec<Vec<String>> = Vec::new();
    for row in rows.by_ref().take(FIRST_ROWS) {
        match row {
            Ok(row) => first.push(row.cells),
            Err(fault) if first.is_empty() && header.is_none() => return Err(refused(fault)),
            Err(_) => {}
        }
    }
    let width = header.as_ref().map_or_else(|| first.iter().map(Vec::len).max().unwrap_or(0), Vec::len);
    if width > COLUMNS_MAX {
        let what = (
            format!("{width} columns: at most {COLUMNS_MAX}; perhaps the separator is another"),
            format!("{width} Spalten: höchstens {COLUMNS_MAX}; vielleicht ist es ein anderes Trennzeichen"),
        );
        return Err(FlowError::invalid("body", what));
    }
    if width == 0 {
        return Err(FlowError::invalid("body", ("there is no row in it", "es steht keine Zeile darin")));
    }
    let numbered = || (1..=width).map(|nth| format!("#{nth}")).collect();
    let columns: Vec<String> =
        header.map_or_else(numbered, |names| names.into_iter().map(|name| shown(&name, COLUMN_CHARS_SHOWN)).collect());
    for row in &mut first {
        row.truncate(COLUMNS_MAX);
        row.iter_mut().for_each(|cell| *cell = shown(cell, CELL_CHARS_SHOWN));
    }
    Ok((columns, first))
}

/// The first cards, as a table shows them.
pub fn first_cards(file: File) -> Vec<Vec<String>> {
    let form = |form: ContactForm| {
        let name = [form.first_name.as_str(), &form.last_name].join(" ");
        let number = form.numbers.first().map_or("", |number| number.given.as_str());
        [name.trim(), &form.company, &form.email, number].map(|cell| shown(cell, CELL_CHARS_SHOWN)).to_vec()
    };
    cards(file).take(FIRST_ROWS).filter_map(Result::ok).map(|card| form(card.form)).collect()
}

fn shown(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect()
}

fn at_line(fault: tabular::RowFault) -> crate::domain::wording::Wording {
    let (line, what) = (fault.line, fault.what);
    (format!("line {line}: {}", what.english), format!("Zeile {line}: {}", what.german)).into()
}

/// Reads all rows behind the first `skip` in lots. Ends early when nobody listens any more.
pub fn read(import: &Import, country: &str, file: File, skip: u64, lots: &mpsc::Sender<Vec<Entry>>) {
    let mut lot = Vec::with_capacity(LOT);
    let mut hand_on = |entry: Option<Entry>| {
        let is_end = entry.is_none();
        lot.extend(entry);
        if lot.len() == LOT || is_end && !lot.is_empty() {
            return lots.blocking_send(std::mem::replace(&mut lot, Vec::with_capacity(LOT))).is_ok();
        }
        true
    };
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    match import.format {
        ImportFormat::Csv => {
            let mapping = Mapping::of(import);
            match tabular::rows(file, &import.plan.layout) {
                Ok(rows) => {
                    for row in rows.skip(skip) {
                        if !hand_on(Some(mapping.entry(row, country))) {
                            return;
                        }
                    }
                }
                Err(fault) => {
                    hand_on(Some(not_taken(fault.line, None, fault.what)));
                }
            }
        }
        ImportFormat::Vcard => {
            for card in cards(file).skip(skip) {
                let entry = match card {
                    Ok(card) => entry(card.line, card.form, country, |field| Some(field.to_owned())),
                    Err(fault) => not_taken(fault.line, None, fault.what),
                };
                if !hand_on(Some(entry)) {
                    return;
                }
            }
        }
    }
    hand_on(None);
}

/// What the columns of a table mean.
struct Mapping {
    targets: Vec<Option<Target>>,
    labels: Vec<Option<usize>>,
    columns: Vec<String>,
    is_own_export: bool,
}

impl Mapping {
    fn of(import: &Import) -> Mapping {
        let target = |word: &Option<String>| word.as_deref().and_then(Target::from_word);
        Mapping {
            targets: import.plan.mapping.iter().map(target).collect(),
            labels: labels(&import.columns),
            columns: import.columns.clone(),
            is_own_export: import.recognised == Some(Export::Depesche),
        }
    }

    fn entry(&self, row: Result<tabular::Row, tabular::RowFault>, country: &str) -> Entry {
        let mut row = match row {
            Ok(row) => row,
            Err(fault) => return not_taken(fault.line, None, fault.what),
        };
        if self.is_own_export {
            row.cells.iter_mut().for_each(|cell| *cell = as_meant(cell).to_owned());
        }
        let form = form(&row.cells, &self.targets, &self.labels);
        entry(row.line, form, country, |field| self.column_of(field))
    }

    /// The name of the column that a field comes from.
    fn column_of(&self, field: &str) -> Option<String> {
        let is_it = |target: &Option<Target>| target.as_ref().is_some_and(|target| target.word() == field);
        let at = self.targets.iter().position(is_it)?;
        self.columns.get(at).cloned()
    }
}

fn entry(line: u64, form: ContactForm, country: &str, column_of: impl Fn(&str) -> Option<String>) -> Entry {
    let (mut person, faults) = form.fitted(country);
    let mut faults: Vec<FieldFault> = faults;
    if let Some(zone) = person.time_zone.take_if(|zone| jiff::tz::TimeZone::get(zone).is_err()) {
        let what = (format!("no such time zone: {zone}"), format!("diese Zeitzone gibt es nicht: {zone}"));
        faults.push(FieldFault { field: "time_zone".into(), what: what.into(), blocks: false });
    }
    if person.is_nobody() {
        return not_taken(line, None, nobody().what);
    }
    let faults =
        faults.into_iter().map(|fault| ImportFault { line, column: column_of(&fault.field), what: fault.what });
    Entry { person: Some(person), faults: faults.collect() }
}

fn not_taken(line: u64, column: Option<String>, what: crate::domain::wording::Wording) -> Entry {
    Entry { person: None, faults: vec![ImportFault { line, column, what }] }
}
