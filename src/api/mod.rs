//! The private door: the API of the portal and the portal itself. Reads through [`crate::store::handle::Reader`],
//! writes by calling a flow. The whole API is on one page: [`routes`].

pub mod alarms;
pub mod attachments;
pub mod auth;
pub mod channels;
pub mod connect;
pub mod contact_view;
pub mod contacts;
pub mod error;
pub mod extensions;
pub mod guard;
pub mod health;
pub mod live;
pub mod log;
pub mod login;
pub mod media_rules;
pub mod messages;
pub mod numbers;
pub mod paging;
pub mod phonebooks;
pub mod portal;
pub mod queues;
pub mod reasons;
pub mod rich;
pub mod routes;
pub mod search;
pub mod sending;
pub mod session_view;
pub mod sessions;
pub mod simulator;
pub mod state;
pub mod templates;
pub mod trunks;
pub mod uploads;
pub mod users;
pub mod words;
