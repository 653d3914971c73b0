//! What things are and what may happen to them: no I/O, no clock, no async.

pub mod address;
pub mod channel;
pub mod delivery;
pub mod event;
pub mod exchange;
pub mod id;
pub mod media;
pub mod media_rules;
pub mod message;
pub mod place;
pub mod price;
pub mod reason;
pub mod remedy;
pub mod rich;
pub mod say;
pub mod secret;
pub mod segment;
pub mod session;
pub mod smart;
pub mod template;
pub mod template_check;
pub mod time;
pub mod trunk;
pub mod user;
pub mod wording;
