//! Files that are two things at once: a picture that a browser may run as a page or a script, an archive behind a
//! picture, a PDF behind anything. Each reader takes such a file for what it knows, so nobody can say what it is.

use crate::domain::media::{MediaFamily, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, refuse};
use crate::media::sniff::office::directory_of_zip;

/// What no picture, film or sound has a reason to hold, in lower case.
const MARKUP: &[&[u8]] = &[b"<script", b"<html", b"<!doctype html", b"<?php", b"<iframe", b"<svg", b"<body"];
/// Archives that are found wherever they begin.
const ARCHIVES: &[&[u8]] = &[b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c"];
const LONGEST: usize = 14;
const PIECE: usize = 256 << 10;
/// Where readers of PDF look for its beginning.
const PDF_WITHIN: usize = 1024;

/// Refuses a file that is something else as well.
pub fn check(source: &mut Source, head: &[u8], media_type: MediaType) -> Result<(), Reason> {
    let both = |other: &str| refuse(ReasonCode::FileTypeNotAllowed, &format!("{media_type} and {other} at once"));
    let begins_as_script = match media_type {
        // A width, or the length of the first segment, that opens a comment of a script.
        MediaType::Gif => head.get(6..8).is_some_and(|width| width == b"/*" || width == b"//"),
        MediaType::Jpeg => head.get(4..6) == Some(b"/*"),
        _ => false,
    };
    if begins_as_script {
        return Err(both("a script"));
    }
    let early = &head[..head.len().min(PDF_WITHIN)];
    if media_type != MediaType::Pdf && memchr::memmem::find(early, b"%PDF-").is_some() {
        return Err(both("PDF"));
    }
    if media_type.family() != MediaFamily::Document && directory_of_zip(source)?.is_some() {
        return Err(both("an archive"));
    }
    let found = match media_type.family() {
        MediaFamily::Picture | MediaFamily::Video | MediaFamily::Audio => foreign(source)?,
        MediaFamily::Paper => markup_in(early),
        // Text is read whole where it is named, an office document is an archive.
        MediaFamily::Card | MediaFamily::Document => None,
    };
    found.map_or(Ok(()), |other| Err(both(other)))
}

/// Looks through the whole file.
fn foreign(source: &mut Source) -> Result<Option<&'static str>, Reason> {
    let mut at = 0;
    while at < source.len() {
        let piece = source.piece(at, PIECE + LONGEST)?;
        if let Some(found) = markup_in(&piece) {
            return Ok(Some(found));
        }
        if ARCHIVES.iter().any(|mark| memchr::memmem::find(&piece, mark).is_some()) {
            return Ok(Some("an archive"));
        }
        at += PIECE as u64;
    }
    Ok(None)
}

/// Whether there is markup in these bytes that a browser would act upon.
pub fn markup_in(bytes: &[u8]) -> Option<&'static str> {
    let opens = |at: usize, mark: &[u8]| bytes[at..].get(..mark.len()).is_some_and(|is| is.eq_ignore_ascii_case(mark));
    let is_there = memchr::memchr_iter(b'<', bytes).any(|at| MARKUP.iter().any(|mark| opens(at, mark)));
    is_there.then_some("markup")
}
