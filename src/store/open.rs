//! Opening the database: whose it is, whether it is whole, which schema it has. Backup and restore.

use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
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

fn make_folder(folder: &Path) -> Result<(), OpenError> {
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

fn not_opened(database: &Path, error: &rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (path, why) = (database.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => OpenError::Damaged { path, why },
        _ => OpenError::Other { path, why },
    }
}

fn check_whole(connection: &Connection, database: &Path) -> Result<(), OpenError> {
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

fn check_key(connection: &Connection, files: &Files, sealer: &Sealer) -> Result<(), OpenError> {
    let sealed: Option<String> =
        connection.query_row("SELECT value FROM site WHERE key = 'seal_check'", [], |row| row.get(0)).ok();
    let opens = sealed.and_then(|sealed| hex::decode(sealed).ok()).is_some_and(|sealed| sealer.open(&sealed).is_ok());
    if opens { Ok(()) } else { Err(OpenError::WrongKey { path: files.key.clone() }) }
}

/// The schema of the database, and the one this program knows; changes nothing.
pub fn schema(settings: &StoreSettings) -> Result<(usize, usize), OpenError> {
    let database = Files::of(settings).database;
    let schema = connect_reader(&database).and_then(|reader| migrate::schema_of(&reader));
    schema.map_err(|error| not_opened(&database, &error))
}

/// Copies the database to `target` while the daemon may be running, with the key inside; the file is private (0600).
///
/// One step of SQLite's backup API over one read transaction: consistent, and no writer waits for it.
pub fn backup(settings: &StoreSettings, target: &Path) -> Result<(), OpenError> {
    let files = Files::of(settings);
    if target.exists() {
        return Err(OpenError::Folder { path: target.to_owned(), why: "exists already; name another file".into() });
    }
    if !files.database.exists() {
        return Err(OpenError::Other { path: files.database, why: "there is none in this data folder".into() });
    }
    let partial = target.with_extension("partial");
    // Of a backup that was interrupted.
    let _ = fs::remove_file(&partial);
    let other = |error: rusqlite::Error| not_opened(&files.database, &error);
    let source = connect_reader(&files.database).map_err(other)?;
    make_private(&partial)?;
    let mut copy = Connection::open(&partial).map_err(other)?;
    copy_all(&source, &mut copy).map_err(other)?;
    let sealer = Sealer::from_file(&files.key, false)?;
    copy.execute_batch("PRAGMA journal_mode = DELETE; CREATE TABLE backup_key (key BLOB NOT NULL) STRICT;")
        .and_then(|()| copy.execute("INSERT INTO backup_key (key) VALUES (?1)", [sealer.key().as_slice()]))
        .map_err(other)?;
    drop(copy);
    let folder = |error: std::io::Error| OpenError::Folder { path: target.to_owned(), why: error.to_string() };
    fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(folder)?;
    fs::rename(&partial, target).map_err(folder)
}

/// Puts a backup in the place of the database. The daemon must be stopped; the caller holds the folder's lock.
/// What was there before stays beside it as `depesche.db.before-restore`, or with a number behind that if one is there.
///
/// A copy that the daemon or an earlier restore has set aside has no key inside: then the key must still be there.
pub fn restore(settings: &StoreSettings, source: &Path, now: Timestamp) -> Result<(), OpenError> {
    make_folder(&settings.folder)?;
    let files = Files::of(settings);
    let other = |error: rusqlite::Error| not_opened(source, &error);
    let backup = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(other)?;
    check_whole(&backup, source)?;
    let mark: String =
        backup.query_row("SELECT mark FROM installation WHERE id = 1", [], |row| row.get(0)).map_err(other)?;
    let (found, known) = migrate::schema_of(&backup).map_err(other)?;
    if found > known {
        return Err(OpenError::TooNew { path: source.to_owned(), found, known });
    }
    let sealer = match key_inside(&backup).map_err(other)? {
        Some(key) => Sealer::of(key),
        None => Sealer::from_file(&files.key, false)?,
    };
    check_key(&backup, &files, &sealer)?;

    let fresh = files.database.with_extension("restoring");
    let _ = fs::remove_file(&fresh);
    make_private(&fresh)?;
    let mut copy = Connection::open(&fresh).map_err(other)?;
    copy_all(&backup, &mut copy).map_err(other)?;
    copy.execute_batch("DROP TABLE IF EXISTS backup_key").and_then(|()| hold_back(&copy, now)).map_err(other)?;
    drop(copy);
    put_in_place(&files, &fresh, &mark, sealer.key())
        .map_err(|error| OpenError::Folder { path: settings.folder.clone(), why: error.to_string() })
}

fn key_inside(backup: &Connection) -> rusqlite::Result<Option<[u8; 32]>> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'backup_key'";
    if backup.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    backup.query_row("SELECT key FROM backup_key", [], |row| row.get(0)).map(Some)
}

/// What waited for a carrier when the backup was made has most likely been sent since: nobody is texted twice on a guess.
/// Phones know a text again by its Call-ID, so what waits for them stays.
fn hold_back(copy: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let reason = serde_json::to_string(&Reason::of(ReasonCode::Restored)).expect("a reason is plain data");
    copy.execute(
        "UPDATE deliveries SET state = 'uncertain', in_doubt = 1, lease_until = NULL, reason = ?1, updated_at = ?2 \
         WHERE line = 'carrier' AND state IN ('queued', 'sending')",
        (reason, now.0),
    )
    .map(drop)
}

fn put_in_place(files: &Files, fresh: &Path, mark: &str, key: &[u8]) -> std::io::Result<()> {
    fs::File::open(fresh)?.sync_all()?;
    if files.database.exists() {
        // Fold the log into the file first, so that what is set aside is whole.
        let _ = Connection::open(&files.database)
            .and_then(|old| old.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;"));
        fs::rename(&files.database, aside(&files.database))?;
    }
    for side in ["db-wal", "db-shm"] {
        let _ = fs::remove_file(files.database.with_extension(side));
    }
    write_private(&files.key, key)?;
    write_private(&files.mark, format!("{mark}\n").as_bytes())?;
    fs::rename(fresh, &files.database)?;
    fs::File::open(files.database.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A name that is free: of two restores, the first may be the one that set the good database aside.
fn aside(database: &Path) -> PathBuf {
    let first = database.with_extension("db.before-restore");
    let numbered = (2..).map(|number| database.with_extension(format!("db.before-restore-{number}")));
    std::iter::once(first).chain(numbered).find(|path| !path.exists()).expect("numbers do not end")
}

pub(in crate::store) fn copy_all(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = rusqlite::backup::Backup::new(source, target)?;
    loop {
        match backup.step(-1)? {
            rusqlite::backup::StepResult::Done => return Ok(()),
            _ => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;
