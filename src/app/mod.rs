//! Builds the house, starts it, drains it, and stops it in reverse order.

pub mod error;
pub mod first_start;
pub mod loops;
pub mod wiring;
