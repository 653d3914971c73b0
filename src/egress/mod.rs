//! Where a delivery leaves the house: over which line, in which words, and how it ended.

pub mod channel_log;
pub mod contact_source;
pub mod file_fetch;
pub mod http_trunk;
mod log_body;
pub mod outcome;
pub mod pbx;
pub mod phone_branch;
mod phone_way;
pub mod phones;
pub mod registration;
pub mod simulator;
pub mod sip_trunk;
pub mod switchboard;
pub mod trunk_test;

#[cfg(test)]
mod file_fetch_tests;
#[cfg(test)]
mod http_trunk_tests;
#[cfg(test)]
mod phone_files_tests;
#[cfg(test)]
mod phones_tests;
