//! The only room that speaks SQL. [`handle::Store`] writes, [`handle::Reader`] reads; one file per noun.

pub mod bindings;
pub mod deliveries;
pub mod error;
pub mod exchanges;
pub mod handle;
pub mod heard;
pub mod messages;
pub mod migrate;
pub mod open;
pub mod peers;
pub mod routing;
pub mod seal;
pub mod sessions;
mod words;
