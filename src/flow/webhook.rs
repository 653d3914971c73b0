//! A carrier called: everything it said becomes one transaction, the exchange with it. Only then is the carrier answered.

use crate::carrier::dialect::{InboundMessage, Said};
use crate::domain::exchange::Exchange;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::inbound::{self, Inbound};
use crate::flow::report::{self, Reported};
use crate::store::error::StoreError;
use crate::store::handle::Tx;

/// Takes in what a verified webhook said.
pub async fn take(desk: &Desk, trunk: TrunkId, said: Vec<Said>, exchange: Exchange) -> Result<(), FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            let mut exchange = exchange;
            let mut outcomes = Vec::with_capacity(said.len());
            for one in &said {
                outcomes.push(take_one(tx, &rules, trunk, one, &mut exchange, now)?);
            }
            exchange.outcome = outcomes.join("; ");
            tx.note_trunk_heard(trunk, now)?;
            tx.insert_exchange(&exchange)?;
            Ok(())
        })
        .await
}

fn take_one(
    tx: &Tx<'_>,
    rules: &Rules,
    trunk: TrunkId,
    said: &Said,
    exchange: &mut Exchange,
    now: Timestamp,
) -> Result<String, StoreError> {
    Ok(match said {
        Said::Message(message) => take_message(tx, rules, trunk, message, exchange, now)?,
        // Until the parts are joined, each is filed as it comes: nothing is lost.
        Said::Part(part) => take_message(tx, rules, trunk, &part.message, exchange, now)?,
        Said::DeliveryReport(reported) => match report::take(tx, trunk, reported, now)? {
            Reported::Moved(message) => {
                exchange.message = exchange.message.or(Some(message));
                format!("report: {}", reported.state.as_str())
            }
            Reported::OldNews(message) => {
                exchange.message = exchange.message.or(Some(message));
                format!("report: {} is old news", reported.state.as_str())
            }
            Reported::Early => format!("report: {} kept for a message not yet known", reported.state.as_str()),
        },
        Said::Preference(_) | Said::Template(_) | Said::PeerMoved { .. } => "noted".into(),
        Said::Other { what } => what.clone(),
    })
}

fn take_message(
    tx: &Tx<'_>,
    rules: &Rules,
    trunk: TrunkId,
    message: &InboundMessage,
    exchange: &mut Exchange,
    now: Timestamp,
) -> Result<String, StoreError> {
    Ok(match inbound::take(tx, rules, trunk, message, now)? {
        Inbound::Filed(id) => {
            exchange.message = exchange.message.or(Some(id));
            "message filed".into()
        }
        Inbound::SeenBefore => "message was here before".into(),
        Inbound::NoSuchNumber => {
            tracing::warn!(trunk.id = %trunk, "A message came for a number that is not set up on trunk {trunk}");
            format!("{} is not set up as a number of this trunk: add it under Numbers", message.to)
        }
    })
}
