//! HTTP and TLS plumbing that knows nothing of messaging: the doors in, and the one way out.

pub mod network;
