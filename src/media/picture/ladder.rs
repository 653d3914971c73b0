//! The steps down to a size: a smaller picture before a worse one, down to what can still be looked at.

use crate::domain::media::MediaType;
use crate::domain::reason::Reason;
use crate::media::picture::exif::Turn;
use crate::media::picture::open::{self, Opened};
use image::DynamicImage;

/// Quality, and how many pixels a picture keeps before a lower quality is taken.
const QUALITIES: [(u8, f64); 3] = [(84, 900_000.0), (72, 400_000.0), (60, 0.0)];
/// The longer side of the smallest picture.
const SIDE_MIN: u32 = 320;
/// Tries at each quality.
const TRIES: u32 = 5;
/// Where a try ends below this part of what is allowed, a larger one is tried.
const WASTE: f64 = 0.75;
/// What is aimed at.
const AIM: f64 = 0.92;

/// What is known before the first step.
pub struct Ladder {
    /// Most bytes.
    pub bytes_max: u64,
    /// Most pixels.
    pub pixels_max: u64,
    /// What the file spent on a pixel, whatever its type.
    pub bytes_per_pixel: f64,
    /// How it must be turned.
    pub turn: Turn,
}

/// A step that fits.
pub struct Rung {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub media_type: MediaType,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Ladder {
    /// The longer side of the smallest picture.
    pub fn side_min(&self) -> u32 {
        SIDE_MIN
    }

    /// The largest JPEG that fits, at the best quality that leaves it large enough.
    pub fn jpeg(&self, opened: &Opened) -> Result<Option<Rung>, Reason> {
        let mut most = self.most(&opened.pixels);
        // Smaller pictures have more detail in each pixel; the first try shows how much.
        let guess = self.bytes_per_pixel.clamp(0.08, 0.3);
        let mut pixels = most.min(self.bytes_max as f64 / guess);
        for (quality, floor) in QUALITIES {
            let floor = floor.max(self.smallest(&opened.pixels)).min(most);
            let write =
                |scaled: DynamicImage| open::write_jpeg(&open::on_white(scaled), quality, opened.profile.as_deref());
            let (rung, last) = self.seek(&opened.pixels, MediaType::Jpeg, pixels, floor, most, &write)?;
            if rung.is_some() {
                return Ok(rung);
            }
            // With less quality it is not made larger again.
            (pixels, most) = (last, floor);
        }
        Ok(None)
    }

    /// The largest PNG that fits and whose longer side is not below `side_min`.
    pub fn png(&self, pixels: &DynamicImage, side_min: u32) -> Result<Option<Rung>, Reason> {
        let most = self.most(pixels);
        let floor = (self.smallest(pixels) * f64::from(side_min * side_min) / f64::from(SIDE_MIN * SIDE_MIN)).min(most);
        let guess = self.bytes_per_pixel.clamp(0.05, 3.0);
        let first = most.min(self.bytes_max as f64 / guess);
        if first < floor / 4.0 {
            return Ok(None);
        }
        let write = |scaled: DynamicImage| open::write_png(&scaled);
        Ok(self.seek(pixels, MediaType::Png, first.max(floor), floor, most, &write)?.0)
    }

    /// Tries sizes from `pixels` on, guided by what each came to; never below `floor`. Also how small the next would be.
    fn seek(
        &self,
        whole: &DynamicImage,
        media_type: MediaType,
        mut pixels: f64,
        floor: f64,
        most: f64,
        write: &dyn Fn(DynamicImage) -> Result<Vec<u8>, Reason>,
    ) -> Result<(Option<Rung>, f64), Reason> {
        let (mut best, mut fits, mut too_large) = (None, None, None);
        pixels = pixels.clamp(floor, most);
        for _ in 0..TRIES {
            let rung = self.step(whole, media_type, pixels, write)?;
            let share = rung.bytes.len() as f64 / self.bytes_max as f64;
            if share > 1.0 {
                if pixels <= floor {
                    return Ok((best, floor * AIM / share));
                }
                too_large = Some((pixels, share));
            } else {
                best = Some(rung);
                fits = Some((pixels, share));
                if share >= WASTE || pixels >= most {
                    break;
                }
            }
            pixels = next(fits, too_large).clamp(floor, most);
        }
        Ok((best, pixels))
    }

    fn step(
        &self,
        whole: &DynamicImage,
        media_type: MediaType,
        pixels: f64,
        write: &dyn Fn(DynamicImage) -> Result<Vec<u8>, Reason>,
    ) -> Result<Rung, Reason> {
        let shrink = (pixels / area(whole)).sqrt().min(1.0);
        let side = (f64::from(whole.width().max(whole.height())) * shrink).round();
        let (width, height) = open::within(whole.width(), whole.height(), (side as u32).max(1));
        let mut scaled = open::scale(whole, width, height)?;
        open::turn(&mut scaled, self.turn);
        let (width, height) = (scaled.width(), scaled.height());
        Ok(Rung { bytes: write(scaled)?, media_type, width, height })
    }

    fn most(&self, whole: &DynamicImage) -> f64 {
        area(whole).min(self.pixels_max as f64)
    }

    /// Pixels of the smallest picture.
    fn smallest(&self, whole: &DynamicImage) -> f64 {
        let (width, height) = open::within(whole.width(), whole.height(), SIDE_MIN);
        f64::from(width) * f64::from(height)
    }
}

/// The size to try next, from the largest that fits and the smallest that does not: pixels, and their share of what is allowed.
fn next(fits: Option<(f64, f64)>, too_large: Option<(f64, f64)>) -> f64 {
    match (fits, too_large) {
        // Between both, as if bytes grew with a power of pixels.
        (Some((small, below)), Some((large, above))) => {
            let part = (AIM / below).ln() / (above / below).ln();
            small * (large / small).powf(part.clamp(0.1, 0.9))
        }
        (Some((pixels, share)), None) => pixels * (AIM / share).min(2.5),
        (None, Some((pixels, share))) => pixels * AIM / share,
        (None, None) => 0.0,
    }
}

fn area(whole: &DynamicImage) -> f64 {
    f64::from(whole.width()) * f64::from(whole.height())
}
