//! The parts of a GIF (GIF89a), read without decoding one frame: frames are counted here.

use crate::domain::media::MediaType;
use crate::domain::reason::Reason;
use crate::media::bytes::{Source, damaged, too_complex};
use crate::media::picture::header::{FRAMES_MAX, Header};

/// Larger ones do not exist, and where a width is two printable characters the file may be a script as well.
const SIDE_MAX: u16 = 8191;
/// Pixels of all frames together that any file may cost, and for each of its bytes.
const WORK_FREE: u64 = 60_000_000;
const WORK_PER_BYTE: u64 = 40;
const BLOCKS_MAX: u32 = 10_000;

/// Walks from block to block up to the end of the picture.
pub fn walk(source: &mut Source) -> Result<Header, Reason> {
    let mut header = Header::new(MediaType::Gif);
    header.frames = 0;
    source.skip(6)?;
    let (width, height) = (source.le16()?, source.le16()?);
    if width > SIDE_MAX || height > SIDE_MAX {
        return Err(too_complex("a GIF larger than GIFs are"));
    }
    (header.width, header.height) = (u32::from(width), u32::from(height));
    let [flags, _, _] = source.take()?;
    colours(source, flags)?;
    header.keep(0, source.at());
    for _ in 0..BLOCKS_MAX {
        let from = source.at();
        match source.byte()? {
            0x3B => {
                header.keep(from, source.at());
                header.end = source.at();
                return finish(header);
            }
            0x2C => {
                frame(source, &mut header)?;
                header.keep(from, source.at());
            }
            0x21 => {
                let is_kept = extension(source)?;
                if is_kept { header.keep(from, source.at()) } else { header.leave_out() }
            }
            _ => return Err(damaged("a GIF with something else between its parts")),
        }
    }
    Err(too_complex("a GIF of very many parts"))
}

fn colours(source: &mut Source, flags: u8) -> Result<(), Reason> {
    if flags & 0x80 == 0 { Ok(()) } else { source.skip(3 << ((flags & 7) + 1)) }
}

fn frame(source: &mut Source, header: &mut Header) -> Result<(), Reason> {
    header.frames += 1;
    if header.frames > FRAMES_MAX {
        return Err(too_complex("a moving picture of more than 200 frames"));
    }
    source.skip(4)?;
    let (width, height) = (u32::from(source.le16()?), u32::from(source.le16()?));
    // Some writers leave the screen empty and say the size only here.
    if header.frames == 1 && header.width == 0 && header.height == 0 {
        (header.width, header.height) = (width, height);
    }
    if width > header.width || height > header.height {
        return Err(damaged("a GIF whose frame is larger than the picture"));
    }
    let [flags] = source.take()?;
    colours(source, flags)?;
    source.skip(1)?;
    header.image_bytes += blocks(source)?;
    Ok(())
}

/// How a frame is shown and how often all are: kept. Remarks and what programs write for themselves: left out.
fn extension(source: &mut Source) -> Result<bool, Reason> {
    let is_kept = match source.byte()? {
        0xF9 => true,
        0xFF => {
            let from = source.at();
            let said = source.some(12)?;
            source.go_to(from)?;
            said.get(1..).is_some_and(|name| name == b"NETSCAPE2.0" || name == b"ANIMEXTS1.0")
        }
        _ => false,
    };
    blocks(source)?;
    Ok(is_kept)
}

/// Passes over blocks, each with its length before it, up to the empty one; their bytes together.
fn blocks(source: &mut Source) -> Result<u64, Reason> {
    let mut bytes = 0;
    loop {
        match u64::from(source.byte()?) {
            0 => return Ok(bytes),
            length => {
                source.skip(length)?;
                bytes += length;
            }
        }
    }
}

fn finish(mut header: Header) -> Result<Header, Reason> {
    let work = header.pixels() * u64::from(header.frames);
    if work > WORK_FREE + WORK_PER_BYTE * header.image_bytes {
        return Err(too_complex("a moving picture that is far larger than its bytes can say"));
    }
    // The picture so far, and the frame that changes it.
    header.memory = header.pixels() * if header.frames > 1 { 8 } else { 5 };
    Ok(header)
}
