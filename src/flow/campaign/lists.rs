//! Tables of recipients: taken in, read row by row in small commits, and read anew where somebody says that they are
//! written otherwise. A column holds the number, every column becomes a variable.

use crate::domain::address::{Address, AddressError, AddressKind};
use crate::domain::campaign_text::{canonical, variable_name};
use crate::domain::id::{CampaignId, ListId};
use crate::domain::typed_list::{self, Typed};
use crate::domain::wording::Wording;
use crate::flow::campaign::drafts::must_be_editable;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::campaign_lists::{CampaignList, ListAbout, ListColumn, ListFault, ListRow};
use crate::store::handle::Tx;
use crate::tabular::guess::guess;
use crate::tabular::layout::Layout;
use crate::tabular::read::{Row, RowFault, rows};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Most bytes of a table.
pub const LIST_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most rows of one.
pub const ROWS_MAX: u64 = 100_000;
/// Most tables of a campaign.
pub const LISTS_MAX: usize = 20;
/// Most columns that become variables.
const COLUMNS_MAX: usize = 200;
/// Bytes of one piece as it is kept, and rows of one commit.
const PART_BYTES: usize = 256 * 1024;
const STEP_MAX: usize = 500;
/// Rows that are shown, faults that are kept.
const FIRST_MAX: usize = 20;
const FAULTS_MAX: usize = 200;
/// Longest cell as a variable, and as it is shown.
const CELL_CHARS_MAX: usize = 1600;
const SHOWN_CHARS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 120;

/// Headers of a column of numbers.
const NUMBER_HEADERS: &[&str] = &[
    "number",
    "phone",
    "phone_number",
    "telephone",
    "telephone_number",
    "tel",
    "mobile",
    "mobile_number",
    "mobile_phone",
    "cell",
    "cell_phone",
    "msisdn",
    "to",
    "recipient",
    "telefon",
    "telefonnummer",
    "rufnummer",
    "nummer",
    "mobil",
    "mobilnummer",
    "mobiltelefon",
    "handy",
    "handynummer",
    "empfänger",
    "whatsapp",
];

/// How somebody says that a table is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// How it is written.
    pub layout: Layout,
    /// The column of the number, from 0.
    pub number_column: usize,
    /// The column of the name.
    pub name_column: Option<usize>,
}

/// Takes a table in. Its layout, the column of the number and that of the name are guessed.
pub async fn take(desk: &Desk, campaign: CampaignId, name: &str, bytes: Vec<u8>) -> Result<CampaignList, FlowError> {
    check_bytes(&bytes)?;
    let country = desk.store.read(|db| Ok::<_, FlowError>(db.country()?)).await?;
    let bytes = Arc::new(bytes);
    let about = first_look(&bytes, None, &country)?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let (noted, now) = (about.clone(), desk.now());
    let id = desk
        .store
        .write(move |tx| {
            must_be_editable(tx, campaign)?;
            if tx.campaign_lists(campaign)?.len() >= LISTS_MAX {
                let words = (
                    format!("at most {LISTS_MAX} tables for one campaign"),
                    format!("höchstens {LISTS_MAX} Tabellen je Kampagne"),
                );
                return Err(FlowError::invalid("lists", words));
            }
            Ok(tx.insert_list(campaign, &name, &noted, now)?)
        })
        .await?;
    match keep_and_read(desk, id, &bytes, about, country).await {
        Ok(()) => desk.store.read(move |db| found(db.campaign_list(campaign, id)?)).await,
        Err(error) => {
            delete(desk, campaign, id).await?;
            Err(error)
        }
    }
}

async fn keep_and_read(
    desk: &Desk,
    id: ListId,
    bytes: &Arc<Vec<u8>>,
    about: ListAbout,
    country: String,
) -> Result<(), FlowError> {
    for (position, part) in (0..).zip(bytes.chunks(PART_BYTES)) {
        let part = part.to_vec();
        desk.store.write(move |tx| Ok::<_, FlowError>(tx.insert_list_part(id, position, &part)?)).await?;
    }
    read_all(desk, id, Arc::clone(bytes), about, country).await
}

/// Reads a table anew, as somebody says it is written.
pub async fn read_anew(
    desk: &Desk,
    campaign: CampaignId,
    id: ListId,
    reading: Reading,
) -> Result<CampaignList, FlowError> {
    let mut bytes = Vec::new();
    let country = desk.store.read(move |db| {
        found(db.campaign_list(campaign, id)?)?;
        Ok::<_, FlowError>(db.country()?)
    });
    let country = country.await?;
    for position in 0.. {
        let part = desk.store.read(move |db| Ok::<_, FlowError>(db.list_part(id, position)?)).await?;
        let Some(part) = part else { break };
        bytes.extend(part);
    }
    if bytes.is_empty() {
        let words = (
            "the file is no longer kept, since somebody in it was erased: upload it again without them",
            "die Datei wird nicht mehr aufbewahrt, weil jemand darin gelöscht wurde: bitte ohne diese Person neu hochladen",
        );
        return Err(FlowError::invalid("layout", words));
    }
    let about = first_look(&bytes, Some(&reading), &country)?;
    let begun = about.clone();
    desk.store
        .write(move |tx| {
            must_be_editable(tx, campaign)?;
            Ok::<_, FlowError>(tx.set_list(id, &begun)?)
        })
        .await?;
    forget_rows(desk, id).await?;
    read_all(desk, id, Arc::new(bytes), about, country).await?;
    desk.store.read(move |db| found(db.campaign_list(campaign, id)?)).await
}

/// Deletes a table.
pub async fn delete(desk: &Desk, campaign: CampaignId, id: ListId) -> Result<(), FlowError> {
    desk.store.read(move |db| found(db.campaign_list(campaign, id)?).map(drop)).await?;
    forget_rows(desk, id).await?;
    desk.store.write(move |tx| Ok::<_, FlowError>(tx.delete_list(id)?)).await
}

async fn forget_rows(desk: &Desk, id: ListId) -> Result<(), FlowError> {
    let step = || desk.store.write(move |tx| Ok::<_, FlowError>(tx.forget_list_rows(id, STEP_MAX)?));
    while step().await? == STEP_MAX {}
    Ok(())
}

fn found(list: Option<CampaignList>) -> Result<CampaignList, FlowError> {
    list.ok_or(FlowError::NotFound("list"))
}

fn check_bytes(bytes: &[u8]) -> Result<(), FlowError> {
    let most = LIST_BYTES_MAX / 1024 / 1024;
    match bytes.len() {
        0 => Err(FlowError::invalid("body", ("the file is empty", "die Datei ist leer"))),
        size if size > LIST_BYTES_MAX => Err(FlowError::invalid(
            "body",
            (format!("larger than {most} MB: split it"), format!("größer als {most} MB: bitte aufteilen")),
        )),
        _ => Ok(()),
    }
}

/// What the first rows of a table give away, or what somebody said of it.
fn first_look(bytes: &[u8], said: Option<&Reading>, country: &str) -> Result<ListAbout, FlowError> {
    let layout = said.map_or_else(|| guess(&bytes[..bytes.len().min(64 * 1024)]), |said| said.layout.clone());
    let table = rows(bytes, &layout).map_err(|fault| FlowError::invalid("layout", fault.what))?;
    let header: Option<Vec<String>> = table.header().map(<[String]>::to_vec);
    let first: Vec<Vec<String>> = table.filter_map(Result::ok).take(FIRST_MAX).map(|row| row.cells).collect();
    let width = first.iter().chain(&header).map(Vec::len).max().unwrap_or(0);
    if width == 0 {
        return Err(FlowError::invalid("body", ("there is no row in it", "darin steht keine Zeile")));
    }
    let columns = columns(header.as_deref().unwrap_or_default(), width.min(COLUMNS_MAX));
    let at = said.map(|said| said.number_column).or_else(|| number_column(&columns, &first, country)).unwrap_or(0);
    let name = match said {
        Some(said) => said.name_column,
        None => columns.iter().position(|column| canonical(&column.variable) == "name").filter(|column| *column != at),
    };
    if at >= columns.len() || name.is_some_and(|name| name >= columns.len()) {
        let words = ("the table has no such column", "diese Spalte hat die Tabelle nicht");
        return Err(FlowError::invalid("number_column", words));
    }
    let shown =
        |cells: Vec<String>| cells.into_iter().take(COLUMNS_MAX).map(|cell| cut(&cell, SHOWN_CHARS_MAX)).collect();
    Ok(ListAbout {
        layout,
        columns,
        number_column: at,
        name_column: name,
        reading: true,
        rows: 0,
        good: 0,
        faulty: 0,
        faults: Vec::new(),
        first: first.into_iter().map(shown).collect(),
    })
}

/// The columns with their variables, each with a name of its own.
fn columns(header: &[String], width: usize) -> Vec<ListColumn> {
    let mut found: Vec<ListColumn> = Vec::with_capacity(width);
    for at in 0..width {
        let name = header.get(at).map(|name| cut(name.trim(), SHOWN_CHARS_MAX)).unwrap_or_default();
        let own = variable_name(&name).unwrap_or_else(|| format!("column_{}", at + 1));
        let taken = |variable: &str| found.iter().any(|column: &ListColumn| column.variable == variable);
        let others = (2..).map(|count| format!("{own}_{count}"));
        let variable = std::iter::once(own.clone()).chain(others).find(|variable| !taken(variable));
        found.push(ListColumn { name, variable: variable.unwrap_or(own) });
    }
    found
}

/// The column of the number: by its header, where numbers stand below it; else the one with the most numbers.
fn number_column(columns: &[ListColumn], first: &[Vec<String>], country: &str) -> Option<usize> {
    let numbers = |at: usize| {
        let cells = first.iter().filter_map(|cells| cells.get(at));
        cells.filter(|cell| address(cell, country).is_ok()).count()
    };
    let is_named = |column: &ListColumn| NUMBER_HEADERS.contains(&column.variable.as_str());
    let named = columns.iter().position(is_named).filter(|at| numbers(*at) > 0 || first.is_empty());
    // Of as many, the first.
    named.or_else(|| (0..columns.len()).rev().max_by_key(|at| numbers(*at)))
}

/// The number in a cell. What only a phone company dials is none, and a column of such is no column of numbers.
fn address(cell: &str, country: &str) -> Result<Address, Wording> {
    use AddressKind::{Alphanumeric, ShortCode};
    let mut read = typed_list::read(&cell.replace(['\n', '\r'], " "), country);
    let one = (read.len() == 1).then(|| read.pop()).flatten();
    match one {
        Some(Typed { address: Ok(short), given, .. }) if matches!(short.kind(), ShortCode | Alphanumeric) => {
            Err(AddressError::NotAnAddress(given).wording())
        }
        Some(typed) => typed.address,
        None if cell.trim().is_empty() => Err(("there is no number", "hier steht keine Rufnummer").into()),
        None => Err(("more than one number, or none", "mehr als eine Rufnummer, oder keine").into()),
    }
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// Some rows, read.
#[derive(Default)]
struct Batch {
    rows: Vec<ListRow>,
    faults: Vec<ListFault>,
}

/// Reads all rows beside the runtime, and writes them in small commits.
async fn read_all(
    desk: &Desk,
    id: ListId,
    bytes: Arc<Vec<u8>>,
    mut about: ListAbout,
    country: String,
) -> Result<(), FlowError> {
    let (batches, mut read) = mpsc::channel(2);
    let asked = about.clone();
    let reading = tokio::task::spawn_blocking(move || cut_in_batches(&bytes, &asked, &country, &batches));
    while let Some(batch) = read.recv().await {
        let Batch { rows, faults } = batch;
        about.rows += rows.len() as u64;
        about.good += rows.iter().filter(|row| row.address.is_some()).count() as u64;
        about.faulty += faults.len() as u64;
        about.faults.extend(faults.into_iter().take(FAULTS_MAX - about.faults.len()));
        desk.store.write(move |tx| Ok::<_, FlowError>(tx.insert_list_rows(id, &rows)?)).await?;
    }
    // A panic in there was reported; the table then stays one that is still being read.
    about.reading = reading.await.is_err();
    if about.rows > ROWS_MAX {
        let words = (
            format!("more than {ROWS_MAX} rows: split the table"),
            format!("mehr als {ROWS_MAX} Zeilen: bitte die Tabelle aufteilen"),
        );
        return Err(FlowError::invalid("body", words));
    }
    desk.store
        .write(move |tx: &Tx<'_>| {
            tx.set_list(id, &about)?;
            Ok(())
        })
        .await
}

fn cut_in_batches(bytes: &[u8], about: &ListAbout, country: &str, batches: &mpsc::Sender<Batch>) {
    let Ok(table) = rows(Cursor::new(bytes), &about.layout) else { return };
    let (mut batch, mut count) = (Batch::default(), 0);
    for row in table {
        match row {
            Ok(row) => {
                let (row, fault) = one(about, row, country);
                batch.rows.push(row);
                batch.faults.extend(fault);
                count += 1;
            }
            Err(RowFault { line, what, .. }) => batch.faults.push(fault(line, "", &what)),
        }
        let is_full = batch.rows.len() >= STEP_MAX || batch.faults.len() >= STEP_MAX;
        // Nobody listens any more: the store refused.
        if (is_full && batches.blocking_send(std::mem::take(&mut batch)).is_err()) || count > ROWS_MAX {
            break;
        }
    }
    let _ = batches.blocking_send(batch);
}

fn one(about: &ListAbout, row: Row, country: &str) -> (ListRow, Option<ListFault>) {
    let given = row.cells.get(about.number_column).map(|cell| cell.trim()).unwrap_or_default();
    let read = address(given, country);
    let given = cut(given, 80);
    let problem = read.as_ref().err().map(|what| fault(row.line, &given, what));
    let cells = about.columns.iter().zip(&row.cells).filter(|(_, cell)| !cell.trim().is_empty());
    let variables: BTreeMap<String, String> =
        cells.map(|(column, cell)| (column.variable.clone(), cut(cell, CELL_CHARS_MAX))).collect();
    (ListRow { line: row.line, given, address: read.ok(), variables }, problem)
}

fn fault(line: u64, given: &str, what: &Wording) -> ListFault {
    ListFault { line, given: given.to_owned(), en: what.english.clone(), de: what.german.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> ListAbout {
        first_look(text.as_bytes(), None, "DE").expect("a table")
    }

    #[test]
    fn columns_become_variables_with_names_of_their_own() {
        let header = ["Vorname", "Vorname", "", " Größe (cm)", "vorname 2"].map(str::to_owned);
        let variables: Vec<String> = columns(&header, 6).into_iter().map(|column| column.variable).collect();

        assert_eq!(variables, ["vorname", "vorname_2", "column_3", "größe_cm", "vorname_2_2", "column_6"]);
    }

    #[test]
    fn the_number_is_found_by_its_header_or_by_what_stands_below() {
        for (text, number, name) in [
            ("Name,Phone,Plz\nAnna,+4915550123456,12345\n", 1, Some(0)),
            ("Telefon,WhatsApp\n,+4915550123456\n", 1, None),
            ("+4915550123456;Anna\n+4915550123457;Ben\n", 0, None),
            ("Kunde;Erreichbar unter\n4711;0155 50123456\n4712;0155 50123457\n", 1, None),
        ] {
            let about = look(text);
            assert_eq!((about.number_column, about.name_column), (number, name), "{text}");
        }
    }

    #[test]
    fn a_cell_holds_one_number() {
        for (cell, good) in [
            ("0155 50123456", true),
            (" +49 (155) 501-23456 ", true),
            ("0155 50123456, 0155 50123457", false),
            ("", false),
            ("4,91555E+12", false),
            ("=HYPERLINK(\"x\")", false),
        ] {
            assert_eq!(address(cell, "DE").is_ok(), good, "{cell}");
        }
    }
}
