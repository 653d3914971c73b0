//! Digest authentication (RFC 7616, RFC 8760 for SIP), both sides of 401 and 407: MD5 and SHA-256.
//! Who may do what, once known, is not decided here.

pub mod bounded;
pub mod client;
pub mod guesses;
pub mod hash;
pub mod header;
pub mod nonce;
pub mod replay;
pub mod server;
