//! RFC 3261 as far as MESSAGE (RFC 3428), REGISTER and OPTIONS need it: values, transactions, transports.
//! No INVITE, no dialogs, no forking, and nothing here knows of sessions, carriers or the database.

pub mod digest;
pub mod endpoint;
pub mod message;
pub mod registrar;
pub mod resolve;
pub mod text;
pub mod transaction;
pub mod transport;
pub mod wire;
