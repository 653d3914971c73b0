//! Text and contacts: every byte of them is UTF-8 that a person can read. Markup and scripts are text too, and refused.

use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse};
use crate::media::sniff::polyglot::markup_in;

const PIECE: usize = 64 << 10;
/// Where a reader decides what a text is.
const DECIDED_WITHIN: usize = 1024;

/// Names a text, or says what it is instead.
pub fn name(source: &mut Source, head: &[u8]) -> Result<MediaType, Reason> {
    let plain = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if !is_text(source)? {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, "a file of a type that is not known"));
    }
    let early = &plain[..plain.len().min(DECIDED_WITHIN)];
    if let Some(other) = script(early) {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, other));
    }
    if early.len() >= 11 && early[..11].eq_ignore_ascii_case(b"BEGIN:VCARD") {
        return card(source);
    }
    Ok(MediaType::Text)
}

/// A contact ends as it began (RFC 6350).
fn card(source: &mut Source) -> Result<MediaType, Reason> {
    let tail = source.piece(source.len().saturating_sub(64), 64)?;
    let tail = tail.trim_ascii_end();
    let ends = tail.len() >= 9 && tail[tail.len() - 9..].eq_ignore_ascii_case(b"END:VCARD");
    if ends { Ok(MediaType::VCard) } else { Err(damaged("a contact that ends too early")) }
}

fn script(early: &[u8]) -> Option<&'static str> {
    let starts = |word: &[u8]| early.len() >= word.len() && early[..word.len()].eq_ignore_ascii_case(word);
    if starts(b"#!") || starts(b"@echo off") {
        return Some("a script");
    }
    if memchr::memmem::find(early, b"<svg").is_some() {
        return Some("image/svg+xml");
    }
    if starts(b"<") || markup_in(early).is_some() {
        return Some("text/html or another markup");
    }
    if starts(b"{\\rtf") {
        return Some("application/rtf");
    }
    memchr::memmem::find(early, b"%PDF-").map(|_| "application/pdf behind something else")
}

/// Reads all of it, at any length, a piece at a time.
fn is_text(source: &mut Source) -> Result<bool, Reason> {
    source.go_to(0)?;
    let mut open: Vec<u8> = Vec::new();
    loop {
        let piece = source.some(PIECE)?;
        if piece.is_empty() {
            return Ok(open.is_empty());
        }
        if piece.iter().any(|&byte| byte == 0x7F || (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C))) {
            return Ok(false);
        }
        open.extend_from_slice(&piece);
        let cut = match std::str::from_utf8(&open) {
            Ok(_) => open.len(),
            // A character may lie across two pieces; what is wrong inside one never gets better.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Ok(false),
        };
        open.drain(..cut);
    }
}
