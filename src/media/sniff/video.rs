//! Films, and sound in the same containers: boxes of ISO base media (MP4, 3GP, QuickTime, M4A) and WebM.

use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse};

/// More than any film has on its top level.
const BOXES_MAX: usize = 10_000;

/// Names a film, if it is one.
pub fn name(source: &mut Source, head: &[u8]) -> Result<Option<MediaType>, Reason> {
    if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        return webm(head).map(Some);
    }
    let Some(kind) = head.get(4..8) else { return Ok(None) };
    let media_type = match kind {
        b"ftyp" => by_brand(head)?,
        // QuickTime before it had brands.
        b"moov" | b"mdat" | b"wide" => MediaType::Quicktime,
        _ => return Ok(None),
    };
    walk(source)?;
    Ok(Some(media_type))
}

/// By its first brand; only one that says nothing is asked for the others.
fn by_brand(head: &[u8]) -> Result<MediaType, Reason> {
    let bytes = head.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size) as usize);
    let brands = head.get(8..bytes.clamp(12, head.len().max(12))).unwrap_or_default();
    let major = brands.get(..4).unwrap_or_default();
    // The second word is a version.
    let compatible = brands.get(8..).unwrap_or_default().chunks_exact(4);
    for brand in std::iter::once(major).chain(compatible) {
        if let Some(media_type) = brand_named(brand) {
            return Ok(media_type);
        }
        if matches!(brand, b"heic" | b"heix" | b"mif1" | b"msf1" | b"avif" | b"avis") {
            return Err(refuse(ReasonCode::FileTypeNotAllowed, "image/heif"));
        }
    }
    Err(refuse(ReasonCode::FileTypeNotAllowed, "a film of a kind that is not known"))
}

fn brand_named(brand: &[u8]) -> Option<MediaType> {
    match brand {
        b"qt  " => Some(MediaType::Quicktime),
        [b'3', b'g', b'p' | b'2' | b'e' | b'g' | b's' | b'r', _] => Some(MediaType::ThreeGp),
        b"M4A " | b"M4B " => Some(MediaType::M4a),
        b"isom" | b"mp41" | b"mp42" | b"mp71" | b"avc1" | b"dash" | b"M4V " | b"M4VH" | b"M4VP" | b"MSNV" | b"mmp4"
        | b"f4v " => Some(MediaType::Mp4),
        [b'i', b's', b'o', b'2'..=b'9'] => Some(MediaType::Mp4),
        _ => None,
    }
}

/// Every box ends where the next begins, the last one at the end of the file, and one of them is the table of contents.
fn walk(source: &mut Source) -> Result<(), Reason> {
    source.go_to(0)?;
    let mut has_table = false;
    for _ in 0..BOXES_MAX {
        if source.left() < 8 {
            // Some writers end with a few bytes of nothing.
            return if has_table { Ok(()) } else { Err(damaged("a film without its table of contents")) };
        }
        let from = source.at();
        let size = u64::from(source.be32()?);
        let kind = source.take::<4>()?;
        if !kind.iter().all(|&byte| byte.is_ascii_graphic() || byte == b' ' || byte == 0xA9) {
            return Err(damaged("a film with something else between its parts"));
        }
        has_table |= &kind == b"moov" || &kind == b"moof";
        let size = match size {
            0 => source.len() - from,
            1 => u64::from_be_bytes(source.take()?),
            size => size,
        };
        if size < 8 {
            return Err(damaged("a film whose parts have no length"));
        }
        source.go_to(from.saturating_add(size))?;
    }
    Err(refuse(ReasonCode::FileTooComplex, "a film of very many parts"))
}

/// WebM is Matroska that says so in its first element.
fn webm(head: &[u8]) -> Result<MediaType, Reason> {
    let early = &head[..head.len().min(64)];
    if memchr::memmem::find(early, b"webm").is_some() {
        return Ok(MediaType::Webm);
    }
    Err(refuse(ReasonCode::FileTypeNotAllowed, "video/x-matroska"))
}
