//! Files of messages: kept, fitted, sent, fetched, linked to, and thrown away when their time is up.

pub mod care;
pub mod desk;
pub mod fetch;
pub mod fit;
pub mod from_phone;
pub mod keep;
pub mod links;
pub mod outgoing;
pub mod plan;
pub mod ring;
pub mod send;
pub mod upload;
