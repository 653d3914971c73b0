//! The public door: carriers' webhooks, and SIP from phones and the PBX. What comes in is proved, read, handed to a
//! flow, and answered only when it is on disk.

pub mod directory;
mod media_bounds;
mod media_page;
mod media_words;
pub mod remind;
pub mod sip;
mod sip_message;
mod sip_register;
pub mod sip_settings;
mod sip_trunk;
pub mod webhook;
