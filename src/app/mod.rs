//! Builds the house, starts it, drains it, and stops it in reverse order.

pub mod first_start;
