//! Depesche: the messaging module of an IP-PBX.
//!
//! The floors, from the top; imports point down only (`tests/floors.rs`):
//!
//! ```text
//! floor 8                   main      media_worker
//! floor 7                            cli
//! floor 6                            app
//! floor 5                 api                  ingress
//! floor 4                            flow
//! floor 3                           egress
//! floor 2      bus   carrier   store   config   media   sip   (neighbours that never meet)
//! floor 1   domain    net    os    clock    tabular    vcard
//! ```

pub mod api;
pub mod app;
pub mod bus;
pub mod carrier;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod egress;
pub mod flow;
pub mod ingress;
pub mod media;
pub mod net;
pub mod os;
pub mod sip;
pub mod store;
pub mod tabular;
pub mod vcard;
