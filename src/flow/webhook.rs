//! A carrier called: everything it said becomes one transaction, the exchange with it. Only then is the carrier answered.

use crate::carrier::dialect::{InboundMessage, Said};
use crate::domain::exchange::Exchange;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::time::Timestamp;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::inbound::{self, Inbound};
use crate::flow::inbound_parts::{self, Taken};
use crate::flow::report::{self, Reported};
use crate::flow::{preference, templates};
use crate::store::error::StoreError;
use crate::store::handle::Tx;

const SEEN_BEFORE: &str = "message was here before";
const OLD_NEWS: &str = "is old news";
const EARLY: &str = "kept for a message not yet known";

/// What came of what a carrier said.
#[derive(Debug, Default)]
pub struct Noted {
    /// In a few words, one for each thing said.
    pub outcomes: Vec<String>,
    /// The first message it was about.
    pub message: Option<MessageId>,
    /// Whether any of it was new.
    pub news: bool,
}

impl Noted {
    /// All of it in a few words.
    pub fn outcome(&self) -> String {
        self.outcomes.join("; ")
    }

    /// What was new of it, in a few words: who asks again and again hears much twice.
    pub fn fresh(&self) -> String {
        self.outcomes.iter().filter(|outcome| is_news(outcome)).cloned().collect::<Vec<_>>().join("; ")
    }
}

/// Takes in what a verified webhook said.
pub async fn take(desk: &Desk, trunk: TrunkId, said: Vec<Said>, exchange: Exchange) -> Result<(), FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write_together(move |tx| {
            let noted = note(tx, &rules, trunk, &said, now)?;
            tx.note_trunk_heard(trunk, now)?;
            tx.insert_exchange(&Exchange {
                message: exchange.message.or(noted.message),
                outcome: noted.outcome(),
                ..exchange
            })?;
            Ok(())
        })
        .await
}

/// Keeps a refused webhook in the channel log. Whoever calls bounds how often.
pub async fn keep_refused(desk: &Desk, exchange: Exchange) -> Result<(), FlowError> {
    desk.store.write(move |tx| Ok(tx.insert_exchange(&exchange)?)).await
}

/// Files all of this, whichever way it came.
pub fn note(tx: &Tx<'_>, rules: &Rules, trunk: TrunkId, said: &[Said], now: Timestamp) -> Result<Noted, StoreError> {
    let mut noted = Noted::default();
    // What a carrier understood as STOP goes before the message that said so: it has confirmed it, and nobody does twice.
    let (first, then): (Vec<_>, Vec<_>) = said.iter().partition(|one| matches!(one, Said::Preference(_)));
    for one in first.into_iter().chain(then) {
        let outcome = take_one(tx, rules, trunk, one, &mut noted.message, now)?;
        noted.news |= is_news(&outcome);
        noted.outcomes.push(outcome);
    }
    Ok(noted)
}

fn is_news(outcome: &str) -> bool {
    outcome != SEEN_BEFORE && !outcome.ends_with(OLD_NEWS) && !outcome.ends_with(EARLY)
}

fn take_one(
    tx: &Tx<'_>,
    rules: &Rules,
    trunk: TrunkId,
    said: &Said,
    about: &mut Option<MessageId>,
    now: Timestamp,
) -> Result<String, StoreError> {
    Ok(match said {
        Said::Message(message) => told(trunk, message, inbound::take(tx, rules, trunk, message, now)?, about),
        Said::Part(part) => match inbound_parts::take(tx, rules, trunk, part, now)? {
            Taken::Whole(inbound) => told(trunk, &part.message, inbound, about),
            Taken::Waits(there, total) => format!("{there} of {total} parts of a text are there"),
            Taken::SeenBefore => SEEN_BEFORE.into(),
        },
        Said::DeliveryReport(reported) => match report::take(tx, trunk, reported, now)? {
            Reported::Moved(message) => {
                *about = about.or(Some(message));
                format!("report: {}", reported.state.as_str())
            }
            Reported::OldNews(message) => {
                *about = about.or(Some(message));
                format!("report: {} {OLD_NEWS}", reported.state.as_str())
            }
            Reported::Early => format!("report: {} {EARLY}", reported.state.as_str()),
        },
        Said::Preference(word) => preference::take(tx, trunk, word, now)?.into(),
        Said::Template(news) => templates::take(tx, trunk, news, now)?.into(),
        Said::PeerMoved { from, to } => {
            if tx.move_peer(from, to)? {
                "the peer is reached under another address from now on".into()
            } else {
                "nobody here had the old address".into()
            }
        }
        Said::Other { what } => what.clone(),
    })
}

fn told(trunk: TrunkId, message: &InboundMessage, inbound: Inbound, about: &mut Option<MessageId>) -> String {
    match inbound {
        Inbound::Filed(id) => {
            *about = about.or(Some(id));
            "message filed".into()
        }
        Inbound::SeenBefore => SEEN_BEFORE.into(),
        Inbound::NoSuchNumber => {
            tracing::warn!(trunk.id = %trunk, "A message came for a number that is not set up on trunk {trunk}");
            format!("{} is not set up as a number of this trunk: add it under Numbers", message.to)
        }
    }
}
