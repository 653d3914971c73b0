//! Files of a message as one ZIP archive, written while it is read: nothing of it stands in memory or on disk as a whole.

use bytes::Bytes;
use futures_util::Stream;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Written at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that may wait for a slow reader.
const PIECES_MAX: usize = 4;

/// What stands in a file of the archive.
pub enum Content {
    /// The content of this file.
    File(PathBuf),
    /// A text.
    Text(String),
}

/// The archive of these files, each with its name; a piece at a time. Who stops to read it ends it.
pub fn stream(files: Vec<(Content, String)>) -> impl Stream<Item = io::Result<Bytes>> {
    let (pieces, read) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let broken = pieces.clone();
        if let Err(error) = write(files, Pieces(pieces)) {
            // Nobody listens any more, or the archive must not be taken for whole.
            let _ = broken.blocking_send(Err(error));
        }
    });
    ReceiverStream::new(read)
}

fn write(files: Vec<(Content, String)>, pieces: Pieces) -> io::Result<()> {
    let mut archive = ZipWriter::new_stream(BufWriter::with_capacity(PIECE_BYTES, pieces));
    let mut taken = HashSet::new();
    for (content, name) in files {
        // Pictures and PDFs are compressed already: they are put in as they are.
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive.start_file(unlike(&mut taken, &name), options).map_err(io::Error::other)?;
        match content {
            Content::File(path) => io::copy(&mut File::open(path)?, &mut archive).map(drop)?,
            Content::Text(text) => archive.write_all(text.as_bytes())?,
        }
    }
    archive.finish().map_err(io::Error::other)?.into_inner().flush()
}

/// A name that no file before it has: "a.jpg", "a (2).jpg".
fn unlike(taken: &mut HashSet<String>, name: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let numbered = (2..).map(|number| format!("{stem} ({number}).{ending}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let free = names.find(|name| !taken.contains(name)).expect("numbers do not end");
    taken.insert(free.clone());
    free
}

/// Hands what is written to whoever reads the stream, and waits for them.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use std::io::Read;

    #[tokio::test]
    async fn every_file_is_in_the_archive_under_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let large = vec![7_u8; 300_000];
        let files = vec![
            (Content::File(file("1", b"one")), "a.jpg".to_owned()),
            (Content::File(file("2", &large)), "a.jpg".to_owned()),
            (Content::File(file("3", b"three")), "Müller.pdf".to_owned()),
        ];

        let pieces: Vec<Bytes> = stream(files).map(|piece| piece.expect("whole")).collect().await;

        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(pieces.concat())).expect("an archive");
        let mut content = |name: &str| {
            let mut bytes = Vec::new();
            archive.by_name(name).expect(name).read_to_end(&mut bytes).expect("readable");
            bytes
        };
        assert_eq!(content("a.jpg"), b"one");
        assert_eq!(content("a (2).jpg"), large);
        assert_eq!(content("Müller.pdf"), b"three");
    }

    #[tokio::test]
    async fn an_archive_with_a_missing_file_never_looks_whole() {
        let missing = vec![(Content::File(PathBuf::from("/nowhere/at/all")), "a.jpg".to_owned())];

        let pieces: Vec<io::Result<Bytes>> = stream(missing).collect().await;

        assert!(pieces.last().is_some_and(Result::is_err));
    }
}
