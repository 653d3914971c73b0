//! Files: how long it takes to make them fit, and what those cost that are made to harm. The daemon's helper is started as
//! the daemon starts it, one file at a time.

use crate::house::Tools;
use crate::{hostile, papers, pictures};
use image::DynamicImage;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What MMS takes.
const MMS_BYTES: u64 = 600_000;
/// Of so many runs the fastest counts: others use the machine too.
const RUNS: usize = 5;

/// Prints a line for each.
pub fn measure(tools: &Tools) -> Result<(), String> {
    hostile_set(tools)?;
    let pixels = camera_photo(4000, 3000);
    fit(tools, "jpeg_12mp", &pictures::with_exif(&pictures::jpeg(&pixels, 92), 6), MMS_BYTES)?;
    fit(tools, "jpeg_12mp_layers", &pictures::jpeg_as(&pixels, 92, true), MMS_BYTES)?;
    fit(tools, "jpeg_12mp", &pictures::jpeg(&pixels, 97), 2_000_000)?;
    fit(tools, "png_3mp", &pictures::png(&DynamicImage::ImageRgb8(camera_photo(2048, 1536))), MMS_BYTES)?;
    fit(tools, "gif_60_frames", &pictures::gif(480, 360, 60, true), 1_000_000)?;
    fit(tools, "pdf_scan_10mb", &scan(), MMS_BYTES)?;
    inspect(tools, "jpeg_12mp", &pictures::jpeg(&pixels, 92))
}

/// A photo with detail of its own in each pixel.
fn camera_photo(width: u32, height: u32) -> image::RgbImage {
    const TILE: u32 = 1000;
    let tiles: Vec<_> = (0..4).map(|_| pictures::photo(TILE, TILE)).collect();
    image::RgbImage::from_fn(width, height, |x, y| {
        let large = tiles[0].get_pixel(x * TILE / width.max(height), y * TILE / width.max(height)).0;
        let fine = tiles[1].get_pixel(x % TILE, y % TILE).0;
        let grain = pictures::noise(x, y, 8) % 9;
        let mix = |large: u8, fine: u8| ((u32::from(large) * 7 + u32::from(fine) * 2) / 9 + grain).min(255) as u8;
        image::Rgb([mix(large[0], fine[0]), mix(large[1], fine[1]), mix(large[2], fine[2])])
    })
}

fn scan() -> Vec<u8> {
    let mut draft = papers::Draft::of_pages(3);
    for page in 0..3 {
        let mut picture = papers::scan(64, 64, 80);
        picture.dict.set("Width", 2480);
        picture.dict.set("Height", 3508);
        picture.set_content(pictures::jpeg(&camera_photo(2480, 3508), 96));
        draft.picture(page, picture);
    }
    draft.write()
}

fn fit(tools: &Tools, what: &str, file: &[u8], bytes_max: u64) -> Result<(), String> {
    let types = ["image/jpeg", "image/png", "image/gif", "application/pdf"];
    let wish = json!({ "bytes_max": bytes_max, "types": types, "strip_location": true, "active_pdf": "refuse" });
    let to = tools.folder.join("fitted");
    let line = run(tools, file, &json!({ "job": "fit", "to": to, "wish": wish }))?;
    let fitted = &line["answer"]["outcome"]["fitted"];
    if fitted.is_null() {
        return Err(format!("{what}: {line}"));
    }
    let figures = json!({
        "measure": "media_fit", "file": what, "bytes": file.len(), "bytes_max": bytes_max, "became": fitted["facts"],
        "steps": fitted["steps"], "ms": line["ms"], "cpu_ms": line["answer"]["cpu_ms"], "peak_mb": megabytes(&line),
    });
    println!("{figures}");
    Ok(())
}

fn inspect(tools: &Tools, what: &str, file: &[u8]) -> Result<(), String> {
    let line = run(tools, file, &json!({ "job": "inspect", "thumb_to": tools.folder.join("thumb") }))?;
    let (cpu_ms, peak_mb) = (&line["answer"]["cpu_ms"], megabytes(&line));
    println!(
        "{}",
        json!({ "measure": "media_inspect", "file": what, "ms": line["ms"], "cpu_ms": cpu_ms, "peak_mb": peak_mb })
    );
    Ok(())
}

fn megabytes(line: &Value) -> f64 {
    let bytes = line["answer"]["peak_bytes"].as_f64().unwrap_or(0.0);
    (bytes / 1048576.0 * 10.0).round() / 10.0
}

/// The fastest of some runs: `{ ms, answer }`.
fn run(tools: &Tools, file: &[u8], order: &Value) -> Result<Value, String> {
    let path = tools.folder.join("given");
    fs::write(&path, file).map_err(|error| error.to_string())?;
    let mut best = Value::Null;
    for _ in 0..RUNS {
        let line = once(tools, &path, order)?;
        if best["ms"].as_f64().is_none_or(|least| line["ms"].as_f64() < Some(least)) {
            best = line;
        }
    }
    best["ms"] = best["ms"].as_f64().unwrap_or(0.0).round().into();
    Ok(best)
}

/// Files that are made to harm, with their names, one after another.
type Files = Box<dyn Iterator<Item = (String, Vec<u8>)>>;

/// All of them, each looked at and made to fit: the slowest of each set, and the most memory of any helper,
/// as it measured it itself: the kernel counts what this program had when it started one.
fn hostile_set(tools: &Tools) -> Result<(), String> {
    let named = |set: fn() -> Vec<hostile::Hostile>| -> Files {
        Box::new(set().into_iter().map(|(what, file, _)| (what.to_owned(), file)))
    };
    let sets: [(&str, Files); 7] = [
        ("polyglots", named(hostile::polyglots)),
        ("impostors", named(hostile::impostors)),
        ("damaged", named(hostile::damaged)),
        ("picture_bombs", named(hostile::picture_bombs)),
        ("paper_bombs", named(hostile::paper_bombs)),
        ("large_remarks", Box::new(hostile::large_remarks())),
        ("large_papers", Box::new(hostile::large_papers())),
    ];
    for (name, set) in sets {
        let (mut runs, mut cut_off, mut peak_mb, mut slowest) = (0, 0, 0.0_f64, (0.0, String::new()));
        for (what, file) in set {
            for line in harm(tools, &file)? {
                runs += 1;
                // A helper that a limit ended says nothing any more; it had no more than its limit.
                cut_off += usize::from(line["answer"].is_null());
                peak_mb = peak_mb.max(megabytes(&line));
                let ms = line["answer"]["cpu_ms"].as_f64().or(line["ms"].as_f64()).unwrap_or(0.0);
                if ms > slowest.0 {
                    slowest = (ms, what.clone());
                }
            }
        }
        let figures = json!({
            "measure": "media_hostile", "set": name, "runs": runs, "cut_off": cut_off, "peak_mb": peak_mb,
            "slowest": slowest.1, "ms": slowest.0.round(),
        });
        println!("{figures}");
    }
    Ok(())
}

/// A helper looks at a file, and another makes it fit: `{ ms, answer }` of each.
fn harm(tools: &Tools, file: &[u8]) -> Result<[Value; 2], String> {
    let path = tools.folder.join("given");
    fs::write(&path, file).map_err(|error| error.to_string())?;
    let wish = json!({ "bytes_max": 1 << 20, "types": [], "strip_location": true, "active_pdf": "refuse" });
    let fit = json!({ "job": "fit", "to": tools.folder.join("fitted"), "wish": wish });
    Ok([once(tools, &path, &json!({ "job": "inspect" }))?, once(tools, &path, &fit)?])
}

/// What a helper says to an order about a file: `{ ms, answer }`; no answer: a limit ended it.
fn once(tools: &Tools, path: &Path, order: &Value) -> Result<Value, String> {
    let began = Instant::now();
    let input = File::open(path).map_err(|error| error.to_string())?;
    let said = helper(tools, order).stdin(input).stderr(Stdio::null()).output().map_err(|error| error.to_string())?;
    let answer: Value = serde_json::from_slice(&said.stdout).unwrap_or(Value::Null);
    Ok(json!({ "ms": began.elapsed().as_secs_f64() * 1000.0, "answer": answer }))
}

/// The helper with an order, as the daemon starts it.
fn helper(tools: &Tools, order: &Value) -> Command {
    let mut helper = Command::new(tools.program.with_file_name("depesche-media-worker"));
    helper.arg(order.to_string()).env_clear();
    helper.env("MALLOC_MMAP_THRESHOLD_", "262144").env("MALLOC_ARENA_MAX", "1");
    helper
}
