//! The flows, each on a real store with an outside that does as it is told and a clock that is turned by hand.

mod world;

mod at_once;
mod campaign;
mod campaign_content;
mod campaign_estimate;
mod campaign_limits;
mod campaign_lists;
mod campaign_time;
mod consent;
mod files_in;
mod files_kept;
mod files_out;
mod inbound;
mod outbox;
mod pace;
mod parts;
mod people;
mod phone;
mod poll;
mod portal;
mod reply;
mod report;
mod session;
mod sources;
mod trunks;
mod uncertain;
mod ways;
mod week;
mod whatsapp;
