//! Office documents: archives with a list of contents that says what they are. Only the list is read and the one part
//! that names the types of all others; nothing else is unpacked.

use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse, too_complex};
use flate2::read::DeflateDecoder;
use std::io::Read;

/// The end record of an archive, and the longest remark that may follow it (APPNOTE 4.3.16).
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const TAIL_BYTES: u64 = 65_557;
/// More than any office document has.
const ENTRIES_MAX: usize = 20_000;
const DIRECTORY_BYTES_MAX: u64 = 2 << 20;
const TYPES_BYTES_MAX: u64 = 1 << 20;

/// The list of contents: where it begins, how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Directory {
    at: u64,
    bytes: u64,
}

/// Finds the list of contents that readers of archives would find, wherever the archive begins.
pub fn directory_of_zip(source: &mut Source) -> Result<Option<Directory>, Reason> {
    let from = source.len().saturating_sub(TAIL_BYTES);
    let tail = source.piece(from, TAIL_BYTES as usize)?;
    for found in memchr::memmem::rfind_iter(&tail, END) {
        let Some(record) = tail.get(found..found + END_BYTES) else { continue };
        let bytes = u64::from(le32(record, 12));
        let Some(at) = (from + found as u64).checked_sub(bytes) else { continue };
        // Readers trust the record's place more than what it says of the beginning: so do we.
        let starts = source.piece(at, 4)?;
        if bytes > 0 && starts == b"PK\x01\x02" {
            return Ok(Some(Directory { at, bytes }));
        }
    }
    Ok(None)
}

struct Entry {
    name: String,
    method: u16,
    packed: u64,
    at: u64,
}

/// Names an archive that is an office document; any other is none of ours.
pub fn name(source: &mut Source) -> Result<MediaType, Reason> {
    let Some(directory) = directory_of_zip(source)? else { return Err(damaged("an archive that ends too early")) };
    let entries = entries(source, directory)?;
    let has = |name: &str| entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
    let types = entries.iter().find(|entry| entry.name == "[Content_Types].xml");
    let media_type = [
        ("word/document.xml", MediaType::Docx),
        ("xl/workbook.xml", MediaType::Xlsx),
        ("ppt/presentation.xml", MediaType::Pptx),
    ];
    let media_type = media_type.into_iter().find(|(part, _)| has(part)).map(|(_, media_type)| media_type);
    let (Some(types), Some(media_type)) = (types, media_type) else {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, "application/zip"));
    };
    if entries.iter().any(|entry| acts(&entry.name)) || types_name_macros(source, types)? {
        return Err(refuse(ReasonCode::FileActive, "an office document with macros or controls"));
    }
    Ok(media_type)
}

/// Parts that are programs, whatever the list of types says.
fn acts(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_program = [".exe", ".dll", ".js", ".vbs", ".ps1", ".bat", ".cmd", ".scr", ".jar"];
    name.contains("vbaproject")
        || name.contains("vbadata")
        || name.contains("macrosheets/")
        || name.contains("activex/")
        || name.contains("oleobject")
        || is_program.iter().any(|ending| name.ends_with(ending))
}

fn types_name_macros(source: &mut Source, types: &Entry) -> Result<bool, Reason> {
    source.go_to(types.at)?;
    let header = source.take::<30>()?;
    if !header.starts_with(b"PK\x03\x04") {
        return Err(damaged("its list of contents points nowhere"));
    }
    source.skip(u64::from(le16(&header, 26)) + u64::from(le16(&header, 28)))?;
    let packed = source.some(usize::try_from(types.packed.min(TYPES_BYTES_MAX)).unwrap_or(0))?;
    let text = match types.method {
        0 => packed,
        8 => inflate(&packed)?,
        _ => return Err(damaged("packed in a way that office documents are not")),
    };
    let text = text.to_ascii_lowercase();
    Ok([&b"macroenabled"[..], b"vbaproject", b"activex"].iter().any(|word| memchr::memmem::find(&text, word).is_some()))
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut text = Vec::new();
    let read = DeflateDecoder::new(packed).take(TYPES_BYTES_MAX).read_to_end(&mut text);
    read.map_err(|_| damaged("a part of it cannot be unpacked"))?;
    if text.len() as u64 >= TYPES_BYTES_MAX {
        return Err(too_complex("a list of types without end"));
    }
    Ok(text)
}

fn entries(source: &mut Source, directory: Directory) -> Result<Vec<Entry>, Reason> {
    if directory.bytes > DIRECTORY_BYTES_MAX {
        return Err(too_complex("an archive with a list of contents without end"));
    }
    let list = source.piece(directory.at, usize::try_from(directory.bytes).unwrap_or(0))?;
    let (mut entries, mut rest) = (Vec::new(), &list[..]);
    while let Some(record) = rest.get(..46) {
        if !record.starts_with(b"PK\x01\x02") {
            return Err(damaged("its list of contents is broken"));
        }
        let (name, extra, remark) = (le16(record, 28), le16(record, 30), le16(record, 32));
        let Some(name_bytes) = rest.get(46..46 + usize::from(name)) else {
            return Err(damaged("its list of contents is broken"));
        };
        entries.push(Entry {
            name: String::from_utf8_lossy(name_bytes).into_owned(),
            method: le16(record, 10),
            packed: u64::from(le32(record, 20)),
            at: u64::from(le32(record, 42)),
        });
        if entries.len() > ENTRIES_MAX {
            return Err(too_complex("an archive of very many files"));
        }
        let next = 46 + usize::from(name) + usize::from(extra) + usize::from(remark);
        rest = rest.get(next..).unwrap_or_default();
    }
    Ok(entries)
}

/// An office document under a password is a compound file (MS-OFFCRYPTO) with a stream of that name.
pub fn is_locked(source: &mut Source, head: &[u8]) -> Result<bool, Reason> {
    if !head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Ok(false);
    }
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for at in [0, source.len().saturating_sub(256 << 10)] {
        if memchr::memmem::find(&source.piece(at, 256 << 10)?, &name).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
