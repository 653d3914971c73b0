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
    /// Whether the step at which the world stops does not reach the books any more.
    loses_the_last: AtomicBool,
    books: Mutex<Option<TempDir>>,
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
            loses_the_last: AtomicBool::new(false),
            books: Mutex::default(),
            image: Mutex::default(),
            names: Mutex::default(),
        }))
    }

    /// Stops the world after so many more steps.
    pub fn stop_after(&self, steps: usize) {
        self.0.stop_at.store(self.0.steps.load(Ordering::SeqCst) + steps, Ordering::SeqCst);
    }

    /// Stops the world at that step, too, with the books as they were before it: the disk has every file that was written by
    /// then, and not the commit that speaks of it.
    pub fn stop_before(&self, steps: usize) {
        self.stop_after(steps);
        self.0.loses_the_last.store(true, Ordering::SeqCst);
        if steps == 1 {
            self.keep_books();
        }
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
        let stop_at = self.0.stop_at.load(Ordering::SeqCst);
        if step.saturating_add(1) == stop_at && self.0.loses_the_last.load(Ordering::SeqCst) {
            self.keep_books();
        }
        if step < stop_at {
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
        let kept = self.0.books.lock().expect("no panic here").take();
        let folder = kept.unwrap_or_else(|| self.books_now());
        copy_files(&self.0.folder.join("media"), &folder.path().join("media"));
        *image = Some(folder);
    }

    fn keep_books(&self) {
        *self.0.books.lock().expect("no panic here") = Some(self.books_now());
    }

    fn books_now(&self) -> TempDir {
        let folder = crate::world::folder();
        for name in ["depesche.db", "depesche.db-wal", "secret.key", "installation"] {
            let from = self.0.folder.join(name);
            if from.exists() {
                fs::copy(from, folder.path().join(name)).expect("a copy");
            }
        }
        folder
    }

    /// How many commits there were.
    pub fn commits(&self) -> usize {
        self.0.commits.load(Ordering::SeqCst)
    }

    /// How many steps there were.
    pub fn steps(&self) -> usize {
        self.0.steps.load(Ordering::SeqCst)
    }

    /// What they were.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.names.lock().expect("no panic here").clone()
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

/// The archive as it is at this moment; what is just being written may be gone before it is copied.
fn copy_files(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).expect("a folder");
    for entry in entries.flatten() {
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_files(&path, &copy);
        } else {
            let _ = fs::copy(path, copy);
        }
    }
}
