//! Opening a PDF: within bounds for what unpacks, refused where nobody can look inside.

use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse, too_complex};
use crate::media::paper::active;
use lopdf::{Document, LoadOptions};

/// What one stream of objects may unpack to. Real ones hold a hundred objects each.
const UNPACKED_BYTES_MAX: usize = 16 << 20;
/// More objects than papers have: each takes far more memory than its few bytes in the file.
const OBJECTS_MAX: usize = 150_000;
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

/// Memory for a PDF of so many bytes: itself, its objects, and the same written anew.
pub fn memory(len: u64) -> u64 {
    (40 << 20) + 6 * len.min(57 << 20)
}

/// Opens it.
pub fn open(source: &mut Source) -> Result<Paper, Reason> {
    let bytes = source.piece(0, usize::try_from(source.len()).unwrap_or(usize::MAX))?;
    read(&bytes)
}

/// Reads one that is in memory.
pub fn read(bytes: &[u8]) -> Result<Paper, Reason> {
    let tail = &bytes[bytes.len().saturating_sub(END_WITHIN)..];
    if memchr::memmem::find(tail, b"%%EOF").is_none() {
        // The library would make something of the rest, and other readers something else.
        return Err(damaged("a PDF that ends too early"));
    }
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
