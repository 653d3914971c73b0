//! What a file truly is. Only its bytes are asked: no name, no ending, no claimed type. What is two things at once, or
//! may act in a browser, is none of ours.

pub mod office;
pub mod polyglot;
pub mod sound;
pub mod text;
pub mod video;

use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse};

/// As much of a file's beginning as is looked at to name it.
const HEAD_BYTES: usize = 4096;

/// Names the file, or says why it is none that we take. Reading stands anywhere afterwards.
pub fn sniff(source: &mut Source) -> Result<MediaType, Reason> {
    if source.is_empty() {
        return Err(damaged("it is empty"));
    }
    let head = source.piece(0, HEAD_BYTES)?;
    let media_type = match by_magic(&head) {
        Some(media_type) => media_type,
        None => by_structure(source, &head)?,
    };
    polyglot::check(source, &head, media_type)?;
    Ok(media_type)
}

/// What begins as nothing else does.
fn by_magic(head: &[u8]) -> Option<MediaType> {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(MediaType::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::Webp),
        // At the very beginning: readers look for it in the first 1024 bytes, and so do those who hide one there.
        [b'%', b'P', b'D', b'F', b'-', b'1' | b'2', b'.', ..] => Some(MediaType::Pdf),
        _ => None,
    }
}

fn by_structure(source: &mut Source, head: &[u8]) -> Result<MediaType, Reason> {
    if let Some(media_type) = video::name(source, head)? {
        return Ok(media_type);
    }
    if let Some(media_type) = sound::name(source, head)? {
        return Ok(media_type);
    }
    if head.starts_with(b"PK\x03\x04") {
        return office::name(source);
    }
    if office::is_locked(source, head)? {
        return Err(refuse(ReasonCode::FileLocked, "an office document with a password"));
    }
    if let Some(known) = infer::get(head) {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, known.mime_type()));
    }
    text::name(source, head)
}
