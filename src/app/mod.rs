//! Builds the house, starts it, drains it, and stops it in reverse order.

pub mod care;
pub mod error;
pub mod first_start;
pub mod house;
pub mod loops;
pub mod reload;
pub mod run;
pub mod wiring;
