//! The SIP endpoint on real sockets of the loopback: the torture messages of RFC 4475 (from the folder that
//! DEPESCHE_SIP_TORTURE names), malformed messages of our own, floods and slow peers, and plain honest use.

#![allow(clippy::unwrap_used, reason = "a test that panics has said what it found")]

#[path = "sip_torture/hostile.rs"]
mod hostile;
#[path = "sip_torture/house.rs"]
mod house;
#[path = "sip_torture/plain_use.rs"]
mod plain_use;
#[path = "sip_torture/rfc4475.rs"]
mod rfc4475;
#[path = "sip_torture/timers.rs"]
mod timers;
