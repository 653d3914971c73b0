//! Pictures that tests are made of: photos, drawings, and files put together part by part.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, Rgb, RgbImage, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use std::io::Write;

/// What stands in the EXIF of our pictures and must not leave the house.
pub const SECRET: &[u8] = b"SECRET-CAMERA-7";

/// A number that looks like chance and is the same every time.
pub fn noise(x: u32, y: u32, seed: u32) -> u32 {
    let mut n = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    n = (n ^ (n >> 15)).wrapping_mul(0x2C1B_3C6D);
    (n ^ (n >> 12)).wrapping_mul(0x297A_2D39) >> 8
}

/// Something like a photo: light and shade, edges, leaves, and the noise of a sensor.
pub fn photo(width: u32, height: u32) -> RgbImage {
    if width * height > 1_000_000 {
        // A large one is a smaller one with softer edges: making it takes a test's time.
        let half = DynamicImage::ImageRgb8(photo(width / 2, height / 2));
        return half.resize_exact(width, height, image::imageops::FilterType::Nearest).into_rgb8();
    }
    let part = |at: u32, of: u32| at as f32 / of as f32;
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (part(x, width.max(height)), part(y, width.max(height)));
        let hills = (u * 9.0).sin() * 0.12 + (u * 31.0).sin() * 0.03 + 0.38;
        let leaf = noise(x / 9, y / 9, 3) % 100 < 35 && v > hills;
        let fence = ((u * 60.0).fract() < 0.12) && v > 0.55 && v < 0.62;
        let (r, g, b) = match (fence, leaf, v > hills) {
            (true, ..) => (150.0, 110.0, 80.0),
            (_, true, _) => (60.0 + 60.0 * v, 120.0, 50.0),
            (_, _, true) => (90.0 + 40.0 * v, 140.0 - 40.0 * v, 70.0),
            _ => (120.0 + 80.0 * v, 170.0 + 40.0 * v, 230.0),
        };
        let grain = (noise(x, y, 1) % 13) as f32 - 6.0;
        let tone = |value: f32| (value + grain).clamp(0.0, 255.0) as u8;
        Rgb([tone(r), tone(g), tone(b)])
    })
}

/// Red, green, blue and white in the corners, as it should be seen.
pub fn corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([220, 30, 30]),
        (false, true) => Rgb([30, 200, 30]),
        (true, false) => Rgb([30, 30, 220]),
        (false, false) => Rgb([250, 250, 250]),
    })
}

pub fn jpeg(pixels: &RgbImage, quality: u8) -> Vec<u8> {
    jpeg_as(pixels, quality, false)
}

pub fn jpeg_as(pixels: &RgbImage, quality: u8, in_layers: bool) -> Vec<u8> {
    let mut written = Vec::new();
    let mut encoder = Encoder::new(&mut written, quality);
    encoder.set_progressive(in_layers);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let (width, height) = (pixels.width() as u16, pixels.height() as u16);
    encoder.encode(pixels, width, height, ColorType::Rgb).expect("pixels can be written");
    written
}

/// As printers have it: four inks.
pub fn jpeg_of_inks(width: u16, height: u16) -> Vec<u8> {
    let (mut written, mut inks) = (Vec::new(), Vec::new());
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            inks.extend([(x % 256) as u8, (y % 256) as u8, (noise(x, y, 5) % 60) as u8, 20]);
        }
    }
    Encoder::new(&mut written, 90).encode(&inks, width, height, ColorType::Cmyk).expect("inks can be written");
    written
}

/// EXIF with how it was held, a place in Berlin, and the camera's name.
pub fn exif(turn: u16) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let (name_at, gps_at, degrees_at) = (50_u32, 70_u32, 112_u32);
    tiff.extend(3_u16.to_be_bytes());
    tiff.extend(entry(0x0110, 2, SECRET.len() as u32 + 1, name_at.to_be_bytes()));
    tiff.extend(entry(0x0112, 3, 1, [turn.to_be_bytes(), [0, 0]].concat().try_into().expect("four bytes")));
    tiff.extend(entry(0x8825, 4, 1, gps_at.to_be_bytes()));
    tiff.extend([0; 4]);
    tiff.resize(name_at as usize, 0);
    tiff.extend(SECRET);
    tiff.resize(gps_at as usize, 0);
    tiff.extend(2_u16.to_be_bytes());
    tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
    tiff.extend(entry(2, 5, 3, degrees_at.to_be_bytes()));
    tiff.extend([0; 4]);
    tiff.resize(degrees_at as usize, 0);
    for (over, under) in [(52_u32, 1_u32), (31, 1), (1234, 100)] {
        tiff.extend([over.to_be_bytes(), under.to_be_bytes()].concat());
    }
    tiff
}

/// A JPEG with one more part behind its beginning.
pub fn with_part(jpeg: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xFF, marker], &length, body, &jpeg[2..]].concat()
}

pub fn with_exif(jpeg: &[u8], turn: u16) -> Vec<u8> {
    with_part(jpeg, 0xE1, &[b"Exif\0\0", &exif(turn)[..]].concat())
}

/// A PNG as the library writes it.
pub fn png(pixels: &DynamicImage) -> Vec<u8> {
    let mut written = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut written, image::ImageFormat::Png).expect("pixels can be written");
    written.into_inner()
}

/// One part of a PNG.
pub fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [kind, body].concat();
    let mut sum = u32::MAX;
    for byte in &checked {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    [&(body.len() as u32).to_be_bytes()[..], &checked, &(!sum).to_be_bytes()].concat()
}

/// A PNG of these lines, each with its filter before it; `layout` is bits, colours and interlace.
pub fn png_of(
    width: u32,
    height: u32,
    layout: [u8; 3],
    parts: &[Vec<u8>],
    lines: impl Iterator<Item = Vec<u8>>,
) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    lines.for_each(|line| packed.write_all(&line).expect("memory can be written"));
    let packed = packed.finish().expect("memory can be written");
    let [bits, colours, interlace] = layout;
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[bits, colours, 0, 0, interlace]].concat();
    let body = [chunk(b"IHDR", &head), parts.concat(), chunk(b"IDAT", &packed), chunk(b"IEND", b"")].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &body].concat()
}

/// In seven passes (Adam7), as the web once liked it.
pub fn interlaced_png(pixels: &RgbImage) -> Vec<u8> {
    const PASSES: [(u32, u32, u32, u32); 7] =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let (width, height) = pixels.dimensions();
    let lines = PASSES.iter().flat_map(|&(left, top, across, down)| {
        (top..height).step_by(down as usize).filter(move |_| left < width).map(move |y| {
            let line = (left..width).step_by(across as usize).flat_map(|x| pixels.get_pixel(x, y).0);
            std::iter::once(0).chain(line).collect()
        })
    });
    png_of(width, height, [8, 2, 1], &[], lines)
}

/// With a list of 16 colours, the first of them transparent where that is asked for.
pub fn palette_png(width: u32, height: u32, see_through: bool) -> Vec<u8> {
    let colours: Vec<u8> = (0..16).flat_map(|n: u8| [n * 16, 255 - n * 16, n * 8]).collect();
    let mut parts = vec![chunk(b"PLTE", &colours)];
    if see_through {
        parts.push(chunk(b"tRNS", &[0]));
    }
    let lines = (0..height).map(|y| {
        let pair = |x: u32| ((noise(x / 20, y / 20, 9) % 16) as u8) << 4 | (noise(x / 20, y / 20, 9) % 16) as u8;
        std::iter::once(0).chain((0..width).step_by(2).map(pair)).collect()
    });
    png_of(width, height, [4, 3, 0], &parts, lines)
}

/// Half of it transparent.
pub fn see_through(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let alpha = if x < width / 2 { 0 } else { 255 };
        Rgba([(x % 256) as u8, (y % 256) as u8, (noise(x, y, 2) % 256) as u8, alpha])
    })
}

/// A ball on a moving ground.
pub fn gif(width: u16, height: u16, frames: u32, noisy: bool) -> Vec<u8> {
    let mut encoder = gif::Encoder::new(Vec::new(), width, height, &[]).expect("memory can be written");
    encoder.set_repeat(gif::Repeat::Infinite).expect("memory can be written");
    for number in 0..frames {
        let ball = |x: u32, y: u32| {
            let (dx, dy) = (x as i32 - 20 - 5 * number as i32, y as i32 - i32::from(height) / 2);
            dx * dx + dy * dy < 300
        };
        let pixels = RgbImage::from_fn(u32::from(width), u32::from(height), |x, y| {
            let grain = if noisy { (noise(x, y, number) % 40) as u8 } else { 0 };
            if ball(x, y) {
                Rgb([250, 40, 40])
            } else {
                Rgb([(x / 4 % 200) as u8 + grain, 90 + grain, (y / 3 % 200) as u8])
            }
        })
        .into_raw();
        let mut frame = gif::Frame::from_rgb_speed(width, height, &pixels, 30);
        frame.delay = 10;
        encoder.write_frame(&frame).expect("memory can be written");
    }
    encoder.into_inner().expect("memory can be written")
}

/// Without loss, as the library writes it.
pub fn webp(pixels: &RgbaImage) -> Vec<u8> {
    let mut written = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut written);
    encoder.encode(pixels, pixels.width(), pixels.height(), ExtendedColorType::Rgba8).expect("pixels can be written");
    written
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
}

pub fn riff_chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let pad = if body.len() % 2 == 1 { &[0][..] } else { &[] };
    [kind, &(body.len() as u32).to_le_bytes()[..], body, pad].concat()
}

fn three(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}

pub fn webp_canvas(width: u32, height: u32, flags: u8) -> Vec<u8> {
    riff_chunk(b"VP8X", &[&[flags, 0, 0, 0][..], &three(width - 1), &three(height - 1)].concat())
}

/// One that says where it was taken.
pub fn webp_with_exif(pixels: &RgbaImage, turn: u16) -> Vec<u8> {
    let canvas = webp_canvas(pixels.width(), pixels.height(), 0x18);
    riff(&[canvas, webp(pixels)[12..].to_vec(), riff_chunk(b"EXIF", &exif(turn))])
}

/// A moving one, a sticker.
pub fn moving_webp(side: u32, frames: u32) -> Vec<u8> {
    let mut chunks = vec![webp_canvas(side, side, 0x02), riff_chunk(b"ANIM", &[0; 6])];
    for number in 0..frames {
        let pixels = RgbaImage::from_fn(side, side, |x, y| {
            let lit = (x + number * 8) % side < side / 3;
            Rgba([if lit { 240 } else { 20 }, (y % 200) as u8, 90, 255])
        });
        let head = [[0; 3], [0; 3], three(side - 1), three(side - 1), three(80)].concat();
        chunks.push(riff_chunk(b"ANMF", &[&head[..], &[0], &webp(&pixels)[12..]].concat()));
    }
    riff(&chunks)
}
