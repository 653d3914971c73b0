//! Opening a picture within the memory its header was granted, scaling it, and writing it. Home of the decoders.

use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, too_complex};
use crate::media::picture::exif::Turn;
use crate::media::picture::header::Header;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, ResizeOptions, Resizer};
use image::codecs::{gif::GifDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, Limits, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// A colour profile longer than this is not worth its bytes in a message.
const PROFILE_BYTES_MAX: usize = 4096;

/// A picture in memory: grey, colour, or colour with transparency, eight bits each.
pub struct Opened {
    /// Its pixels, not yet turned.
    pub pixels: DynamicImage,
    /// What its colours mean, where that is not the usual and the pixels are still as they were stored.
    pub profile: Option<Vec<u8>>,
}

/// Opens a still, or the first frame.
pub fn open(source: &mut Source, header: &Header) -> Result<Opened, Reason> {
    let view = source.decoder_view(header.end)?;
    match header.media_type {
        MediaType::Jpeg => decode(JpegDecoder::new(view).map_err(wrong)?, header),
        MediaType::Png => decode(PngDecoder::with_limits(view, limits(header)).map_err(wrong)?, header),
        MediaType::Gif => decode(GifDecoder::new(view).map_err(wrong)?, header),
        MediaType::Webp => decode(WebPDecoder::new(view).map_err(wrong)?, header),
        _ => Err(damaged("no picture")),
    }
}

fn limits(header: &Header) -> Limits {
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(header.width), Some(header.height));
    limits.max_alloc = Some(header.memory);
    limits
}

fn decode(mut decoder: impl ImageDecoder, header: &Header) -> Result<Opened, Reason> {
    if decoder.dimensions() != (header.width, header.height) {
        return Err(damaged("a picture whose parts disagree about its size"));
    }
    let mut limits = limits(header);
    // The library does not count this by itself where a decoder is used directly.
    limits.reserve(decoder.total_bytes()).map_err(wrong)?;
    decoder.set_limits(limits).map_err(wrong)?;
    let profile = decoder.icc_profile().ok().flatten();
    let was = decoder.original_color_type();
    let pixels = eight_bits(DynamicImage::from_decoder(decoder).map_err(wrong)?);
    // A profile speaks of the colours as they were stored: inks are none any more.
    let profile = profile.filter(|profile| profile.len() <= PROFILE_BYTES_MAX && profile.get(16..20) == Some(b"RGB "));
    let profile = profile.filter(|_| was.channel_count() >= 3 && header.media_type != MediaType::Webp);
    Ok(Opened { pixels, profile })
}

fn eight_bits(pixels: DynamicImage) -> DynamicImage {
    match pixels {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => pixels,
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(pixels.into_luma8()),
        _ if pixels.color().has_alpha() => DynamicImage::ImageRgba8(pixels.into_rgba8()),
        _ => DynamicImage::ImageRgb8(pixels.into_rgb8()),
    }
}

/// What a decoder says, in our words.
pub fn wrong(error: ImageError) -> Reason {
    match error {
        ImageError::Limits(_) => too_complex("a picture that takes more memory than its header said"),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::OutOfMemory => too_complex("too much memory"),
        error => damaged(&format!("its picture cannot be read: {error}")),
    }
}

/// The picture at another size. The larger one stays as it is.
pub fn scale(pixels: &DynamicImage, width: u32, height: u32) -> Result<DynamicImage, Reason> {
    let (kind, from) = match pixels {
        DynamicImage::ImageLuma8(grey) => (PixelType::U8, grey.as_raw()),
        DynamicImage::ImageRgb8(colour) => (PixelType::U8x3, colour.as_raw()),
        DynamicImage::ImageRgba8(colour) => (PixelType::U8x4, colour.as_raw()),
        _ => return Err(impossible("a picture of another depth")),
    };
    let from = ImageRef::new(pixels.width(), pixels.height(), from, kind).map_err(impossible)?;
    let mut to = Image::new(width, height, kind);
    Resizer::new().resize(&from, &mut to, &ResizeOptions::new()).map_err(impossible)?;
    let to = to.into_vec();
    let scaled = match kind {
        PixelType::U8 => GrayImage::from_raw(width, height, to).map(DynamicImage::ImageLuma8),
        PixelType::U8x3 => RgbImage::from_raw(width, height, to).map(DynamicImage::ImageRgb8),
        _ => RgbaImage::from_raw(width, height, to).map(DynamicImage::ImageRgba8),
    };
    scaled.ok_or_else(|| impossible("a picture of another length"))
}

/// Our own mistake, not the file's.
pub fn impossible(error: impl std::fmt::Display) -> Reason {
    Reason::of(ReasonCode::FileProblem).saying(&error.to_string())
}

/// Turns it as its camera said.
pub fn turn(pixels: &mut DynamicImage, turn: Turn) {
    pixels.apply_orientation(Orientation::from_exif(turn.as_exif()).unwrap_or(Orientation::NoTransforms));
}

/// Whether any pixel is not opaque.
pub fn is_see_through(pixels: &DynamicImage) -> bool {
    match pixels {
        DynamicImage::ImageRgba8(colour) => colour.as_raw().chunks_exact(4).any(|pixel| pixel[3] != 255),
        _ => false,
    }
}

/// On white, without transparency.
pub fn on_white(pixels: DynamicImage) -> DynamicImage {
    let DynamicImage::ImageRgba8(colour) = pixels else { return pixels };
    let (width, height) = colour.dimensions();
    let mut plain = Vec::with_capacity(colour.as_raw().len() / 4 * 3);
    for &[red, green, blue, alpha] in colour.as_raw().as_chunks::<4>().0 {
        let mix = |part: u8| {
            let sum = u32::from(part) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from((sum + 127) / 255).unwrap_or(255)
        };
        plain.extend([mix(red), mix(green), mix(blue)]);
    }
    RgbImage::from_raw(width, height, plain)
        .map_or_else(|| DynamicImage::new_rgb8(width, height), DynamicImage::ImageRgb8)
}

/// Writes a JPEG; what is transparent must be gone by now.
pub fn write_jpeg(pixels: &DynamicImage, quality: u8, profile: Option<&[u8]>) -> Result<Vec<u8>, Reason> {
    let (kind, raw) = match pixels {
        DynamicImage::ImageLuma8(grey) => (ColorType::Luma, grey.as_raw()),
        DynamicImage::ImageRgb8(colour) => (ColorType::Rgb, colour.as_raw()),
        DynamicImage::ImageRgba8(colour) => (ColorType::Rgba, colour.as_raw()),
        _ => return Err(impossible("a picture of another depth")),
    };
    let side = |side: u32| u16::try_from(side).map_err(impossible);
    let mut written = Vec::new();
    let mut encoder = Encoder::new(&mut written, quality);
    // Eyes see half the colour as well as all of it, and the bytes go into more pixels. In one layer, as MMS asks for
    // (OMA-TS-MMS-CONF): own Huffman tables would save some more, but this encoder then writes a layer for each colour.
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    if let (Some(profile), ColorType::Rgb) = (profile, kind) {
        encoder.add_icc_profile(profile).map_err(impossible)?;
    }
    encoder.encode(raw, side(pixels.width())?, side(pixels.height())?, kind).map_err(impossible)?;
    Ok(written)
}

/// Writes a PNG.
pub fn write_png(pixels: &DynamicImage) -> Result<Vec<u8>, Reason> {
    use image::ImageEncoder;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut written = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut written, CompressionType::Default, FilterType::Adaptive);
    let (width, height, colour) = (pixels.width(), pixels.height(), pixels.color().into());
    encoder.write_image(pixels.as_bytes(), width, height, colour).map_err(impossible)?;
    Ok(written)
}

/// The small picture in lists: JPEG, 320 pixels on its longer side, upright.
pub fn thumbnail(opened: &Opened, header: &Header) -> Result<Vec<u8>, Reason> {
    const SIDE: u32 = 320;
    const QUALITY: u8 = 75;
    let (width, height) = within(opened.pixels.width(), opened.pixels.height(), SIDE);
    let mut small = on_white(scale(&opened.pixels, width, height)?);
    turn(&mut small, header.turn);
    write_jpeg(&small, QUALITY, None)
}

/// The size within a square of this side, never larger than it is.
pub fn within(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= side {
        return (width, height);
    }
    let part = |of: u32| {
        let scaled = (u64::from(of) * u64::from(side) + u64::from(longer) / 2) / u64::from(longer);
        u32::try_from(scaled).unwrap_or(side).max(1)
    };
    (part(width), part(height))
}
