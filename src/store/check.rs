//! Reading the database through while it is at work: table by table, with rests between, so that neither the disk nor the
//! folding of the log waits for it long. A damaged page is found before somebody needs it.

use crate::store::error::StoreError;
use crate::store::open::{Files, StoreSettings, connect_reader};
use rusqlite::{Connection, InterruptHandle};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// All of it can be read, and hangs together.
    Whole,
    /// It is damaged; SQLite's words.
    Damaged(String),
    /// It was told to stop before the end.
    Stopped,
}

/// Bytes of the database file.
pub fn bytes(settings: &StoreSettings) -> u64 {
    fs::metadata(Files::of(settings).database).map_or(0, |found| found.len())
}

/// A reading of the database, on a connection of its own.
pub struct Reading {
    connection: Connection,
    stopped: Arc<AtomicBool>,
}

/// Ends a reading when dropped, in the middle of a table too.
pub struct Stopper {
    interrupt: InterruptHandle,
    stopped: Arc<AtomicBool>,
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.interrupt.interrupt();
    }
}

impl Reading {
    /// Opens the database for it.
    pub fn open(settings: &StoreSettings) -> Result<(Reading, Stopper), StoreError> {
        let connection = connect_reader(&Files::of(settings).database)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stopper = Stopper { interrupt: connection.get_interrupt_handle(), stopped: Arc::clone(&stopped) };
        Ok((Reading { connection, stopped }, stopper))
    }

    /// Reads all tables through with their indexes. It blocks: give it a thread.
    pub fn run(self, rest: Duration) -> Result<Found, StoreError> {
        for table in tables(&self.connection)? {
            let quoted = table.replace('"', "\"\"");
            let sql = format!("PRAGMA quick_check(\"{quoted}\")");
            let verdict: rusqlite::Result<String> = self.connection.query_row(&sql, [], |row| row.get(0));
            if self.stopped.load(Ordering::Relaxed) {
                return Ok(Found::Stopped);
            }
            match verdict {
                Ok(verdict) if verdict == "ok" => {}
                Ok(verdict) => return Ok(Found::Damaged(verdict)),
                Err(error) if is_damage(&error) => return Ok(Found::Damaged(error.to_string())),
                Err(error) => return Err(error.into()),
            }
            std::thread::sleep(rest);
        }
        Ok(Found::Whole)
    }
}

/// Those that have pages of their own; what a virtual table keeps lies in such tables.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY rootpage")?;
    query.query_map([], |row| row.get(0))?.collect()
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::open::open;
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::path::Path;

    async fn filled(folder: &Path) -> StoreSettings {
        let settings = StoreSettings { folder: folder.to_owned(), readers: 1, line_max: 16, key_file: None };
        let (store, threads) = open(&settings, 0, Arc::new(|_: &[_]| ())).expect("opens");
        for page in 0..40 {
            let write = store.write(move |tx| tx.set_site(&format!("key {page}"), &"x".repeat(3000)));
            write.await.expect("on disk");
        }
        drop(store);
        threads.join();
        settings
    }

    #[tokio::test]
    async fn a_whole_database_is_whole_and_a_damaged_page_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = filled(folder.path()).await;
        let (reading, stopper) = Reading::open(&settings).expect("opens");
        drop(stopper);
        assert_eq!(reading.run(Duration::ZERO).expect("read"), Found::Stopped);
        let (reading, _stopper) = Reading::open(&settings).expect("opens");
        assert_eq!(reading.run(Duration::ZERO).expect("read"), Found::Whole);

        let path = Files::of(&settings).database;
        let mut file = fs::OpenOptions::new().read(true).write(true).open(path).expect("there");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("read");
        let at = bytes.windows(7).rposition(|window| window == b"xxxxxxx").expect("in a row") / 4096 * 4096;
        file.seek(SeekFrom::Start(at as u64)).expect("there");
        file.write_all(&[0x5a; 4096]).expect("written");

        let (reading, _stopper) = Reading::open(&settings).expect("opens");
        let found = reading.run(Duration::ZERO).expect("read");
        assert!(matches!(found, Found::Damaged(_)), "{found:?}");
    }
}
