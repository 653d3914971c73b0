//! The portal writes: once for each click, into the right conversation; sends again, and settles what is uncertain.

use crate::world::house::{ANNAS, CARLA, DAVID, SALES, SUPPORT};
use crate::world::in_a_world;
use crate::world::outside::{Asked, Reply};
use crate::world::says::address;
use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::domain::message::TEXT_CHARS_MAX;
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::flow::error::FlowError;
use depesche::flow::send::{again, reply, settle, start};
use depesche::flow::session::pick_up;
use std::time::Duration;

#[tokio::test]
async fn a_double_click_is_one_text() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "Is it ready?").await;
        let click = || reply(&world.desk, session, "Yes".into(), "client-1".into(), world.actor(world.house.anna));

        let (one, two) = tokio::join!(click(), click());
        world.restart().await;
        let click = reply(&world.desk, session, "Yes".into(), "client-1".into(), world.actor(world.house.anna));
        let three = click.await.expect("taken");
        world.quiet().await;

        assert_eq!((one.expect("taken"), two.expect("taken")), (three, three));
        assert_eq!(world.outside.customer_got("Yes"), 1);
    })
    .await;
}

#[tokio::test]
async fn starting_writes_into_the_open_conversation_if_there_is_one() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "Is it ready?").await;

        world.anna_writes("Yes").await;

        assert_eq!(world.thread(session), ["> Is it ready?", "< Yes"]);
        assert_eq!(world.count("SELECT count(*) FROM sessions"), 1);
    })
    .await;
}

#[tokio::test]
async fn starting_without_one_opens_one_for_the_writer() {
    in_a_world(async |world| {
        let by = world.actor(world.house.ben);
        let start = start(&world.desk, world.house.sales_number, address(DAVID), "Hello".into(), "c-1".into(), by);

        start.await.expect("taken");
        world.quiet().await;

        let session = world.last_session();
        assert_eq!(world.session_state(session), "held 1002");
        assert_eq!(world.timeline(session), ["opened by 1002 Ben -> 1002 Ben"]);
        assert_eq!(world.outside.state().taken[0].from, SALES);
    })
    .await;
}

#[tokio::test]
async fn an_answer_in_the_portal_claims_what_is_claimed_by_answering() {
    in_a_world(async |world| {
        let session = world.carla_writes(SUPPORT, "It squeaks").await;

        let answer = reply(&world.desk, session, "Bring it".into(), "c-1".into(), world.actor(world.house.ben));
        answer.await.expect("taken");
        let late = reply(&world.desk, session, "I can".into(), "c-2".into(), world.actor(world.house.anna)).await;

        assert_eq!(world.session_state(session), "held 1002");
        assert!(matches!(late, Err(FlowError::Taken { by }) if by == "1002 Ben"));
    })
    .await;
}

#[tokio::test]
async fn somebody_without_an_extension_answers_what_waits_and_owns_nothing() {
    in_a_world(async |world| {
        let session = world.carla_writes(SUPPORT, "It squeaks").await;

        reply(&world.desk, session, "One moment".into(), "c-1".into(), world.admin()).await.expect("it waits");
        assert_eq!(world.session_state(session), "waiting Support");
        pick_up(&world.desk, session, world.actor(world.house.anna)).await.expect("free");

        let refused = reply(&world.desk, session, "and again".into(), "c-2".into(), world.admin()).await;
        assert!(matches!(refused, Err(FlowError::Taken { by }) if by == "1001 Anna"));
        assert!(matches!(pick_up(&world.desk, session, world.admin()).await, Err(FlowError::NotAllowed(_))));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_where_it_was_typed() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "hello").await;
        let anna = || world.actor(world.house.anna);
        let too_long = "x".repeat(TEXT_CHARS_MAX + 1);

        for words in ["", " \n ", too_long.as_str()] {
            let refused = reply(&world.desk, session, words.into(), "c-1".into(), anna()).await;
            assert!(matches!(refused, Err(FlowError::Invalid { field, .. }) if field == "text"));
        }
        for to in [SALES, "Bank"] {
            let refused =
                start(&world.desk, world.house.annas, address(to), "hello".into(), "c-1".into(), anna()).await;
            assert!(matches!(refused, Err(FlowError::Invalid { field, .. }) if field == "to"), "{to}");
        }
        depesche::flow::session::end(&world.desk, session, anna()).await.expect("ended");
        let refused = reply(&world.desk, session, "too late".into(), "c-1".into(), anna()).await;
        assert!(matches!(refused, Err(FlowError::Session(_))));
        assert_eq!(world.outside.state().carrier_tried.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_failed_can_be_sent_again_under_a_new_key() {
    in_a_world(async |world| {
        let reason = Reason::of(ReasonCode::ContentFiltered);
        world.outside.carrier_does(Reply::Refuse(SendError::Rejected { reason }));
        let message = world.anna_writes("buy now").await;

        again(&world.desk, message, world.admin()).await.expect("it failed");
        world.quiet().await;

        assert_eq!(world.stands("buy now"), ("sent".into(), None));
        let state = world.outside.state();
        assert_eq!(state.carrier_tried.len(), 2);
        assert_ne!(state.carrier_tried[0].0, state.carrier_tried[1].0);
    })
    .await;
}

#[tokio::test]
async fn what_went_well_or_waits_cannot_be_sent_again() {
    in_a_world(async |world| {
        let message = world.anna_writes("once").await;
        assert!(matches!(again(&world.desk, message, world.admin()).await, Err(FlowError::NotAllowed(_))));
        world.reports("once", DeliveryState::Delivered).await;
        assert!(matches!(again(&world.desk, message, world.admin()).await, Err(FlowError::NotAllowed(_))));
        world.outside.carrier_does(Reply::Hold);
        let waiting = world.anna_writes("under way").await;
        assert!(matches!(again(&world.desk, waiting, world.admin()).await, Err(FlowError::NotAllowed(_))));
        world.outside.let_go();

        world.quiet().await;
        assert_eq!(world.outside.customers_got(), ["once", "under way"]);
    })
    .await;
}

#[tokio::test]
async fn two_who_send_again_at_once_send_it_once() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Vanish);
        let message = world.anna_writes("maybe").await;

        let (one, two) = tokio::join!(
            again(&world.desk, message, world.actor(world.house.anna)),
            again(&world.desk, message, world.admin())
        );
        world.quiet().await;

        assert!(one.is_ok() && two.is_err());
        assert_eq!(world.outside.customer_got("maybe"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_late_word_on_the_first_try_says_nothing_about_the_second() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::TakeSilently);
        let message = world.anna_writes("maybe").await;
        again(&world.desk, message, world.admin()).await.expect("uncertain");
        world.quiet().await;
        let first = world.outside.state().taken[0].id.clone();

        world
            .webhook(world.house.trunk, vec![crate::world::says::report(&first, DeliveryState::Undelivered)])
            .await
            .expect("taken");

        assert_eq!(world.stands("maybe").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn an_uncertain_text_is_settled_by_somebody_who_knows() {
    in_a_world(async |world| {
        for (words, arrived, stands) in [("arrived", true, "sent"), ("lost", false, "failed")] {
            world.outside.carrier_does(Reply::Vanish);
            let message = world.anna_writes(words).await;

            settle(&world.desk, message, arrived, world.admin()).await.expect("uncertain");

            assert_eq!(world.stands(words).0, stands);
            assert!(matches!(
                settle(&world.desk, message, arrived, world.admin()).await,
                Err(FlowError::NotAllowed(_))
            ));
        }
        world.outside.state().asked = Asked::KnowsNothing;
        world.pass(Duration::from_secs(3600)).await;
        assert_eq!(world.outside.state().questions, 0, "what is settled is not asked about");
        assert_eq!(world.outside.state().carrier_tried.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn one_number_per_conversation_each_answer_leaves_from_where_it_was_asked() {
    in_a_world(async |world| {
        let at_sales = world.carla_writes(SALES, "at sales").await;
        let at_support = world.carla_writes(SUPPORT, "at support").await;
        let anna = || world.actor(world.house.anna);

        reply(&world.desk, at_support, "from support".into(), "c-1".into(), anna()).await.expect("taken");
        reply(&world.desk, at_sales, "from sales".into(), "c-2".into(), anna()).await.expect("taken");
        world.quiet().await;

        let state = world.outside.state();
        let mut ways: Vec<_> = state.taken.iter().map(|taken| (taken.from.as_str(), taken.text.as_str())).collect();
        ways.sort_unstable();
        assert_eq!(ways, [(SALES, "from sales"), (SUPPORT, "from support")]);
        assert!(state.taken.iter().all(|taken| taken.to == CARLA));
    })
    .await;
}
