//! The command line: what can be asked of the program, and in which words it answers.

pub mod arguments;
pub mod backup;
pub mod check;
pub mod dispatch;
pub mod health;
pub mod papers;
pub mod people;
pub mod phones;
pub mod record;
pub mod run;
pub mod trunks;
pub mod visit;
