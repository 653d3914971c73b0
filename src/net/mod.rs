//! HTTP and TLS plumbing that knows nothing of messaging: the doors in, and the one way out.

pub mod body;
pub mod client;
mod connection;
mod dial;
mod door;
pub mod fetch;
pub mod file_answer;
pub mod forwarded;
mod line;
pub mod network;
pub mod raw;
mod self_made;
pub mod server;
#[cfg(test)]
mod tests;
pub mod tls;
