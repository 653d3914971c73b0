//! The parts of a JPEG (ITU T.81 annex B), read without decoding one pixel.

use crate::domain::media::MediaType;
use crate::domain::reason::Reason;
use crate::media::bytes::{Source, damaged, too_complex};
use crate::media::picture::exif;
use crate::media::picture::header::{Header, Part};

/// A picture that comes in layers has a dozen; each is one more pass over all of it.
const SCANS_MAX: u64 = 64;
/// Passes times pixels that any file may cost, and for each of its bytes.
const PASSES_FREE: u64 = 300_000_000;
const PASSES_PER_BYTE: u64 = 1000;
/// Parts before the first pixel: cameras write a few dozen, with a preview in some.
const SEGMENTS_MAX: u32 = 2000;
/// No pixel of a picture takes more than this; what claims to is no picture.
const BYTES_PER_PIXEL_MAX: u64 = 8;

/// JFIF without the small picture that may stand in it.
const JFIF: [u8; 18] = [0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 2, 0, 0, 1, 0, 1, 0, 0];

#[derive(Default)]
struct Shape {
    in_layers: bool,
    components: u64,
    /// Bytes for the coefficients of 64 pixels, in sixteenths.
    samples: u64,
    scans: u64,
    /// Whether some colours have fewer lines than others.
    has_halved_lines: bool,
}

/// Walks from part to part up to the end of the picture.
pub fn walk(source: &mut Source) -> Result<Header, Reason> {
    let (mut header, mut shape) = (Header::new(MediaType::Jpeg), Shape::default());
    source.skip(2)?;
    header.keep(0, 2);
    for _ in 0..SEGMENTS_MAX {
        let from = source.at();
        let marker = marker(source)?;
        match marker {
            0xD9 => {
                header.keep(from, source.at());
                header.end = source.at();
                return finish(header, &shape);
            }
            0xDA => {
                segment(source)?;
                shape.scans += 1;
                if shape.components == 0 {
                    return Err(damaged("a JPEG whose picture comes before its size"));
                }
                pixels(source)?;
                header.keep(from, source.at());
                header.image_bytes += source.at() - from;
            }
            0xE0..=0xEF | 0xFE => application(source, &mut header, marker, from)?,
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                frame(source, &mut header, &mut shape, marker)?;
                header.keep(from, source.at());
            }
            0xC4 | 0xCC | 0xDB..=0xDF => {
                segment(source)?;
                header.keep(from, source.at());
            }
            _ => return Err(damaged("a JPEG with a part that no JPEG has")),
        }
    }
    Err(too_complex("a JPEG of very many parts"))
}

/// The next marker; fill bytes may stand before it.
fn marker(source: &mut Source) -> Result<u8, Reason> {
    if source.byte()? != 0xFF {
        return Err(damaged("a JPEG with something else between its parts"));
    }
    loop {
        match source.byte()? {
            0xFF => {}
            marker => return Ok(marker),
        }
    }
}

/// Passes over a part; its length counts itself.
fn segment(source: &mut Source) -> Result<(), Reason> {
    let length = source.be16()?;
    source.skip(u64::from(length.checked_sub(2).ok_or_else(|| damaged("a JPEG whose part has no length"))?))
}

/// Passes over coded pixels, up to the marker behind them.
fn pixels(source: &mut Source) -> Result<(), Reason> {
    while source.skip_past(0xFF)? {
        match source.byte()? {
            0x00 | 0xD0..=0xD7 => {}
            // A fill byte: look at it again.
            0xFF => source.go_to(source.at() - 1)?,
            _ => return source.go_to(source.at() - 2),
        }
    }
    Err(damaged("a JPEG that ends too early"))
}

/// The size, and how the colours are laid out.
fn frame(source: &mut Source, header: &mut Header, shape: &mut Shape, marker: u8) -> Result<(), Reason> {
    if shape.components > 0 {
        return Err(damaged("a JPEG with two sizes"));
    }
    let from = source.at();
    let length = source.be16()?;
    let [bits] = source.take()?;
    (header.height, header.width) = (u32::from(source.be16()?), u32::from(source.be16()?));
    let [components] = source.take()?;
    if !matches!(marker, 0xC0..=0xC2) || bits != 8 || !matches!(components, 1 | 3 | 4) {
        return Err(damaged("a JPEG of a kind that nobody writes"));
    }
    let (mut sum, mut largest, mut lines) = (0, 1, Vec::new());
    for _ in 0..components {
        let [_, sampling, _] = source.take()?;
        let (across, down) = (u64::from(sampling >> 4), u64::from(sampling & 15));
        if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
            return Err(damaged("a JPEG of a kind that nobody writes"));
        }
        sum += across * down;
        lines.push(down);
        largest = largest.max(across * down);
    }
    *shape = Shape {
        in_layers: marker == 0xC2,
        components: u64::from(components),
        samples: (sum * 16).div_ceil(largest),
        scans: 0,
        has_halved_lines: lines.iter().min() != lines.iter().max(),
    };
    source.go_to(from + u64::from(length))
}

/// What programs and cameras say beside the picture. Kept is only what its colours need.
fn application(source: &mut Source, header: &mut Header, marker: u8, from: u64) -> Result<(), Reason> {
    let length = usize::from(source.be16()?.checked_sub(2).ok_or_else(|| damaged("a JPEG whose part has no length"))?);
    let said = source.some(length)?;
    if said.len() < length {
        return Err(damaged("it ends too early"));
    }
    match marker {
        0xE0 if said.starts_with(b"JFIF\0") => {
            let mut plain = JFIF;
            // Version, unit and density as they were.
            if let (Some(own), Some(was)) = (plain.get_mut(9..16), said.get(5..12)) {
                own.copy_from_slice(was);
            }
            header.bare.push(Part::Instead(plain.to_vec()));
        }
        0xE2 if said.starts_with(b"ICC_PROFILE\0") => header.keep(from, source.at()),
        0xEE if said.starts_with(b"Adobe") => header.keep(from, source.at()),
        0xE1 if said.starts_with(b"Exif\0") => {
            let exif = exif::read(said.get(6..).unwrap_or_default());
            header.turn = exif.turn;
            header.has_location |= exif.has_location;
            header.leave_out();
        }
        0xE1 => {
            header.has_location |= exif::xmp_has_location(&said);
            header.leave_out();
        }
        _ => header.leave_out(),
    }
    Ok(())
}

fn finish(mut header: Header, shape: &Shape) -> Result<Header, Reason> {
    let pixels = header.pixels();
    if shape.scans == 0 {
        return Err(damaged("a JPEG without a picture"));
    }
    if !shape.in_layers && shape.scans > 1 && shape.has_halved_lines {
        // The decoder (zune-jpeg 0.5) gives these wrong colours, and says nothing.
        return Err(damaged("a JPEG with a layer for each colour"));
    }
    if shape.scans > SCANS_MAX || shape.scans * pixels > PASSES_FREE + PASSES_PER_BYTE * header.image_bytes {
        return Err(too_complex("a JPEG of very many layers"));
    }
    if header.image_bytes > pixels * BYTES_PER_PIXEL_MAX + (64 << 10) {
        return Err(damaged("a JPEG with more bytes than its pixels can need"));
    }
    let colours = if shape.components == 1 { 1 } else { 3 };
    header.memory = pixels * colours + header.end;
    if shape.in_layers || shape.scans > 1 {
        // All coefficients are held until the last layer is read: two bytes each.
        header.memory += pixels * shape.samples / 8;
    }
    Ok(header)
}
