//! The words of the contract where the code holds text: what a field may say, so that the portal's types know it.

use crate::carrier::places::{Group, What};
use crate::domain::delivery::DeliveryState;
use crate::domain::trunk::TrunkState;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> RefOr<Schema> {
    let words: Vec<&str> = words.into_iter().collect();
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(words)).build().into()
}

/// How a message stands: a delivery's state, or that it came in.
pub fn message_status() -> RefOr<Schema> {
    words(DeliveryState::ALL.into_iter().map(DeliveryState::as_str).chain(["received"]))
}

/// How a trunk is.
pub fn trunk_state() -> RefOr<Schema> {
    words(TrunkState::ALL.into_iter().map(TrunkState::as_str).chain(["off"]))
}

/// How a conversation stands.
pub fn session_state() -> RefOr<Schema> {
    words(["waiting", "held", "closed"])
}

/// What was done with a conversation.
pub fn step_kind() -> RefOr<Schema> {
    words(["opened", "offered", "picked_up", "transferred", "ended", "ended_automatically", "reopened", "expired"])
}

/// Who wrote.
pub fn author_kind() -> RefOr<Schema> {
    words(["peer", "extension", "user"])
}

/// Who asked on the wire: `out`, we did.
pub fn direction() -> RefOr<Schema> {
    words(["in", "out"])
}

/// What an exchange on the wire was for.
pub fn exchange_purpose() -> RefOr<Schema> {
    words(["send", "webhook", "sip", "test", "ask"])
}

/// The heading a carrier stands under.
pub fn carrier_group() -> RefOr<Schema> {
    words(Group::ALL.into_iter().map(Group::as_str))
}

/// What comes to a webhook address.
pub fn paste_kind() -> RefOr<Schema> {
    words([What::Messages, What::Reports, What::All].into_iter().map(What::as_str))
}

/// Whether an extension's phones can be reached.
pub fn reachable() -> RefOr<Schema> {
    words(["registered", "through_pbx", "no"])
}

/// How a step of a test went.
pub fn verdict() -> RefOr<Schema> {
    words(["good", "bad", "skipped"])
}

/// What happens with a source of contacts.
pub fn source_state() -> RefOr<Schema> {
    words(["new", "good", "problem", "reading", "off", "leaving"])
}

/// Which way a text of the simulator went.
pub fn simulated_direction() -> RefOr<Schema> {
    words(["to_customer", "from_customer"])
}
