//! Opening the database: whose it is, whether it is whole, which schema it has.

use crate::store::error::OpenError;
use crate::store::handle::{Publish, Store, Threads};
use crate::store::migrate;
use crate::store::seal::{Sealer, write_private};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A database larger than this is not read through at start: readiness would wait for it. It is read through later,
/// while it is at work.
pub const CHECK_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Where the store lives and how wide its doors are.
pub struct StoreSettings {
    /// The data folder.
    pub folder: PathBuf,
    /// Reader threads.
    pub readers: usize,
    /// How many writes may wait.
    pub line_max: usize,
    /// The key file, where systemd keeps it; else it lies in the folder.
    pub key_file: Option<PathBuf>,
}

/// The files of an installation.
pub struct Files {
    /// The database.
    pub database: PathBuf,
    /// The key that seals credentials.
    pub key: PathBuf,
    /// The mark outside the database: says that something was installed here, and what.
    pub mark: PathBuf,
}

impl Files {
    /// In this data folder.
    pub fn of(settings: &StoreSettings) -> Files {
        let folder = &settings.folder;
        Files {
            database: folder.join("depesche.db"),
            key: settings.key_file.clone().unwrap_or_else(|| folder.join("secret.key")),
            mark: folder.join("installation"),
        }
    }
}

/// Opens the store: checks that the database is ours and whole, brings its schema up to date (after a copy), starts its threads.
pub fn open(settings: &StoreSettings, now_ms: i64, publish: Publish) -> Result<(Store, Threads), OpenError> {
    make_folder(&settings.folder)?;
    let files = Files::of(settings);
    let mark = match read_mark(&files)? {
        Some(mark) => mark,
        None => begin_mark(&files)?,
    };
    refuse_strangers(&files, &mark)?;

    let sealer = Sealer::from_file(&files.key, mark.is_begun())?;
    make_private(&files.database)?;
    let other = |error: rusqlite::Error| not_opened(&files.database, &error);
    let mut writer = connect(&files.database).map_err(other)?;
    check_whole(&writer, &files.database)?;
    match &mark {
        Mark::Set(mark) => {
            check_mark(&writer, &files, mark, &sealer)?;
            migrate::bring_up_to_date(&mut writer, &files.database)?;
        }
        Mark::Begun(mark) => {
            migrate::bring_up_to_date(&mut writer, &files.database)?;
            set_mark(&mut writer, &files, mark, &sealer, now_ms)?;
            check_mark(&writer, &files, mark, &sealer)?;
            write_mark(&files, &format!("{mark}\n"))?;
        }
    }
    let readers = (0..settings.readers.max(1)).map(|_| connect_reader(&files.database)).collect::<Result<_, _>>();
    Ok(Store::start(writer, readers.map_err(other)?, sealer, settings.line_max, publish))
}

pub(in crate::store) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| OpenError::Folder { path: folder.to_owned(), why: error.to_string() })
}

/// SQLite gives its side files the mode of the database, so one file decides for all.
pub(in crate::store) fn make_private(database: &Path) -> Result<(), OpenError> {
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(database)
        .map(drop)
        .map_err(|error| OpenError::Folder { path: database.to_owned(), why: error.to_string() })
}

/// What the file beside the database says.
enum Mark {
    /// An installation was begun and nothing was ever taken in: a power cut here is no accident to be asked about.
    Begun(String),
    /// The installation this folder belongs to.
    Set(String),
}

/// Stands before the mark until the first start is through.
const BEGUN: &str = "begun ";

impl Mark {
    fn is_begun(&self) -> bool {
        matches!(self, Mark::Begun(_))
    }
}

fn read_mark(files: &Files) -> Result<Option<Mark>, OpenError> {
    match fs::read_to_string(&files.mark) {
        Ok(text) => Ok(Some(match text.trim().strip_prefix(BEGUN) {
            Some(mark) => Mark::Begun(mark.to_owned()),
            None => Mark::Set(text.trim().to_owned()),
        })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::Folder { path: files.mark.clone(), why: error.to_string() }),
    }
}

/// The mark goes before the database, so that a database is never without one.
fn begin_mark(files: &Files) -> Result<Mark, OpenError> {
    if fs::metadata(&files.database).is_ok_and(|found| found.len() > 0) {
        return Err(OpenError::NoMark { path: files.database.clone(), mark: files.mark.clone() });
    }
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).expect("the system's random numbers");
    let mark = hex::encode(random);
    write_mark(files, &format!("{BEGUN}{mark}\n"))?;
    Ok(Mark::Begun(mark))
}

fn write_mark(files: &Files, text: &str) -> Result<(), OpenError> {
    write_private(&files.mark, text.as_bytes())
        .map_err(|error| OpenError::Folder { path: files.mark.clone(), why: error.to_string() })
}

/// A mark without its database is somebody's accident, never a fresh start.
fn refuse_strangers(files: &Files, mark: &Mark) -> Result<(), OpenError> {
    let why = match (mark, fs::metadata(&files.database).map(|found| found.len()).ok()) {
        (Mark::Set(_), None) => "the database is missing",
        (Mark::Set(_), Some(0)) => "the database is empty",
        _ => return Ok(()),
    };
    Err(OpenError::NotOurs { path: files.database.clone(), why: why.into(), mark: files.mark.clone() })
}

fn connect(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;",
    )?;
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

pub(in crate::store) fn connect_reader(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.execute_batch(
        "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -4096;
         PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF;",
    )?;
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Otherwise SQLite looks at the values bound to a statement, and plans it anew for each: half the time of a write.
fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

pub(in crate::store) fn not_opened(database: &Path, error: &rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (path, why) = (database.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => OpenError::Damaged { path, why },
        _ => OpenError::Other { path, why },
    }
}

pub(in crate::store) fn check_whole(connection: &Connection, database: &Path) -> Result<(), OpenError> {
    let bytes = fs::metadata(database).map_or(0, |found| found.len());
    if bytes > CHECK_BYTES_MAX {
        tracing::info!(
            bytes,
            "The database {} is large: it is read through after the start, while it is at work",
            database.display()
        );
        return Ok(());
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| not_opened(database, &error))?;
    if verdict == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: database.to_owned(), why: verdict }) }
}

/// Writes the mark into a database that has none; one that has another's is refused by [`check_mark`].
fn set_mark(
    connection: &mut Connection,
    files: &Files,
    mark: &str,
    sealer: &Sealer,
    now_ms: i64,
) -> Result<(), OpenError> {
    let seal_check = hex::encode(sealer.seal(mark));
    let set = |connection: &mut Connection| {
        let transaction = connection.transaction()?;
        let new = transaction.execute(
            "INSERT INTO installation (id, mark, created_at) VALUES (1, ?1, ?2) ON CONFLICT (id) DO NOTHING",
            (mark, now_ms),
        )?;
        if new == 1 {
            transaction.execute("INSERT INTO site (key, value) VALUES ('seal_check', ?1)", [&seal_check])?;
        }
        transaction.commit()
    };
    set(connection).map_err(|error| not_opened(&files.database, &error))
}

fn check_mark(connection: &Connection, files: &Files, expected: &str, sealer: &Sealer) -> Result<(), OpenError> {
    let stranger =
        |why: &str| OpenError::NotOurs { path: files.database.clone(), why: why.into(), mark: files.mark.clone() };
    let mark: String = connection
        .query_row("SELECT mark FROM installation WHERE id = 1", [], |row| row.get(0))
        .map_err(|_| stranger("the database has been emptied"))?;
    if mark != expected {
        return Err(stranger("the database belongs to another installation"));
    }
    check_key(connection, files, sealer)
}

pub(in crate::store) fn check_key(connection: &Connection, files: &Files, sealer: &Sealer) -> Result<(), OpenError> {
    if is_sealed_with(connection, sealer) { Ok(()) } else { Err(OpenError::WrongKey { path: files.key.clone() }) }
}

/// Whether this key opens what the database holds.
pub(in crate::store) fn is_sealed_with(connection: &Connection, sealer: &Sealer) -> bool {
    let sealed: Option<String> =
        connection.query_row("SELECT value FROM site WHERE key = 'seal_check'", [], |row| row.get(0)).ok();
    sealed.and_then(|sealed| hex::decode(sealed).ok()).is_some_and(|sealed| sealer.open(&sealed).is_ok())
}

/// The schema of the database, and the one this program knows; changes nothing.
pub fn schema(settings: &StoreSettings) -> Result<(usize, usize), OpenError> {
    let database = Files::of(settings).database;
    let schema = connect_reader(&database).and_then(|reader| migrate::schema_of(&reader));
    schema.map_err(|error| not_opened(&database, &error))
}

#[cfg(test)]
#[path = "open_tests.rs"]
pub(in crate::store) mod tests;
