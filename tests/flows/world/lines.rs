//! The lines of the house, as a test has them: calls end at the carrier and the phones of [`Outside`].

use crate::world::outside::{Asked, Outside, Reply, Shown, Taken, busy, never};
use crate::world::stopper::Stopper;
use depesche::carrier::dialect::{Accepted, Known};
use depesche::clock::Clock;
use depesche::domain::delivery::SendError;
use depesche::domain::exchange::{Exchange, Purpose};
use depesche::domain::id::{ExtensionId, TrunkId};
use depesche::domain::message::Direction;
use depesche::domain::time::Timestamp;
use depesche::egress::outcome::{Outcome, Tried};
use depesche::flow::outbox::lines::Lines;
use depesche::store::deliveries::{Leased, Line};
use std::time::Duration;

/// The lines.
pub struct FakeLines {
    /// Where they lead.
    pub outside: Outside,
    /// What time it is outside.
    pub clock: Clock,
    /// May stop the world before a call leaves, and before its answer is heard.
    pub stopper: Stopper,
}

impl Lines for FakeLines {
    async fn send(&self, leased: &Leased) -> Tried {
        self.step("a call leaves").await;
        let outcome = match &leased.delivery.line {
            Line::Carrier { trunk, .. } => self.to_carrier(leased, *trunk).await,
            Line::Extension(extension) => self.to_phone(leased, *extension).await,
        };
        self.step("an answer comes").await;
        let exchanges = vec![exchange(leased, &outcome)];
        Tried { outcome, exchanges }
    }

    async fn taken(&self, leased: &Leased, since: Timestamp) -> (Option<Result<Known, SendError>>, Vec<Exchange>) {
        self.step("a question leaves").await;
        let mut state = self.outside.state();
        let known = match state.asked.clone() {
            Asked::Never => return (None, Vec::new()),
            Asked::KnowsNothing => Known::NotTaken,
            Asked::Says(id) => Known::Taken(Accepted::of(id, None)),
            Asked::Knows => match state.taken_since(&leased.delivery.reference, since) {
                Some(taken) => Known::Taken(Accepted::of(taken.id.clone(), None)),
                None => Known::NotTaken,
            },
        };
        state.questions += 1;
        (Some(Ok(known)), Vec::new())
    }

    fn is_idempotent(&self, _trunk: TrunkId) -> bool {
        self.outside.state().idempotent
    }

    fn sends_again(&self, _trunk: TrunkId) -> bool {
        self.outside.state().send_again
    }
}

impl FakeLines {
    /// In a world that has stopped, nothing happens any more.
    async fn step(&self, name: &'static str) {
        if !self.stopper.step(name) {
            std::future::pending::<()>().await;
        }
    }

    async fn to_carrier(&self, leased: &Leased, trunk: TrunkId) -> Outcome {
        let Line::Carrier { to, .. } = &leased.delivery.line else { unreachable!("asked before") };
        let taken = Taken {
            at: self.clock.now(),
            trunk,
            id: String::new(),
            reference: leased.delivery.reference.clone(),
            from: leased.our_number.to_string(),
            to: to.to_string(),
            text: leased.text.clone(),
        };
        let reply = {
            let mut state = self.outside.state();
            state.carrier_tried.push((taken.reference.clone(), taken.text.clone()));
            state.carrier_reply()
        };
        if matches!(reply, Reply::Hold | Reply::HoldAndRefuse(_)) {
            self.outside.hold().await;
        }
        let take = || self.outside.state().take(taken.clone());
        let silent = self.outside.state().silent_when_let_go;
        match reply {
            Reply::Hold if silent => {
                take();
                Outcome::Unknown { why: "no answer within 30 s".into() }
            }
            Reply::Take | Reply::Hold => {
                Outcome::Taken { carrier_id: Some(take()), segments: Some(1), parts: self.outside.parts() }
            }
            Reply::Refuse(error) | Reply::HoldAndRefuse(error) => Outcome::Refused(error),
            Reply::TakeSilently => {
                take();
                Outcome::Unknown { why: "no answer within 30 s".into() }
            }
            Reply::TakeAndHang => {
                take();
                self.outside.hold().await;
                Outcome::Unknown { why: "no answer within 30 s".into() }
            }
            Reply::TakeAndBabble => {
                take();
                Outcome::Refused(SendError::Unreadable { why: "<html>".into() })
            }
            Reply::Vanish => Outcome::Unknown { why: "the connection broke".into() },
            Reply::Busy | Reply::Never | Reply::HoldInVain | Reply::ShowSilently => {
                panic!("a carrier does not do {reply:?}")
            }
        }
    }

    async fn to_phone(&self, leased: &Leased, extension: ExtensionId) -> Outcome {
        let shown = Shown {
            extension,
            call_id: leased.delivery.reference.clone(),
            attempt: leased.delivery.tries,
            text: leased.text.clone(),
        };
        if !self.outside.state().there.contains(&extension) {
            if self.outside.state().hold_the_absent {
                self.outside.hold().await;
            }
            return Outcome::Absent;
        }
        let reply = {
            let mut state = self.outside.state();
            state.phone_tried.push(shown.clone());
            state.phone_next.get_mut(&extension).and_then(|next| next.pop_front()).unwrap_or(Reply::Take)
        };
        if matches!(reply, Reply::Hold | Reply::HoldInVain) {
            self.outside.hold().await;
        }
        let show = || self.outside.state().shown.push(shown.clone());
        match reply {
            Reply::Take | Reply::Hold => {
                show();
                Outcome::Taken { carrier_id: None, segments: None, parts: Vec::new() }
            }
            Reply::ShowSilently => {
                show();
                Tried::later("no answer within 32 s").outcome
            }
            Reply::HoldInVain => Tried::later("no answer within 32 s").outcome,
            Reply::Busy => busy(),
            Reply::Never => never(),
            other => panic!("a phone does not do {other:?}"),
        }
    }
}

fn exchange(leased: &Leased, outcome: &Outcome) -> Exchange {
    let (trunk, extension, purpose) = match leased.delivery.line {
        Line::Carrier { trunk, .. } => (Some(trunk), None, Purpose::Send),
        Line::Extension(extension) => (None, Some(extension), Purpose::Sip),
    };
    Exchange {
        at: Timestamp(0),
        trunk,
        extension,
        message: Some(leased.delivery.message),
        delivery: None,
        direction: Direction::Out,
        purpose,
        took: Duration::ZERO,
        status: "200".into(),
        good: true,
        outcome: format!("{outcome:?}").chars().take(80).collect(),
        request: String::new(),
        answer: String::new(),
    }
}
