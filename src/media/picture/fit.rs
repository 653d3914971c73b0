//! Making a picture fit: untouched where it may stay so, else bared of what it says beside the picture, else written anew.

use crate::domain::media::{FitStep, FitWish, Fitted, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, refuse};
use crate::media::picture::header::{Header, Part, plausible};
use crate::media::picture::ladder::{Ladder, Rung};
use crate::media::picture::moving;
use crate::media::picture::open::{self, Opened};
use std::fs::File;
use std::io::Write;

/// More pixels are never written: no screen shows them.
const PIXELS_OUT_MAX: u64 = 12_000_000;
/// What scaling and writing take beside the pixels themselves.
pub const WORK_BYTES: u64 = 16 << 20;
/// A pixel that is written: scaled, turned, and halfway between.
const BYTES_PER_PIXEL_OUT: u64 = 8;

/// Makes it fit; writes to `to` only if something had to be done.
pub fn fit(source: &mut Source, header: &Header, wish: &FitWish, to: &mut File) -> Result<Fitted, Reason> {
    let allowed = wish.types.contains(&header.media_type);
    let must_be_bare = wish.strip_location && header.says_more;
    let must_be_turned = must_be_bare && !header.turn.is_none();
    if allowed && !must_be_bare && source.len() <= wish.bytes_max {
        return Ok(Fitted { facts: header.facts(source.len()), steps: Vec::new() });
    }
    if allowed && !must_be_turned && header.turn.is_none() && header.bare_bytes() <= wish.bytes_max {
        let bytes = write_bare(source, header, to)?;
        return Ok(Fitted { facts: header.facts(bytes), steps: vec![FitStep::LocationRemoved] });
    }
    if header.frames > 1 {
        return moving::fit(source, header, wish, to);
    }
    still(source, header, wish, to)
}

/// The picture as it was, byte for byte, without what it said beside it.
fn write_bare(source: &mut Source, header: &Header, to: &mut File) -> Result<u64, Reason> {
    const PIECE: usize = 256 << 10;
    let mut written = 0;
    for part in &header.bare {
        match part {
            Part::Instead(bytes) => {
                to.write_all(bytes).map_err(open::impossible)?;
                written += bytes.len() as u64;
            }
            Part::Same(range) => {
                source.go_to(range.start)?;
                while source.at() < range.end {
                    let left = usize::try_from(range.end - source.at()).unwrap_or(PIECE);
                    let piece = source.some(left.min(PIECE))?;
                    to.write_all(&piece).map_err(open::impossible)?;
                    written += piece.len() as u64;
                }
            }
        }
    }
    Ok(written)
}

fn still(source: &mut Source, header: &Header, wish: &FitWish, to: &mut File) -> Result<Fitted, Reason> {
    let opened = open::open(source, header)?;
    let ladder = Ladder {
        bytes_max: wish.bytes_max,
        pixels_max: pixels_out_max(header),
        bytes_per_pixel: source.len() as f64 / header.pixels().max(1) as f64,
        turn: header.turn,
    };
    let see_through = open::is_see_through(&opened.pixels);
    let rung = write_anew(&opened, header, wish, &ladder, see_through)?;
    to.write_all(&rung.bytes).map_err(open::impossible)?;
    let mut facts = header.facts(rung.bytes.len() as u64);
    (facts.media_type, facts.count) = (rung.media_type, None);
    (facts.width, facts.height) = (Some(rung.width), Some(rung.height));
    Ok(Fitted { facts, steps: steps(header, &rung, see_through) })
}

/// As many pixels as the memory allows that the file brought bytes for.
fn pixels_out_max(header: &Header) -> u64 {
    let room = plausible(header.image_bytes) + (8 << 20);
    let pixels = room.saturating_sub(header.memory) / BYTES_PER_PIXEL_OUT;
    pixels.clamp(1_000_000, PIXELS_OUT_MAX)
}

/// Memory for opening and writing, for the allowance of the process.
pub fn memory(header: &Header) -> u64 {
    header.memory + WORK_BYTES + pixels_out_max(header).min(header.pixels()) * BYTES_PER_PIXEL_OUT
}

/// A photo becomes a JPEG. What is drawn or transparent stays a PNG where it may, as long as that leaves enough of it.
fn write_anew(
    opened: &Opened,
    header: &Header,
    wish: &FitWish,
    ladder: &Ladder,
    see_through: bool,
) -> Result<Rung, Reason> {
    let (jpeg, png) = (wish.types.contains(&MediaType::Jpeg), wish.types.contains(&MediaType::Png));
    if !jpeg && !png {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, header.media_type.as_str()));
    }
    let is_drawn = see_through || header.media_type != MediaType::Jpeg;
    if png && (is_drawn || !jpeg) {
        // With a JPEG to fall back on, a PNG is tried only where it stays large enough to be read.
        let side_min = if !jpeg {
            ladder.side_min()
        } else if see_through {
            800
        } else {
            1600
        };
        if let Some(rung) = ladder.png(&opened.pixels, side_min)? {
            return Ok(rung);
        }
    }
    let rung = if jpeg { ladder.jpeg(opened)? } else { None };
    rung.ok_or_else(|| refuse(ReasonCode::FileTooLarge, "no size of it fits that can still be looked at"))
}

fn steps(header: &Header, rung: &Rung, see_through: bool) -> Vec<FitStep> {
    let (width, height) = header.turn.of(header.width, header.height);
    let done = [
        (header.says_more, FitStep::LocationRemoved),
        (!header.turn.is_none(), FitStep::Turned),
        ((rung.width, rung.height) != (width, height), FitStep::Scaled),
        (rung.media_type != header.media_type, FitStep::Converted),
        (see_through && rung.media_type == MediaType::Jpeg, FitStep::Flattened),
    ];
    let mut steps: Vec<FitStep> = done.into_iter().filter(|(was, _)| *was).map(|(_, step)| step).collect();
    // A JPEG loses something each time; a PNG that only lost bits no screen shows was written anew all the same.
    if rung.media_type == header.media_type && (rung.media_type == MediaType::Jpeg || steps.is_empty()) {
        steps.push(FitStep::Recompressed);
    }
    steps
}
