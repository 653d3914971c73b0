//! HTTP and TLS plumbing that knows nothing of messaging: the doors in, and the one way out.

pub mod client;
mod dial;
pub mod fetch;
mod line;
pub mod network;
mod self_made;
#[cfg(test)]
mod tests;
pub mod tls;
