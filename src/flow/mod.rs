//! What the house does: one file per flow. Only this room holds the right to write.

pub mod demo;
pub mod desk;
pub mod error;
pub mod gateway;
pub mod inbound;
pub mod janitor;
pub mod log_size;
pub mod outbox;
pub mod phone;
pub mod phone_test;
pub mod poll;
pub mod queue;
pub mod reading;
pub mod receipts;
pub mod reply;
pub mod report;
pub mod roll_call;
pub mod schedule;
pub mod send;
pub mod session;
pub mod settings;
pub mod troubles;
pub mod users;
pub mod webhook;
