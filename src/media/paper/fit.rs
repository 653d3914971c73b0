//! Making a PDF fit: untouched where it may stay so, else cleaned of what acts and shrunk, and looked at once more.

use crate::domain::media::{ActivePdf, FileFacts, FitStep, FitWish, Fitted, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse, too_complex};
use crate::media::paper::open::{Seen, look, read};
use crate::media::paper::{clean, shrink};
use crate::media::picture::open::impossible;
use lopdf::{Document, SaveOptions};
use std::fs::File;
use std::io::Write;

/// Asks for the time that writing anew takes, and for memory beside the paper itself; told whether there is any.
pub type Allow<'a> = &'a dyn Fn(u64) -> Result<(), Reason>;

/// Makes it fit; writes to `to` only if something had to be done.
pub fn fit(
    source: &mut Source,
    wish: &FitWish,
    to: &mut File,
    memory_max: u64,
    allow: Allow<'_>,
) -> Result<Fitted, Reason> {
    let seen = look(source, memory_max)?;
    if seen.is_active() && wish.active_pdf == ActivePdf::Refuse {
        return Err(refuse(ReasonCode::FileActive, "a PDF that acts, or with files inside"));
    }
    let too_large = source.len() > wish.bytes_max;
    if !seen.is_active() && !too_large {
        return Ok(Fitted { facts: facts(seen.pages(), source.len()), steps: Vec::new() });
    }
    let mut paper = match seen {
        Seen::Opened(paper) => *paper,
        Seen::Closed { active: true } => {
            return Err(too_complex("a PDF too large to be opened, so nothing can clean it"));
        }
        Seen::Closed { active: false } => {
            return Err(refuse(ReasonCode::FileTooLarge, "a PDF too large to be opened, so nothing can shrink it"));
        }
    };
    allow(0)?;
    let mut steps = Vec::new();
    if paper.is_active() {
        clean::clean(&mut paper.document);
        steps.push(FitStep::Cleaned);
    }
    let mut written = if too_large { Vec::new() } else { write(&mut paper.document)? };
    if too_large || written.len() as u64 > wish.bytes_max {
        steps.push(FitStep::Shrunk);
        written = shrink::shrink(&mut paper.document, wish.bytes_max, allow)?;
    }
    let facts = facts(Some(paper.pages()), written.len() as u64);
    drop(paper);
    look_again(&written, &facts)?;
    to.write_all(&written).map_err(impossible)?;
    Ok(Fitted { facts, steps })
}

/// What leaves the house is what was checked: the file as written, not as it was meant.
fn look_again(written: &[u8], facts: &FileFacts) -> Result<(), Reason> {
    let again = read(written)?;
    if again.is_active() {
        return Err(refuse(ReasonCode::FileActive, "a PDF that acts still after cleaning"));
    }
    if Some(again.pages()) != facts.count {
        return Err(damaged("a PDF that loses pages when it is written anew"));
    }
    Ok(())
}

/// The document as a file, its small objects packed together.
pub fn write(document: &mut Document) -> Result<Vec<u8>, Reason> {
    let options = SaveOptions::builder().use_object_streams(true).use_xref_streams(true).compression_level(9).build();
    let mut written = Vec::new();
    document.save_with_options(&mut written, options).map_err(|error| damaged(&format!("writing it anew: {error}")))?;
    Ok(written)
}

fn facts(pages: Option<u32>, bytes: u64) -> FileFacts {
    FileFacts { media_type: MediaType::Pdf, bytes, width: None, height: None, count: pages }
}
