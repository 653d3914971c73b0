//! The archive's files beside a backup, and back. A file never changes under its name, so only what is missing is copied:
//! the daemon may be at work, and the next backup to the same place takes a moment.

use crate::domain::media::FileHash;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were missing there.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies every file of the archive at `from` that the one at `to` lacks; where there is none, there is nothing to copy.
pub fn copy_missing(from: &Path, to: &Path) -> io::Result<Copied> {
    let mut copied = Copied::default();
    let shelves = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(copied),
        shelves => shelves?,
    };
    for shelf in shelves {
        let shelf = shelf?;
        let name = shelf.file_name();
        // What is still on its way in lies in a folder of another name.
        if name.len() != 2 || !shelf.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(shelf.path())? {
            let bytes = copy_one(&file?, &to.join(&name))?;
            copied.files += u64::from(bytes.is_some());
            copied.bytes += bytes.unwrap_or(0);
        }
    }
    Ok(copied)
}

/// The bytes that were copied; `None`: it was there already, or is none of the archive's.
fn copy_one(file: &fs::DirEntry, folder: &Path) -> io::Result<Option<u64>> {
    let name = file.file_name();
    let hash = name.to_str().and_then(|name| FileHash::parse(name.split('.').next().unwrap_or_default()));
    let target = folder.join(&name);
    if hash.is_none() || target.exists() {
        return Ok(None);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Whole or not at all: a copy that was broken off is made anew.
    let partial = folder.join("partial");
    let mut source = match File::open(file.path()) {
        // Its time was up a moment ago.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        source => source?,
    };
    let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    let bytes = io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    fs::rename(&partial, &target)?;
    File::open(folder)?.sync_all()?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_copied_and_nothing_else() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let hash = "ab".repeat(32);
        let shelf = from.path().join("ab");
        fs::create_dir(&shelf).unwrap();
        fs::write(shelf.join(&hash), b"a picture").unwrap();
        fs::write(shelf.join(format!("{hash}.thumb.jpg")), b"small").unwrap();
        fs::write(shelf.join("notes"), b"not ours").unwrap();
        fs::create_dir(from.path().join("incoming")).unwrap();
        fs::write(from.path().join("incoming").join(&hash), b"half").unwrap();

        assert_eq!(copy_missing(from.path(), to.path()).unwrap(), Copied { files: 2, bytes: 14 });
        assert_eq!(copy_missing(from.path(), to.path()).unwrap(), Copied::default());

        assert_eq!(fs::read(to.path().join("ab").join(&hash)).unwrap(), b"a picture");
        assert!(!to.path().join("ab/notes").exists() && !to.path().join("incoming").exists());
        assert_eq!(copy_missing(&from.path().join("nowhere"), to.path()).unwrap(), Copied::default());
    }
}
