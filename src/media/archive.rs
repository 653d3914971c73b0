//! Files by the hash of their content, `<folder>/ab/abcdef…`, their thumbnails beside them as `<hash>.thumb.jpg`.
//! No path here is ever made of anything but a hash; whose a file is, the store knows.

use crate::domain::media::FileHash;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::media::incoming::Incoming;
use crate::os;
use bytes::Bytes;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;
use tracing::warn;

/// Where files are written before they count as kept; emptied at each start.
const UNDER_WAY: &str = "incoming";
/// What follows the hash in a thumbnail's name.
const THUMB: &str = ".thumb.jpg";

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveBounds {
    /// Bytes of all files and thumbnails together.
    pub quota_bytes: u64,
    /// What must stay free on the disk: the database lives there too.
    pub free_bytes_min: u64,
    /// Bytes of one file.
    pub file_bytes_max: u64,
}

/// Why a file is not kept or not given.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Quota or disk is used up.
    #[error("there is no room left for files: {0}")]
    Full(&'static str),
    /// One file is larger than any may be.
    #[error("the file has more than {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
    /// The disk, or the rights to it.
    #[error("{0}; check the disk and that the folder belongs to the service user")]
    Disk(String),
}

impl ArchiveError {
    /// In words for people.
    pub fn reason(&self) -> Reason {
        Reason::of(match self {
            ArchiveError::Full(_) => ReasonCode::FilesFull,
            ArchiveError::TooLarge { .. } => ReasonCode::FileTooLarge,
            ArchiveError::Disk(_) => ReasonCode::FileProblem,
        })
    }

    pub(super) fn disk(path: &Path, error: impl std::fmt::Display) -> ArchiveError {
        ArchiveError::Disk(format!("{}: {error}", path.display()))
    }
}

/// A file as the clean-up sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// Which.
    pub hash: FileHash,
    /// How large, without its thumbnail.
    pub bytes: u64,
    /// When it was last kept: the same content kept once more is young again.
    pub kept_at: Timestamp,
}

/// The folder of all files.
#[derive(Clone)]
pub struct Archive(Arc<Stacks>);

/// What all handles share.
pub(super) struct Stacks {
    folder: PathBuf,
    pub(super) bounds: ArchiveBounds,
    used: AtomicU64,
    next: AtomicU64,
    /// Held while a file appears or goes, so that the clean-up never takes what is kept at the same moment.
    turn: Mutex<()>,
}

impl Archive {
    /// Where files lie that are just being written; emptied at each start.
    pub fn under_way(&self) -> PathBuf {
        self.0.folder.join(UNDER_WAY)
    }

    /// Makes the folder private, removes what was left half-written, and counts what is used.
    pub fn open(folder: &Path, bounds: ArchiveBounds) -> Result<Archive, ArchiveError> {
        let under_way = folder.join(UNDER_WAY);
        if under_way.exists() {
            fs::remove_dir_all(&under_way).map_err(|error| ArchiveError::disk(&under_way, error))?;
        }
        make_private(folder)?;
        make_private(&under_way)?;
        let used = count(folder).map_err(|error| ArchiveError::disk(folder, error))?;
        let (used, next) = (AtomicU64::new(used), AtomicU64::new(0));
        Ok(Archive(Arc::new(Stacks { folder: folder.to_owned(), bounds, used, next, turn: Mutex::new(()) })))
    }

    /// Begins a file. [`ArchiveError::Full`] where quota or free space is used up.
    pub async fn begin(&self) -> Result<Incoming, ArchiveError> {
        self.0.clone().off_the_loop(|stacks| stacks.check_room(0)).await?;
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        Incoming::at(self.0.clone(), self.0.folder.join(UNDER_WAY).join(number.to_string())).await
    }

    /// Where the file is, if it is kept.
    pub fn path_of(&self, hash: &FileHash) -> PathBuf {
        self.0.path_of(hash)
    }

    /// Where its thumbnail is, if it has one.
    pub fn thumb_path_of(&self, hash: &FileHash) -> PathBuf {
        self.0.thumb_path_of(hash)
    }

    /// The whole file; `None`: it is not there.
    pub async fn read(&self, hash: &FileHash) -> Result<Option<Bytes>, ArchiveError> {
        let path = self.path_of(hash);
        self.0.clone().off_the_loop(move |_| found(&path, fs::read(&path)).map(|file| file.map(Bytes::from))).await
    }

    /// The file, opened, and its length; `None`: it is not there.
    pub async fn open_file(&self, hash: &FileHash) -> Result<Option<(tokio::fs::File, u64)>, ArchiveError> {
        open(&self.path_of(hash)).await
    }

    /// Its thumbnail, opened, and its length; `None`: it has none.
    pub async fn open_thumb(&self, hash: &FileHash) -> Result<Option<(tokio::fs::File, u64)>, ArchiveError> {
        open(&self.thumb_path_of(hash)).await
    }

    /// Whether it has a thumbnail.
    pub async fn has_thumb(&self, hash: &FileHash) -> bool {
        tokio::fs::try_exists(self.thumb_path_of(hash)).await.unwrap_or(false)
    }

    /// Removes the file and its thumbnail; one that is not there is no error.
    pub async fn remove(&self, hash: &FileHash) -> Result<(), ArchiveError> {
        let hash = hash.clone();
        self.0.clone().off_the_loop(move |stacks| stacks.remove(&hash, &stacks.turn())).await
    }

    /// Removes it if it was not kept again since `moment`, and says whether: for the clean-up of what nobody names any
    /// more, which must not take a file whose row is just being written.
    pub async fn remove_if_kept_before(&self, hash: &FileHash, moment: Timestamp) -> Result<bool, ArchiveError> {
        let hash = hash.clone();
        let work = move |stacks: &Stacks| {
            let turn = stacks.turn();
            let path = stacks.path_of(&hash);
            match found(&path, fs::metadata(&path))? {
                Some(is) if kept_at(&is) >= moment => Ok(false),
                Some(_) => stacks.remove(&hash, &turn).map(|()| true),
                None => Ok(false),
            }
        };
        self.0.clone().off_the_loop(work).await
    }

    /// What is kept, in the order of hashes, after `after`, at most `at_most` of them: the clean-up goes page by page.
    pub async fn all(&self, after: Option<FileHash>, at_most: usize) -> Result<Vec<OnDisk>, ArchiveError> {
        self.0.clone().off_the_loop(move |stacks| stacks.page(after.as_ref(), at_most)).await
    }

    /// Bytes of all files and thumbnails.
    pub fn used_bytes(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// The bounds it was opened with.
    pub fn bounds(&self) -> ArchiveBounds {
        self.0.bounds
    }

    /// Whether the next file would be refused. Asks the disk, which answers at once.
    pub fn is_full(&self) -> bool {
        self.0.check_room(0).is_err()
    }
}

impl Stacks {
    /// Runs work on the disk where it may wait.
    pub(super) async fn off_the_loop<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Stacks) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let done = tokio::task::spawn_blocking(move || work(&self)).await;
        done.unwrap_or_else(|error| Err(ArchiveError::Disk(format!("work on files ended early: {error}"))))
    }

    /// Whether `more` bytes may be written.
    pub(super) fn check_room(&self, more: u64) -> Result<(), ArchiveError> {
        if self.used.load(Ordering::Relaxed).saturating_add(more) >= self.bounds.quota_bytes {
            return Err(ArchiveError::Full("the limit for files is reached"));
        }
        let free = os::free_bytes(&self.folder).map_err(|error| ArchiveError::disk(&self.folder, error))?;
        if free < self.bounds.free_bytes_min {
            return Err(ArchiveError::Full("the disk is almost full"));
        }
        Ok(())
    }

    /// Puts a written file, which is on the disk already, in its place.
    pub(super) fn keep(&self, written: &Path, thumb: &Path, hash: &FileHash) -> Result<(), ArchiveError> {
        let _turn = self.turn();
        let path = self.path_of(hash);
        let shelf = path.parent().unwrap_or(&self.folder);
        if !shelf.exists() {
            make_private(shelf)?;
            sync(&self.folder)?;
        }
        self.put(written, &path)?;
        if thumb.exists() {
            sync(thumb)?;
            self.put(thumb, &self.thumb_path_of(hash))?;
        }
        sync(shelf)
    }

    fn put(&self, from: &Path, to: &Path) -> Result<(), ArchiveError> {
        let before = fs::metadata(to).map_or(0, |is| is.len());
        let now = fs::metadata(from).map_err(|error| ArchiveError::disk(from, error))?.len();
        // The same content takes the place of itself: one file, young again.
        fs::rename(from, to).map_err(|error| ArchiveError::disk(to, error))?;
        self.used.fetch_add(now, Ordering::Relaxed);
        self.forget(before);
        Ok(())
    }

    fn remove(&self, hash: &FileHash, _turn: &MutexGuard<'_, ()>) -> Result<(), ArchiveError> {
        for path in [self.path_of(hash), self.thumb_path_of(hash)] {
            let Some(is) = found(&path, fs::metadata(&path))? else { continue };
            fs::remove_file(&path).map_err(|error| ArchiveError::disk(&path, error))?;
            self.forget(is.len());
        }
        Ok(())
    }

    fn forget(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        // Whoever panicked held nothing but the turn.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path_of(&self, hash: &FileHash) -> PathBuf {
        self.folder.join(&hash.as_str()[..2]).join(hash.as_str())
    }

    fn thumb_path_of(&self, hash: &FileHash) -> PathBuf {
        self.folder.join(&hash.as_str()[..2]).join(format!("{}{THUMB}", hash.as_str()))
    }

    fn page(&self, after: Option<&FileHash>, at_most: usize) -> Result<Vec<OnDisk>, ArchiveError> {
        let first = after.map_or(0, |hash| u8::from_str_radix(&hash.as_str()[..2], 16).unwrap_or(0));
        let mut page = Vec::new();
        for shelf in first..=u8::MAX {
            let shelf = self.folder.join(format!("{shelf:02x}"));
            let Some(entries) = found(&shelf, fs::read_dir(&shelf))? else { continue };
            let mut here: Vec<OnDisk> = entries.flatten().filter_map(|entry| on_disk(&entry)).collect();
            here.retain(|file| after.is_none_or(|after| file.hash > *after));
            here.sort_by(|one, other| one.hash.cmp(&other.hash));
            page.extend(here);
            if page.len() >= at_most {
                page.truncate(at_most);
                break;
            }
        }
        Ok(page)
    }
}

fn on_disk(entry: &fs::DirEntry) -> Option<OnDisk> {
    let hash = FileHash::parse(entry.file_name().to_str()?)?;
    let is = entry.metadata().ok().filter(|is| is.is_file())?;
    Some(OnDisk { hash, bytes: is.len(), kept_at: kept_at(&is) })
}

fn kept_at(is: &fs::Metadata) -> Timestamp {
    let since = is.modified().ok().and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    Timestamp::default().plus(since.unwrap_or_default())
}

/// What is used; a thumbnail whose file is gone is removed on the way.
fn count(folder: &Path) -> io::Result<u64> {
    let mut used = 0;
    for shelf in fs::read_dir(folder)?.flatten() {
        let is_shelf = shelf.file_type()?.is_dir() && shelf.file_name().len() == 2;
        if !is_shelf {
            continue;
        }
        for entry in fs::read_dir(shelf.path())?.flatten() {
            let Some(is) = entry.metadata().ok().filter(fs::Metadata::is_file) else { continue };
            let name = entry.file_name();
            let of = name.to_str().and_then(|name| name.strip_suffix(THUMB));
            if of.is_some_and(|of| !shelf.path().join(of).exists()) {
                warn!("A thumbnail without its file is removed");
                fs::remove_file(entry.path())?;
                continue;
            }
            used += is.len();
        }
    }
    Ok(used)
}

async fn open(path: &Path) -> Result<Option<(tokio::fs::File, u64)>, ArchiveError> {
    let Some(file) = found(path, tokio::fs::File::open(path).await)? else { return Ok(None) };
    let is = file.metadata().await.map_err(|error| ArchiveError::disk(path, error))?;
    Ok(Some((file, is.len())))
}

fn found<T>(path: &Path, result: io::Result<T>) -> Result<Option<T>, ArchiveError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ArchiveError::disk(path, error)),
    }
}

fn make_private(folder: &Path) -> Result<(), ArchiveError> {
    os::make_private_folder(folder).map_err(|error| ArchiveError::Disk(error.to_string()))?;
    let private = Permissions::from_mode(0o700);
    fs::set_permissions(folder, private).map_err(|error| ArchiveError::disk(folder, error))
}

fn sync(path: &Path) -> Result<(), ArchiveError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| ArchiveError::disk(path, error))
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
