//! The only room that speaks SQL. [`handle::Store`] writes, [`handle::Reader`] reads; one file per noun.

pub mod error;
pub mod handle;
pub mod migrate;
pub mod open;
pub mod seal;
