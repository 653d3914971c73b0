//! Tables that people exchange with the house: CSV in any encoding and separator comes in within bounds, CSV and XLSX go
//! out with no cell that a spreadsheet would run. What the columns mean is for whoever asks.

pub mod guess;
pub mod layout;
pub mod read;
pub mod write;
pub mod xlsx;
