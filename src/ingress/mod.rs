//! The public door: carriers' webhooks, and SIP from phones and the PBX. What comes in is proved, read, handed to a
//! flow, and answered only when it is on disk.

pub mod remind;
pub mod webhook;
