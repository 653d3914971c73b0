//! Contacts as cards: vCard 2.1, 3.0 and 4.0 read as phones, mail programs and servers write them, 3.0 and 4.0 written.
//! Of our own, since the crates looked at read one version (vcard4) or bring zones, calendars and mail with them (calcard),
//! and none reads a file card by card in bounded memory.

pub mod lines;
pub mod read;
pub mod write;
