//! The parts of a PNG (W3C, third edition), read without inflating one of them.

use crate::domain::media::MediaType;
use crate::domain::reason::Reason;
use crate::media::bytes::{Source, damaged, too_complex};
use crate::media::picture::exif;
use crate::media::picture::header::{FRAMES_MAX, Header};

/// Picture, colours and movement; everything else is said beside the picture.
const KEPT: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"pHYs", b"sBIT",
    b"bKGD", b"acTL", b"fcTL", b"fdAT",
];
const PARTS_MAX: u32 = 200_000;
const REMARK_BYTES_MAX: usize = 256 << 10;

/// Walks from part to part up to the end of the picture.
pub fn walk(source: &mut Source) -> Result<Header, Reason> {
    let mut header = Header::new(MediaType::Png);
    source.skip(8)?;
    header.keep(0, 8);
    let mut layout = None;
    for number in 0..PARTS_MAX {
        let from = source.at();
        let length = u64::from(source.be32()?);
        let kind = source.take::<4>()?;
        let body = source.at();
        if (number == 0) != (&kind == b"IHDR") {
            return Err(damaged("a PNG that does not begin with its size"));
        }
        match &kind {
            b"IHDR" => layout = Some(size(source, &mut header)?),
            b"tRNS" => layout = layout.map(|layout| Layout { see_through: true, ..layout }),
            b"IDAT" => header.image_bytes += length,
            b"acTL" if source.be32()? > FRAMES_MAX => {
                return Err(too_complex("a moving picture of more than 200 frames"));
            }
            b"eXIf" => {
                let said = exif::read(&source.some(length.min(REMARK_BYTES_MAX as u64) as usize)?);
                header.turn = said.turn;
                header.has_location |= said.has_location;
            }
            b"iTXt" => {
                let said = source.some(length.min(REMARK_BYTES_MAX as u64) as usize)?;
                header.has_location |= exif::xmp_has_location(&said);
            }
            _ => {}
        }
        // A checksum of four bytes follows.
        source.go_to(body.saturating_add(length).saturating_add(4))?;
        let is_kept = KEPT.contains(&&kind);
        if is_kept {
            header.keep(from, source.at());
        } else if kind[0].is_ascii_uppercase() {
            return Err(damaged("a PNG with a part that no PNG has"));
        } else {
            header.leave_out();
        }
        if &kind == b"IEND" {
            header.end = source.at();
            return finish(header, layout);
        }
    }
    Err(too_complex("a PNG of very many parts"))
}

#[derive(Clone, Copy)]
struct Layout {
    colour: u8,
    bits: u8,
    see_through: bool,
}

fn size(source: &mut Source, header: &mut Header) -> Result<Layout, Reason> {
    (header.width, header.height) = (source.be32()?, source.be32()?);
    let [bits, colour, _, _, _] = source.take()?;
    if header.width > i32::MAX.unsigned_abs() || header.height > i32::MAX.unsigned_abs() {
        return Err(damaged("a PNG of a size that no PNG has"));
    }
    Ok(Layout { colour, bits, see_through: false })
}

fn finish(mut header: Header, layout: Option<Layout>) -> Result<Header, Reason> {
    let Some(layout) = layout.filter(|_| header.image_bytes > 0) else {
        return Err(damaged("a PNG without a picture"));
    };
    let channels = match layout.colour {
        0 => 1,
        2 | 3 => 3,
        4 => 2,
        6 => 4,
        _ => return Err(damaged("a PNG of a kind that nobody writes")),
    };
    let channels = channels + u64::from(layout.see_through);
    // Sixteen bits are held, and beside them the eight that are used.
    let bytes = if layout.bits == 16 { 3 } else { 1 };
    header.memory = header.pixels().saturating_mul(channels * bytes);
    Ok(header)
}
