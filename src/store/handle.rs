//! The store: one thread owns the writing connection and commits what waits in one go; a few readers read.
//! [`Tx`] may write and lives only inside [`Store::write`]; [`Snapshot`] reads; events leave after the commit.

use crate::domain::event::Event;
use crate::domain::id::ContactId;
use crate::store::error::StoreError;
use rusqlite::Connection;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How many writes share one commit at most.
const GROUP_MAX: usize = 512;
/// From this many on, more are on their way: the commit waits a moment for them.
const CROWD_MIN: usize = 4;
/// How long it waits at most; and never longer than a third of what the last commit took.
const GATHER_MAX: Duration = Duration::from_micros(1500);
/// How often it looks meanwhile whether they are there.
const GATHER_STEP: Duration = Duration::from_micros(100);
/// How many writes stand and fall together at most.
const TOGETHER_MAX: usize = 32;
/// After such a fall, how many writes stand alone again, lest the same one pulls others down with it each time.
const WARY_FOR: usize = 1000;
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
}

/// Why the last commit that had something to write did not reach the disk.
type Failing = Arc<Mutex<Option<StoreError>>>;

/// The right to read. Clones share the reader threads.
#[derive(Clone)]
pub struct Reader {
    lines: Arc<[mpsc::Sender<Box<dyn Query>>]>,
    next: Arc<AtomicUsize>,
}

/// The database as it is at one moment.
pub struct Snapshot<'c> {
    pub(in crate::store) conn: &'c Connection,
    pub(in crate::store) sealer: &'c crate::store::seal::Sealer,
}

/// A transaction: reads like a [`Snapshot`], and writes.
pub struct Tx<'c> {
    snapshot: Snapshot<'c>,
    events: RefCell<Vec<Event>>,
    /// Contacts whose words are entered into the search index before the commit.
    changed_words: RefCell<BTreeSet<ContactId>>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Snapshot<'c>;
    fn deref(&self) -> &Snapshot<'c> {
        &self.snapshot
    }
}

impl Tx<'_> {
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

    fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

impl Store {
    /// Starts the threads over connections that are already open and checked.
    pub(in crate::store) fn start(
        writer: Connection,
        readers: Vec<Connection>,
        sealer: crate::store::seal::Sealer,
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
        let writing = spawn("store-writer", move || {
            write_all(&writer, &sealer, jobs, &publish, &noted);
            // The last connection to close folds the log into the database; two that close at once both leave it.
            Threads(reading).join();
        });
        let reader = Reader { lines, next: Arc::default() };
        (Store { line, reader, failing }, Threads(vec![writing]))
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
        let job = Box::new(Work { work: Some(work), result: None, reply, together });
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

trait Job: Send {
    /// Whether it shares a savepoint with its neighbours.
    fn together(&self) -> bool;
    /// Does the work; whether it may stay.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// It was undone with a neighbour's.
    fn undone(&mut self);
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    together: bool,
}

impl<F, T, E> Job for Work<F, T, E>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Tx<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let work = self.work.take().expect("a job runs once");
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(StoreError::Refused("the work panicked; it was undone".into()).into()));
        let stays = result.is_ok();
        self.result = Some(result);
        stays
    }

    fn together(&self) -> bool {
        self.together
    }

    fn undone(&mut self) {
        self.result = Some(Err(StoreError::Busy.into()));
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error.into()),
            (Some(ok), Ok(())) => ok,
            (None, Ok(())) => Err(StoreError::Closed.into()),
        };
        // Whoever asked may have gone; what is on disk is on disk.
        let _ = self.reply.send(result);
    }
}

fn write_all(
    connection: &Connection,
    sealer: &crate::store::seal::Sealer,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    publish: &Publish,
    failing: &Failing,
) {
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP_MAX);
    let (mut took, mut wary, mut answered) = (Duration::ZERO, 0, 0);
    while let Some(first) = jobs.blocking_recv() {
        group.push(first);
        gather(&mut jobs, &mut group);
        let began = Instant::now();
        // Those the last commit has answered are about to come again. On a slow disk this makes half as many commits.
        while group.len() >= CROWD_MIN && group.len() < answered && began.elapsed() < (took / 3).min(GATHER_MAX) {
            std::thread::sleep(GATHER_STEP);
            gather(&mut jobs, &mut group);
        }
        answered = group.len();
        let began = Instant::now();
        let snapshot = Snapshot { conn: connection, sealer };
        let tx = Tx { snapshot, events: RefCell::default(), changed_words: RefCell::default() };
        let changes_before = connection.total_changes();
        let committed = commit_group(&tx, &mut group, &mut wary);
        took = began.elapsed();
        // A commit of nothing reaches no disk, and proves nothing.
        if committed.is_err() || connection.total_changes() != changes_before {
            *failing.lock().expect("nothing under this lock panics") = committed.clone().err();
        }
        if committed.is_ok() {
            publish(&tx.events.borrow());
        }
        for job in group.drain(..) {
            job.answer(committed.clone());
        }
    }
}

fn gather(jobs: &mut mpsc::Receiver<Box<dyn Job>>, group: &mut Vec<Box<dyn Job>>) {
    while group.len() < GROUP_MAX {
        let Ok(next) = jobs.try_recv() else { break };
        group.push(next);
    }
}

/// Runs all of a group in one transaction, each in a savepoint of its own, or in one with those beside it.
fn commit_group(tx: &Tx<'_>, group: &mut [Box<dyn Job>], wary: &mut usize) -> Result<(), StoreError> {
    tx.run("BEGIN IMMEDIATE")?;
    let outcome = (|| {
        let mut at = 0;
        while at < group.len() {
            let alone = *wary > 0 || !group[at].together();
            let most = if alone { 1 } else { TOGETHER_MAX };
            let count = 1 + group[at + 1..].iter().take(most - 1).take_while(|job| job.together()).count();
            if !run_together(tx, &mut group[at..at + count])? && count > 1 {
                *wary = WARY_FOR;
            }
            *wary = wary.saturating_sub(count);
            at += count;
        }
        tx.index_new_messages()?;
        tx.index_changed_contacts()?;
        tx.run("COMMIT")
    })();
    if let Err(error) = &outcome {
        tracing::error!(%error, "The database did not commit {} writes: {error}", group.len());
        // After some errors SQLite has rolled back by itself; then this says so, and that is fine.
        let _ = tx.conn.execute_batch("ROLLBACK");
    }
    outcome
}

/// Runs jobs in one savepoint; whether what they wrote may stay. If not, all is undone, and those after never run.
fn run_together(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    let events_before = tx.events.borrow().len();
    tx.run("SAVEPOINT job")?;
    let mut failed = None;
    for (at, job) in jobs.iter_mut().enumerate() {
        let (changes, events) = (tx.conn.total_changes(), tx.events.borrow().len());
        let stays = job.run(tx);
        if tx.conn.is_autocommit() {
            // A full or failing disk: SQLite gave up all of the transaction, what the jobs before did with it.
            return Err(StoreError::Disk("it is full or failing".into()));
        }
        if !stays {
            tx.events.borrow_mut().truncate(events);
            if tx.conn.total_changes() != changes {
                failed = Some(at);
                break;
            }
        }
    }
    if let Some(failed) = failed {
        tx.events.borrow_mut().truncate(events_before);
        tx.run("ROLLBACK TO job")?;
        jobs.iter_mut().enumerate().filter(|(at, _)| *at != failed).for_each(|(_, job)| job.undone());
    }
    tx.run("RELEASE job")?;
    Ok(failed.is_none())
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

fn read_all(connection: &Connection, sealer: &crate::store::seal::Sealer, mut queries: mpsc::Receiver<Box<dyn Query>>) {
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
