//! The public door: carriers' webhooks, files behind their addresses, and SIP from phones and the PBX. What comes in is
//! proved, read, handed to a flow, and answered only when it is on disk.

pub mod directory;
mod file_from_phone;
mod file_reply;
mod media_bounds;
pub mod media_link;
mod media_page;
mod media_words;
mod phone_upload;
pub mod public;
pub mod remind;
mod short_link;
pub mod sip;
mod sip_message;
mod sip_register;
pub mod sip_settings;
mod sip_trunk;
mod upload_form;
pub mod webhook;
