//! Opening a PDF: read through from end to end first, in little memory and whatever its size; opened only where all of
//! its objects fit into what any file may cost, and refused where nobody can look inside.

use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse, too_complex};
use crate::media::paper::active;
use crate::media::paper::words::{Found, Words};
use lopdf::{Document, LoadOptions};

/// What one stream of objects may unpack to. Real ones hold a hundred objects each.
const UNPACKED_BYTES_MAX: usize = 16 << 20;
/// More objects than papers have: each takes far more memory than its few bytes in the file.
const OBJECTS_MAX: usize = 150_000;
/// What a name and another word take in memory, with all around them.
const BYTES_PER_NAME: u64 = 170;
const BYTES_PER_WORD: u64 = 48;
/// Read at a time.
const PIECE: usize = 64 << 10;
/// Where the end must be said: readers look no further back.
const END_WITHIN: usize = 2048;
/// More pages than anybody sends.
const PAGES_MAX: usize = 10_000;

/// A PDF in memory.
pub struct Paper {
    /// Its objects.
    pub document: Document,
    pages: u32,
    active: bool,
}

/// A PDF that was looked through.
pub enum Seen {
    /// In memory.
    Opened(Box<Paper>),
    /// It takes more memory than any file may cost: it can be kept and given out as it is, and nothing else.
    ///
    /// The channel's rule says that nothing that acts reaches anybody; to clean such a paper it would have to be opened, so
    /// it is refused under either rule. Passed on is only one that was read through to its end and in which no name stands
    /// that acts, not in the clear, not escaped, and not in its packed objects. What could not be read (another packing, a
    /// password, an object where none should be) counts as active: a doubt is no permission.
    Closed {
        /// Whether it can do more than be read, as far as anybody can tell.
        active: bool,
    },
}

impl Seen {
    /// How many pages, where they were counted.
    pub fn pages(&self) -> Option<u32> {
        match self {
            Seen::Opened(paper) => Some(paper.pages()),
            Seen::Closed { .. } => None,
        }
    }

    /// Whether it can do more than be read, or may.
    pub fn is_active(&self) -> bool {
        match self {
            Seen::Opened(paper) => paper.is_active(),
            Seen::Closed { active } => *active,
        }
    }
}

/// Looks through it, and opens it where that takes no more than `memory_max`.
pub fn look(source: &mut Source, memory_max: u64) -> Result<Seen, Reason> {
    let len = source.len();
    let tail = source.piece(len.saturating_sub(END_WITHIN as u64), END_WITHIN)?;
    check_end(&tail)?;
    let found = words(source)?;
    if memory(len, &found) > memory_max {
        return Ok(Seen::Closed { active: found.acts || found.unseen });
    }
    let bytes = source.piece(0, usize::try_from(len).unwrap_or(usize::MAX))?;
    read(&bytes).map(|paper| Seen::Opened(Box::new(paper)))
}

fn words(source: &mut Source) -> Result<Found, Reason> {
    source.go_to(0)?;
    let mut words = Words::default();
    while source.left() > 0 {
        words.read(&source.some(PIECE)?)?;
    }
    words.end()
}

/// Memory that opening it takes: the file, what stands in its streams once more, its objects, and what they unpack to.
fn memory(len: u64, found: &Found) -> u64 {
    let objects = found.names * BYTES_PER_NAME + found.others * BYTES_PER_WORD;
    2 * len + objects + found.unpacked + found.unpacked_most
}

/// Others make something of a paper without an end, and not all of them the same.
fn check_end(tail: &[u8]) -> Result<(), Reason> {
    memchr::memmem::find(tail, b"%%EOF").map(|_| ()).ok_or_else(|| damaged("a PDF that ends too early"))
}

/// Reads one that is in memory.
pub fn read(bytes: &[u8]) -> Result<Paper, Reason> {
    check_end(&bytes[bytes.len().saturating_sub(END_WITHIN)..])?;
    if memchr::memmem::find_iter(bytes, b" obj").nth(OBJECTS_MAX).is_some() {
        return Err(too_complex("a PDF of very many objects"));
    }
    let options = LoadOptions { max_decompressed_size: Some(UNPACKED_BYTES_MAX), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| wrong(&error))?;
    if document.is_encrypted() {
        return Err(refuse(ReasonCode::FileLocked, "a PDF with a password"));
    }
    let pages = document.page_iter().take(PAGES_MAX + 1).count();
    if pages == 0 {
        return Err(damaged("a PDF without a page"));
    }
    if pages > PAGES_MAX {
        return Err(too_complex("a PDF of very many pages"));
    }
    let active = active::is_named_in(bytes) || active::acts(&document);
    Ok(Paper { document, pages: u32::try_from(pages).unwrap_or(u32::MAX), active })
}

fn wrong(error: &lopdf::Error) -> Reason {
    use lopdf::Error;
    match error {
        Error::InvalidPassword | Error::Decryption(_) | Error::UnsupportedSecurityHandler(_) => {
            refuse(ReasonCode::FileLocked, "a PDF with a password")
        }
        Error::Decompress(_) => too_complex("a PDF whose parts unpack to more than papers do"),
        error => damaged(&format!("it cannot be read as PDF: {error}")),
    }
}

impl Paper {
    /// How many pages.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Whether it can do more than be read.
    pub fn is_active(&self) -> bool {
        self.active
    }
}
