//! Files that are made to harm cost little and end in a clear reason, and nothing of them stays. The real program is the
//! helper that opens them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(dead_code, reason = "what makes pictures and papers is shared with the other tests of media")]

#[path = "media/hostile.rs"]
mod hostile;
#[path = "media/papers.rs"]
mod papers;
#[path = "media/pictures.rs"]
mod pictures;
#[path = "media/workbench.rs"]
mod workbench;

use depesche::domain::media::{ActivePdf, FitWish, MediaType, safe_name};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::media::order::{Answer, Outcome};
use depesche::media::workshop::{WorkerProgram, Workshop};
use hostile::Hostile;
use lopdf::dictionary;
use proptest::prelude::*;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use workbench::{Workbench, code, cpu_of_helpers, peak_bytes_of_helpers, wish};

/// What a hostile file may add to the program's own memory. As shipped the program takes less than 12 MB, so that all of it
/// stays below 64 MB (`scripts/bench media` measures that); a program built for tests is larger by 15 MB or so.
const MEMORY_MAX: u64 = 52 << 20;
/// Processor time of one helper: its limit of two seconds, and its start and end.
const CPU_MAX: Duration = Duration::from_millis(2500);
/// Each so many bytes of a file allow one second more.
const BYTES_PER_S: u64 = 16 << 20;

/// The kernel's account of helpers is one for the whole process: where tests share a process, one at a time starts helpers.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory of the program itself, in its own words about a file that is refused before anything looks into it.
fn program_bytes() -> u64 {
    let empty = tempfile::tempfile().unwrap();
    let order = r#"{"job":"inspect","thumb_to":null}"#;
    let program = workbench::program();
    let said = program.command(order).stdin(empty).output().unwrap();
    let answer: Answer = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(answer.outcome, Outcome::Refused(Reason::of(ReasonCode::FileUnreadable).saying("it is empty")));
    answer.peak_bytes
}

/// Each ends in one of its reasons, when it is taken in and when it is to be made to fit, and within the bounds.
fn each_is_refused(files: Vec<Hostile>) {
    let (_alone, bench) = (alone(), Workbench::new());
    let program = program_bytes();
    assert!(program > 1 << 20, "the helper keeps no account of its memory");
    let wish = wish(1 << 20, MediaType::ALL);
    for (what, file, reasons) in files {
        for turn in ["taken in", "fitted"] {
            let (cpu, most, began) = (cpu_of_helpers(), peak_bytes_of_helpers(), Instant::now());
            let refused = match turn {
                "taken in" => code(bench.take_in(&file)),
                _ => {
                    let (fitted, left) = bench.fit(&file, &wish);
                    assert_eq!(left, None, "{what}: something was written");
                    code(fitted)
                }
            };
            let (cpu, peak) = (cpu_of_helpers() - cpu, peak_bytes_of_helpers());

            assert!(
                refused.is_some_and(|code| reasons.contains(&code.as_str())),
                "{what}, {turn}: {refused:?}, not {reasons:?}"
            );
            let bound = program + MEMORY_MAX;
            assert!(peak == most || peak <= bound, "{what}, {turn}: {} MB", peak >> 20);
            let seconds = Duration::from_secs(file.len() as u64 / BYTES_PER_S);
            assert!(cpu <= CPU_MAX + seconds, "{what}, {turn}: {cpu:?} of processor time");
            // Seen where a test fails.
            eprintln!("{what}, {turn}: {refused:?}, so far {} MB, {cpu:?}, {:?}", peak >> 20, began.elapsed());
        }
        assert_eq!((bench.files_kept(), bench.archive.used_bytes()), (0, 0), "{what}: something stays in the archive");
    }
}

/// What the helper said, whatever that is; `None`: a limit ended it.
fn looked_at(file: &Path) -> Option<Answer> {
    let program = workbench::program();
    let mut helper = program.command(r#"{"job":"inspect","thumb_to":null}"#);
    let said = helper.stdin(File::open(file).unwrap()).output().unwrap();
    serde_json::from_slice(&said.stdout).ok()
}

/// Whatever becomes of it when it is looked at, it costs no more than any file may: as the helper itself measured it, since
/// the kernel counts what this test had when it began. One that was ended had no more than its limits.
fn each_costs_little(files: impl Iterator<Item = (String, Vec<u8>)>) {
    let (_alone, bench, program) = (alone(), Workbench::new(), program_bytes());
    for (what, file) in files {
        let path = bench.put(&file);
        let cpu = cpu_of_helpers();

        let answer = looked_at(&path);

        let cpu = cpu_of_helpers() - cpu;
        let peak = answer.as_ref().map(|answer| answer.peak_bytes);
        let outcome = answer.map(|answer| answer.outcome);
        eprintln!("{what}: {outcome:?}, {:?} MB, {cpu:?}", peak.map(|bytes| bytes >> 20));
        assert!(peak.is_none_or(|peak| peak <= program + MEMORY_MAX), "{what}: {peak:?}");
        let seconds = Duration::from_secs(file.len() as u64 / BYTES_PER_S);
        assert!(cpu <= CPU_MAX + seconds, "{what}: {cpu:?} of processor time");
        if let Some(Outcome::Refused(why)) = outcome {
            let allowed = [ReasonCode::FileTooComplex, ReasonCode::FileUnreadable, ReasonCode::FileTypeNotAllowed];
            assert!(allowed.contains(&why.code), "{what}: {why:?}");
        }
    }
}

#[test]
fn a_large_paper_of_one_object_costs_no_more_than_any_file() {
    each_costs_little(hostile::large_papers());
}

#[test]
fn a_picture_that_says_much_beside_its_pixels_costs_no_more_than_any_file() {
    each_costs_little(hostile::large_remarks());
}

/// Real pages, each with a picture of noise on it; nothing of it packs.
fn large_paper(pages: usize) -> papers::Draft {
    let mut draft = papers::Draft::of_pages(pages);
    let noise = hostile::noise(1 << 20);
    for page in 0..pages {
        let picture = dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => 1024, "Height" => 1024,
            "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
        };
        draft.picture(page, lopdf::Stream::new(picture, noise.clone()).with_compression(false));
    }
    draft
}

#[test]
fn a_paper_too_large_to_be_opened_is_kept_as_it_is_unless_it_acts() {
    let (_alone, bench) = (alone(), Workbench::new());
    let harmless = large_paper(25).write();
    let mut acting = large_paper(25);
    acting
        .catalog()
        .set("OpenAction", dictionary! { "S" => "URI", "URI" => lopdf::Object::string_literal("http://x") });

    for packed in [false, true] {
        let file = if packed { large_paper(25).write_packed() } else { harmless.clone() };
        let inspected = bench.take_in(&file).unwrap();
        assert_eq!((inspected.facts.media_type, inspected.facts.bytes), (MediaType::Pdf, file.len() as u64));
        assert_eq!((inspected.facts.count, inspected.active, inspected.has_thumb), (None, false, false));
        let acts = if packed { acting.write_packed() } else { acting.write() };
        assert!(bench.take_in(&acts).unwrap().active, "packed: {packed}");
    }
    let (as_it_is, written) = bench.fit(&harmless, &wish(50 << 20, MediaType::ALL));
    assert!(as_it_is.unwrap().steps.is_empty() && written.is_none());
    assert_eq!(code(bench.fit(&harmless, &wish(1 << 20, MediaType::ALL)).0), Some(ReasonCode::FileTooLarge));
    let acting = acting.write();
    assert_eq!(code(bench.fit(&acting, &wish(50 << 20, MediaType::ALL)).0), Some(ReasonCode::FileActive));
    let clean = FitWish { active_pdf: ActivePdf::Clean, ..wish(50 << 20, MediaType::ALL) };
    assert_eq!(code(bench.fit(&acting, &clean).0), Some(ReasonCode::FileTooComplex));
}

#[test]
fn a_picture_too_large_to_be_opened_is_kept_without_a_small_one() {
    let (_alone, bench) = (alone(), Workbench::new());

    let inspected = bench.take_in(&pictures::jpeg(&pictures::photo(6000, 4000), 90)).unwrap();

    assert_eq!((inspected.facts.width, inspected.facts.height, inspected.has_thumb), (Some(6000), Some(4000), false));
}

#[test]
fn a_picture_far_larger_than_its_bytes_is_refused() {
    each_is_refused(hostile::picture_bombs());
}

#[test]
fn a_paper_without_end_is_refused() {
    each_is_refused(hostile::paper_bombs());
}

#[test]
fn a_file_that_is_two_things_at_once_is_refused() {
    each_is_refused(hostile::polyglots());
}

#[test]
fn what_is_no_picture_and_no_paper_is_known_for_what_it_is() {
    each_is_refused(hostile::impostors());
}

#[test]
fn what_was_cut_off_or_lies_about_its_size_is_refused() {
    each_is_refused(hostile::damaged());
}

#[test]
fn a_paper_with_a_password_is_refused_and_one_that_all_may_read_is_not() {
    each_is_refused(vec![("a PDF with a password", hostile::locked_pdf("secret"), &["file_locked"])]);

    let _alone = alone();
    let open = Workbench::new().inspect(&hostile::locked_pdf("")).unwrap();

    assert_eq!((open.facts.media_type, open.facts.count), (MediaType::Pdf, Some(1)));
}

#[test]
fn a_file_is_what_its_bytes_say_whatever_it_is_called() {
    let (_alone, bench) = (alone(), Workbench::new());
    let png = pictures::png(&image::DynamicImage::ImageRgb8(pictures::photo(20, 10)));
    let film = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov\0\0\0\x08mdat";
    let sound = [&[0xFF, 0xFB, 0x90, 0x00][..], &[0; 413], &[0xFF, 0xFB, 0x90, 0x00], &[0; 413]].concat();
    let card = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann Example\r\nEND:VCARD\r\n";
    for (bytes, name, media_type) in [
        (png.as_slice(), "invoice.pdf", MediaType::Png),
        (&pictures::gif(20, 10, 1, false), "photo.jpg", MediaType::Gif),
        (&papers::Draft::of_pages(1).write(), "photo.png", MediaType::Pdf),
        (film, "a.mp3", MediaType::Mp4),
        (b"\0\0\0\x14ftyp3gp4\0\0\0\0isom\0\0\0\x08moov", "a.bin", MediaType::ThreeGp),
        (b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\x08moov", "a.exe", MediaType::M4a),
        (b"\0\0\0\x10ftypqt  \0\0\0\0\0\0\0\x08moov", "a", MediaType::Quicktime),
        (b"\x1A\x45\xDF\xA3\x9f\x42\x82\x84webm\x42\x87\x81\x02", "a.mkv", MediaType::Webm),
        (&sound, "a.txt", MediaType::Mp3),
        (b"#!AMR\n\x3c\x08\x10", "a.sh", MediaType::Amr),
        (b"OggS\0\x02\0\0\0\0\0\0\0\0OpusHead\x01\x01", "a.ogv", MediaType::Ogg),
        (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0", "a.avi", MediaType::Wav),
        (card, "a.html", MediaType::VCard),
        ("Grüße aus München\n".as_bytes(), "a.js", MediaType::Text),
        (&hostile::docx(&[]), "a.zip", MediaType::Docx),
    ] {
        let path = bench.path(name);
        std::fs::write(&path, bytes).unwrap();

        let inspected = bench.inspect_at(&path).unwrap_or_else(|reason| panic!("{name}: {reason:?}"));

        assert_eq!(inspected.facts.media_type, media_type, "{name}");
        assert!(safe_name(name, media_type).ends_with(media_type.ending()));
    }
}

#[test]
fn a_file_with_the_longest_name_is_opened_and_a_folder_is_not() {
    let (_alone, bench) = (alone(), Workbench::new());
    let path = bench.path(&"ü".repeat(127));
    std::fs::write(&path, pictures::jpeg(&pictures::photo(40, 20), 80)).unwrap();

    assert!(bench.inspect_at(&path).unwrap().has_thumb);
    assert_eq!(code(bench.inspect_at(bench.folder.path())), Some(ReasonCode::FileProblem));
    assert_eq!(code(bench.inspect_at(&bench.path("nothing here"))), Some(ReasonCode::FileProblem));
}

#[test]
fn a_helper_that_dies_hangs_or_babbles_is_a_clear_reason() {
    let (_alone, bench) = (alone(), Workbench::new());
    let (file, to) = (bench.put(b"text"), bench.path("thumb"));
    let babble = "head -c 9000000 /dev/zero | tr '\\0' x";
    let lie = r#"echo '{"outcome":{"inspected":{"facts":{"media_type":"text/plain","bytes":99,"width":null,"height":null,"count":null},"has_thumb":false,"active":false,"has_location":false}},"peak_bytes":1,"cpu_ms":1}'"#;
    for (script, reason) in [
        ("kill -ABRT $$", ReasonCode::FileTooComplex),
        ("kill -KILL $$", ReasonCode::FileTooComplex),
        ("kill -XCPU $$", ReasonCode::FileTooComplex),
        ("exit 101", ReasonCode::FileUnreadable),
        ("exit 1", ReasonCode::FileProblem),
        ("echo nonsense", ReasonCode::FileProblem),
        (babble, ReasonCode::FileProblem),
        (lie, ReasonCode::FileProblem),
        ("true", ReasonCode::FileProblem),
    ] {
        let arguments = vec!["-c".to_owned(), format!("PATH=/bin:/usr/bin; {script}")];
        let workshop = Workshop::new(WorkerProgram::open("/bin/sh".as_ref()).unwrap().with(arguments), 1);

        let refused = bench.block_on(workshop.inspect(&file, Some(&to)));

        assert_eq!(code(refused), Some(reason), "{script}");
    }
    let none = WorkerProgram::open(&file).unwrap();
    assert_eq!(code(bench.block_on(Workshop::new(none, 1).inspect(&file, None))), Some(ReasonCode::FileProblem));
}

#[test]
fn an_upgrade_of_the_helper_is_for_the_next_daemon() {
    let (_alone, bench) = (alone(), Workbench::new());
    let (installed, upgrade) = (bench.path("helper"), bench.path("helper.dpkg-new"));
    std::fs::copy(env!("CARGO_BIN_EXE_depesche-media-worker"), &installed).unwrap();
    std::fs::copy("/bin/false", &upgrade).unwrap();
    let program = WorkerProgram::open(&installed).unwrap();

    std::fs::rename(&upgrade, &installed).unwrap();

    let file = bench.put(&pictures::jpeg(&pictures::photo(40, 20), 80));
    let inspect = |program| code(bench.block_on(Workshop::new(program, 1).inspect(&file, None)));
    assert_eq!(inspect(program), None);
    assert_eq!(inspect(WorkerProgram::open(&installed).unwrap()), Some(ReasonCode::FileProblem));
}

#[test]
fn many_at_once_wait_for_one_another() {
    let (_alone, bench) = (alone(), Workbench::new());
    let file = bench.put(&pictures::jpeg(&pictures::photo(300, 200), 80));
    let workshop = &bench.workshop;

    let all = bench.block_on(futures_util::future::join_all((0..12).map(|_| workshop.inspect(&file, None))));

    assert!(all.iter().all(Result::is_ok), "{all:?}");
}

/// Good files, to be spoiled.
fn good_files() -> Vec<Vec<u8>> {
    let pixels = pictures::photo(90, 60);
    let mut pdf = papers::Draft::of_pages(2);
    pdf.picture(0, papers::scan(90, 60, 70));
    vec![
        pictures::with_exif(&pictures::jpeg(&pixels, 80), 6),
        pictures::jpeg_as(&pixels, 80, true),
        pictures::png(&image::DynamicImage::ImageRgb8(pixels.clone())),
        pictures::interlaced_png(&pixels),
        pictures::palette_png(90, 60, true),
        pictures::gif(60, 40, 4, true),
        pictures::webp_with_exif(&pictures::see_through(60, 40), 3),
        pictures::moving_webp(24, 3),
        pdf.write(),
        papers::Draft::of_pages(3).write_packed(),
        hostile::docx(&[]),
        b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08moov\0\0\0\x08mdat".to_vec(),
        b"BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n".to_vec(),
    ]
}

/// Bytes changed, doubled, cut off.
fn spoiled(good: &[u8], changes: &[(u32, u8)], cut: Option<u32>) -> Vec<u8> {
    let mut file = good.to_vec();
    for &(at, value) in changes {
        let at = at as usize % file.len();
        match value % 8 {
            0 => file.insert(at, value),
            1 if at + 8 < file.len() => file.copy_within(at..at + 4, at + 4),
            _ => file[at] = value,
        }
    }
    if let Some(cut) = cut {
        file.truncate(cut as usize % file.len());
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever becomes of a file, it opens or is refused; our own trouble it never is.
    #[test]
    fn a_spoiled_file_opens_or_is_refused(
        which in 0..13_usize,
        changes in prop::collection::vec((any::<u32>(), any::<u8>()), 1..12),
        cut in prop::option::weighted(0.2, any::<u32>()),
    ) {
        let (_alone, bench, most) = (alone(), Workbench::new(), peak_bytes_of_helpers());
        let file = spoiled(&good_files()[which], &changes, cut);

        let inspected = bench.take_in(&file);
        let (fitted, left) = bench.fit(&file, &wish(900, MediaType::ALL));

        let ours = |code: Option<ReasonCode>| code == Some(ReasonCode::FileProblem);
        prop_assert!(!ours(code(inspected.clone())), "{inspected:?}");
        prop_assert!(!ours(code(fitted.clone())), "{fitted:?}");
        prop_assert_eq!(left.is_some(), fitted.as_ref().is_ok_and(|fitted| !fitted.steps.is_empty()));
        prop_assert_eq!(bench.files_kept(), inspected.as_ref().map_or(0, |file| 1 + usize::from(file.has_thumb)));
        prop_assert!(peak_bytes_of_helpers() == most || peak_bytes_of_helpers() < 100 << 20);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// The part that runs before anything else never panics and never reads forever.
    #[test]
    fn naming_and_walking_end_for_every_file(
        which in 0..13_usize,
        changes in prop::collection::vec((any::<u32>(), any::<u8>()), 0..40),
        cut in prop::option::weighted(0.3, any::<u32>()),
    ) {
        use depesche::media::{bytes::Source, picture::header::Header, sniff::sniff};
        thread_local!(static GOOD: Vec<Vec<u8>> = good_files());
        let file = GOOD.with(|good| spoiled(&good[which], &changes, cut));
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), &file).unwrap();
        let mut source = Source::new(path.reopen().unwrap()).unwrap();

        if let Ok(media_type) = sniff(&mut source) {
            let _ = Header::read(&mut source, media_type);
        }
    }
}
