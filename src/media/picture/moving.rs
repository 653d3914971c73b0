//! Making a moving picture fit: smaller and with fewer frames, but still moving; else it is refused. Frames are opened one
//! at a time, as often as there are tries.

use crate::domain::media::{FitStep, FitWish, Fitted, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse};
use crate::media::picture::film::{Film, Palette};
use crate::media::picture::header::Header;
use crate::media::picture::open::{impossible, scale, within, wrong};
use image::codecs::{gif::GifDecoder, webp::WebPDecoder};
use image::metadata::LoopCount;
use image::{AnimationDecoder, DynamicImage, Frame, RgbaImage};
use std::fs::File;
use std::io::Write;

/// How much smaller, and of how many frames one is kept, from the least loss to the most.
const STEPS: [(f64, usize); 12] = [
    (1.0, 1),
    (0.85, 1),
    (0.72, 1),
    (0.6, 1),
    (0.5, 1),
    (0.6, 2),
    (0.5, 2),
    (0.42, 2),
    (0.42, 3),
    (0.35, 3),
    (0.35, 4),
    (0.28, 4),
];
/// The longer side of the smallest moving picture.
const SIDE_MIN: u32 = 160;
/// Tries that are written; each opens all frames anew.
const TRIES: usize = 4;
/// Of what is foreseen, so much must fit.
const MARGIN: f64 = 0.94;
/// Colours are chosen from so many pixels of all frames.
const SAMPLE_PIXELS: u32 = 160_000;

/// Writes it anew as a GIF that fits.
pub fn fit(source: &mut Source, header: &Header, wish: &FitWish, to: &mut File) -> Result<Fitted, Reason> {
    if !wish.types.contains(&MediaType::Gif) {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, "a moving picture"));
    }
    let palette = palette(source, header)?;
    // Bytes for each pixel of each frame that is written; the file as it is gives the first guess.
    let mut weight = header.image_bytes as f64 / (header.pixels() as f64 * f64::from(header.frames));
    let mut steps = STEPS.iter().filter(|(shrink, every)| is_worth_it(header, *shrink, *every));
    for _ in 0..TRIES {
        let foreseen = |&&(shrink, every): &&(f64, usize)| {
            weight * pixels(header, shrink, every) <= wish.bytes_max as f64 * MARGIN
        };
        let Some(&(shrink, every)) = steps.find(foreseen) else { break };
        let written = write(source, header, &palette, (shrink, every), wish.bytes_max)?;
        if let Written::Whole(bytes, width, height, frames) = written {
            to.write_all(&bytes).map_err(impossible)?;
            return Ok(fitted(header, bytes.len() as u64, (width, height), frames));
        }
        let Written::TooMuch(bytes) = written else { break };
        weight = bytes / pixels(header, shrink, every);
    }
    Err(refuse(ReasonCode::FileTooLarge, "a moving picture that would have to stand still"))
}

fn is_worth_it(header: &Header, shrink: f64, every: usize) -> bool {
    let side = f64::from(header.width.max(header.height)) * shrink;
    // Two frames at least, and not so small that nothing can be seen; one that is small already keeps its size.
    (shrink == 1.0 || side >= f64::from(SIDE_MIN)) && (every == 1 || header.frames as usize >= 2 * every)
}

fn pixels(header: &Header, shrink: f64, every: usize) -> f64 {
    header.pixels() as f64 * shrink * shrink * f64::from(header.frames) / every as f64
}

fn fitted(header: &Header, bytes: u64, size: (u32, u32), frames: u32) -> Fitted {
    let mut facts = header.facts(bytes);
    (facts.media_type, facts.count) = (MediaType::Gif, Some(frames));
    (facts.width, facts.height) = (Some(size.0), Some(size.1));
    let done = [
        (header.says_more, FitStep::LocationRemoved),
        (size != (header.width, header.height), FitStep::Scaled),
        (header.media_type == MediaType::Gif, FitStep::Recompressed),
        (header.media_type != MediaType::Gif, FitStep::Converted),
        (frames < header.frames, FitStep::FramesDropped),
    ];
    Fitted { facts, steps: done.into_iter().filter(|(was, _)| *was).map(|(_, step)| step).collect() }
}

enum Written {
    /// The file, its size, its frames.
    Whole(Vec<u8>, u32, u32, u32),
    /// What all of it would come to, as far as it went.
    TooMuch(f64),
}

fn write(
    source: &mut Source,
    header: &Header,
    palette: &Palette,
    (shrink, every): (f64, usize),
    bytes_max: u64,
) -> Result<Written, Reason> {
    let side = (f64::from(header.width.max(header.height)) * shrink).round() as u32;
    let (width, height) = within(header.width, header.height, side);
    let mut film: Option<Film> = None;
    let (mut seen, mut kept, mut pause_ms) = (0, None, 0);
    let mut written = 0;
    for_each_frame(source, header, |frame, turns| {
        let film = match &mut film {
            Some(film) => film,
            none => none.insert(Film::new(palette.clone(), width, height, turns)?),
        };
        if seen % every == 0 {
            if let Some(before) = kept.take() {
                film.show(before, pause_ms)?;
                written += 1;
            }
            pause_ms = 0;
            kept = Some(small(&frame, width, height)?);
        }
        pause_ms += pause(&frame);
        seen += 1;
        Ok(film.bytes() <= bytes_max)
    })?;
    let (Some(mut film), Some(last)) = (film, kept) else { return Err(damaged("a moving picture without a frame")) };
    let total = seen.max(header.frames as usize).div_ceil(every);
    if film.bytes() > bytes_max {
        return Ok(Written::TooMuch(film.bytes() as f64 * total as f64 / f64::from(written)));
    }
    film.show(last, pause_ms)?;
    let bytes = film.end()?;
    if bytes.len() as u64 > bytes_max {
        return Ok(Written::TooMuch(bytes.len() as f64));
    }
    Ok(Written::Whole(bytes, width, height, written as u32 + 1))
}

fn small(frame: &Frame, width: u32, height: u32) -> Result<RgbaImage, Reason> {
    if frame.buffer().dimensions() == (width, height) {
        return Ok(frame.buffer().clone());
    }
    // The library takes the whole picture; a copy of one frame is what that costs.
    Ok(scale(&DynamicImage::ImageRgba8(frame.buffer().clone()), width, height)?.into_rgba8())
}

fn pause(frame: &Frame) -> u32 {
    let (over, under) = frame.delay().numer_denom_ms();
    over / under.max(1)
}

/// Opens one frame after the other, until all are seen or the visitor says that it is enough.
fn for_each_frame(
    source: &mut Source,
    header: &Header,
    mut visit: impl FnMut(Frame, LoopCount) -> Result<bool, Reason>,
) -> Result<(), Reason> {
    let view = source.decoder_view(header.end)?;
    let (turns, frames) = match header.media_type {
        MediaType::Gif => {
            let decoder = GifDecoder::new(view).map_err(wrong)?;
            (decoder.loop_count(), decoder.into_frames())
        }
        _ => {
            let decoder = WebPDecoder::new(view).map_err(wrong)?;
            (decoder.loop_count(), decoder.into_frames())
        }
    };
    for frame in frames.take(header.frames as usize) {
        let frame = frame.map_err(wrong)?;
        if frame.buffer().dimensions() != (header.width, header.height) {
            return Err(damaged("a moving picture whose frames disagree about its size"));
        }
        if !visit(frame, turns)? {
            break;
        }
    }
    Ok(())
}

/// One set of colours for all frames, chosen from a little of each.
fn palette(source: &mut Source, header: &Header) -> Result<Palette, Reason> {
    let side = (SAMPLE_PIXELS / header.frames).isqrt().clamp(16, 200);
    let (width, height) = within(header.width, header.height, side);
    let (mut sample, mut see_through) = (Vec::new(), false);
    for_each_frame(source, header, |frame, _| {
        let small = small(&frame, width, height)?;
        see_through |= small.as_raw().chunks_exact(4).any(|pixel| pixel[3] < 128);
        sample.extend_from_slice(small.as_raw());
        Ok(true)
    })?;
    Ok(Palette::of(&sample, see_through))
}
