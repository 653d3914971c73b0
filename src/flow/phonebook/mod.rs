//! Phonebooks: people, their numbers, and how they come in and go out. What a source brings is changed there.

pub mod books;
pub mod bulk;
pub mod contacts;
pub mod import;
pub mod merge;
