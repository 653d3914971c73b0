//! Files of messages: kept by the hash of their content, named by what their bytes say, and opened only in a helper
//! process under limits. Which file belongs to which message is not known here.
//!
//! Two processes meet in this room: `archive`, `incoming` and `workshop` run in the daemon, everything that looks into a
//! file (`worker` and what it leans on) runs in the helper alone; `order` is what passes between them.

pub mod archive;
pub mod bytes;
pub mod incoming;
pub mod mirror;
pub mod order;
pub mod paper;
pub mod picture;
pub mod sniff;
pub mod worker;
pub mod workshop;
pub mod zip;
