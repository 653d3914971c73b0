//! Writes a GIF frame by frame: of each only what changed, in one set of colours.

use crate::domain::reason::Reason;
use crate::media::picture::open::impossible;
use color_quant::NeuQuant;
use gif::{DisposalMethod, Encoder, Frame, Repeat};
use image::RgbaImage;
use image::metadata::LoopCount;
use std::borrow::Cow;
use std::sync::Arc;

/// The last of 256 colours shows what was there before.
const SEE_THROUGH: u8 = 255;
/// A pixel that changed by less than this is the noise of an earlier writer.
const NOISE: u8 = 6;
/// Every how many pixels of the sample one teaches the choice of colours.
const SAMPLE_EVERY: i32 = 10;
/// Colours are looked up with six bits each.
const BITS: usize = 6;
const UNKNOWN: u16 = u16::MAX;

/// The colours of all frames.
#[derive(Clone)]
pub struct Palette {
    chosen: Arc<NeuQuant>,
    colours: Vec<u8>,
    /// Which colour stands for which, as far as it was asked before.
    known: Vec<u16>,
    see_through: bool,
}

impl Palette {
    /// Chooses from these pixels, four bytes each.
    pub fn of(sample: &[u8], see_through: bool) -> Palette {
        let chosen = NeuQuant::new(SAMPLE_EVERY, usize::from(SEE_THROUGH), sample);
        let mut colours = chosen.color_map_rgb();
        colours.resize(256 * 3, 0);
        Palette { chosen: Arc::new(chosen), colours, known: vec![UNKNOWN; 1 << (3 * BITS)], see_through }
    }

    fn index_of(&mut self, [red, green, blue]: [u8; 3]) -> u8 {
        let part = |value: u8| usize::from(value >> (8 - BITS));
        let place = part(red) << (2 * BITS) | part(green) << BITS | part(blue);
        if self.known[place] == UNKNOWN {
            self.known[place] = self.chosen.index_of(&[red, green, blue, 255]) as u16;
        }
        u8::try_from(self.known[place]).unwrap_or(0)
    }
}

/// A GIF that is being written.
pub struct Film {
    encoder: Encoder<Vec<u8>>,
    palette: Palette,
    width: usize,
    height: usize,
    /// Each pixel as it was when it was last written; empty before the first frame.
    shown: Vec<u8>,
}

/// A part of the picture.
struct Window {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Film {
    /// Begins one.
    pub fn new(palette: Palette, width: u32, height: u32, turns: LoopCount) -> Result<Film, Reason> {
        let side = |side: u32| u16::try_from(side).map_err(impossible);
        let colours = &palette.colours;
        let mut encoder = Encoder::new(Vec::new(), side(width)?, side(height)?, colours).map_err(impossible)?;
        let repeat = match turns {
            LoopCount::Infinite => Repeat::Infinite,
            LoopCount::Finite(turns) => Repeat::Finite(u16::try_from(turns.get()).unwrap_or(u16::MAX)),
        };
        encoder.set_repeat(repeat).map_err(impossible)?;
        Ok(Film { encoder, palette, width: width as usize, height: height as usize, shown: Vec::new() })
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.encoder.get_ref().len() as u64
    }

    /// One more frame, for so long.
    pub fn show(&mut self, frame: RgbaImage, pause_ms: u32) -> Result<(), Reason> {
        let pixels = frame.into_raw();
        let whole = Window { left: 0, top: 0, right: self.width, bottom: self.height };
        let differs_only = !self.palette.see_through && !self.shown.is_empty();
        let window = if differs_only { self.changed(&pixels) } else { whole };
        let buffer = self.indices(&pixels, &window, differs_only);
        let part = |part: usize| u16::try_from(part).map_err(impossible);
        let frame = Frame {
            // Hundredths of a second.
            delay: u16::try_from(pause_ms / 10).unwrap_or(u16::MAX),
            dispose: if self.palette.see_through { DisposalMethod::Background } else { DisposalMethod::Keep },
            transparent: (self.palette.see_through || differs_only).then_some(SEE_THROUGH),
            left: part(window.left)?,
            top: part(window.top)?,
            width: part(window.right - window.left)?,
            height: part(window.bottom - window.top)?,
            buffer: Cow::Owned(buffer),
            ..Frame::default()
        };
        self.encoder.write_frame(&frame).map_err(impossible)?;
        if self.shown.is_empty() {
            self.shown = pixels;
        }
        Ok(())
    }

    /// The smallest window around what changed; one pixel where nothing did.
    fn changed(&self, pixels: &[u8]) -> Window {
        let mut window = Window { left: self.width, top: self.height, right: 0, bottom: 0 };
        let line = self.width * 4;
        for (y, (was, is)) in self.shown.chunks_exact(line).zip(pixels.chunks_exact(line)).enumerate() {
            let differs = |(was, is): (&[u8], &[u8])| is_another(was, is);
            let Some(first) = was.chunks_exact(4).zip(is.chunks_exact(4)).position(differs) else { continue };
            let last = was.chunks_exact(4).zip(is.chunks_exact(4)).rposition(differs).unwrap_or(first);
            window.left = window.left.min(first);
            window.right = window.right.max(last + 1);
            window.top = window.top.min(y);
            window.bottom = y + 1;
        }
        if window.right == 0 {
            return Window { left: 0, top: 0, right: 1, bottom: 1 };
        }
        window
    }

    fn indices(&mut self, pixels: &[u8], window: &Window, differs_only: bool) -> Vec<u8> {
        let mut indices = Vec::with_capacity((window.right - window.left) * (window.bottom - window.top));
        for y in window.top..window.bottom {
            let (from, to) = ((y * self.width + window.left) * 4, (y * self.width + window.right) * 4);
            for at in (from..to).step_by(4) {
                let is = &pixels[at..at + 4];
                if is[3] < 128 || (differs_only && !is_another(&self.shown[at..at + 4], is)) {
                    indices.push(SEE_THROUGH);
                    continue;
                }
                indices.push(self.palette.index_of([is[0], is[1], is[2]]));
                if differs_only {
                    self.shown[at..at + 4].copy_from_slice(is);
                }
            }
        }
        indices
    }

    /// The file.
    pub fn end(self) -> Result<Vec<u8>, Reason> {
        self.encoder.into_inner().map_err(impossible)
    }
}

fn is_another(was: &[u8], is: &[u8]) -> bool {
    was.iter().zip(is).any(|(was, is)| was.abs_diff(*is) >= NOISE)
}
