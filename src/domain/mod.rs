//! What things are and what may happen to them: no I/O, no clock, no async.

pub mod time;
