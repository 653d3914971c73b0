//! The settings of the machine: listeners, paths, TLS, limits, the PBX's address. Read once, checked
//! whole, then frozen. Settings of the business (trunks, queues, users) are rows of the database, not here.

pub mod http;
pub mod load;
pub mod machine;
pub mod media;
pub mod outbox;
pub mod problem;
pub mod secret;
pub mod sheet;
pub mod sip;
