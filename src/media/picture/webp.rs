//! The parts of a WebP (RFC 9649), read without decoding one pixel.

use crate::domain::media::MediaType;
use crate::domain::reason::Reason;
use crate::media::bytes::{Source, damaged, too_complex};
use crate::media::picture::exif;
use crate::media::picture::header::{FRAMES_MAX, Header, Part};

const CHUNKS_MAX: u32 = 2000;
const REMARK_BYTES_MAX: usize = 256 << 10;
/// Pixels of all frames together that any file may cost, and for each of its bytes.
const WORK_FREE: u64 = 60_000_000;
const WORK_PER_BYTE: u64 = 100;
/// In the flags of VP8X: there is EXIF, there is XMP.
const SAYS_MORE: u8 = 0x08 | 0x04;

/// Walks from chunk to chunk.
pub fn walk(source: &mut Source) -> Result<Header, Reason> {
    let mut header = Header::new(MediaType::Webp);
    source.skip(4)?;
    header.end = u64::from(source.le32()?) + 8;
    source.skip(4)?;
    if header.end > source.len() {
        return Err(damaged("a WebP that ends too early"));
    }
    let (mut per_pixel, mut frames) = (0, 0);
    // The length of all follows when all is known.
    header.bare.push(Part::Instead(Vec::new()));
    for _ in 0..CHUNKS_MAX {
        if source.at() + 8 > header.end {
            return finish(header, per_pixel, frames);
        }
        let from = source.at();
        let kind = source.take::<4>()?;
        let length = u64::from(source.le32()?);
        let body = source.at();
        match &kind {
            b"VP8X" => canvas(source, &mut header)?,
            b"VP8 " => {
                lossy(source, &mut header)?;
                per_pixel = 7;
            }
            b"VP8L" => {
                lossless(source, &mut header)?;
                per_pixel = 9;
            }
            b"ANMF" => {
                frames += 1;
                // A frame of its own, and the picture it changes.
                per_pixel = 13;
            }
            b"EXIF" => {
                let said = source.some(length.min(REMARK_BYTES_MAX as u64) as usize)?;
                let said = exif::read(said.strip_prefix(b"Exif\0\0").unwrap_or(&said));
                (header.turn, header.has_location) = (said.turn, header.has_location | said.has_location);
            }
            b"XMP " => {
                header.has_location |=
                    exif::xmp_has_location(&source.some(length.min(REMARK_BYTES_MAX as u64) as usize)?);
            }
            _ => {}
        }
        source.go_to(body + length + length % 2)?;
        if matches!(&kind, b"VP8 " | b"VP8L" | b"ANMF" | b"ALPH") {
            header.image_bytes += length;
        }
        match &kind {
            // Written anew, with other flags.
            b"VP8X" => {}
            b"VP8 " | b"VP8L" | b"ANMF" | b"ALPH" | b"ANIM" | b"ICCP" => header.keep(from, source.at()),
            _ => header.leave_out(),
        }
    }
    Err(too_complex("a WebP of very many parts"))
}

fn canvas(source: &mut Source, header: &mut Header) -> Result<(), Reason> {
    let mut said = source.take::<10>()?;
    let three = |at: usize| u32::from_le_bytes([said[at], said[at + 1], said[at + 2], 0]) + 1;
    (header.width, header.height) = (three(4), three(7));
    said[0] &= !SAYS_MORE;
    header.bare.push(Part::Instead([b"VP8X\x0A\0\0\0", &said[..]].concat()));
    Ok(())
}

fn lossy(source: &mut Source, header: &mut Header) -> Result<(), Reason> {
    let said = source.take::<10>()?;
    if said[0] & 1 != 0 || said[3..6] != [0x9D, 0x01, 0x2A] {
        return Err(damaged("a WebP whose picture does not begin as one"));
    }
    let side = |at: usize| u32::from(u16::from_le_bytes([said[at], said[at + 1]]) & 0x3FFF);
    agree(header, side(6), side(8))
}

fn lossless(source: &mut Source, header: &mut Header) -> Result<(), Reason> {
    let said = source.take::<5>()?;
    if said[0] != 0x2F {
        return Err(damaged("a WebP whose picture does not begin as one"));
    }
    let bits = u32::from_le_bytes([said[1], said[2], said[3], said[4]]);
    agree(header, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
}

fn agree(header: &mut Header, width: u32, height: u32) -> Result<(), Reason> {
    if header.width == 0 {
        (header.width, header.height) = (width, height);
    }
    if (header.width, header.height) == (width, height) { Ok(()) } else { Err(damaged("a WebP with two sizes")) }
}

fn finish(mut header: Header, per_pixel: u64, frames: u32) -> Result<Header, Reason> {
    if frames > FRAMES_MAX {
        return Err(too_complex("a moving picture of more than 200 frames"));
    }
    if per_pixel == 0 || header.image_bytes == 0 {
        return Err(damaged("a WebP without a picture"));
    }
    header.frames = frames.max(1);
    let work = header.pixels() * u64::from(header.frames);
    if frames > 1 && work > WORK_FREE + WORK_PER_BYTE * header.image_bytes {
        return Err(too_complex("a moving picture that is far larger than its bytes can say"));
    }
    header.memory = header.pixels() * per_pixel;
    let bytes = u32::try_from(header.bare_bytes() + 4).unwrap_or(0).to_le_bytes();
    header.bare[0] = Part::Instead([b"RIFF", &bytes[..], b"WEBP"].concat());
    Ok(header)
}
