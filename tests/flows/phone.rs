//! Phones come and go: what cannot be handed over waits, leaves in order, once, and says so when its time is up.

use crate::world::house::{ANNAS, CARLA};
use crate::world::in_a_world;
use crate::world::outside::Reply;
use crate::world::says::text;
use depesche::carrier::dialect::Said;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::event::Event;
use depesche::flow::phone;
use std::collections::HashSet;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_text_waits_for_the_phone_and_arrives_when_it_registers() {
    in_a_world(async |world| {
        world.carla_writes(ANNAS, "Is it ready?").await;
        assert_eq!(
            world.at_phone(world.house.anna, "Is it ready?"),
            ("queued".into(), Some("phone_unreachable".into()))
        );
        world.pass(20 * HOUR).await;
        assert_eq!(world.outside.phone_shows(world.house.anna), [""; 0]);

        world.registers(world.house.anna).await;

        assert_eq!(world.outside.phone_shows(world.house.anna), ["Is it ready?"]);
        assert_eq!(world.at_phone(world.house.anna, "Is it ready?"), ("sent".into(), None));
        assert_eq!(world.count("SELECT max(tries) FROM deliveries"), 1, "waiting is no try");
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_not_looked_at_again_and_again() {
    in_a_world(async |world| {
        world.carla_writes(ANNAS, "Is it ready?").await;
        let before = world.stopper.commits();

        world.desk.clock.advance(70 * HOUR);
        world.quiet().await;

        assert!(world.stopper.commits() - before < 20);
        // Its time is up, but the janitor has not come round yet: nor then.
        world.desk.clock.advance(3 * HOUR);
        let before = world.stopper.commits();
        world.quiet().await;
        assert!(world.stopper.commits() - before < 20);
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_registers_while_it_is_looked_for_is_not_missed() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.outside.state().hold_the_absent = true;
        world.hears(text("id-1", ANNAS, "hello")).await;
        world.until("the look is under way", |world| world.outside.held() == 1).await;

        world.refreshes(anna).await;
        world.outside.state().there.insert(anna);
        world.outside.state().hold_the_absent = false;
        world.outside.let_go();
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(anna), ["hello"]);
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_registers_anew_while_its_old_place_keeps_silent_is_tried_there_at_once() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.registers(anna).await;
        world.outside.phone_does(anna, Reply::HoldInVain);
        world.hears(text("id-1", ANNAS, "hello")).await;
        world.until("the try is under way", |world| world.outside.held() == 1).await;

        world.refreshes(anna).await;
        world.outside.let_go();
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(anna), ["hello"]);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_texts_arrive_in_order_none_twice_within_a_second() {
    in_a_world(async |world| {
        let words: Vec<String> = (0..1000).map(|number| format!("text {number}")).collect();
        for some in words.chunks(100) {
            let said = some.iter().map(|words| Said::Message(text(words, ANNAS, words))).collect();
            world.webhook(world.house.trunk, said).await.expect("taken");
        }
        world.quiet().await;

        let began = Instant::now();
        world.outside.state().there.insert(world.house.anna);
        world.refreshes(world.house.anna).await;
        world.until("all are there", |world| world.outside.state().shown.len() >= 1000).await;
        let took = began.elapsed();
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.anna), words);
        let state = world.outside.state();
        assert_eq!(state.shown.len(), 1000, "none twice");
        let calls: HashSet<&String> = state.shown.iter().map(|shown| &shown.call_id).collect();
        assert_eq!(calls.len(), 1000, "a new Call-ID for each text");
        // The promise is a second; an unoptimised build on a busy machine has more.
        assert!(took < Duration::from_secs(8), "{took:?}");
    })
    .await;
}

#[tokio::test]
async fn a_busy_phone_gets_it_later_under_the_same_call_id_and_in_order() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.registers(anna).await;
        world.outside.phone_does(anna, Reply::Busy);
        world.outside.phone_does(anna, Reply::Busy);
        world.hears(text("id-1", ANNAS, "first")).await;
        world.hears(text("id-2", ANNAS, "second")).await;
        world.quiet().await;
        assert_eq!(world.outside.phone_shows(anna), [""; 0]);
        assert_eq!(world.text("SELECT json_extract(reason, '$.carrier_code') FROM deliveries WHERE id = 1"), "486");

        world.pass(2 * MINUTE).await;

        assert_eq!(world.outside.phone_shows(anna), ["first", "second"]);
        let state = world.outside.state();
        let tries: Vec<_> = state.phone_tried.iter().filter(|shown| shown.text == "first").collect();
        assert_eq!(tries.len(), 3);
        assert!(tries.iter().all(|shown| shown.call_id == tries[0].call_id));
        assert_eq!(tries.iter().map(|shown| shown.attempt).collect::<Vec<_>>(), [1, 2, 3], "CSeq grows");
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_never_answers_is_tried_again_with_growing_pauses() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.registers(anna).await;
        for _ in 0..200 {
            world.outside.phone_does(anna, Reply::Busy);
        }
        world.hears(text("id-1", ANNAS, "hello")).await;

        world.pass(2 * HOUR).await;

        let tries = world.outside.state().phone_tried.len();
        assert!((10..=25).contains(&tries), "{tries} tries in two hours");
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_showed_it_but_whose_answer_was_lost_sees_the_same_call_id() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.registers(anna).await;
        world.outside.phone_does(anna, Reply::ShowSilently);
        world.hears(text("id-1", ANNAS, "hello")).await;

        world.pass(MINUTE).await;

        assert_eq!(world.outside.state().shown.len(), 2);
        assert_eq!(world.outside.phone_shows(anna), ["hello"], "a phone that knows Call-IDs shows it once");
        assert_eq!(world.at_phone(anna, "hello").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_refuses_one_text_gets_the_next() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.registers(anna).await;
        world.outside.phone_does(anna, Reply::Never);
        world.hears(text("id-1", ANNAS, "cannot be shown")).await;
        world.hears(text("id-2", ANNAS, "can be shown")).await;
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(anna), ["can be shown"]);
        assert_eq!(world.at_phone(anna, "cannot be shown"), ("failed".into(), Some("phone_refused".into())));
    })
    .await;
}

#[tokio::test]
async fn a_silent_phone_does_not_hold_up_the_others() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.outside.phone_does(world.house.anna, Reply::Hold);

        world.carla_writes(crate::world::house::SALES, "hello").await;

        assert_eq!(world.outside.phone_shows(world.house.ben), ["hello"]);
        assert_eq!(world.outside.phone_shows(world.house.anna), [""; 0]);
        world.outside.let_go();
        world.quiet().await;
        assert_eq!(world.outside.phone_shows(world.house.anna), ["hello"]);
    })
    .await;
}

#[tokio::test]
async fn a_full_lane_does_not_hide_another_phone_s_text() {
    in_a_world(async |world| {
        let words: Vec<String> = (0..600).map(|number| format!("text {number}")).collect();
        let said = words.iter().map(|words| Said::Message(text(words, ANNAS, words))).collect();
        world.webhook(world.house.trunk, said).await.expect("taken");
        world.carla_writes(crate::world::house::SALES, "for Ben too").await;
        world.outside.phone_does(world.house.anna, Reply::Hold);
        world.outside.state().there.insert(world.house.anna);
        world.outside.state().there.insert(world.house.ben);

        world.refreshes(world.house.anna).await;
        world.refreshes(world.house.ben).await;
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.ben), ["for Ben too"]);
        world.outside.let_go();
        world.quiet().await;
        assert_eq!(world.outside.phone_shows(world.house.anna).len(), 601);
    })
    .await;
}

#[tokio::test]
async fn after_three_days_it_is_given_up_and_the_conversation_says_so() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "Is it ready?").await;

        world.pass(72 * HOUR - MINUTE).await;
        world.janitor().await;
        assert_eq!(world.at_phone(world.house.anna, "Is it ready?").0, "queued");
        world.pass(MINUTE).await;
        world.janitor().await;
        world.registers(world.house.anna).await;

        assert_eq!(world.at_phone(world.house.anna, "Is it ready?"), ("failed".into(), Some("phone_expired".into())));
        assert_eq!(world.timeline(session), ["opened -> 1001 Anna", "expired -> 1001 Anna"]);
        assert_eq!(world.thread(session), ["> Is it ready?"], "the text itself is not lost");
        assert_eq!(world.outside.phone_shows(world.house.anna), [""; 0]);
        world.carla_writes(ANNAS, "Hello?").await;
        assert_eq!(world.outside.phone_shows(world.house.anna), ["Hello?"]);
    })
    .await;
}

#[tokio::test]
async fn a_restart_still_finds_the_phones_and_what_waits_for_them() {
    in_a_world(async |world| {
        world.registers(world.house.ben).await;
        world.carla_writes(crate::world::house::SALES, "for both").await;
        world.restart().await;

        let kept = world.desk.store.read(|db| db.all_bindings(depesche::domain::time::Timestamp(0)));
        assert_eq!(kept.await.expect("read").len(), 1);
        world.registers(world.house.anna).await;

        assert_eq!(world.outside.phone_shows(world.house.anna), ["for both"]);
        assert_eq!(world.outside.phone_shows(world.house.ben), ["for both"], "not rung again");
    })
    .await;
}

#[tokio::test]
async fn a_registration_that_ran_out_is_forgotten() {
    in_a_world(async |world| {
        world.registers(world.house.anna).await;

        world.pass(HOUR).await;
        world.janitor().await;

        assert_eq!(world.count("SELECT count(*) FROM bindings"), 0);
        let gone = Event::ExtensionChanged { extension: world.house.anna };
        assert!(world.events().iter().filter(|&&event| event == gone).count() >= 2, "it came and it went");
    })
    .await;
}

#[tokio::test]
async fn a_phone_s_receipt_moves_its_text_forward_only() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.registers(anna).await;
        world.carla_writes(ANNAS, "hello").await;
        let call_id = world.outside.state().shown[0].call_id.clone();

        for (state, stands) in
            [(DeliveryState::Delivered, "delivered"), (DeliveryState::Read, "read"), (DeliveryState::Delivered, "read")]
        {
            phone::receipt(&world.desk, anna, &call_id, state).await.expect("taken");
            assert_eq!(world.at_phone(anna, "hello").0, stands);
        }
        assert_eq!(world.count(&format!("SELECT speaks_imdn FROM extensions WHERE id = {anna}")), 1);
    })
    .await;
}

#[tokio::test]
async fn a_phone_speaks_of_its_own_texts_only() {
    in_a_world(async |world| {
        world.registers(world.house.anna).await;
        world.carla_writes(ANNAS, "hello").await;
        let call_id = world.outside.state().shown[0].call_id.clone();

        phone::receipt(&world.desk, world.house.ben, &call_id, DeliveryState::Read).await.expect("no error");
        phone::receipt(&world.desk, world.house.anna, "nobody knows this", DeliveryState::Read)
            .await
            .expect("no error");

        assert_eq!(world.at_phone(world.house.anna, "hello").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_wants_to_know_is_told_once_the_customer_has_it() {
    in_a_world(async |world| {
        world.phone_writes(world.house.anna, CARLA, "It is ready").await;
        let due = |world: &crate::world::World| {
            world.events().iter().filter(|event| matches!(event, Event::ReceiptDue { .. })).count()
        };
        assert_eq!(due(world), 0, "sent is not delivered");

        world.reports("It is ready", DeliveryState::Sent).await;
        assert_eq!(due(world), 0);
        world.reports("It is ready", DeliveryState::Delivered).await;
        assert_eq!(due(world), 1);
        world.reports("It is ready", DeliveryState::Delivered).await;

        assert_eq!(due(world), 1, "once");
    })
    .await;
}
