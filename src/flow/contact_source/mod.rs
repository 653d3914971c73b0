//! Contacts that are kept elsewhere: sources are set up, read on a schedule, and what they say becomes contacts that are
//! changed there alone.

mod person;
pub mod reading;
pub mod schedule;
pub mod settings;
