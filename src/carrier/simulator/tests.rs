//! The simulator's dialect and its world, talking to each other.

use super::ENTRY;
use super::behaviour::Behaviour;
use super::world::{Simulated, World};
use crate::carrier::dialect::{AskStep, Carrier, Known, OutboundMessage, Question, Said, Step};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::ReasonCode;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use serde_json::json;
use std::time::Duration;

const SECRET: &str = "0123456789abcdef";

struct Scene {
    world: World,
    dialect: Box<dyn Carrier>,
    now: Timestamp,
}

fn scene(idempotent: &str) -> Scene {
    let settings = serde_json::from_value(json!({ "secret": SECRET, "idempotent": idempotent })).expect("an object");
    let dialect = (ENTRY.build)(&settings).expect("good settings");
    Scene { world: World::new(Secret::new(SECRET), 1), dialect, now: Timestamp::from_seconds(1_795_000_000) }
}

fn number(text: &str) -> Address {
    Address::parse(text).expect("a number")
}

fn message(to: &str, reference: &str) -> OutboundMessage {
    OutboundMessage {
        reference: reference.into(),
        kind: ChannelKind::Sms,
        from: number("+4930555000"),
        to: number(to),
        text: "hello".into(),
        media: Vec::new(),
        rich: None,
        in_reply_to: None,
        report_url: None,
        valid_for: None,
    }
}

impl Scene {
    fn call(&mut self, message: &OutboundMessage) -> Simulated {
        let Ok(Step::Call(request)) = self.dialect.next(message, &[]) else { panic!("a call comes first") };
        self.world.answer(&request, self.now).what
    }

    fn send(&mut self, message: &OutboundMessage) -> Result<String, SendError> {
        match self.call(message) {
            Simulated::Answer(answer) => match self.dialect.next(message, &[answer])? {
                Step::Done(accepted) => Ok(accepted.carrier_id),
                Step::Upload(_) | Step::Call(_) => panic!("one call is enough"),
            },
            other => panic!("no answer: {other:?}"),
        }
    }

    fn ask(&mut self, question: &Question) -> Result<Known, SendError> {
        let Some(Ok(AskStep::Call(request))) = self.dialect.ask(question, &[]) else { panic!("a call comes first") };
        let Simulated::Answer(answer) = self.world.answer(&request, self.now).what else { panic!("no answer") };
        match self.dialect.ask(question, &[answer]).expect("it can be asked")? {
            AskStep::Known(known) => Ok(known),
            AskStep::Call(_) | AskStep::File { .. } => panic!("one call is enough"),
        }
    }

    fn taken(&mut self, message: &OutboundMessage) -> Result<Known, SendError> {
        self.ask(&Question::Taken { message: message.clone(), since: self.now })
    }

    /// All that is told within a minute, as states in the order of telling.
    fn told(&mut self) -> Vec<DeliveryState> {
        let mut states = Vec::new();
        for _ in 0..600 {
            self.now = self.now.plus(Duration::from_millis(100));
            for heard in self.world.due(self.now) {
                for said in self.dialect.hear(&heard, self.now).expect("well signed").said {
                    let Said::DeliveryReport(report) = said else { panic!("{said:?}") };
                    states.push(report.state);
                }
            }
        }
        states
    }
}

#[test]
fn a_usual_message_is_shown_on_the_phone_and_reported() {
    let mut scene = scene("no");

    let id = scene.send(&message("+15550100123", "r1")).expect("taken");

    assert_eq!(scene.told(), [DeliveryState::Sent, DeliveryState::Delivered]);
    let phone = scene.world.phone(&number("+15550100123"));
    assert_eq!((phone.len(), phone[0].id == id, phone[0].text.as_str()), (1, true, "hello"));
    assert_eq!(scene.world.next_due(), None);
}

#[test]
fn every_behaviour_does_what_its_sentence_says() {
    use DeliveryState::*;
    for (behaviour, wanted) in [
        (Behaviour::Disorder, vec![Delivered, Sent, Undelivered]),
        (Behaviour::Undelivered, vec![Sent, Undelivered]),
        (Behaviour::Filtered, vec![Sent, Undelivered]),
        (Behaviour::Unreported, vec![]),
        (Behaviour::Twice, vec![Sent, Sent, Delivered, Delivered]),
        (Behaviour::Early, vec![Delivered, Sent]),
        (Behaviour::Read, vec![Sent, Delivered, Read]),
        (Behaviour::Slow, vec![Sent, Delivered]),
    ] {
        let mut scene = scene("no");
        scene.send(&message(&format!("+1555010{}", behaviour.ending()), "r1")).expect("taken");

        assert_eq!(scene.told(), wanted, "{behaviour:?}");
    }
}

#[test]
fn refusals_carry_their_reason() {
    let mut scene = scene("no");
    let mut error = |ending: &str| scene.send(&message(&format!("+1555010{ending}"), ending)).expect_err("refused");

    assert_eq!(error("9901").reason().code, ReasonCode::Landline);
    assert!(matches!(error("9908"), SendError::OptedOut { .. }));
    assert!(matches!(error("9915"), SendError::NoCredit { .. }));
    assert!(matches!(error("9916"), SendError::Misconfigured { .. }));
    assert!(matches!(error("9904"), SendError::Unreadable { .. }));
    assert_eq!(error("9902"), SendError::Throttled { retry_after: Some(Duration::from_secs(2)) });
    assert!(matches!(error("9919"), SendError::Unreachable { .. }));
    // Asked for once only, even if the clock has not moved.
    assert!(scene.send(&message("+15550109902", "9902")).is_ok());
    assert!(scene.send(&message("+15550109919", "9919")).is_ok());
}

#[test]
fn a_carrier_that_is_down_comes_back_after_a_minute() {
    let mut scene = scene("no");
    let message = message("+15550109907", "r1");

    assert!(matches!(scene.call(&message), Simulated::Refused));
    scene.now = scene.now.plus(Duration::from_secs(30));
    assert!(matches!(scene.call(&message), Simulated::Refused));
    scene.now = scene.now.plus(Duration::from_secs(30));

    assert!(scene.send(&message).is_ok());
}

#[test]
fn silence_is_settled_by_asking() {
    let mut scene = scene("no");
    let (silent, lost, blind) =
        (message("+15550109903", "r1"), message("+15550109912", "r2"), message("+15550109913", "r3"));
    for message in [&silent, &lost, &blind] {
        assert!(matches!(scene.call(message), Simulated::Silence));
    }

    assert!(matches!(scene.taken(&silent), Ok(Known::Taken(_))));
    assert_eq!(scene.taken(&lost), Ok(Known::NotTaken));
    assert!(matches!(scene.taken(&blind), Err(SendError::Unreachable { .. })));
    assert_eq!(scene.world.phone(&number("+15550109903")).len(), 1);
    assert_eq!(scene.world.phone(&number("+15550109912")).len(), 0);
}

#[test]
fn a_repeated_send_is_taken_once_only_where_the_trunk_says_so() {
    for (idempotent, shown) in [("yes", 1), ("no", 2)] {
        let mut scene = scene(idempotent);
        let message = message("+15550100123", "r1");
        scene.send(&message).expect("taken");
        scene.send(&message).expect("taken");

        assert_eq!(scene.world.phone(&number("+15550100123")).len(), shown, "{idempotent}");
    }
}

#[test]
fn a_customer_writes_and_is_heard_with_a_signature() {
    let mut scene = scene("no");
    let (from, to) = (number("+15550100123"), number("+4930555000"));

    let heard = scene.world.customer_writes(&from, &to, ChannelKind::WhatsApp, "hi sim:twice", Vec::new(), scene.now);

    let told = scene.dialect.hear(&heard, scene.now).expect("well signed");
    let Said::Message(message) = &told.said[0] else { panic!("{told:?}") };
    assert_eq!(
        (message.from == from, message.kind, message.text.as_str()),
        (true, ChannelKind::WhatsApp, "hi sim:twice")
    );
    scene.now = scene.now.plus(Duration::from_secs(1));
    let again = scene.world.due(scene.now);
    assert_eq!(again.len(), 1, "the word in the text asked for a repetition");
    assert_eq!(scene.dialect.hear(&again[0], scene.now).expect("well signed").said, told.said);
}

#[test]
fn orders_go_before_numbers_and_words_before_orders() {
    let mut world = World::new(Secret::new(SECRET), 1);
    let peer = number("+15550109901");

    assert_eq!(world.behaviour(&peer, "x"), Behaviour::Landline);
    world.behave_to_everyone(Some(Behaviour::Slow));
    assert_eq!(world.behaviour(&peer, "x"), Behaviour::Slow);
    world.behave(&peer, Some(Behaviour::Usual));
    assert_eq!(world.behaviour(&peer, "x"), Behaviour::Usual);
    assert_eq!(world.behaviour(&peer, "sim:lost"), Behaviour::Lost);
}

#[test]
fn the_world_forgets_before_it_grows_without_bound() {
    let mut world = World::new(Secret::new(SECRET), 1);
    let to = number("+4930555000");
    for n in 0..300 {
        let from = number(&format!("+1555010{n:04}"));
        world.customer_writes(&from, &to, ChannelKind::Sms, "hi", Vec::new(), Timestamp(n));
    }
    for n in 0..300 {
        world.customer_writes(&number("+15550100001"), &to, ChannelKind::Sms, "hi", Vec::new(), Timestamp(1000 + n));
    }

    assert_eq!(world.customers().len(), 200);
    assert_eq!(world.phone(&number("+15550100001")).len(), 200);
}
