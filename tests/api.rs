//! The private door as a browser meets it: who may what, what is not there for whom, what never comes out.
//! The router is driven directly over a real store; the clock is turned by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "api/attachments.rs"]
mod attachments;
#[path = "api/audit.rs"]
mod audit;
#[path = "api/campaign_content.rs"]
mod campaign_content;
#[path = "api/campaigns.rs"]
mod campaigns;
#[path = "api/consent.rs"]
mod consent;
#[path = "api/contacts.rs"]
mod contacts;
#[path = "api/contract.rs"]
mod contract;
#[path = "api/files.rs"]
mod files;
#[path = "api/house.rs"]
mod house;
#[path = "api/imports.rs"]
mod imports;
#[path = "api/live.rs"]
mod live;
#[path = "api/log.rs"]
mod log;
#[path = "api/logins.rs"]
mod logins;
#[path = "api/media_rules.rs"]
mod media_rules;
#[path = "api/rights.rs"]
mod rights;
#[path = "samples/mod.rs"]
mod samples;
#[path = "api/sessions.rs"]
mod sessions;
#[path = "api/settings.rs"]
mod settings;
#[path = "api/sources.rs"]
mod sources;
#[path = "api/uploads.rs"]
mod uploads;
