//! Reading a file of which nothing is believed: piece by piece, with its length known, and every end a clear refusal.

use crate::domain::reason::{Reason, ReasonCode};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};

/// A refusal with what was found, for the record and for whoever asks.
pub fn refuse(code: ReasonCode, found: &str) -> Reason {
    Reason::of(code).saying(found)
}

/// The file is damaged, or lies about itself.
pub fn damaged(found: &str) -> Reason {
    refuse(ReasonCode::FileUnreadable, found)
}

/// The file would cost too much.
pub fn too_complex(found: &str) -> Reason {
    refuse(ReasonCode::FileTooComplex, found)
}

/// A file under the magnifying glass.
#[derive(Debug)]
pub struct Source {
    file: BufReader<File>,
    /// Where reading stands; not known after a decoder had it.
    at: Option<u64>,
    len: u64,
}

impl Source {
    /// From its beginning. Only a plain file has a length that can be believed.
    pub fn new(file: File) -> Result<Source, Reason> {
        let is = file.metadata().map_err(|error| Source::trouble(&error))?;
        if !is.is_file() {
            return Err(Reason::of(ReasonCode::FileProblem).saying("not a plain file"));
        }
        let mut source = Source { file: BufReader::with_capacity(64 << 10, file), at: None, len: is.len() };
        source.go_to(0)?;
        Ok(source)
    }

    fn trouble(error: &std::io::Error) -> Reason {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            return damaged("it ends too early");
        }
        Reason::of(ReasonCode::FileProblem).saying(&format!("reading: {error}"))
    }

    /// Bytes in all.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where reading stands.
    pub fn at(&self) -> u64 {
        self.at.unwrap_or(0)
    }

    /// Bytes from here to the end.
    pub fn left(&self) -> u64 {
        self.len.saturating_sub(self.at())
    }

    /// Goes to a place inside the file.
    pub fn go_to(&mut self, at: u64) -> Result<(), Reason> {
        if at > self.len {
            return Err(damaged("it ends too early"));
        }
        let sought = match self.at {
            // Relative, so that what is buffered is not thrown away.
            Some(from) => self.file.seek_relative(signed(at) - signed(from)),
            None => self.file.seek(SeekFrom::Start(at)).map(|_| ()),
        };
        sought.map_err(|error| Source::trouble(&error))?;
        self.at = Some(at);
        Ok(())
    }

    /// Goes on by some bytes.
    pub fn skip(&mut self, bytes: u64) -> Result<(), Reason> {
        self.go_to(self.at().saturating_add(bytes))
    }

    /// So many bytes, all of them.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let mut piece = [0; N];
        self.file.read_exact(&mut piece).map_err(|error| Source::trouble(&error))?;
        self.passed(N as u64);
        Ok(piece)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Reason> {
        Ok(self.take::<1>()?[0])
    }

    /// Two bytes, the high one first.
    pub fn be16(&mut self) -> Result<u16, Reason> {
        Ok(u16::from_be_bytes(self.take()?))
    }

    /// Four bytes, the high one first.
    pub fn be32(&mut self) -> Result<u32, Reason> {
        Ok(u32::from_be_bytes(self.take()?))
    }

    /// Two bytes, the low one first.
    pub fn le16(&mut self) -> Result<u16, Reason> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    /// Four bytes, the low one first.
    pub fn le32(&mut self) -> Result<u32, Reason> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// At most so many bytes from here on; fewer only at the end.
    pub fn some(&mut self, bytes_max: usize) -> Result<Vec<u8>, Reason> {
        let room = usize::try_from(self.left()).unwrap_or(usize::MAX).min(bytes_max);
        let mut piece = vec![0; room];
        self.file.read_exact(&mut piece).map_err(|error| Source::trouble(&error))?;
        self.passed(room as u64);
        Ok(piece)
    }

    /// At most so many bytes from `at` on; reading stands after them.
    pub fn piece(&mut self, at: u64, bytes_max: usize) -> Result<Vec<u8>, Reason> {
        self.go_to(at.min(self.len))?;
        self.some(bytes_max)
    }

    /// Passes over everything up to and with the next `byte`; `false`: there is none.
    pub fn skip_past(&mut self, byte: u8) -> Result<bool, Reason> {
        loop {
            let buffered = self.file.fill_buf().map_err(|error| Source::trouble(&error))?;
            if buffered.is_empty() {
                return Ok(false);
            }
            let (passed, is_there) = match memchr::memchr(byte, buffered) {
                Some(found) => (found + 1, true),
                None => (buffered.len(), false),
            };
            self.file.consume(passed);
            self.passed(passed as u64);
            if is_there {
                return Ok(true);
            }
        }
    }

    /// The first `end` bytes, for a decoder; reading stands nowhere afterwards.
    pub fn decoder_view(&mut self, end: u64) -> Result<DecoderView<'_>, Reason> {
        self.at = None;
        self.go_to(0)?;
        self.at = None;
        let bytes = usize::try_from(end.min(self.len)).unwrap_or(usize::MAX);
        Ok(DecoderView { file: (&mut self.file).take(end), bytes })
    }

    fn passed(&mut self, bytes: u64) {
        self.at = self.at.map(|at| at + bytes);
    }
}

/// See [`Source::decoder_view`]. Who reads all of it is given room for just that: a buffer that is doubled until it is
/// large enough would cost up to three times the file.
pub struct DecoderView<'a> {
    file: Take<&'a mut BufReader<File>>,
    bytes: usize,
}

impl Read for DecoderView<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }

    fn read_to_end(&mut self, into: &mut Vec<u8>) -> io::Result<usize> {
        into.try_reserve_exact(self.bytes)?;
        self.file.read_to_end(into)
    }
}

impl BufRead for DecoderView<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.file.consume(bytes);
    }
}

impl Seek for DecoderView<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn signed(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}
