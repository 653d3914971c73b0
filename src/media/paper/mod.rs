//! PDFs: opened within bounds, looked at for what acts, cleaned and shrunk.

pub mod active;
pub mod clean;
pub mod fit;
pub mod open;
pub mod picture;
pub mod shrink;
pub mod words;
