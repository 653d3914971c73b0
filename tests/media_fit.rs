//! Pictures that people send are made to fit, or refused with the right reason: upright, without a word about place and camera, and
//! still worth looking at. The real program is the helper that does it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(dead_code, reason = "what makes pictures and papers is shared with the other tests of media")]

#[path = "media/papers.rs"]
mod papers;
#[path = "media/pictures.rs"]
mod pictures;
#[path = "media/workbench.rs"]
mod workbench;

use depesche::domain::media::MediaType::{Gif, Jpeg, Pdf, Png, Webp};
use depesche::domain::media::{FitStep, FitWish, MediaType};
use depesche::domain::reason::ReasonCode;
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba};
use papers::Draft;
use pictures::*;
use workbench::{TYPES, Workbench, code, fitted, wish};

fn contains(file: &[u8], secret: &[u8]) -> bool {
    file.windows(secret.len()).any(|window| window == secret)
}

/// Everything people might attach, with what it is.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |what: &str, file: Vec<u8>| all.push((what.to_owned(), file));
    for (width, height) in [(1200, 900), (700, 1000), (1500, 300), (200, 1600), (640, 480), (200, 200), (33, 1), (1, 1)]
    {
        add(&format!("a photo of {width} x {height}"), with_exif(&jpeg(&photo(width, height), 92), 1));
    }
    for turn in 2..=8 {
        add(&format!("a photo held as {turn}"), with_exif(&jpeg(&photo(900, 600), 90), turn));
    }
    let whole = DynamicImage::ImageRgb8(photo(1000, 700));
    add("a photo in layers", with_exif(&jpeg_as(&photo(1000, 700), 95, true), 1));
    add("a grey photo", {
        let mut grey = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut grey, 90);
        encoder.encode(&whole.to_luma8(), 1000, 700, jpeg_encoder::ColorType::Luma).unwrap();
        grey
    });
    add("a photo in inks", jpeg_of_inks(700, 500));
    add("a photo with remarks", with_part(&jpeg(&photo(300, 200), 80), 0xFE, SECRET));
    add(
        "a photo with XMP",
        with_part(&jpeg(&photo(300, 200), 80), 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x exif:GPSLatitude='52,31N'/>"),
    );
    add(
        "a photo with a film behind it",
        [jpeg(&photo(300, 200), 80), b"\0\0\0\x18ftypmp42 SECRET-CAMERA-7".to_vec()].concat(),
    );
    add("a PNG photo", png(&whole));
    add("a grey PNG", png(&DynamicImage::ImageLuma8(whole.to_luma8())));
    add("a PNG in sixteen bits", png(&DynamicImage::ImageRgb16(whole.to_rgb16())));
    add("a grey PNG in sixteen bits with transparency", png(&DynamicImage::ImageLumaA16(whole.to_luma_alpha16())));
    add("a small PNG", png(&DynamicImage::ImageRgb8(corners(60, 40))));
    add("a PNG with transparency", png(&DynamicImage::ImageRgba8(see_through(900, 700))));
    add("a PNG in seven passes", interlaced_png(&photo(333, 251)));
    add("a PNG with a list of colours", palette_png(600, 400, false));
    add("a PNG with a transparent colour", palette_png(600, 400, true));
    add("a PNG that says where", {
        let plain = png(&DynamicImage::ImageRgb8(photo(200, 100)));
        [&plain[..33], &chunk(b"eXIf", &exif(6)), &chunk(b"tEXt", SECRET), &plain[33..]].concat()
    });
    add("a still GIF", gif(200, 150, 1, true));
    add("a moving GIF", gif(240, 180, 12, false));
    add("a moving GIF with grain", gif(320, 240, 16, true));
    add("a WebP", webp(&see_through(400, 300)));
    add("a WebP that says where", webp_with_exif(&see_through(300, 200), 8));
    add("a moving WebP", moving_webp(160, 8));
    all
}

#[test]
fn every_picture_ends_within_a_limit_and_says_nothing_about_place_and_camera() {
    each_ends_within(600_000);
}

#[test]
fn every_picture_ends_within_a_tight_limit_and_says_nothing_about_place_and_camera() {
    each_ends_within(25_000);
}

fn each_ends_within(bytes_max: u64) {
    let bench = Workbench::new();
    let pictures = pictures();
    assert!(pictures.len() >= 30, "{}", pictures.len());
    for (what, file) in &pictures {
        let what = format!("{what} within {bytes_max}");
        // Grain that moves cannot be packed: less than half of it would have to stand still.
        let bytes_max = if what.contains("moving GIF") { bytes_max.max(file.len() as u64 * 6 / 10) } else { bytes_max };

        let (fitted, result) = fitted(&bench, &what, file, &wish(bytes_max, TYPES));

        let before = bench.inspect(file).unwrap();
        assert_eq!(fitted.facts.count.is_some(), before.facts.count.is_some(), "{what}: moves no more, or suddenly");
        for secret in [SECRET, b"GPSLatitude", b"Exif"] {
            assert!(!contains(&result, secret), "{what}: {}", String::from_utf8_lossy(secret));
        }
        assert!(fitted.facts.bytes * 20 > bytes_max.min(before.facts.bytes), "{what}: needlessly small");
        still_the_same_picture(&what, file, &result);
    }
}

/// Same shape, same light: the average of each of 64 fields is about what it was.
fn still_the_same_picture(what: &str, before: &[u8], after: &[u8]) {
    use image::ImageDecoder;
    let seen = |file: &[u8]| {
        let reader = image::ImageReader::new(std::io::Cursor::new(file)).with_guessed_format().unwrap();
        let mut decoder = reader.into_decoder().unwrap();
        let turn = decoder.orientation().unwrap();
        let mut pixels = DynamicImage::from_decoder(decoder).unwrap();
        pixels.apply_orientation(turn);
        let on_white = pixels.to_rgba8();
        let flat = RgbImage::from_fn(on_white.width(), on_white.height(), |x, y| {
            let Rgba([r, g, b, a]) = *on_white.get_pixel(x, y);
            let mix = |part: u8| ((u32::from(part) * u32::from(a) + 255 * (255 - u32::from(a))) / 255) as u8;
            Rgb([mix(r), mix(g), mix(b)])
        });
        DynamicImage::ImageRgb8(flat)
    };
    let (before, after) = (seen(before), seen(after));
    let shape = |pixels: &DynamicImage| f64::from(pixels.width()) / f64::from(pixels.height());
    if before.width().min(before.height()) > 20 {
        assert!((shape(&before) / shape(&after) - 1.0).abs() < 0.05, "{what}: another shape");
    }
    let fields = |pixels: &DynamicImage| pixels.thumbnail_exact(8, 8).to_rgb8();
    for (is, was) in fields(&after).pixels().zip(fields(&before).pixels()) {
        let far = is.0.iter().zip(was.0).map(|(is, was)| is.abs_diff(was)).max().unwrap();
        assert!(far < 40, "{what}: {was:?} became {is:?}");
    }
}

#[test]
fn a_picture_is_turned_as_its_camera_said() {
    let bench = Workbench::new();
    let upright = DynamicImage::ImageRgb8(corners(400, 240));
    for turn in 1..=8_u8 {
        let mut stored = upright.clone();
        let back = if turn == 6 {
            8
        } else if turn == 8 {
            6
        } else {
            turn
        };
        stored.apply_orientation(image::metadata::Orientation::from_exif(back).unwrap());
        let file = with_exif(&jpeg(&stored.to_rgb8(), 90), u16::from(turn));
        assert!(bench.inspect(&file).unwrap().has_location);
        let thumb = image::load_from_memory(&std::fs::read(bench.path("thumb")).unwrap()).unwrap();

        let (fitted, result) = fitted(&bench, &format!("held as {turn}"), &file, &wish(600_000, TYPES));

        let seen = image::load_from_memory(&result).unwrap();
        assert_eq!((fitted.facts.width, fitted.facts.height), (Some(400), Some(240)), "{turn}");
        assert_eq!(fitted.steps.contains(&FitStep::Turned), turn != 1, "{turn}");
        assert!(fitted.steps.contains(&FitStep::LocationRemoved), "{turn}");
        assert_eq!((thumb.width(), thumb.height()), (320, 192), "{turn}");
        for (pixels, name) in [(seen, "result"), (thumb, "thumbnail")] {
            let (pixels, far) = (pixels.to_rgb8(), |x: u32| x * 3 / 4);
            let at = |x: u32, y: u32| pixels.get_pixel(x, y).0;
            let (w, h) = pixels.dimensions();
            let [red, green, blue, white] =
                [at(w / 4, h / 4), at(far(w), h / 4), at(w / 4, far(h)), at(far(w), far(h))];
            assert!(
                red[0] > 180 && red[1] < 90 && green[1] > 160 && green[0] < 90,
                "{turn}, {name}: {red:?} {green:?}"
            );
            assert!(blue[2] > 180 && blue[0] < 90 && white.iter().all(|part| *part > 220), "{turn}, {name}: {blue:?}");
        }
    }
}

#[test]
fn what_fits_and_says_nothing_stays_as_it_is_to_the_byte() {
    let bench = Workbench::new();
    for file in [jpeg(&photo(300, 200), 80), gif(60, 40, 3, false), png(&DynamicImage::ImageRgb8(photo(60, 40)))] {
        let (fitted, result) = fitted(&bench, "a good file", &file, &wish(600_000, TYPES));
        assert_eq!((fitted.steps, result), (vec![], file));
    }
    let told = with_exif(&jpeg(&photo(300, 200), 80), 6);
    let as_it_is = FitWish { strip_location: false, ..wish(600_000, TYPES) };
    let (kept, written) = bench.fit(&told, &as_it_is);
    assert_eq!((kept.unwrap().steps, written), (vec![], None), "whoever wants to tell may");
}

#[test]
fn what_a_camera_says_is_taken_out_without_touching_a_pixel() {
    let bench = Workbench::new();
    let plain = jpeg(&photo(300, 200), 80);
    let told = with_exif(&with_part(&plain, 0xED, b"Photoshop 3.0\0 Berlin"), 1);

    let (fitted, result) = fitted(&bench, "a photo with EXIF", &told, &wish(600_000, TYPES));

    assert_eq!(fitted.steps, [FitStep::LocationRemoved]);
    assert_eq!(image::load_from_memory(&result).unwrap(), image::load_from_memory(&plain).unwrap());
    assert_eq!(result.len(), plain.len());
}

#[test]
fn a_smaller_picture_comes_before_a_worse_one_and_both_have_an_end() {
    let bench = Workbench::new();
    let file = jpeg(&photo(1100, 900), 92);

    let (large, _) = fitted(&bench, "a photo", &file, &wish(100_000, &[Jpeg]));
    let (small, _) = fitted(&bench, "a photo", &file, &wish(14_000, &[Jpeg]));

    assert!(large.facts.width.unwrap() > small.facts.width.unwrap() && small.facts.width.unwrap() >= 320);
    assert_eq!(large.steps, [FitStep::Scaled, FitStep::Recompressed]);
    assert!(large.facts.bytes > 70_000, "room is wasted: {}", large.facts.bytes);
    assert_eq!(code(bench.fit(&file, &wish(2_000, &[Jpeg])).0), Some(ReasonCode::FileTooLarge));
}

#[test]
fn transparency_stays_where_it_can_and_is_white_where_it_cannot() {
    let bench = Workbench::new();
    let file = png(&DynamicImage::ImageRgba8(see_through(400, 300)));

    let (kept, _) = fitted(&bench, "a PNG for PNG", &file, &wish(600_000, &[Png]));
    let (flat, result) = fitted(&bench, "a PNG for JPEG", &file, &wish(600_000, &[Jpeg]));

    assert_eq!(kept.steps, []);
    assert_eq!(flat.steps, [FitStep::Converted, FitStep::Flattened]);
    let left = image::load_from_memory(&result).unwrap().to_rgb8().get_pixel(20, 150).0;
    assert!(left.iter().all(|part| *part > 245), "{left:?}");
}

#[test]
fn a_picture_of_a_type_that_is_not_taken_becomes_one_that_is() {
    let bench = Workbench::new();
    for (what, file, types, becomes) in [
        ("a WebP", webp(&see_through(200, 100)), &[Jpeg, Png][..], Png),
        ("a WebP for JPEG", webp(&see_through(200, 100)), &[Jpeg], Jpeg),
        ("a still GIF", gif(80, 60, 1, false), &[Jpeg, Png], Png),
        ("a JPEG for PNG", jpeg(&photo(200, 100), 80), &[Png], Png),
        ("a moving WebP", moving_webp(64, 4), &[Gif, Jpeg], Gif),
    ] {
        let (fitted, _) = fitted(&bench, what, &file, &wish(600_000, types));

        assert_eq!(fitted.facts.media_type, becomes, "{what}");
        assert!(fitted.steps.contains(&FitStep::Converted), "{what}: {:?}", fitted.steps);
    }
    for (what, file, types) in [
        ("a moving GIF", gif(60, 40, 3, false), &[Jpeg, Png][..]),
        ("a moving WebP", moving_webp(32, 3), &[Jpeg, Png]),
        ("a photo", jpeg(&photo(60, 40), 80), &[Pdf]),
        ("a photo for WebP", jpeg(&photo(60, 40), 80), &[Webp]),
        ("a paper", Draft::of_pages(1).write(), &[Jpeg]),
        ("text", b"Hello".to_vec(), &[Jpeg, Pdf]),
    ] {
        assert_eq!(code(bench.fit(&file, &wish(600_000, types)).0), Some(ReasonCode::FileTypeNotAllowed), "{what}");
    }
    assert_eq!(code(bench.fit(b"Hello world", &wish(5, &[MediaType::Text])).0), Some(ReasonCode::FileTooLarge));
}

#[test]
fn a_moving_picture_is_made_smaller_and_still_moves_as_long() {
    let bench = Workbench::new();
    let file = gif(400, 300, 24, true);
    assert_eq!(code(bench.fit(&file, &wish(file.len() as u64 / 60, TYPES)).0), Some(ReasonCode::FileTooLarge));

    let (fitted, result) = fitted(&bench, "a moving GIF", &file, &wish(file.len() as u64 / 5, TYPES));

    assert!(fitted.steps.contains(&FitStep::Scaled), "{:?}", fitted.steps);
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(&result[..]).unwrap();
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    let (mut frames, mut hundredths) = (0, 0);
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        frames += 1;
        hundredths += u32::from(frame.delay);
    }
    assert_eq!((Some(frames), hundredths), (fitted.facts.count, 240), "as long as before");
}

#[test]
fn a_large_photo_in_many_shapes_of_pixels_opens() {
    let bench = Workbench::new();
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_fn(900, 700, |x, y| Luma([(x * y % 65_536) as u16]));
    let grey = GrayImage::from_fn(900, 700, |x, y| Luma([(noise(x, y, 4) % 256) as u8]));
    for pixels in [DynamicImage::ImageLuma16(deep), DynamicImage::ImageLuma8(grey)] {
        let (fitted, _) = fitted(&bench, "a grey picture", &png(&pixels), &wish(100_000, &[Jpeg]));
        assert_eq!(fitted.facts.media_type, Jpeg);
    }
}
