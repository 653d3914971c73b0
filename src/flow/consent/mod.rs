//! Who wants nothing more, who agreed, and what is kept of whom.

pub mod audit;
mod elsewhere;
pub mod heed;
pub mod list;
pub mod people;
pub mod refuse;
pub mod settings;
