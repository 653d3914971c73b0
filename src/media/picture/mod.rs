//! Pictures: read part by part before any decoder sees them, opened within what their parts promise, scaled and written
//! anew so that they fit.

pub mod exif;
pub mod film;
pub mod fit;
pub mod gif;
pub mod header;
pub mod jpeg;
pub mod ladder;
pub mod moving;
pub mod open;
pub mod png;
pub mod webp;
