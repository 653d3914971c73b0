//! A file of contacts is put here: into the spool piece by piece, looked at, and noted once it is on the disk.

use crate::domain::contact_columns::guess;
use crate::domain::contact_import::{Export, ImportFormat, Known};
use crate::domain::event::Event;
use crate::domain::id::{ImportId, UserId};
use crate::flow::desk::new_reference;
use crate::flow::error::FlowError;
use crate::flow::phonebook::import::desk::ImportDesk;
use crate::flow::phonebook::import::rows;
use crate::store::imports::{ImportPlan, NewImport};
use crate::tabular::guess as tabular_guess;
use crate::tabular::layout::Layout;
use crate::vcard::read::are_cards;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// Largest file.
pub const FILE_BYTES_MAX: u64 = 64 << 20;
/// Files of one user, and of all.
const FILES_OF_USER_MAX: u32 = 5;
const FILES_MAX: u32 = 20;
/// How much of a file is looked at to guess how it is written.
const LOOKED_AT: u64 = 64 * 1024;
const NAME_CHARS_MAX: usize = 120;

/// A file on its way in; dropped before it is noted, it leaves nothing behind.
pub struct Incoming {
    imports: ImportDesk,
    user: UserId,
    spool: String,
    path: PathBuf,
    file: File,
    bytes: u64,
    is_noted: bool,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_noted {
            // It may not be there; what stays is removed by the next tidying.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Room for a file of this user, before its bytes come.
pub async fn begin(imports: &ImportDesk, user: UserId) -> Result<Incoming, FlowError> {
    let (own, all) = imports.desk.store.read(move |db| Ok::<_, FlowError>(db.import_files(user)?)).await?;
    if own >= FILES_OF_USER_MAX || all >= FILES_MAX {
        let why = (
            format!("{FILES_OF_USER_MAX} files of yours, or {FILES_MAX} in all, wait here already: delete one first"),
            format!(
                "{FILES_OF_USER_MAX} eigene Dateien oder {FILES_MAX} insgesamt warten hier schon: bitte erst eine löschen"
            ),
        );
        return Err(FlowError::Conflict(why.into()));
    }
    let spool = new_reference();
    let path = imports.path_of(&spool);
    imports.make_folder().map_err(|error| disk(&error))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let file = options.open(&path).await.map_err(|error| disk(&error))?;
    Ok(Incoming { imports: imports.clone(), user, spool, path, file, bytes: 0, is_noted: false })
}

impl Incoming {
    /// Writes on.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), FlowError> {
        self.bytes += piece.len() as u64;
        if self.bytes > FILE_BYTES_MAX {
            return Err(too_large());
        }
        self.file.write_all(piece).await.map_err(|error| disk(&error))
    }

    /// All of it is here: it is looked at and noted.
    pub async fn take(mut self, name: &str) -> Result<ImportId, FlowError> {
        self.file.flush().await.map_err(|error| disk(&error))?;
        self.file.sync_all().await.map_err(|error| disk(&error))?;
        let (path, folder) = (self.path.clone(), self.imports.make_folder().map_err(|error| disk(&error))?.to_owned());
        let looked = tokio::task::spawn_blocking(move || {
            std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| disk(&error))?;
            look(&path)
        });
        let look = looked.await.map_err(|error| disk(&std::io::Error::other(error.to_string())))??;
        let shown: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
        let (user, spool, bytes, now) = (self.user, self.spool.clone(), self.bytes, self.imports.desk.now());
        let noted = self.imports.desk.store.write(move |tx| {
            let new = NewImport {
                user,
                name: &shown,
                spool: &spool,
                bytes,
                format: look.format,
                recognised: look.recognised,
                plan: &look.plan,
                columns: &look.columns,
                first: &look.first,
            };
            let id = tx.insert_import(&new, now)?;
            tx.emit(Event::ImportChanged { import: id });
            Ok::<_, FlowError>(id)
        });
        let id = noted.await?;
        self.is_noted = true;
        Ok(id)
    }
}

/// What a file looks like.
struct Look {
    format: ImportFormat,
    recognised: Option<Export>,
    plan: ImportPlan,
    columns: Vec<String>,
    first: Vec<Vec<String>>,
}

fn look(path: &Path) -> Result<Look, FlowError> {
    let mut file = std::fs::File::open(path).map_err(|error| disk(&error))?;
    let mut start = Vec::new();
    file.by_ref().take(LOOKED_AT).read_to_end(&mut start).map_err(|error| disk(&error))?;
    file.rewind().map_err(|error| disk(&error))?;
    refuse_books(&start)?;
    let layout = tabular_guess::guess(&start);
    let plan = |layout: Layout, mapping| ImportPlan { layout, mapping, phonebook: None, known: Known::Skip };
    if are_cards(&start) {
        let first = rows::first_cards(file);
        let columns = ["full_name", "company", "email", "number"].map(str::to_owned).to_vec();
        let plan = plan(layout, Vec::new());
        return Ok(Look { format: ImportFormat::Vcard, recognised: None, plan, columns, first });
    }
    let (columns, first) = rows::first_rows(file, &layout)?;
    let (recognised, mapping) = guess(&columns);
    let mapping = mapping.into_iter().map(|target| target.map(|target| target.word())).collect();
    Ok(Look { format: ImportFormat::Csv, recognised, plan: plan(layout, mapping), columns, first })
}

/// Workbooks of spreadsheet programs are no tables yet.
fn refuse_books(start: &[u8]) -> Result<(), FlowError> {
    if start.is_empty() {
        return Err(FlowError::invalid("body", ("the file is empty", "die Datei ist leer")));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        let what = (
            "this is a workbook of a spreadsheet program: save it there as CSV (UTF-8) and import that",
            "das ist eine Arbeitsmappe einer Tabellenkalkulation: bitte dort als CSV (UTF-8) speichern und das importieren",
        );
        return Err(FlowError::invalid("body", what));
    }
    Ok(())
}

/// More than a file of contacts may have.
pub fn too_large() -> FlowError {
    let most = FILE_BYTES_MAX >> 20;
    FlowError::invalid(
        "body",
        (format!("larger than {most} MB: cut it in two"), format!("größer als {most} MB: bitte teilen")),
    )
}

fn disk(error: &std::io::Error) -> FlowError {
    tracing::error!(%error, "A file of contacts cannot be kept or read: {error}");
    FlowError::Store(match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            crate::store::error::StoreError::DiskFull
        }
        _ => crate::store::error::StoreError::Disk(error.to_string()),
    })
}
