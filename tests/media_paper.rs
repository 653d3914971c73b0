//! Papers are made to fit with all their pages, and what acts in them is refused or taken out. The real program is the
//! helper that does it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(dead_code, reason = "what makes pictures and papers is shared with the other tests of media")]

#[path = "media/papers.rs"]
mod papers;
#[path = "media/pictures.rs"]
mod pictures;
#[path = "media/workbench.rs"]
mod workbench;

use depesche::domain::media::{ActivePdf, FitStep, FitWish};
use depesche::domain::reason::ReasonCode;
use papers::{Draft, packed_scan, scan, scan_of_inks};
use pictures::noise;
use workbench::{TYPES, Workbench, code, fitted, wish};

/// Papers that only want to be read, with what may be done to them.
fn papers() -> Vec<(&'static str, Vec<u8>)> {
    let with = |pages: usize, change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::of_pages(pages);
        change(&mut draft);
        draft.write()
    };
    let wide = |draft: &mut Draft| {
        let text = b"0 0 m 100 100 l S\n".repeat(60_000);
        let content = draft.document.add_object(lopdf::Stream::new(lopdf::dictionary! {}, text));
        draft.page(0).set("Contents", content);
    };
    vec![
        ("one page", with(1, &|_| {})),
        ("forty pages", with(40, &|_| {})),
        ("packed objects", Draft::of_pages(12).write_packed()),
        ("a scan", with(1, &|draft| draft.picture(0, scan(1700, 2300, 90)))),
        ("three scans", with(3, &|draft| (0..3).for_each(|page| draft.picture(page, scan(1240, 1754, 88))))),
        ("a scan that is only packed", with(1, &|draft| draft.picture(0, packed_scan(1000, 1400, false)))),
        ("a grey scan that is only packed", with(1, &|draft| draft.picture(0, packed_scan(1000, 1400, true)))),
        (
            "a scan with a profile",
            with(1, &|draft| {
                let profile = lopdf::Stream::new(lopdf::dictionary! { "N" => 3 }, vec![0; 128]);
                let profile = draft.document.add_object(profile);
                let mut picture = scan(1500, 2000, 90);
                picture.dict.set("ColorSpace", vec!["ICCBased".into(), profile.into()]);
                draft.picture(0, picture);
            }),
        ),
        ("a drawing that is not packed", with(1, &wide)),
        (
            "much that nobody needs",
            with(2, &|draft| {
                let waste = (0..900_000_u32).map(|n| noise(n, 0, 1) as u8).collect();
                draft.document.add_object(lopdf::Stream::new(lopdf::dictionary! {}, waste));
            }),
        ),
        (
            "a place to open at",
            with(2, &|draft| {
                let page = draft.pages[1];
                draft.catalog().set("OpenAction", vec![page.into(), "Fit".into()]);
            }),
        ),
        (
            "an address to click",
            with(1, &|draft| {
                let action =
                    lopdf::dictionary! { "S" => "URI", "URI" => lopdf::Object::string_literal("https://example.com") };
                let place = vec![0.into(), 0.into(), 9.into(), 9.into()];
                draft.annotation(
                    lopdf::dictionary! { "Type" => "Annot", "Subtype" => "Link", "Rect" => place, "A" => action },
                );
            }),
        ),
        (
            "a scan with a soft mask",
            with(1, &|draft| {
                let mut mask = packed_scan(200, 280, true);
                mask.dict.set("Type", "XObject");
                let mask = draft.document.add_object(mask);
                let mut picture = scan(1400, 1900, 90);
                picture.dict.set("SMask", mask);
                draft.picture(0, picture);
            }),
        ),
    ]
}

#[test]
fn every_paper_ends_within_the_limit_with_all_its_pages() {
    let bench = Workbench::new();
    let papers = papers();
    for (what, file) in &papers {
        let before = bench.inspect(file).unwrap();
        assert!(!before.active, "{what}: it only wants to be read");
        for bytes_max in [10_000_000, 300_000] {
            let (fitted, result) = fitted(&bench, what, file, &wish(bytes_max, TYPES));

            assert_eq!(fitted.facts.count, before.facts.count, "{what}");
            let steps = if file.len() as u64 > bytes_max { vec![FitStep::Shrunk] } else { vec![] };
            assert_eq!(fitted.steps, steps, "{what}");
            let document = lopdf::Document::load_mem(&result).unwrap();
            assert_eq!(document.get_pages().len() as u32, before.facts.count.unwrap(), "{what}");
        }
    }
}

#[test]
fn pictures_inside_a_paper_are_still_pictures() {
    let bench = Workbench::new();
    let mut draft = Draft::of_pages(1);
    draft.picture(0, scan(1700, 2300, 92));
    let file = draft.write();

    let (_, result) = fitted(&bench, "a scan", &file, &wish(250_000, TYPES));

    let document = lopdf::Document::load_mem(&result).unwrap();
    let is_picture = |object: &&lopdf::Object| object.as_stream().is_ok_and(|stream| stream.dict.has(b"Width"));
    let picture = document.objects.values().find(is_picture).and_then(|object| object.as_stream().ok()).unwrap();
    let pixels = image::load_from_memory(&picture.content).unwrap();
    let number = |name: &[u8]| picture.dict.get(name).and_then(lopdf::Object::as_i64).unwrap();
    assert_eq!((i64::from(pixels.width()), i64::from(pixels.height())), (number(b"Width"), number(b"Height")));
    assert!(pixels.width() >= 700 && pixels.width() < 1700, "{}", pixels.width());
}

#[test]
fn a_paper_that_cannot_be_made_small_enough_is_refused() {
    let bench = Workbench::new();
    let mut inks = Draft::of_pages(1);
    inks.picture(0, scan_of_inks(1200, 1600));
    let mut many = Draft::of_pages(30);
    (0..30).for_each(|page| many.picture(page, scan(500, 700, 80)));
    for (what, file, bytes_max) in [("inks", inks.write(), 100_000), ("many scans", many.write(), 200_000)] {
        assert!(file.len() as u64 > bytes_max, "{what}");
        assert_eq!(code(bench.fit(&file, &wish(bytes_max, TYPES)).0), Some(ReasonCode::FileTooLarge), "{what}");
    }
}

#[test]
fn a_paper_that_acts_is_refused_or_cleaned_as_wished() {
    let bench = Workbench::new();
    for (what, mut draft) in papers::acting() {
        for (way, file) in [("plain", draft.write()), ("packed", draft.write_packed())] {
            let what = format!("{what}, {way}");
            assert!(bench.inspect(&file).unwrap().active, "{what}");
            assert_eq!(code(bench.fit(&file, &wish(600_000, TYPES)).0), Some(ReasonCode::FileActive), "{what}");

            let clean = FitWish { active_pdf: ActivePdf::Clean, ..wish(600_000, TYPES) };
            let (fitted, result) = fitted(&bench, &what, &file, &clean);

            assert_eq!((fitted.steps, fitted.facts.count), (vec![FitStep::Cleaned], Some(2)), "{what}");
            for word in [&b"app.alert"[..], b"a.exe", b"cmd.exe", b"RichMedia"] {
                let document = lopdf::Document::load_mem(&result).unwrap();
                let text = format!("{:?}", document.objects);
                assert!(!text.contains(std::str::from_utf8(word).unwrap()), "{what}: {text}");
            }
        }
    }
}

#[test]
fn a_script_whose_name_is_written_in_another_way_is_found() {
    let bench = Workbench::new();
    let mut draft = Draft::of_pages(1);
    draft.catalog().set("OpenAction", papers::script());
    let file = draft.write();
    let written = String::from_utf8_lossy(&file).replace("/JavaScript", "/Java#53cript").replace("/JS", "/J#53");

    // The table's places are off now, so the library must find the objects by itself: others would too.
    let inspected = bench.inspect(written.as_bytes()).unwrap();

    assert!(inspected.active);
}
