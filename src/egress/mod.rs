//! Where a delivery leaves the house: over which line, in which words, and how it ended.

pub mod channel_log;
pub mod http_trunk;
pub mod outcome;
pub mod simulator;
pub mod switchboard;
pub mod trunk_test;

#[cfg(test)]
mod http_trunk_tests;
