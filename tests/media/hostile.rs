//! Files that are made to harm: what each is, the file, and how it must end.

use crate::papers::{Draft, scan};
use crate::pictures::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use image::DynamicImage;
use lopdf::encryption::crypt_filters::{Aes128CryptFilter, CryptFilter};
use lopdf::{EncryptionState, EncryptionVersion, Permissions, Stream, dictionary};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// A hostile file, and the reasons it may end in.
pub type Hostile = (&'static str, Vec<u8>, &'static [&'static str]);

const COMPLEX: &[&str] = &["file_too_complex"];
const UNREADABLE: &[&str] = &["file_unreadable"];
const NOT_ALLOWED: &[&str] = &["file_type_not_allowed"];
const ACTIVE: &[&str] = &["file_active"];
const LOCKED: &[&str] = &["file_locked"];
/// A limit ended it, or the library gave up before: both are clear.
const EITHER: &[&str] = &["file_too_complex", "file_unreadable"];

fn flat_png(width: u32, height: u32, layout: [u8; 3], lines: u32) -> Vec<u8> {
    let channels = if layout[1] == 6 {
        4
    } else if layout[1] == 2 {
        3
    } else {
        1
    };
    let bits = width as usize * channels * usize::from(layout[0]);
    png_of(width, height, layout, &[], (0..lines).map(|_| vec![0; 1 + bits.div_ceil(8)]))
}

/// Pictures that are far larger than their bytes.
pub fn picture_bombs() -> Vec<Hostile> {
    let frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
    let head = |width: u16, height: u16| {
        [b"GIF89a", &width.to_le_bytes()[..], &height.to_le_bytes(), b"\x80\0\0\0\0\0\xff\xff\xff"].concat()
    };
    let large =
        [b"\x2c\0\0\0\0", &3000_u16.to_le_bytes()[..], &3000_u16.to_le_bytes(), b"\0\x02\x02\x44\x01\0"].concat();
    let jpeg = jpeg(&photo(320, 200), 80);
    vec![
        ("a PNG of 30,000 x 30,000", flat_png(30_000, 30_000, [8, 2, 0], 200), COMPLEX),
        ("a PNG of 7,000 x 7,000 in 150 KB", flat_png(7000, 7000, [8, 2, 0], 7000), COMPLEX),
        ("a PNG of 60,000 x 60,000 in one bit", flat_png(60_000, 60_000, [1, 0, 0], 60_000), COMPLEX),
        ("a PNG of 3,400 x 3,400 in sixteen bits", flat_png(3400, 3400, [16, 6, 0], 3400), COMPLEX),
        ("a GIF of 100,000 frames", [&head(1, 1)[..], &frame.repeat(100_000), b";"].concat(), COMPLEX),
        ("a GIF of 60 frames of 3,000 x 3,000", [&head(3000, 3000)[..], &large.repeat(60), b";"].concat(), COMPLEX),
        ("a GIF of 65,535 x 65,535", [&head(65_535, 65_535)[..], frame, b";"].concat(), COMPLEX),
        ("a JPEG that says 65,500 x 65,500", resized(&jpeg, 65_500, 65_500), COMPLEX),
        ("a JPEG that says 6,000 x 6,000", resized(&jpeg, 6000, 6000), COMPLEX),
        ("a JPEG of 2,000 layers", layered(2000), COMPLEX),
        ("a WebP that says 16,384 x 16,384", webp_lossless_head(16_384, 16_384), COMPLEX),
        ("a WebP that says 6,000 x 6,000", webp_lossless_head(6000, 6000), COMPLEX),
        ("a moving WebP of 1,000 frames", moving_webp(8, 1000), COMPLEX),
    ]
}

/// The same JPEG, saying another size.
pub fn resized(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut lying = jpeg.to_vec();
    let frame = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).expect("a JPEG has a size");
    lying[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    lying[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    lying
}

/// One that repeats its last layer.
fn layered(layers: usize) -> Vec<u8> {
    let jpeg = jpeg_as(&photo(2000, 1500), 30, true);
    let last = jpeg.windows(2).rposition(|two| two == [0xFF, 0xDA]).expect("a JPEG has layers");
    let head = usize::from(u16::from_be_bytes([jpeg[last + 2], jpeg[last + 3]])) + 2;
    let empty = [&jpeg[last..last + head], &[0; 8]].concat();
    [&jpeg[..last], &empty.repeat(layers), &[0xFF, 0xD9]].concat()
}

fn webp_lossless_head(width: u32, height: u32) -> Vec<u8> {
    let bits = (width - 1) | (height - 1) << 14;
    let body = [&[0x2F][..], &bits.to_le_bytes(), &[0x88; 60]].concat();
    let chunk = riff_chunk(b"VP8L", &body);
    [b"RIFF", &(chunk.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &chunk].concat()
}

/// Papers that never end.
pub fn paper_bombs() -> Vec<Hostile> {
    let mut circle = Draft::of_pages(1);
    let tree = circle.catalog().get(b"Pages").and_then(lopdf::Object::as_reference).expect("there are pages");
    circle.document.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => vec![tree.into()], "Count" => 1 });
    let flood = |objects: u32| {
        let objects: String = (1..=objects).map(|n| format!("{n} 0 obj<<>>endobj\n")).collect();
        [b"%PDF-1.4\n", objects.as_bytes(), b"trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF"].concat()
    };
    let self_prev = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\nxref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Prev 44/Size 2>>\nstartxref\n44\n%%EOF";
    vec![
        (
            "a PDF nested five million deep",
            [b"%PDF-1.4\n1 0 obj\n", &b"[".repeat(5_000_000)[..], b"\n%%EOF"].concat(),
            EITHER,
        ),
        (
            "a PDF of nested dictionaries",
            [b"%PDF-1.4\n1 0 obj\n", &b"<</A".repeat(300_000)[..], b"\n%%EOF"].concat(),
            EITHER,
        ),
        ("a PDF whose pages are its pages", circle.write(), EITHER),
        ("a PDF that was always changed before", self_prev.to_vec(), EITHER),
        ("a PDF of 130,000 objects", flood(130_000), EITHER),
        ("a PDF of 400,000 objects", flood(400_000), &["file_too_complex"]),
        ("a PDF of 400,000 objects in 2 MB", packed_flood(), EITHER),
        ("a PDF whose objects unpack to 200 MB", object_stream(200, 1), EITHER),
        ("a PDF whose objects unpack to 15 MB, 300 times", object_stream(15, 300), EITHER),
        (
            "a PDF that says it is very long",
            b"%PDF-1.7\n1 0 obj<</Length 4294967295>>stream\nx\n%%EOF".to_vec(),
            EITHER,
        ),
    ]
}

/// Streams of objects, each packed well and found in the table.
fn object_stream(unpacked_megabytes: usize, streams: usize) -> Vec<u8> {
    let mut blanks = ZlibEncoder::new(Vec::new(), Compression::best());
    (0..unpacked_megabytes).for_each(|_| blanks.write_all(&[b' '; 1 << 20]).expect("memory can be written"));
    let blanks = blanks.finish().expect("memory can be written");
    streams_of_objects(&blanks, "/N 1/First 4", streams)
}

/// Very many small objects in one stream.
fn packed_flood() -> Vec<u8> {
    let list: String = (0..400_000).map(|n| format!("{} {} ", n + 100, n * 2)).collect();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(list.as_bytes()).expect("memory can be written");
    packed.write_all(&b"1 ".repeat(400_000)).expect("memory can be written");
    let packed = packed.finish().expect("memory can be written");
    streams_of_objects(&packed, &format!("/N 400000/First {}", list.len()), 1)
}

/// The same stream, so many times, each in the table.
fn streams_of_objects(packed: &[u8], what: &str, streams: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n".to_vec();
    let mut table = format!("xref\n0 1\n0000000000 65535 f \n1 1\n{:010} 00000 n \n", 9);
    for number in 0..streams {
        let id = number + 10;
        table.push_str(&format!("{id} 1\n{:010} 00000 n \n", file.len()));
        let dict = format!("{id} 0 obj<</Type/ObjStm{what}/Filter/FlateDecode/Length {}>>stream\n", packed.len());
        file.extend([dict.as_bytes(), packed, b"\nendstream endobj\n"].concat());
    }
    let at = file.len();
    file.extend(format!("{table}trailer<</Root 1 0 R/Size {}>>\nstartxref\n{at}\n%%EOF", streams + 10).into_bytes());
    file
}

/// An archive of these parts, without packing.
pub fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(parts.iter().map(|(name, body)| (name.as_bytes().to_vec(), body.to_vec(), 0_u16)))
}

fn zip_with(parts: impl Iterator<Item = (Vec<u8>, Vec<u8>, u16)>) -> Vec<u8> {
    let (mut file, mut list, mut count) = (Vec::new(), Vec::new(), 0_u32);
    for (name, body, method) in parts {
        let at = file.len() as u32;
        let sizes = [(body.len() as u32).to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
        let common =
            [&[20, 0, 0, 0][..], &method.to_le_bytes(), &[0; 8], &sizes, &(name.len() as u16).to_le_bytes(), &[0; 2]];
        let common = common.concat();
        file.extend([b"PK\x03\x04", &common[..], &name, &body].concat());
        list.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &at.to_le_bytes(), &name].concat());
        count += 1;
    }
    let at = file.len() as u32;
    let count = (count as u16).to_le_bytes();
    let end = [&[0; 4][..], &count, &count, &(list.len() as u32).to_le_bytes(), &at.to_le_bytes(), &[0; 2]].concat();
    [&file[..], &list, b"PK\x05\x06", &end].concat()
}

pub fn docx(more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut parts = vec![("[Content_Types].xml", &b"<Types/>"[..]), ("word/document.xml", b"<w:document/>")];
    parts.extend(more);
    zip(&parts)
}

/// Files that are two things at once.
pub fn polyglots() -> Vec<Hostile> {
    let (jpeg, archive) = (jpeg(&photo(200, 100), 80), zip(&[("a.class", b"\xCA\xFE\xBA\xBE")]));
    let (gif, png) = (gif(40, 30, 1, false), png(&DynamicImage::ImageRgb8(photo(40, 30))));
    let pdf = Draft::of_pages(1).write();
    let both = |one: &[u8], other: &[u8]| [one, other].concat();
    let mut script = gif.clone();
    script[6..8].copy_from_slice(b"/*");
    let page = b"<html><script>alert(1)</script>";
    vec![
        ("a JPEG that is an archive", both(&jpeg, &archive), NOT_ALLOWED),
        ("a GIF that is an archive", both(&gif, &archive), NOT_ALLOWED),
        ("a PDF that is an archive", both(&pdf, &archive), NOT_ALLOWED),
        ("a JPEG with RAR behind it", both(&jpeg, b"Rar!\x1a\x07\x01\0xxxx"), NOT_ALLOWED),
        ("a PNG with 7z behind it", both(&png, b"7z\xbc\xaf\x27\x1c\0\x04"), NOT_ALLOWED),
        ("a JPEG that is a page", with_part(&jpeg, 0xFE, page), NOT_ALLOWED),
        ("a GIF that is a page", both(&gif, page), NOT_ALLOWED),
        ("a PNG that is a page, in capitals", both(&png, b"<ScRiPt src=x>"), NOT_ALLOWED),
        ("a GIF that is a script", both(&script, b"*/=1;alert(1)"), NOT_ALLOWED),
        ("a JPEG that is a script", both(b"\xFF\xD8\xFF\xE0/*", &jpeg[4..]), NOT_ALLOWED),
        ("a JPEG with PDF in it", with_part(&jpeg, 0xFE, &pdf[..200]), NOT_ALLOWED),
        ("a PDF behind a page", both(b"<html>\n", &pdf), NOT_ALLOWED),
        ("a PDF behind something else", both(b"\0\0\x01junk\n", &pdf), NOT_ALLOWED),
        ("a PDF that begins as a page", both(b"%PDF-1.4\n<html><body onload=alert(1)>", &pdf[9..]), NOT_ALLOWED),
    ]
}

/// What is no picture and no paper, whatever it is called.
pub fn impostors() -> Vec<Hostile> {
    let utf16: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let compound = [&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..], &[0; 500]].concat();
    vec![
        ("nothing at all", Vec::new(), UNREADABLE),
        ("one byte", vec![0xFF], NOT_ALLOWED),
        ("a program of Windows", [b"MZ\x90\0\x03", &[0; 300][..]].concat(), NOT_ALLOWED),
        ("a program of Linux", [b"\x7fELF\x02\x01\x01", &[0; 300][..]].concat(), NOT_ALLOWED),
        ("a script", b"#!/bin/sh\nrm -rf ~\n".to_vec(), NOT_ALLOWED),
        ("a batch file", b"@echo off\r\nformat c:\r\n".to_vec(), NOT_ALLOWED),
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), NOT_ALLOWED),
        ("SVG behind a declaration", b"\xEF\xBB\xBF <?xml version='1.0'?><svg/>".to_vec(), NOT_ALLOWED),
        ("a page", b"\n\n<!DOCTYPE html><title>x</title>".to_vec(), NOT_ALLOWED),
        ("a page behind words", b"Hello <script>alert(1)</script>".to_vec(), NOT_ALLOWED),
        ("an archive", zip(&[("a.txt", b"x")]), NOT_ALLOWED),
        ("TIFF", [b"II*\0\x08\0\0\0", &[0; 100][..]].concat(), NOT_ALLOWED),
        ("BMP", [b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", &[0; 100][..]].concat(), NOT_ALLOWED),
        ("RTF", b"{\\rtf1 hello}".to_vec(), NOT_ALLOWED),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0heicmif1".to_vec(), NOT_ALLOWED),
        ("Matroska", [b"\x1A\x45\xDF\xA3\x9f\x42\x82\x88matroska", &[0; 100][..]].concat(), NOT_ALLOWED),
        ("an old office document", compound.clone(), NOT_ALLOWED),
        ("an office document with a password", [&compound[..], &utf16].concat(), LOCKED),
        ("an office document with macros", docx(&[("word/vbaProject.bin", b"x")]), ACTIVE),
        (
            "macros by another name",
            zip(&[("[Content_Types].xml", b"ms-word.document.macroEnabled.main+xml"), ("word/document.xml", b"x")]),
            ACTIVE,
        ),
        ("an office document with a program", docx(&[("word/embeddings/oleObject1.bin", b"x")]), ACTIVE),
        (
            "an archive of 40,000 files",
            zip_with((0..40_000).map(|n: u32| (n.to_le_bytes().to_vec(), vec![], 0))),
            COMPLEX,
        ),
        ("a list of types that unpacks to 300 MB", bomb_docx(), COMPLEX),
        ("names of 60,000 bytes", zip(&[(&"x".repeat(60_000), b""), ("../../etc/passwd", b"x")]), NOT_ALLOWED),
        ("a contact without an end", b"BEGIN:VCARD\nVERSION:4.0\nFN:Ann\n".to_vec(), UNREADABLE),
        ("text that is none", b"Hello \xFF\xFE world".to_vec(), NOT_ALLOWED),
    ]
}

fn bomb_docx() -> Vec<u8> {
    let mut types = DeflateEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..300 {
        types.write_all(&[b' '; 1 << 20]).expect("memory can be written");
    }
    let types = types.finish().expect("memory can be written");
    let parts = [(b"[Content_Types].xml".to_vec(), types, 8), (b"word/document.xml".to_vec(), vec![], 0)];
    zip_with(parts.into_iter())
}

/// Good files that were cut off, and headers that lie.
pub fn damaged() -> Vec<Hostile> {
    let half = |whole: Vec<u8>| whole[..whole.len() / 2].to_vec();
    let pixels = see_through(60, 40);
    let box_of = |kind: &[u8; 4], size: u32| [&size.to_be_bytes()[..], kind].concat();
    let mut pdf = Draft::of_pages(1);
    pdf.picture(0, scan(600, 400, 80));
    let webp = webp(&pixels);
    let mut longer = webp.clone();
    longer[4..8].copy_from_slice(&90_000_u32.to_le_bytes());
    let canvas = [webp_canvas(4000, 2000, 0), webp[12..].to_vec()].concat();
    let canvas = [b"RIFF", &(canvas.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &canvas].concat();
    vec![
        ("half a JPEG", half(jpeg(&photo(300, 200), 80)), UNREADABLE),
        ("half a JPEG in layers", half(jpeg_as(&photo(300, 200), 80, true)), UNREADABLE),
        ("half a PNG", half(png(&DynamicImage::ImageRgb8(photo(300, 200)))), UNREADABLE),
        ("half a GIF", half(gif(80, 60, 5, true)), UNREADABLE),
        ("half a WebP", half(webp), UNREADABLE),
        ("half a PDF", half(pdf.write()), UNREADABLE),
        ("half an office document", half(docx(&[])), UNREADABLE),
        ("a film without its end", [b"\0\0\0\x10ftypisom\0\0\0\0", &box_of(b"mdat", 9999)[..]].concat(), UNREADABLE),
        ("a film without a table", [b"\0\0\0\x10ftypisom\0\0\0\0", &box_of(b"mdat", 8)[..]].concat(), UNREADABLE),
        ("a WebP that says it is longer", longer, UNREADABLE),
        ("a WebP of two sizes", canvas, UNREADABLE),
        ("a JPEG of no size", resized(&jpeg(&photo(32, 32), 80), 0, 32), UNREADABLE),
        ("a PNG with no picture", chopped_png(), UNREADABLE),
        ("a JPEG with nothing but its beginning", b"\xFF\xD8\xFF".to_vec(), UNREADABLE),
    ]
}

fn chopped_png() -> Vec<u8> {
    let whole = png(&DynamicImage::ImageRgb8(photo(20, 20)));
    [&whole[..33], &chunk(b"IEND", b"")].concat()
}

/// A PDF nobody can look into without a word.
pub fn locked_pdf(user: &str) -> Vec<u8> {
    let mut draft = Draft::of_pages(1);
    draft.document.trailer.set("ID", vec![lopdf::Object::string_literal("0123456789abcdef"); 2]);
    draft.document.add_object(Stream::new(dictionary! {}, b"x".to_vec()));
    let filter: Arc<dyn CryptFilter> = Arc::new(Aes128CryptFilter);
    let version = EncryptionVersion::V4 {
        document: &draft.document,
        encrypt_metadata: true,
        crypt_filters: BTreeMap::from([(b"StdCF".to_vec(), filter)]),
        stream_filter: b"StdCF".to_vec(),
        string_filter: b"StdCF".to_vec(),
        owner_password: "owner",
        user_password: user,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).expect("these are good settings");
    draft.document.encrypt(&state).expect("it can be locked");
    draft.write()
}

/// A paper of one page, with this object in the middle.
fn with_object(object: &[u8]) -> Vec<u8> {
    let head = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/X 4 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n";
    let mut file = head.to_vec();
    let at =
        |file: &[u8], what: &[u8]| file.windows(what.len()).position(|window| window == what).expect("it is there");
    let mut places: Vec<usize> = (1..4).map(|n| at(head, format!("{n} 0 obj").as_bytes())).collect();
    places.push(file.len());
    file.extend([b"4 0 obj", object, b"\nendobj\n"].concat());
    let table = file.len();
    file.extend(b"xref\n0 5\n0000000000 65535 f \n");
    places.iter().for_each(|place| file.extend(format!("{place:010} 00000 n \n").into_bytes()));
    file.extend(format!("trailer<</Root 1 0 R/Size 5>>\nstartxref\n{table}\n%%EOF").into_bytes());
    file
}

/// Bytes that do not pack, and in which nothing is spelled.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// A body of so many bytes.
type Make = fn(usize) -> Vec<u8>;

/// One object that is nearly all of the file.
pub fn large_papers() -> impl Iterator<Item = (String, Vec<u8>)> {
    let stream =
        |bytes: usize| [format!("<</Length {bytes}>>stream\n").as_bytes(), &noise(bytes)[..], b"\nendstream"].concat();
    let kinds: [(&str, Make); 5] = [
        ("an array", |bytes| [b"[", &b"1 ".repeat(bytes / 2)[..], b"]"].concat()),
        ("an array of names", |bytes| [b"[", &b"/A".repeat(bytes / 2)[..], b"]"].concat()),
        ("a string", |bytes| [b"(", &b"a".repeat(bytes)[..], b")"].concat()),
        ("dictionaries in dictionaries", |bytes| [b"<</A".repeat(bytes / 6), b">>".repeat(bytes / 6)].concat()),
        ("a dictionary", |bytes| {
            let entries: String = (0..bytes / 10).map(|n| format!("/K{n:06} 1")).collect();
            format!("<<{entries}>>").into_bytes()
        }),
    ];
    let sizes = [1, 4, 10, 30].map(|megabytes| megabytes << 20);
    let objects = sizes.into_iter().flat_map(move |bytes| {
        kinds.into_iter().map(move |(kind, make)| (format!("{kind} of {} MB", bytes >> 20), with_object(&make(bytes))))
    });
    let streams =
        sizes.into_iter().map(move |bytes| (format!("a stream of {} MB", bytes >> 20), with_object(&stream(bytes))));
    let unpacked = [1, 15, 17, 300].into_iter().map(|megabytes| {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        (0..megabytes).for_each(|_| packed.write_all(&b"1 ".repeat(1 << 19)).expect("memory can be written"));
        let packed = packed.finish().expect("memory can be written");
        (format!("objects that unpack to {megabytes} MB"), streams_of_objects(&packed, "/N 1/First 4", 1))
    });
    objects.chain(streams).chain(unpacked)
}

/// Pictures that say far more beside their pixels than they have.
pub fn large_remarks() -> impl Iterator<Item = (String, Vec<u8>)> {
    let still = png(&DynamicImage::ImageRgb8(photo(40, 30)));
    let (jpeg, gif, webp) = (jpeg(&photo(40, 30), 80), gif(40, 30, 2, true), webp(&see_through(40, 30)));
    let packed = |megabytes: usize| {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        (0..megabytes).for_each(|_| packed.write_all(&[b' '; 1 << 20]).expect("memory can be written"));
        packed.finish().expect("memory can be written")
    };
    let part = {
        let still = still.clone();
        move |kind: &[u8; 4], body: &[u8]| [&still[..33], &chunk(kind, body), &still[33..]].concat()
    };
    let mut files = vec![
        (
            "a PNG with 30 MB of iTXt".to_owned(),
            part(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", &noise(30 << 20)[..]].concat()),
        ),
        ("a PNG with 30 MB of tEXt".to_owned(), part(b"tEXt", &[b"Comment\0", &b"x".repeat(30 << 20)[..]].concat())),
        (
            "a PNG with zTXt that unpacks to 300 MB".to_owned(),
            part(b"zTXt", &[b"Comment\0\0", &packed(300)[..]].concat()),
        ),
        (
            "a PNG with iTXt that unpacks to 300 MB".to_owned(),
            part(b"iTXt", &[b"Comment\0\x01\0\0\0", &packed(300)[..]].concat()),
        ),
        (
            "a PNG with a profile that unpacks to 300 MB".to_owned(),
            part(b"iCCP", &[b"p\0\0", &packed(300)[..]].concat()),
        ),
        ("a PNG with a profile of 30 MB".to_owned(), part(b"iCCP", &[b"p\0\0", &noise(30 << 20)[..]].concat())),
        ("a PNG with 30 MB of eXIf".to_owned(), part(b"eXIf", &noise(30 << 20))),
        (
            "a PNG with 100,000 remarks".to_owned(),
            [&still[..33], &chunk(b"tEXt", b"Comment\0x").repeat(100_000), &still[33..]].concat(),
        ),
    ];
    let segment = |marker: u8, head: &[u8]| {
        let body = [head, &noise(65_533 - head.len())[..]].concat();
        [&[0xFF, marker, 0xFF, 0xFF][..], &body].concat()
    };
    for (what, marker, head) in [
        ("APP1", 0xE1, &b"Exif\0\0"[..]),
        ("APP2", 0xE2, b"ICC_PROFILE\0\x01\xFF"),
        ("APP13", 0xED, b"Photoshop 3.0\0"),
        ("remarks", 0xFE, b"x"),
    ] {
        let said = segment(marker, head).repeat(450);
        files.push((format!("a JPEG with 28 MB of {what}"), [&jpeg[..2], &said, &jpeg[2..]].concat()));
    }
    let remark = [&[255][..], &noise(255)].concat().repeat(120_000);
    files.push((
        "a GIF with a remark of 30 MB".to_owned(),
        [&gif[..gif.len() - 1], b"\x21\xFE", &remark, &b"\0;"[..]].concat(),
    ));
    let colours = [b"GIF89a", &8000_u16.to_le_bytes()[..], &6000_u16.to_le_bytes(), b"\xf7\0\0", &noise(768)].concat();
    let frame = [&b"\x2c\0\0\0\0\x01\0\x01\0\x87"[..], &noise(768), b"\x08\x02\x44\x01\0"].concat();
    files.push((
        "a GIF of 8,000 x 6,000 with a table for each frame".to_owned(),
        [&colours[..], &frame.repeat(150), b";"].concat(),
    ));
    for (kind, flag) in [(b"ICCP", 0x20), (b"EXIF", 0x08), (b"XMP ", 0x04), (b"junk", 0)] {
        let (said, pixels) = (riff_chunk(kind, &noise(30 << 20)), webp[12..].to_vec());
        let parts = if kind == b"ICCP" { [said, pixels] } else { [pixels, said] };
        let body = [webp_canvas(40, 30, flag), parts.concat()].concat();
        let head = [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP"].concat();
        files.push((format!("a WebP with 30 MB of {}", String::from_utf8_lossy(kind)), [head, body].concat()));
    }
    files.into_iter()
}
