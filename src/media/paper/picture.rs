//! A picture inside a PDF with fewer pixels. Only plain grey and colour is touched: inks, masks and bilevel scans are left
//! as they are.

use crate::domain::reason::Reason;
use crate::media::paper::fit::Allow;
use crate::media::picture::header::plausible;
use crate::media::picture::open::{scale, within, write_jpeg};
use image::codecs::jpeg::JpegDecoder;
use image::{ColorType, DynamicImage, GrayImage, ImageDecoder, Limits, RgbImage};
use lopdf::{Document, Object, Stream};
use std::io::Cursor;

/// How far down.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Pixels on the longer side.
    pub side: u32,
    /// Quality of JPEG.
    pub quality: u8,
}

/// Where a picture spends no more than this on a pixel and is small enough, writing it again only makes it worse.
const THRIFTY_BYTES_PER_PIXEL: f64 = 0.12;
/// A logo is worth its bytes.
const BYTES_MIN: usize = 8 << 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colours {
    Grey,
    Colour,
}

/// The picture smaller; `None`: it is better left as it is.
pub fn smaller(document: &Document, stream: &Stream, step: Step, allow: Allow<'_>) -> Result<Option<Stream>, Reason> {
    if stream.content.len() < BYTES_MIN {
        return Ok(None);
    }
    let Some(colours) = colours(document, stream) else { return Ok(None) };
    let number =
        |name: &[u8]| stream.dict.get(name).and_then(Object::as_i64).ok().and_then(|is| u32::try_from(is).ok());
    let (Some(width), Some(height)) = (number(b"Width"), number(b"Height")) else { return Ok(None) };
    let per_pixel = stream.content.len() as f64 / (f64::from(width) * f64::from(height)).max(1.0);
    if width.max(height) <= step.side && per_pixel <= THRIFTY_BYTES_PER_PIXEL {
        return Ok(None);
    }
    // Decoded, in layers while it is decoded, scaled, and halfway between.
    let memory = u64::from(width) * u64::from(height) * 9 + (16 << 20);
    if memory > plausible(stream.content.len() as u64) * 2 || allow(memory).is_err() {
        return Ok(None);
    }
    let Some(pixels) = decode(stream, colours, width, height) else { return Ok(None) };
    let (width, height) = within(width, height, step.side);
    let written = write_jpeg(&scale(&pixels, width, height)?, step.quality, None)?;
    Ok((written.len() < stream.content.len()).then(|| anew(stream, written, width, height)))
}

fn anew(stream: &Stream, written: Vec<u8>, width: u32, height: u32) -> Stream {
    let mut dictionary = stream.dict.clone();
    dictionary.set("Width", i64::from(width));
    dictionary.set("Height", i64::from(height));
    dictionary.set("Filter", Object::Name(b"DCTDecode".to_vec()));
    dictionary.remove(b"DecodeParms");
    Stream::new(dictionary, written).with_compression(false)
}

/// Eight bits of grey or colour, with nothing that hangs on single pixels.
fn colours(document: &Document, stream: &Stream) -> Option<Colours> {
    let resolve = |object: &Object| match object {
        Object::Reference(id) => document.get_object(*id).ok().cloned(),
        object => Some(object.clone()),
    };
    let dict = &stream.dict;
    let is_mask = dict.get(b"ImageMask").and_then(Object::as_bool).unwrap_or(false);
    let bits = dict.get(b"BitsPerComponent").and_then(Object::as_i64).unwrap_or(8);
    // A mask by colour would miss its colours; a matte must have the picture's own size (ISO 32000-2, 11.6.5.3).
    let by_colour = dict.get(b"Mask").ok().and_then(resolve).is_some_and(|mask| mask.as_array().is_ok());
    let soft = dict.get(b"SMask").ok().and_then(resolve);
    let has_matte = soft.is_some_and(|soft| soft.as_stream().is_ok_and(|soft| soft.dict.has(b"Matte")));
    if is_mask || bits != 8 || by_colour || has_matte || dict.has(b"Matte") || dict.has(b"Decode") {
        return None;
    }
    match resolve(dict.get(b"ColorSpace").ok()?)? {
        Object::Name(name) => match &*name {
            b"DeviceGray" | b"CalGray" | b"G" => Some(Colours::Grey),
            b"DeviceRGB" | b"CalRGB" | b"RGB" => Some(Colours::Colour),
            _ => None,
        },
        Object::Array(space) => match space.first()?.as_name().ok()? {
            b"CalGray" => Some(Colours::Grey),
            b"CalRGB" => Some(Colours::Colour),
            b"ICCBased" => {
                let profile = resolve(space.get(1)?)?;
                match profile.as_stream().ok()?.dict.get(b"N").and_then(Object::as_i64).ok()? {
                    1 => Some(Colours::Grey),
                    3 => Some(Colours::Colour),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

fn decode(stream: &Stream, colours: Colours, width: u32, height: u32) -> Option<DynamicImage> {
    match stream.filters().ok()?.as_slice() {
        [b"DCTDecode"] => {
            let mut decoder = JpegDecoder::new(Cursor::new(&*stream.content)).ok()?;
            let expected = if colours == Colours::Grey { ColorType::L8 } else { ColorType::Rgb8 };
            if decoder.dimensions() != (width, height) || decoder.color_type() != expected {
                return None;
            }
            let mut limits = Limits::default();
            limits.reserve(decoder.total_bytes()).ok()?;
            decoder.set_limits(limits).ok()?;
            DynamicImage::from_decoder(decoder).ok()
        }
        [b"FlateDecode"] => {
            let channels = if colours == Colours::Grey { 1 } else { 3 };
            let length = width as usize * height as usize * channels;
            let mut raw = stream.decompressed_content_with_limit(length + height as usize + 4096).ok()?;
            if raw.len() < length {
                return None;
            }
            raw.truncate(length);
            match colours {
                Colours::Grey => GrayImage::from_raw(width, height, raw).map(DynamicImage::ImageLuma8),
                Colours::Colour => RgbImage::from_raw(width, height, raw).map(DynamicImage::ImageRgb8),
            }
        }
        _ => None,
    }
}
