//! A file on its way into the archive: written piece by piece, or by the workshop, hashed, and kept only when all of it
//! is on the disk. Dropped before that, it leaves nothing behind.

use crate::domain::media::FileHash;
use crate::media::archive::{ArchiveError, Stacks};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// After how many bytes the room on the disk is looked at again.
const LOOK_EVERY_BYTES: u64 = 4 << 20;

/// A file in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub hash: FileHash,
    /// Its length.
    pub bytes: u64,
}

/// A temporary file; dropped, it is removed, and its thumbnail with it.
pub struct Incoming {
    stacks: Arc<Stacks>,
    path: PathBuf,
    thumb: PathBuf,
    file: File,
    digest: Sha256,
    bytes: u64,
    looked_at: u64,
}

impl Incoming {
    pub(super) async fn at(stacks: Arc<Stacks>, path: PathBuf) -> Result<Incoming, ArchiveError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&path).await.map_err(|error| ArchiveError::disk(&path, error))?;
        let thumb = path.with_extension("thumb");
        Ok(Incoming { stacks, path, thumb, file, digest: Sha256::new(), bytes: 0, looked_at: 0 })
    }

    /// Writes on. [`ArchiveError::TooLarge`] past the bound of a file, [`ArchiveError::Full`] where room runs out.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), ArchiveError> {
        self.grow(chunk.len() as u64).await?;
        self.digest.update(chunk);
        self.file.write_all(chunk).await.map_err(|error| ArchiveError::disk(&self.path, error))
    }

    async fn grow(&mut self, more: u64) -> Result<(), ArchiveError> {
        self.bytes += more;
        let bytes_max = self.stacks.bounds.file_bytes_max;
        if self.bytes > bytes_max {
            return Err(ArchiveError::TooLarge { bytes_max });
        }
        if self.bytes - self.looked_at >= LOOK_EVERY_BYTES {
            self.looked_at = self.bytes;
            let bytes = self.bytes;
            self.stacks.clone().off_the_loop(move |stacks| stacks.check_room(bytes)).await?;
        }
        Ok(())
    }

    /// Where it is until it is kept: for the workshop to read, or to write into.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the workshop may put its thumbnail, so that it is kept with it.
    pub fn thumb_path(&self) -> &Path {
        &self.thumb
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Everything written can be read by another process when this returns.
    pub async fn flush(&mut self) -> Result<(), ArchiveError> {
        self.file.flush().await.map_err(|error| ArchiveError::disk(&self.path, error))
    }

    /// Takes the file as another wrote it at [`Incoming::path`]: what was written here before counts no more.
    pub async fn reread(&mut self) -> Result<(), ArchiveError> {
        self.flush().await?;
        let path = self.path.clone();
        let (digest, bytes) = self.stacks.clone().off_the_loop(move |_| hash(&path)).await?;
        (self.digest, self.bytes, self.looked_at) = (digest, 0, 0);
        self.grow(bytes).await
    }

    /// Keeps it: when this returns, the file and its name are on the disk. The same content twice is one file.
    pub async fn keep(mut self) -> Result<Kept, ArchiveError> {
        self.flush().await?;
        self.file.sync_all().await.map_err(|error| ArchiveError::disk(&self.path, error))?;
        let hash = FileHash::of_digest(&std::mem::take(&mut self.digest).finalize().into());
        let (bytes, path, thumb) = (self.bytes, self.path.clone(), self.thumb.clone());
        let work = move |stacks: &Stacks| {
            stacks.check_room(bytes)?;
            stacks.keep(&path, &thumb, &hash)?;
            Ok(Kept { hash, bytes })
        };
        self.stacks.clone().off_the_loop(work).await
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Kept ones have moved away already; a thumbnail there may be none of.
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(&self.thumb);
    }
}

fn hash(path: &Path) -> Result<(Sha256, u64), ArchiveError> {
    let mut file = std::fs::File::open(path).map_err(|error| ArchiveError::disk(path, error))?;
    let (mut digest, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut piece).map_err(|error| ArchiveError::disk(path, error))?;
        if read == 0 {
            return Ok((digest, bytes));
        }
        digest.update(&piece[..read]);
        bytes += read as u64;
    }
}
