//! The only room that speaks SQL. [`handle::Store`] writes, [`handle::Reader`] reads; one file per noun.

pub mod bindings;
pub mod channels;
pub mod columns;
pub mod deliveries;
pub mod edit;
pub mod error;
pub mod exchanges;
pub mod extensions;
pub mod handle;
pub mod heard;
pub mod logins;
pub mod messages;
pub mod migrate;
pub mod numbers;
pub mod open;
pub mod peers;
pub mod queues;
pub mod routing;
pub mod seal;
pub mod sessions;
pub mod site;
pub mod trunks;
pub mod users;
mod words;
