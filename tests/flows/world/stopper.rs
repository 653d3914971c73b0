//! Counts what happens, commit by commit and call by call, and stops the world at one of these steps: from then on
//! nobody hears anything any more, and what was on the disk at that moment is set aside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// Clones share the count.
#[derive(Clone)]
pub struct Stopper(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    stop_at: AtomicUsize,
    steps: AtomicUsize,
    commits: AtomicUsize,
    stopped: AtomicBool,
    image: Mutex<Option<TempDir>>,
    names: Mutex<Vec<&'static str>>,
}

impl Stopper {
    /// Counts only.
    pub fn never(folder: &Path) -> Stopper {
        Stopper(Arc::new(Inner {
            folder: folder.to_owned(),
            stop_at: AtomicUsize::new(usize::MAX),
            steps: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            image: Mutex::default(),
            names: Mutex::default(),
        }))
    }

    /// Stops the world after so many more steps.
    pub fn stop_after(&self, steps: usize) {
        self.0.stop_at.store(self.0.steps.load(Ordering::SeqCst) + steps, Ordering::SeqCst);
    }

    /// Never stops the world.
    pub fn stop_never(&self) {
        self.0.stop_at.store(usize::MAX, Ordering::SeqCst);
    }

    /// Stops the world.
    pub fn stop_now(&self) {
        self.take_image();
    }

    /// A commit is on disk, and nobody knows yet. Whether the world goes on.
    pub fn commit(&self) -> bool {
        self.0.commits.fetch_add(1, Ordering::SeqCst);
        self.step("commit")
    }

    /// Something happened. Whether the world goes on.
    pub fn step(&self, name: &'static str) -> bool {
        if self.is_stopped() {
            return false;
        }
        self.0.names.lock().expect("no panic here").push(name);
        let step = self.0.steps.fetch_add(1, Ordering::SeqCst) + 1;
        if step < self.0.stop_at.load(Ordering::SeqCst) {
            return true;
        }
        self.take_image();
        false
    }

    fn take_image(&self) {
        let mut image = self.0.image.lock().expect("no panic here");
        if self.0.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        let folder = crate::world::folder();
        for name in ["depesche.db", "depesche.db-wal", "secret.key", "installation"] {
            let from = self.0.folder.join(name);
            if from.exists() {
                fs::copy(from, folder.path().join(name)).expect("a copy");
            }
        }
        *image = Some(folder);
    }

    /// How many commits there were.
    pub fn commits(&self) -> usize {
        self.0.commits.load(Ordering::SeqCst)
    }

    /// How many steps there were.
    pub fn steps(&self) -> usize {
        self.0.steps.load(Ordering::SeqCst)
    }

    /// What the last step was.
    pub fn last_step(&self) -> &'static str {
        self.0.names.lock().expect("no panic here").last().copied().unwrap_or("nothing")
    }

    /// Whether the world has stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// What was on the disk when the world stopped.
    pub fn image(&self) -> Option<TempDir> {
        self.0.image.lock().expect("no panic here").take()
    }
}
