//! MESSAGE bodies, both ways: what a phone sent becomes a value, what we say becomes a body.
//! Pure: bytes in, values out. Who gets what, and what it costs, is decided elsewhere.

pub mod charset;
pub mod cpim;
pub mod heard;
pub mod inflate;
pub mod media_type;
pub mod notice;
pub mod offer;
pub mod read;
pub mod split;
pub mod write;
pub mod xml;
