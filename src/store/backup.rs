//! The database as one file, copied while the daemon may be running, and put back in its place.

use crate::domain::time::Timestamp;
use crate::store::error::OpenError;
use crate::store::migrate;
use crate::store::open::{
    Files, StoreSettings, check_key, check_whole, connect_reader, make_folder, make_private, not_opened,
};
use crate::store::seal::{Sealer, write_private};
use crate::store::since_backup::{self, Since};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};

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
///
/// Says what the database that goes knew of the time since: see [`since_backup`].
pub fn restore(settings: &StoreSettings, source: &Path, now: Timestamp) -> Result<Since, OpenError> {
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
    copy.execute_batch("DROP TABLE IF EXISTS backup_key").map_err(other)?;
    let since = since_backup::look_after(&mut copy, &files.database, &sealer, now).map_err(other)?;
    drop(copy);
    put_in_place(&files, &fresh, &mark, sealer.key())
        .map_err(|error| OpenError::Folder { path: settings.folder.clone(), why: error.to_string() })?;
    Ok(since)
}

fn key_inside(backup: &Connection) -> rusqlite::Result<Option<[u8; 32]>> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'backup_key'";
    if backup.query_row(tables, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    backup.query_row("SELECT key FROM backup_key", [], |row| row.get(0)).map(Some)
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
#[path = "backup_tests.rs"]
mod tests;
