//! Who wants nothing more, who agreed, and what is kept of whom.

pub mod heed;
pub mod refuse;
pub mod settings;
