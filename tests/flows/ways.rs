//! Another way, another time, in parts: what the trunk certainly did not take, what waits for its moment, what the carrier
//! reports piece by piece.

use crate::world::house::{CARLA, DAVID};
use crate::world::outside::{Asked, Reply};
use crate::world::says::{address, report};
use crate::world::{World, in_a_world};
use depesche::domain::channel::{ChannelKind, SenderClass};
use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::domain::id::{MessageId, NumberId, PeerId, TrunkId};
use depesche::domain::session::Destination;
use depesche::flow::desk::new_reference;
use depesche::flow::schedule::{self, Later};
use depesche::flow::send;
use depesche::flow::settings::sending::{self, PriceForm, SendingForm};
use depesche::store::channels::ChannelEdit;
use depesche::store::edit::EditError;
use depesche::store::numbers::NumberEdit;
use depesche::store::sending::NumberSending;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn unreachable() -> Reply {
    Reply::Refuse(SendError::Unreachable { why: "connection refused".into() })
}

fn sending(fallback: Option<NumberId>) -> SendingForm {
    SendingForm { valid_for: None, fallback, smart: false, prices: Vec::new() }
}

/// A number on a channel of another trunk, to which Anna's channel fails over.
async fn second_way(world: &World) -> (NumberId, TrunkId) {
    let (trunk, anna, now) = (world.house.other_trunk, world.house.anna, world.desk.now());
    let made = world.desk.store.write(move |tx| {
        let channel = ChannelEdit {
            name: "Second way".into(),
            kind: ChannelKind::Sms,
            trunk,
            enabled: true,
            close_after_days: None,
        };
        let number = NumberEdit {
            channel: tx.insert_channel(&channel, now)?,
            address: address("+15550100109"),
            label: String::new(),
            sender_class: SenderClass::LongCode,
            mps: Some(10_000.0),
            route: Destination::Extension(anna),
            mms: depesche::domain::media_rules::Mms::Auto,
        };
        tx.insert_number(&number, now)
    });
    let number = made.await.unwrap_or_else(|error: EditError| panic!("{error:?}"));
    sending::change_channel(&world.desk, world.house.sms, sending(Some(number))).await.expect("set");
    (number, trunk)
}

async fn write(world: &World, to: &str, words: &str) -> MessageId {
    let by = world.actor(world.house.anna);
    send::start(&world.desk, world.house.annas, address(to), words.into(), new_reference(), by).await.expect("taken")
}

fn tomorrow(world: &World) -> Later {
    Later { at: world.desk.now().plus(24 * HOUR), zone: "Europe/Berlin".into() }
}

#[tokio::test]
async fn what_the_first_trunk_certainly_did_not_take_leaves_over_the_second_at_once_and_in_order() {
    in_a_world(async |world| {
        let (_, other) = second_way(world).await;
        world.outside.carrier_does(Reply::HoldAndRefuse(SendError::Unreachable { why: "refused".into() }));
        write(world, CARLA, "one").await;
        world.quiet().await;
        write(world, CARLA, "two").await;
        world.quiet().await;

        world.outside.let_go();
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), ["one", "two"]);
        let state = world.outside.state();
        assert!(state.taken.iter().all(|one| one.trunk == other && one.from == "+15550100109"), "{:?}", state.taken);
    })
    .await;
}

#[tokio::test]
async fn what_the_first_trunk_may_have_taken_never_leaves_over_the_second() {
    in_a_world(async |world| {
        second_way(world).await;
        for (words, reply) in [("silent", Reply::TakeSilently), ("babbled", Reply::TakeAndBabble)] {
            world.outside.carrier_does(reply);
            write(world, CARLA, words).await;
            world.pass(HOUR).await;

            assert_eq!((world.outside.customer_got(words), world.stands(words).0.as_str()), (1, "uncertain"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_trunk_that_fails_again_and_again_is_left_alone_and_recovers_by_itself() {
    in_a_world(async |world| {
        world.outside.carrier_always(Some(unreachable()));
        for turn in 0..20 {
            write(world, &format!("+1555010017{turn}"), &format!("text {turn}")).await;
        }
        world.quiet().await;
        let tried = world.outside.state().carrier_tried.len();
        assert!(world.board.health(world.house.trunk, world.desk.clock.monotonic()).interrupted);

        world.pass(20 * SECOND).await;
        assert_eq!(world.outside.state().carrier_tried.len(), tried, "nothing is sent meanwhile");
        world.pass(11 * SECOND).await;
        assert_eq!(world.outside.state().carrier_tried.len(), tried + 1, "one probe");

        world.outside.carrier_always(None);
        world.pass(2 * MINUTE).await;
        assert_eq!(world.outside.customers_got().len(), 20);
        assert!(!world.board.health(world.house.trunk, world.desk.clock.monotonic()).interrupted);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_later_waits_for_its_moment_and_holds_nothing_up() {
    in_a_world(async |world| {
        let (later, by) = (tomorrow(world), world.actor(world.house.anna));
        let to = (world.house.annas, address(CARLA));
        schedule::start(&world.desk, to, "tomorrow".into(), later, new_reference(), by).await.expect("taken");
        write(world, CARLA, "now").await;

        world.pass(24 * HOUR - SECOND).await;
        world.janitor().await;
        assert_eq!(world.outside.customers_got(), ["now"]);

        world.pass(SECOND).await;
        assert_eq!(world.outside.customers_got(), ["now", "tomorrow"]);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_later_is_changed_and_taken_back_until_it_leaves() {
    in_a_world(async |world| {
        let (later, by) = (tomorrow(world), world.actor(world.house.anna));
        let to = (world.house.annas, address(CARLA));
        let message = schedule::start(&world.desk, to, "draft".into(), later, new_reference(), by.clone()).await;
        let message = message.expect("taken");
        let sooner = Later { at: world.desk.now().plus(HOUR), zone: "UTC".into() };

        schedule::change(&world.desk, message, Some("better".into()), Some(sooner), by.clone()).await.expect("changed");
        let back = write(world, DAVID, "sent at once").await;
        world.pass(2 * HOUR).await;

        assert_eq!(world.outside.customers_got(), ["sent at once", "better"]);
        assert!(schedule::cancel(&world.desk, back, by.clone()).await.is_err(), "it has left");
        assert!(schedule::change(&world.desk, message, Some("late".into()), None, by.clone()).await.is_err());

        let (later, to) = (tomorrow(world), (world.house.annas, address(CARLA)));
        let message = schedule::start(&world.desk, to, "never".into(), later, new_reference(), by.clone()).await;
        schedule::cancel(&world.desk, message.expect("taken"), by).await.expect("taken back");
        world.pass(48 * HOUR).await;
        assert_eq!(world.stands("never"), ("cancelled".into(), Some("cancelled_by_user".into())));
        assert_eq!(world.outside.customer_got("never"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_long_text_is_delivered_when_all_its_parts_are_and_lost_as_soon_as_one_is() {
    in_a_world(async |world| {
        use DeliveryState::{Delivered, Undelivered};
        let part = |id: &str, state| vec![report(id, state)];
        let trunk = world.house.trunk;
        for (turn, ends) in
            [[Delivered, Delivered], [Delivered, Undelivered], [Undelivered, Delivered]].iter().enumerate()
        {
            let further = format!("part-{turn}");
            world.outside.state().parts = vec![further.clone()];
            let words = format!("long {turn}");
            // The second part's report overtakes the answer.
            world.webhook(trunk, part(&further, ends[1])).await.expect("taken");
            write(world, CARLA, &words).await;
            world.quiet().await;
            let lost = ends.contains(&Undelivered);
            assert_eq!(world.stands(&words).0, if ends[1] == Undelivered { "undelivered" } else { "sent" });

            let first = world.outside.carrier_id_of(&words);
            world.webhook(trunk, part(&first, ends[0])).await.expect("taken");
            world.webhook(trunk, part(&first, DeliveryState::Sent)).await.expect("taken");

            assert_eq!(world.stands(&words).0, if lost { "undelivered" } else { "delivered" }, "{ends:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn where_the_carrier_cannot_be_asked_the_trunk_s_setting_sends_again_and_else_nobody_does() {
    in_a_world(async |world| {
        world.outside.state().asked = Asked::Never;
        world.outside.carrier_does(Reply::Vanish);
        write(world, CARLA, "stays").await;
        world.pass(HOUR).await;
        assert_eq!(world.stands("stays").0, "uncertain");

        world.outside.state().send_again = true;
        world.pass(2 * MINUTE).await;

        assert_eq!((world.outside.customer_got("stays"), world.stands("stays").0.as_str()), (1, "sent"));
    })
    .await;
}

#[tokio::test]
async fn the_same_peer_hears_from_the_same_number_of_a_pool_and_a_new_one_from_the_least_busy() {
    in_a_world(async |world| {
        for number in [world.house.annas, world.house.sales_number] {
            let form = NumberSending { in_segments: false, pool: Some("Office".into()) };
            sending::change_number(&world.desk, number, form).await.expect("in the pool");
        }
        write(world, CARLA, "from Anna's").await;
        world.quiet().await;
        let channel = world.house.sms;
        let chosen = async |peer: &'static str| {
            let found = world.desk.store.read(move |db| {
                let peer: Option<PeerId> = db.peer_by_address(&address(peer))?;
                db.pool_number(channel, "Office", peer)
            });
            found.await.expect("read")
        };

        assert_eq!(chosen(CARLA).await, Some(world.house.annas));
        assert_eq!(chosen(DAVID).await, Some(world.house.sales_number));
    })
    .await;
}

#[tokio::test]
async fn a_channel_says_how_long_a_text_may_wait_replaces_look_alikes_and_knows_what_it_costs() {
    in_a_world(async |world| {
        let price = |prefix: &str, amount: &str| PriceForm {
            prefix: prefix.into(),
            amount: amount.into(),
            currency: "EUR".into(),
        };
        let form = SendingForm {
            valid_for: Some(10 * MINUTE),
            smart: true,
            prices: vec![price("", "0.2"), price("+1", "0.0079")],
            ..sending(None)
        };
        sending::change_channel(&world.desk, world.house.sms, form).await.expect("set");

        write(world, CARLA, "It’s “fine”…").await;
        world.quiet().await;
        assert_eq!(world.outside.customers_got(), ["It's \"fine\"..."]);
        assert_eq!(world.text("SELECT cost_micros || ' ' || cost_currency FROM messages"), "7900 EUR");

        world.outside.carrier_always(Some(unreachable()));
        write(world, CARLA, "too late").await;
        world.pass(10 * MINUTE).await;
        world.janitor().await;
        assert_eq!(world.stands("too late"), ("failed".into(), Some("expired".into())));
    })
    .await;
}
