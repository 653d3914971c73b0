//! People note that somebody wants nothing more, take it back, and bring lists from elsewhere.

use crate::domain::address::{Address, AddressKind};
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::id::OptOutId;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::opt_outs::NewOptOut;
use crate::store::opt_outs_list::{NumberPlace, OptOutRow};
use crate::tabular::guess::guess;
use crate::tabular::read::rows;
use crate::tabular::write::as_meant;
use serde_json::json;

/// Longest remark.
pub const NOTE_CHARS_MAX: usize = 500;
/// Lines of one list.
const ROWS_MAX: usize = 200_000;
/// Faults that are told; the others are counted.
const FAULTS_MAX: usize = 100;
/// Lines of one commit: nobody waits behind a whole list.
const STEP_MAX: usize = 500;
/// How much of a file its layout is guessed from.
const GUESS_BYTES: usize = 64 * 1024;

/// A refusal as somebody notes it.
#[derive(Clone, Debug)]
pub struct OptOutForm {
    /// Who.
    pub address: Address,
    /// How far.
    pub scope: Scope,
    /// Only advertising is meant.
    pub marketing_only: bool,
    /// A remark.
    pub note: String,
}

/// Notes it; the id is the one that stands, also where it stood before.
pub async fn add(desk: &Desk, form: OptOutForm, by: String) -> Result<OptOutId, FlowError> {
    check_note(&form.note)?;
    check_person(&form.address).map_err(|why| FlowError::invalid("address", why))?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let new = NewOptOut {
                address: &form.address,
                scope: form.scope,
                marketing_only: form.marketing_only,
                source: OptOutSource::User,
                words: None,
                note: form.note.trim(),
                by: Some(&by),
                said_to: None,
            };
            if let Some(id) = tx.note_opt_out(&new, now)? {
                tx.audit(&by, "opt_out.add", Some(&form.address), &json!({ "id": id }), now)?;
                return Ok(id);
            }
            let known = tx.opt_outs_of(&form.address, 50)?.into_iter().find(|row| {
                row.withdrawn_at.is_none() && row.scope == Some(form.scope) && row.marketing_only == form.marketing_only
            });
            known.map(|row| row.id).ok_or_else(|| {
                let why = ("there is no such number or channel", "diese Rufnummer oder diesen Kanal gibt es nicht");
                FlowError::invalid("scope", why)
            })
        })
        .await
}

/// Takes one back for a person, with the reason.
pub async fn take_back(desk: &Desk, id: OptOutId, note: String, by: String) -> Result<(), FlowError> {
    check_note(&note)?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let known = tx.opt_out(id)?.ok_or(FlowError::NotFound("opt-out"))?;
            if !tx.take_back_opt_out(id, &by, note.trim(), now)? {
                return Err(FlowError::Conflict(("it is taken back already", "das ist schon zurückgenommen").into()));
            }
            tx.audit(&by, "opt_out.withdraw", known.address.as_ref(), &json!({ "id": id, "note": note.trim() }), now)?;
            Ok(())
        })
        .await
}

/// Behind a sender's name is nobody to be written to: it is a cell of another column.
fn check_person(address: &Address) -> Result<(), Wording> {
    if address.kind() != AddressKind::Alphanumeric {
        return Ok(());
    }
    Err(("that is no telephone number", "das ist keine Rufnummer").into())
}

fn check_note(note: &str) -> Result<(), FlowError> {
    if note.chars().count() > NOTE_CHARS_MAX {
        let why = (format!("at most {NOTE_CHARS_MAX} characters"), format!("höchstens {NOTE_CHARS_MAX} Zeichen"));
        return Err(FlowError::invalid("note", why));
    }
    Ok(())
}

/// What came of a list.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Lines that were read.
    pub rows: usize,
    /// Refusals that are new.
    pub added: usize,
    /// Refusals that stood already.
    pub known: usize,
    /// Lines that could not be taken.
    pub faulty: usize,
    /// The first of them: the line and why.
    pub faults: Vec<(u64, Wording)>,
}

/// One line that can be taken.
struct Line {
    address: Address,
    scope: Scope,
    marketing_only: bool,
    note: String,
    words: Option<String>,
    at: Timestamp,
}

/// Takes a list in: a column with numbers is enough, and what this house exported is understood whole. A line without a
/// scope counts for everything. `dry`: only says what would come of it.
pub async fn import(desk: &Desk, bytes: Vec<u8>, dry: bool, by: String) -> Result<Imported, FlowError> {
    let now = desk.now();
    let (country, places) = desk.store.read(|db| Ok::<_, FlowError>((db.country()?, db.number_places()?))).await?;
    // A long list takes seconds to read: not on a thread that others wait for.
    let reading = tokio::task::spawn_blocking(move || read(&bytes, &country, &places, now));
    let (mut imported, mut lines) = reading.await.expect("reading a list does not panic")?;
    while !lines.is_empty() {
        let step: Vec<Line> = lines.drain(..lines.len().min(STEP_MAX)).collect();
        let by = by.clone();
        let taken = if dry {
            desk.store.read(move |db| would_take(db, &step)).await?
        } else {
            desk.store.write(move |tx| take(tx, &step, &by)).await?
        };
        imported.added += taken.0;
        imported.known += taken.1;
        for (line, why) in taken.2 {
            fault(&mut imported, line, why);
        }
    }
    if !dry {
        let detail = json!({ "rows": imported.rows, "added": imported.added });
        desk.store.write(move |tx| tx.audit(&by, "opt_out.import", None, &detail, now)).await?;
    }
    Ok(imported)
}

/// New ones, known ones, and faults.
type Taken = (usize, usize, Vec<(u64, Wording)>);

fn take(tx: &Tx<'_>, lines: &[Line], by: &str) -> Result<Taken, FlowError> {
    let mut taken = Taken::default();
    for line in lines {
        let new = NewOptOut {
            address: &line.address,
            scope: line.scope,
            marketing_only: line.marketing_only,
            source: OptOutSource::Import,
            words: line.words.as_deref(),
            note: &line.note,
            by: Some(by),
            said_to: None,
        };
        match tx.note_opt_out(&new, line.at)? {
            Some(_) => taken.0 += 1,
            None => taken.1 += 1,
        }
    }
    Ok(taken)
}

fn would_take(db: &Snapshot<'_>, lines: &[Line]) -> Result<Taken, FlowError> {
    let mut taken = Taken::default();
    for line in lines {
        let same = |row: &OptOutRow| {
            row.withdrawn_at.is_none() && row.scope == Some(line.scope) && row.marketing_only == line.marketing_only
        };
        match db.opt_outs_of(&line.address, 50)?.iter().any(same) {
            true => taken.1 += 1,
            false => taken.0 += 1,
        }
    }
    Ok(taken)
}

fn fault(imported: &mut Imported, line: u64, why: Wording) {
    imported.faulty += 1;
    if imported.faults.len() < FAULTS_MAX {
        imported.faults.push((line, why));
    }
}

/// Our number with this address: on the channel of this name, else on any.
fn number_called(places: &[NumberPlace], address: &str, channel: &str) -> Option<Scope> {
    let ours = || places.iter().filter(|place| place.address.as_str() == address);
    let found = ours().find(|place| place.channel_name == channel).or_else(|| ours().next())?;
    Some(Scope::Number { number: found.number })
}

/// Where the columns of a list stand.
#[derive(Default)]
struct Columns {
    address: usize,
    scope: Option<usize>,
    number: Option<usize>,
    channel: Option<usize>,
    marketing_only: Option<usize>,
    words: Option<usize>,
    note: Option<usize>,
    at: Option<usize>,
    withdrawn_at: Option<usize>,
}

impl Columns {
    fn of(header: Option<&[String]>) -> Columns {
        let Some(header) = header else { return Columns::default() };
        let named = |names: &[&str]| {
            header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().replace([' ', '-'], "_").as_str()))
        };
        Columns {
            address: named(&[
                "address",
                "number",
                "phone",
                "phone_number",
                "msisdn",
                "mobile",
                "rufnummer",
                "telefon",
                "nummer",
                "handy",
            ])
            .unwrap_or(0),
            scope: named(&["scope"]),
            number: named(&["our_number"]),
            channel: named(&["channel"]),
            marketing_only: named(&["marketing_only"]),
            words: named(&["words"]),
            note: named(&["note", "remark", "bemerkung", "notiz"]),
            at: named(&["at", "date", "datum"]),
            withdrawn_at: named(&["withdrawn_at"]),
        }
    }
}

fn read(
    bytes: &[u8],
    country: &str,
    places: &[NumberPlace],
    now: Timestamp,
) -> Result<(Imported, Vec<Line>), FlowError> {
    let layout = guess(&bytes[..bytes.len().min(GUESS_BYTES)]);
    let mut table = rows(bytes, &layout).map_err(|fault| FlowError::invalid("body", fault.what))?;
    let columns = Columns::of(table.header());
    let (mut imported, mut lines) = (Imported::default(), Vec::new());
    for row in table.by_ref() {
        if imported.rows == ROWS_MAX {
            let why = (
                format!("at most {ROWS_MAX} lines in one list"),
                format!("höchstens {ROWS_MAX} Zeilen in einer Liste"),
            );
            return Err(FlowError::invalid("body", why));
        }
        imported.rows += 1;
        match row {
            Err(wrong) => fault(&mut imported, wrong.line, wrong.what),
            Ok(row) => match one(&columns, &row.cells, (country, places), now) {
                Ok(Some(line)) => lines.push(line),
                // Taken back where it comes from.
                Ok(None) => {}
                Err(why) => fault(&mut imported, row.line, why),
            },
        }
    }
    Ok((imported, lines))
}

fn one(
    columns: &Columns,
    cells: &[String],
    (country, places): (&str, &[NumberPlace]),
    now: Timestamp,
) -> Result<Option<Line>, Wording> {
    let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", |cell| as_meant(cell).trim());
    if !cell(columns.withdrawn_at).is_empty() {
        return Ok(None);
    }
    let address = Address::from_typed(cell(Some(columns.address)), country).map_err(|error| error.wording())?;
    check_person(&address)?;
    let gone = || {
        Wording::new(
            "its number or channel is not set up here: change its scope to \"everything\"",
            "Rufnummer oder Kanal sind hier nicht eingerichtet: bitte als Reichweite „everything“ angeben",
        )
    };
    let scope = match cell(columns.scope) {
        "" | "everything" => Some(Scope::Everything),
        "number" => number_called(places, cell(columns.number), cell(columns.channel)),
        "channel" => places
            .iter()
            .find(|place| place.channel_name == cell(columns.channel))
            .map(|place| Scope::Channel { channel: place.channel }),
        _ => None,
    };
    let scope = scope.ok_or_else(gone)?;
    let text = |at: Option<usize>| cell(at).chars().take(NOTE_CHARS_MAX).collect::<String>();
    let at = cell(columns.at).parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()));
    Ok(Some(Line {
        address,
        scope,
        marketing_only: matches!(cell(columns.marketing_only), "1" | "true" | "yes" | "ja"),
        note: text(columns.note),
        words: Some(text(columns.words)).filter(|words| !words.is_empty()),
        at: at.filter(|at| *at < now).unwrap_or(now),
    }))
}
