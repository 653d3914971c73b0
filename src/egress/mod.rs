//! Where a delivery leaves the house: over which line, in which words, and how it ended.

pub mod outcome;
