//! The store: one thread owns the writing connection and commits what waits in one go; a few readers read.
//! [`Tx`] may write and lives only inside [`Store::write`]; [`Snapshot`] reads; events leave after the commit.

use crate::domain::event::Event;
use crate::domain::id::ContactId;
use crate::store::at_once::{AtOnce, Claimant, ClaimantPlace};
use crate::store::error::StoreError;
use crate::store::seal::Sealer;
use crate::store::writer::{Job, Told, Work, write_all};
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a write waits for room in the line before it is told that the store is busy.
const ROOM_WITHIN: Duration = Duration::from_secs(5);

/// Takes events after the commit that made them true.
pub type Publish = Arc<dyn Fn(&[Event]) + Send + Sync>;

/// The right to write. Clones share the one writer thread.
#[derive(Clone)]
pub struct Store {
    line: mpsc::Sender<Box<dyn Job>>,
    reader: Reader,
    failing: Failing,
    pub(super) claimant: ClaimantPlace,
}

/// Why the last commit that had something to write did not reach the disk.
pub(super) type Failing = Arc<Mutex<Option<StoreError>>>;

/// The right to read. Clones share the reader threads.
#[derive(Clone)]
pub struct Reader {
    lines: Arc<[mpsc::Sender<Box<dyn Query>>]>,
    next: Arc<AtomicUsize>,
}

/// The database as it is at one moment.
pub struct Snapshot<'c> {
    pub(in crate::store) conn: &'c Connection,
    pub(in crate::store) sealer: &'c Sealer,
}

/// A transaction: reads like a [`Snapshot`], and writes.
pub struct Tx<'c> {
    snapshot: Snapshot<'c>,
    pub(super) events: RefCell<Vec<Event>>,
    /// How many messages were filed, for the search index.
    filed: Cell<usize>,
    pub(super) at_once: AtOnce,
    /// Contacts whose words are entered into the search index before the commit.
    changed_words: RefCell<BTreeSet<ContactId>>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Snapshot<'c>;
    fn deref(&self) -> &Snapshot<'c> {
        &self.snapshot
    }
}

impl<'c> Tx<'c> {
    /// In a transaction that the writer begins and ends.
    pub(super) fn on(conn: &'c Connection, sealer: &'c Sealer, claimant: Option<Arc<dyn Claimant>>) -> Tx<'c> {
        Tx {
            snapshot: Snapshot { conn, sealer },
            events: RefCell::default(),
            filed: Cell::new(0),
            at_once: AtOnce { claimant, ..AtOnce::default() },
            changed_words: RefCell::default(),
        }
    }
}

impl Tx<'_> {
    /// A message was filed, which is to be found.
    pub(in crate::store) fn note_filed(&self) {
        self.filed.set(self.filed.get() + 1);
    }

    pub(super) fn messages_filed(&self) -> usize {
        self.filed.get()
    }

    /// Writes what is there already: it is on disk or it fails, and changes nothing.
    fn write_the_same(&self) -> Result<(), StoreError> {
        self.conn.prepare_cached("UPDATE installation SET mark = mark WHERE id = 1")?.execute([])?;
        Ok(())
    }

    /// Says what will have happened once this is on disk.
    pub fn emit(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }

    /// This contact is to be found by what it is called now.
    pub(in crate::store) fn words_changed(&self, contact: ContactId) {
        self.changed_words.borrow_mut().insert(contact);
    }

    pub(in crate::store) fn take_changed_words(&self) -> BTreeSet<ContactId> {
        self.changed_words.take()
    }

    pub(super) fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

impl Store {
    /// Starts the threads over connections that are already open and checked.
    pub(in crate::store) fn start(
        writer: Connection,
        readers: Vec<Connection>,
        sealer: Sealer,
        line_max: usize,
        publish: Publish,
    ) -> (Store, Threads) {
        let sealer = Arc::new(sealer);
        let (line, jobs) = mpsc::channel(line_max);
        let mut reading = Vec::new();
        let lines = readers
            .into_iter()
            .map(|connection| {
                let (line, queries) = mpsc::channel(256);
                let sealer = Arc::clone(&sealer);
                reading.push(spawn("store-reader", move || read_all(&connection, &sealer, queries)));
                line
            })
            .collect();
        let failing = Failing::default();
        let noted = Arc::clone(&failing);
        let claimant = ClaimantPlace::default();
        let place = Arc::clone(&claimant);
        let writing = spawn("store-writer", move || {
            write_all(&writer, &sealer, jobs, &Told { publish, failing: noted, claimant: place });
            // The last connection to close folds the log into the database; two that close at once both leave it.
            Threads(reading).join();
        });
        let reader = Reader { lines, next: Arc::default() };
        (Store { line, reader, failing, claimant }, Threads(vec![writing]))
    }

    /// Runs `work` in a transaction and answers once it is on disk; if `work` fails, only its own changes are undone.
    ///
    /// # Errors
    /// What `work` returned, or why the store could not do it: then nothing of it is on disk.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.enter(work, false).await
    }

    /// The same for work that refuses before it writes or not at all. Such works share a savepoint, which saves each a
    /// copy of every page it touches. If one fails after it wrote something, its neighbours are told
    /// [`StoreError::Busy`], and nothing of them is on disk.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_together<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.enter(work, true).await
    }

    async fn enter<T, E, F>(&self, work: F, together: bool) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work::new(work, reply, together));
        match tokio::time::timeout(ROOM_WITHIN, self.line.send(job)).await {
            Err(_) => return Err(StoreError::Busy.into()),
            Ok(Err(_)) => return Err(StoreError::Closed.into()),
            Ok(Ok(())) => {}
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// The right to read, to be handed to those who must not write.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Reads; see [`Reader::read`].
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static,
    {
        self.reader.read(query).await
    }

    /// Why the last commit that had something to write failed; `None` while the database takes what it is given. Where
    /// nothing was written since, this tries whether it would be taken now.
    pub async fn failing(&self) -> Option<StoreError> {
        if self.failed().is_some() {
            // What comes of it is noted like any other commit.
            let _ = self.write(|tx| tx.write_the_same()).await;
        }
        self.failed()
    }

    fn failed(&self) -> Option<StoreError> {
        self.failing.lock().expect("nothing under this lock panics").clone()
    }

    /// Has all messages that were filed so far found by who searches: they enter the index in batches.
    pub async fn make_searchable(&self) -> Result<(), StoreError> {
        self.write(|tx| tx.index_new_messages()).await
    }

    /// Answers when the writer thread has committed something: for the watchdog.
    pub async fn alive(&self) -> Result<(), StoreError> {
        self.write(|_| Ok(())).await
    }
}

impl Reader {
    /// Runs `query` on the newest committed state.
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Snapshot<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lines.len();
        let query = Box::new(Asked { query: Some(query), reply: Some(reply) });
        match tokio::time::timeout(ROOM_WITHIN, self.lines[turn].send(query)).await {
            Err(_) => return Err(StoreError::Busy.into()),
            Ok(Err(_)) => return Err(StoreError::Closed.into()),
            Ok(Ok(())) => {}
        }
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

/// The store's threads; they end when the last [`Store`] and [`Reader`] are gone.
pub struct Threads(Vec<std::thread::JoinHandle<()>>);

impl Threads {
    /// Waits until what was accepted is on disk and the files are closed.
    pub fn join(self) {
        for thread in self.0 {
            // A panicked thread has been reported by the panic hook; there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new().name(name.into()).spawn(body).expect("a thread at start; without it there is no store")
}

trait Query: Send {
    fn run(&mut self, snapshot: &Snapshot<'_>);
}

struct Asked<F, T, E> {
    query: Option<F>,
    reply: Option<oneshot::Sender<Result<T, E>>>,
}

impl<F, T, E> Query for Asked<F, T, E>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Snapshot<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, snapshot: &Snapshot<'_>) {
        let (Some(query), Some(reply)) = (self.query.take(), self.reply.take()) else { return };
        if reply.is_closed() {
            return;
        }
        let result = catch_unwind(AssertUnwindSafe(|| query(snapshot)))
            .unwrap_or_else(|_| Err(StoreError::Refused("the query panicked".into()).into()));
        let _ = reply.send(result);
    }
}

fn read_all(connection: &Connection, sealer: &Sealer, mut queries: mpsc::Receiver<Box<dyn Query>>) {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(drop);
    while let Some(mut query) = queries.blocking_recv() {
        // One transaction for each query, so that its statements see one state.
        let begun = run("BEGIN").is_ok();
        query.run(&Snapshot { conn: connection, sealer });
        if begun {
            let _ = run("COMMIT");
        }
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
