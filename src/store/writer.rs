//! The thread that writes: what waits in line shares a commit, and all are answered after it.

use crate::store::at_once::ClaimantPlace;
use crate::store::deliveries::Leased;
use crate::store::error::StoreError;
use crate::store::handle::{Failing, Publish, Tx};
use crate::store::seal::Sealer;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How many writes share one commit at most.
const GROUP_MAX: usize = 512;
/// From this many on, more are on their way: the commit waits a moment for them.
const CROWD_MIN: usize = 4;
/// Where commits are faster than this, waiting for anybody would be longer than the next one.
const GATHER_FROM: Duration = Duration::from_millis(2);
/// How long it waits at most; and never longer than a third of what the last commit took.
const GATHER_MAX: Duration = Duration::from_micros(1500);
/// How often it looks meanwhile whether they are there.
const GATHER_STEP: Duration = Duration::from_micros(100);
/// How many writes stand and fall together at most.
const TOGETHER_MAX: usize = 32;
/// How many messages are entered into the search index in one go: FTS5 writes a piece of its index for each commit, and
/// merges the pieces later. Whoever searches has the rest entered first.
const INDEXED_TOGETHER: usize = 256;
/// After such a fall, how many writes stand alone again, lest the same one pulls others down with it each time.
const WARY_FOR: usize = 1000;

pub(super) trait Job: Send {
    /// Whether it shares a savepoint with its neighbours.
    fn together(&self) -> bool;
    /// Does the work; whether it may stay.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// It was undone with a neighbour's.
    fn undone(&mut self);
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct Work<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
    together: bool,
}

impl<F, T, E> Work<F, T, E> {
    /// Work to do, and whom to tell.
    pub(super) fn new(work: F, reply: oneshot::Sender<Result<T, E>>, together: bool) -> Work<F, T, E> {
        Work { work: Some(work), result: None, reply, together }
    }
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

/// What the writer remembers from one commit to the next.
struct State {
    /// How long the last commit took.
    took: Duration,
    /// How many it answered.
    answered: usize,
    /// How many writes stand alone, since some fell together.
    wary: usize,
    /// How many messages the search index does not know yet, at most; after a start, nobody knows.
    unsearchable: usize,
}

/// Who is told of a commit before those are answered who asked for it.
pub(super) struct Told {
    /// Of events.
    pub publish: Publish,
    /// Of a failure.
    pub failing: Failing,
    /// Of what it claimed.
    pub claimant: ClaimantPlace,
}

/// Writes until nobody can ask for it any more.
pub(super) fn write_all(connection: &Connection, sealer: &Sealer, mut jobs: mpsc::Receiver<Box<dyn Job>>, told: &Told) {
    let mut group: Vec<Box<dyn Job>> = Vec::with_capacity(GROUP_MAX);
    let mut state = State { took: Duration::ZERO, answered: 0, wary: 0, unsearchable: INDEXED_TOGETHER };
    while let Some(first) = jobs.blocking_recv() {
        group.push(first);
        gather(&mut jobs, &mut group);
        let began = Instant::now();
        // Those the last commit has answered are about to come again. On a slow disk this makes half as many commits.
        let patience = if state.took < GATHER_FROM { Duration::ZERO } else { (state.took / 3).min(GATHER_MAX) };
        while group.len() >= CROWD_MIN && group.len() < state.answered && began.elapsed() < patience {
            std::thread::sleep(GATHER_STEP);
            gather(&mut jobs, &mut group);
        }
        state.answered = group.len();
        let began = Instant::now();
        let claimant = told.claimant.lock().expect("nothing under this lock panics").clone();
        let tx = Tx::on(connection, sealer, claimant);
        let changes_before = connection.total_changes();
        let committed = commit_group(&tx, &mut group, &mut state);
        state.took = began.elapsed();
        // A commit of nothing reaches no disk, nor does what is rolled back: neither proves anything.
        let wrote = matches!(committed, Ok(Some(_))) && connection.total_changes() != changes_before;
        if committed.is_err() || wrote {
            *told.failing.lock().expect("nothing under this lock panics") = committed.as_ref().err().cloned();
        }
        let (claimed, committed) = match committed {
            Ok(claimed) => (claimed.unwrap_or_default(), Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        hand_over(&tx, claimed);
        if committed.is_ok() {
            (told.publish)(&tx.events.borrow());
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

/// Runs all of a group in one transaction, each in a savepoint of its own, or in one with those beside it. A group that
/// stands together as a whole needs no savepoint: the transaction is one. What was claimed in it; `None`: all was undone.
fn commit_group(tx: &Tx<'_>, group: &mut [Box<dyn Job>], state: &mut State) -> Result<Option<Vec<Leased>>, StoreError> {
    tx.run("BEGIN IMMEDIATE")?;
    let outcome = run_all(tx, group, &mut state.wary).and_then(|stays| {
        if !stays {
            return tx.run("ROLLBACK").map(|()| None);
        }
        let claimed = tx.claimed_at_once()?;
        let unsearchable = state.unsearchable + tx.messages_filed();
        if unsearchable >= INDEXED_TOGETHER {
            tx.index_new_messages()?;
        }
        tx.index_changed_contacts()?;
        tx.run("COMMIT")?;
        state.unsearchable = if unsearchable >= INDEXED_TOGETHER { 0 } else { unsearchable };
        Ok(Some(claimed))
    });
    if let Err(error) = &outcome {
        tracing::error!(%error, "The database did not commit {} writes: {error}", group.len());
        // After some errors SQLite has rolled back by itself; then this says so, and that is fine.
        let _ = tx.conn.execute_batch("ROLLBACK");
    }
    outcome
}

/// Whether there is something to commit; if not, all of it is to be rolled back.
fn run_all(tx: &Tx<'_>, group: &mut [Box<dyn Job>], wary: &mut usize) -> Result<bool, StoreError> {
    let (mut at, jobs_in_all) = (0, group.len());
    while at < jobs_in_all {
        let alone = *wary > 0 || !group[at].together();
        let most = if alone { 1 } else { TOGETHER_MAX };
        let count = 1 + group[at + 1..].iter().take(most - 1).take_while(|job| job.together()).count();
        let jobs = &mut group[at..at + count];
        let stays = if count == jobs_in_all { run_jobs(tx, jobs)? } else { run_in_savepoint(tx, jobs)? };
        if !stays && count > 1 {
            *wary = WARY_FOR;
        }
        if !stays && count == jobs_in_all {
            return Ok(false);
        }
        *wary = wary.saturating_sub(count);
        at += count;
    }
    Ok(true)
}

fn run_in_savepoint(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    tx.run("SAVEPOINT job")?;
    let stays = run_jobs(tx, jobs)?;
    if !stays {
        tx.run("ROLLBACK TO job")?;
    }
    tx.run("RELEASE job")?;
    Ok(stays)
}

/// Runs jobs that stand and fall together; whether what they wrote may stay. If not, those after the one that failed
/// never run, and whoever calls undoes what was written.
fn run_jobs(tx: &Tx<'_>, jobs: &mut [Box<dyn Job>]) -> Result<bool, StoreError> {
    let before = said(tx);
    let mut failed = None;
    for (at, job) in jobs.iter_mut().enumerate() {
        let (changes, said_before) = (tx.conn.total_changes(), said(tx));
        let stays = job.run(tx);
        if tx.conn.is_autocommit() {
            // A full or failing disk: SQLite gave up all of the transaction, what the jobs before did with it.
            return Err(StoreError::Disk("it is full or failing".into()));
        }
        if !stays {
            unsay(tx, said_before);
            if tx.conn.total_changes() != changes {
                failed = Some(at);
                break;
            }
        }
    }
    if let Some(failed) = failed {
        unsay(tx, before);
        jobs.iter_mut().enumerate().filter(|(at, _)| *at != failed).for_each(|(_, job)| job.undone());
    }
    Ok(failed.is_none())
}

/// How much a transaction has to tell when it is committed: events, and deliveries that were claimed.
fn said(tx: &Tx<'_>) -> (usize, usize) {
    (tx.events.borrow().len(), tx.at_once.claimed.borrow().len())
}

fn unsay(tx: &Tx<'_>, (events, claimed): (usize, usize)) {
    tx.events.borrow_mut().truncate(events);
    tx.at_once.claimed.borrow_mut().truncate(claimed);
}

/// Gives what was claimed to who claimed it; also where that is nothing, since it may have been more before it was undone.
fn hand_over(tx: &Tx<'_>, claimed: Vec<Leased>) {
    if let Some(claimant) = &tx.at_once.claimant {
        claimant.take_over(claimed);
    }
}
