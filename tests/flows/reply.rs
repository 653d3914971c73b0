//! A phone writes: the conversation it means is found, claimed or opened, and the text is on its way to the carrier.
//! A request that comes again is answered as before.

use crate::world::house::{ANNAS, CARLA, DAVID, SALES, SUPPORT, TEAM};
use crate::world::in_a_world;
use depesche::domain::message::TEXT_CHARS_MAX;
use depesche::flow::session;

#[tokio::test]
async fn an_answer_goes_into_the_extension_s_own_conversation() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "Is it ready?").await;

        let answer = world.phone_writes(world.house.anna, CARLA, "It is.").await;

        assert_eq!(answer.status, 202);
        assert_eq!(world.thread(session), ["> Is it ready?", "< It is."]);
        assert_eq!(world.outside.customers_got(), ["It is."]);
        let taken = world.outside.state().taken[0].clone();
        assert_eq!((taken.from.as_str(), taken.to.as_str()), (ANNAS, CARLA));
        assert_eq!(world.stands("It is.").0, "sent");
        assert_eq!(world.count("SELECT awaiting_reply FROM sessions"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_number_dialled_the_local_way_means_the_same_customer() {
    in_a_world(async |world| {
        let carla = depesche::carrier::dialect::InboundMessage {
            from: crate::world::says::address("+4915123456789"),
            ..crate::world::says::text("id-1", ANNAS, "Hallo")
        };
        world.hears(carla).await;

        for (dialled, words) in [("015123456789", "one"), ("004915123456789", "two"), ("+4915123456789", "three")] {
            assert_eq!(world.phone_writes(world.house.anna, dialled, words).await.status, 202, "{dialled}");
        }

        assert_eq!(world.count("SELECT count(*) FROM sessions"), 1);
        assert_eq!(world.outside.customers_got(), ["one", "two", "three"]);
    })
    .await;
}

#[tokio::test]
async fn where_who_answers_first_owns_it_the_answer_claims_it() {
    in_a_world(async |world| {
        let session = world.carla_writes(SUPPORT, "It squeaks").await;

        let answer = world.phone_writes(world.house.ben, CARLA, "Bring it in.").await;

        assert_eq!(answer.status, 202);
        assert_eq!(world.session_state(session), "held 1002");
        assert_eq!(world.timeline(session), ["opened -> Support", "picked_up by 1002 Ben: Support -> 1002 Ben"]);
        let too_late = world.phone_writes(world.house.anna, CARLA, "I can help").await;
        assert_eq!(too_late.status, 403);
        assert_eq!(too_late.warning.as_deref(), Some("1002 Ben holds this conversation"));
        assert_eq!(world.outside.customers_got(), ["Bring it in."]);
        assert_eq!(world.thread(session), ["> It squeaks", "< Bring it in."], "a refused text leaves no trace");
    })
    .await;
}

#[tokio::test]
async fn where_it_must_be_picked_up_all_may_answer_until_somebody_does() {
    in_a_world(async |world| {
        let house = world.house.clone();
        let session = world.carla_writes(SALES, "Two wheels").await;

        assert_eq!(world.phone_writes(house.anna, CARLA, "Hello").await.status, 202);
        assert_eq!(world.phone_writes(house.ben, CARLA, "Hello too").await.status, 202);
        assert_eq!(world.session_state(session), "waiting Sales");
        session::pick_up(&world.desk, session, world.actor(house.anna)).await.expect("it is free");

        assert_eq!(
            world.phone_writes(house.ben, CARLA, "And I?").await.warning.as_deref(),
            Some("1001 Anna holds this conversation")
        );
        assert_eq!(world.phone_writes(house.anna, CARLA, "Mine").await.status, 202);
        assert_eq!(world.thread(session), ["> Two wheels", "< Hello", "< Hello too", "< Mine"]);
    })
    .await;
}

#[tokio::test]
async fn where_nobody_owns_anything_everybody_answers() {
    in_a_world(async |world| {
        let session = world.carla_writes(TEAM, "Anyone?").await;

        assert_eq!(world.phone_writes(world.house.anna, CARLA, "Me").await.status, 202);
        assert_eq!(world.phone_writes(world.house.ben, CARLA, "Me too").await.status, 202);

        assert_eq!(world.session_state(session), "waiting Team");
        assert_eq!(world.outside.customers_got(), ["Me", "Me too"]);
    })
    .await;
}

#[tokio::test]
async fn without_a_conversation_one_is_opened_from_the_extension_s_own_number() {
    in_a_world(async |world| {
        let answer = world.phone_writes(world.house.anna, DAVID, "Your bike is ready").await;

        assert_eq!(answer.status, 202);
        assert_eq!(world.session_state(world.last_session()), "held 1001");
        assert_eq!(world.outside.state().taken[0].from, ANNAS);
    })
    .await;
}

#[tokio::test]
async fn its_default_number_goes_before_one_that_merely_leads_to_it() {
    in_a_world(async |world| {
        let (anna, sales) = (world.house.anna, world.house.sales_number);
        let edit = depesche::store::extensions::ExtensionEdit {
            number: "1001".into(),
            name: "Anna".into(),
            enabled: true,
            default_number: Some(sales),
        };
        depesche::flow::settings::extensions::update(&world.desk, anna, 1, edit).await.expect("it is changed");

        world.phone_writes(anna, DAVID, "from sales").await;

        assert_eq!(world.outside.state().taken[0].from, SALES);
    })
    .await;
}

#[tokio::test]
async fn an_extension_without_any_number_cannot_open_a_conversation() {
    in_a_world(async |world| {
        let answer = world.phone_writes(world.house.cleo, DAVID, "hello").await;

        assert_eq!(answer.status, 403);
        assert_eq!(answer.warning.as_deref(), Some("No number is assigned to this extension: ask the administrator"));
        assert_eq!(world.count("SELECT count(*) FROM peers"), 0, "a refused text leaves no trace");
    })
    .await;
}

#[tokio::test]
async fn a_conversation_that_somebody_else_holds_is_not_written_into() {
    in_a_world(async |world| {
        let house = world.house.clone();
        let session = world.carla_writes(SUPPORT, "It squeaks").await;
        session::pick_up(&world.desk, session, world.actor(house.anna)).await.expect("free");

        let answer = world.phone_writes(house.ben, CARLA, "me?").await;

        assert_eq!((answer.status, answer.warning.as_deref()), (403, Some("1001 Anna holds this conversation")));
        assert_eq!(world.outside.customers_got(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_retransmission_gets_the_same_answer_even_after_a_restart() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        let first = world.phone_sends(anna, CARLA, "once", "call-1").await.expect("taken");
        let again = world.phone_sends(anna, CARLA, "once", "call-1").await.expect("taken");
        world.restart().await;
        let after_a_restart = world.phone_sends(anna, CARLA, "once", "call-1").await.expect("taken");
        world.pass(std::time::Duration::from_secs(2 * 24 * 3600)).await;
        world.janitor().await;
        let days_later = world.phone_sends(anna, CARLA, "once", "call-1").await.expect("taken");
        world.quiet().await;

        for answer in [first, again, after_a_restart, days_later] {
            assert_eq!(answer.status, 202);
        }
        assert_eq!(world.outside.customer_got("once"), 1);
        assert_eq!(world.count("SELECT count(*) FROM messages"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_new_request_with_the_same_words_is_a_new_text() {
    in_a_world(async |world| {
        let anna = world.house.anna;
        world.phone_sends(anna, CARLA, "ok", "call-1").await.expect("taken");
        world.phone_sends(anna, CARLA, "ok", "call-2").await.expect("taken");
        world.quiet().await;

        assert_eq!(world.outside.customer_got("ok"), 2);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_the_reason() {
    in_a_world(async |world| {
        let too_long = "x".repeat(TEXT_CHARS_MAX + 1);
        for (to, words, status, says) in [
            (CARLA, too_long.as_str(), 413, "longer than"),
            (SALES, "to ourselves", 403, "our own numbers"),
            (ANNAS, "to myself", 403, "our own numbers"),
            ("+49", "nobody", 404, "No such number"),
            ("hello there", "nobody", 404, "No such number"),
            ("Bank", "a sender's name", 404, "No such number"),
            ("1002", "a colleague", 404, "an extension"),
            ("", "nobody", 404, "No such number"),
        ] {
            let answer = world.phone_writes(world.house.anna, to, words).await;

            assert_eq!(answer.status, status, "{to}");
            let warning = answer.warning.unwrap_or_default();
            assert!(warning.contains(says), "{to}: {warning}");
        }
        assert_eq!(world.outside.state().carrier_tried.len(), 0);
        assert_eq!(world.count("SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM sessions)"), 0);
    })
    .await;
}

#[tokio::test]
async fn the_longest_text_is_taken_whole() {
    in_a_world(async |world| {
        let longest = "ä".repeat(TEXT_CHARS_MAX);

        assert_eq!(world.phone_writes(world.house.anna, CARLA, &longest).await.status, 202);

        assert_eq!(world.outside.customer_got(&longest), 1);
    })
    .await;
}

#[tokio::test]
async fn nothing_to_say_is_not_sent() {
    in_a_world(async |world| {
        let answer = world.phone_writes(world.house.anna, CARLA, "  \r\n ").await;

        assert_eq!(answer.status, 400);
        assert_eq!(world.outside.state().carrier_tried.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn from_a_number_whose_channel_is_switched_off_nothing_is_begun() {
    in_a_world(async |world| {
        let edit = depesche::store::channels::ChannelEdit {
            name: "SMS".into(),
            kind: depesche::domain::channel::ChannelKind::Sms,
            trunk: world.house.trunk,
            enabled: false,
            close_after_days: None,
        };
        depesche::flow::settings::channels::update(&world.desk, world.house.sms, 1, edit).await.expect("changed");

        let answer = world.phone_writes(world.house.anna, DAVID, "hello").await;

        assert_eq!(answer.status, 403);
        assert!(answer.warning.is_some_and(|why| why.contains("switched off")));
    })
    .await;
}

#[tokio::test]
async fn only_an_agent_of_the_queue_is_taken_to_mean_what_waits_in_it() {
    in_a_world(async |world| {
        let session = world.carla_writes(SUPPORT, "It squeaks").await;

        let answer = world.phone_writes(world.house.cleo, CARLA, "Let me help").await;

        assert_eq!(answer.status, 403);
        assert_eq!(world.session_state(session), "waiting Support");
    })
    .await;
}
