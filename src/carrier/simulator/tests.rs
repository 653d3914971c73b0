//! The simulator's dialect and its world, talking to each other.

use super::ENTRY;
use super::behaviour::Behaviour;
use super::files::CustomerFile;
use super::world::{Simulated, World};
use crate::carrier::dialect::{AskStep, Carrier, Known, OutboundMedia, OutboundMessage, Question, Said, Step};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::reason::ReasonCode;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use bytes::Bytes;
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

fn photo(media_type: &str, bytes: usize) -> OutboundMedia {
    OutboundMedia {
        url: Some("https://pbx.example.com/media/1".into()),
        bytes: Bytes::from(vec![7; bytes]),
        media_type: media_type.into(),
        file_name: "Straße 1.jpg".into(),
    }
}

#[test]
fn files_of_ours_are_uploaded_and_shown_on_the_phone() {
    let mut scene = scene("no");
    let message = OutboundMessage {
        media: vec![photo("image/jpeg", 9), photo("application/pdf", 5)],
        text: String::new(),
        ..message("+15550100123", "r1")
    };

    let mut answers = Vec::new();
    while let Some(request) = scene.dialect.next(&message, &answers).expect("a good message").call() {
        let Simulated::Answer(answer) = scene.world.answer(&request, scene.now).what else { panic!("no answer") };
        answers.push(answer);
    }

    assert_eq!(answers.len(), 3, "two uploads and the message, whatever address they have");
    let shown = scene.world.phone(&number("+15550100123")).remove(0);
    let files: Vec<_> =
        shown.files.iter().map(|file| (file.name.as_str(), file.media_type.as_str(), file.bytes)).collect();
    assert_eq!(files, [("Straße 1.jpg", "image/jpeg", 9), ("Straße 1.jpg", "application/pdf", 5)]);
    assert_eq!(scene.world.file(&shown.files[0].id).expect("kept").bytes, vec![7; 9]);
}

#[test]
fn its_bounds_are_those_of_mms_and_of_whatsapp() {
    let scene = scene("no");
    let of = |kind| scene.dialect.limits().media_for(kind).expect("it takes files").clone();
    let (mms, whatsapp) = (of(ChannelKind::Sms), of(ChannelKind::WhatsApp));

    assert_eq!((mms.count_max, mms.total_bytes_max, mms.countries()), (10, 5_000_000, &[][..]));
    assert_eq!((whatsapp.count_max, whatsapp.countries()), (1, &[][..]));
    assert!(mms.by_upload && !mms.by_link && whatsapp.by_upload && !whatsapp.by_link);
}

#[test]
fn a_customers_file_is_named_by_its_place_and_may_be_gone() {
    for (text, there) in [("look", true), ("look sim:filegone", false)] {
        let mut scene = scene("no");
        let file = CustomerFile { media_type: "image/png".into(), name: "a.png".into(), bytes: Bytes::from("png") };
        let (from, to) = (number("+15550100123"), number("+4930555000"));

        let heard = scene.world.customer_writes(&from, &to, ChannelKind::WhatsApp, text, vec![file], scene.now);

        let told = scene.dialect.hear(&heard, scene.now).expect("well signed");
        let [Said::Message(message)] = &told.said[..] else { panic!("{told:?}") };
        let media = &message.media[0];
        assert_eq!((media.claimed_type.as_deref(), media.file_name.as_deref()), (Some("image/png"), Some("a.png")));
        let question = Question::Media { location: media.location.clone() };
        let Some(Ok(AskStep::File { call, .. })) = scene.dialect.ask(&question, &[]) else { panic!("a file") };
        let Simulated::Answer(answer) = scene.world.answer(&call, scene.now).what else { panic!("no answer") };
        assert_eq!((answer.status() == 200, answer.body() == "png"), (there, there), "{text}");
    }
}
