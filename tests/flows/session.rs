//! Conversations change hands and end, by hand and by themselves; the timeline says how.

use crate::world::house::{ANNAS, CARLA, SALES, SUPPORT, TEAM};
use crate::world::in_a_world;
use crate::world::outside::Reply;
use crate::world::says::text;
use depesche::carrier::dialect::{InboundMedia, InboundMessage};
use depesche::domain::session::Destination;
use depesche::flow::error::FlowError;
use depesche::flow::session::{end, pick_up, transfer};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn who_did_not_get_it_is_told_who_did() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let session = world.carla_writes(SALES, "Two wheels").await;

        pick_up(&world.desk, session, world.actor(world.house.anna)).await.expect("it is free");
        world.quiet().await;

        assert_eq!(world.session_state(session), "held 1001");
        assert_eq!(
            world.outside.phone_shows(world.house.ben),
            ["Two wheels", "[1001 Anna has taken the conversation with +15550100150]"]
        );
        assert_eq!(world.outside.phone_shows(world.house.anna), ["Two wheels"]);
        assert_eq!(world.timeline(session), ["opened -> Sales", "picked_up by 1001 Anna: Sales -> 1001 Anna"]);
    })
    .await;
}

#[tokio::test]
async fn in_a_german_house_they_are_told_in_german() {
    in_a_world(async |world| {
        let german = world.desk.store.write(|tx| tx.set_site("language", "de"));
        german.await.expect("set");
        world.everyone_is_there().await;
        let session = world.carla_writes(SALES, "Hallo").await;

        pick_up(&world.desk, session, world.actor(world.house.ben)).await.expect("it is free");
        world.quiet().await;

        let annas = world.outside.phone_shows(world.house.anna);
        assert_eq!(annas[1], "[1002 Ben hat das Gespräch mit +15550100150 übernommen]");
    })
    .await;
}

#[tokio::test]
async fn the_second_to_pick_up_is_told_who_was_first_and_nothing_changes() {
    in_a_world(async |world| {
        let session = world.carla_writes(SALES, "Two wheels").await;
        let house = world.house.clone();

        let (anna, ben) = tokio::join!(
            pick_up(&world.desk, session, world.actor(house.anna)),
            pick_up(&world.desk, session, world.actor(house.ben)),
        );

        anna.expect("she was first");
        assert!(matches!(ben, Err(FlowError::Taken { by }) if by == "1001 Anna"));
        pick_up(&world.desk, session, world.actor(house.anna)).await.expect("she has it already");
        assert_eq!(world.timeline(session).len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_was_away_is_never_rung_for_what_somebody_else_has() {
    in_a_world(async |world| {
        world.registers(world.house.anna).await;
        let session = world.carla_writes(SALES, "Two wheels").await;

        pick_up(&world.desk, session, world.actor(world.house.anna)).await.expect("it is free");
        world.registers(world.house.ben).await;

        assert_eq!(world.outside.phone_shows(world.house.ben), [""; 0]);
        assert_eq!(world.at_phone(world.house.ben, "Two wheels").0, "cancelled");
    })
    .await;
}

#[tokio::test]
async fn a_phone_that_has_only_the_first_of_two_texts_is_told_too() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let session = world.carla_writes(SALES, "first").await;
        world.leaves(world.house.ben).await;
        world.carla_writes(SALES, "second").await;

        pick_up(&world.desk, session, world.actor(world.house.anna)).await.expect("it is free");
        world.registers(world.house.ben).await;

        assert_eq!(
            world.outside.phone_shows(world.house.ben),
            ["first", "[1001 Anna has taken the conversation with +15550100150]"]
        );
    })
    .await;
}

#[tokio::test]
async fn where_an_answer_claims_it_the_others_are_told_as_well() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.carla_writes(SUPPORT, "It squeaks").await;

        world.phone_writes(world.house.ben, CARLA, "Bring it in").await;

        assert_eq!(
            world.outside.phone_shows(world.house.anna),
            ["It squeaks", "[1002 Ben has taken the conversation with +15550100150]"]
        );
        world.carla_writes(SUPPORT, "Coming").await;
        assert_eq!(world.outside.phone_shows(world.house.anna).len(), 2, "it is Ben's now");
        assert_eq!(world.outside.phone_shows(world.house.ben), ["It squeaks", "Coming"]);
    })
    .await;
}

#[tokio::test]
async fn what_nobody_owns_is_not_picked_up_and_nobody_is_told_anything() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let session = world.carla_writes(TEAM, "Anyone?").await;

        let refused = pick_up(&world.desk, session, world.actor(world.house.anna)).await;
        world.phone_writes(world.house.anna, CARLA, "Me").await;

        assert!(matches!(refused, Err(FlowError::Session(_))));
        assert_eq!(world.outside.phone_shows(world.house.ben), ["Anyone?"]);
    })
    .await;
}

#[tokio::test]
async fn a_transfer_rings_the_new_one_with_the_last_word() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.carla_writes(ANNAS, "Is it ready?").await;
        let session = world.carla_writes(ANNAS, "Hello?").await;

        transfer(&world.desk, session, Destination::Extension(world.house.cleo), world.actor(world.house.anna))
            .await
            .expect("hers to give");
        world.quiet().await;

        assert_eq!(world.session_state(session), "held 1003");
        assert_eq!(world.outside.phone_shows(world.house.cleo), ["Hello?"]);
        assert_eq!(world.outside.phone_shows(world.house.anna).len(), 2, "she gave it away herself");
        assert_eq!(
            world.timeline(session).last().map(String::as_str),
            Some("transferred by 1001 Anna: 1001 Anna -> 1003 Cleo")
        );
        assert_eq!(world.phone_writes(world.house.cleo, CARLA, "It is").await.status, 202);
    })
    .await;
}

#[tokio::test]
async fn a_transfer_to_a_queue_rings_its_agents_and_somebody_takes_it() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let session = world.carla_writes(ANNAS, "It squeaks").await;

        transfer(&world.desk, session, Destination::Queue(world.house.support), world.admin()).await.expect("moved");
        world.quiet().await;
        assert_eq!(world.session_state(session), "waiting Support");
        assert_eq!(world.outside.phone_shows(world.house.ben), ["It squeaks"]);
        world.phone_writes(world.house.ben, CARLA, "Mine").await;

        assert_eq!(world.session_state(session), "held 1002");
        assert_eq!(world.outside.state().taken[0].from, ANNAS, "from the number of the conversation");
    })
    .await;
}

#[tokio::test]
async fn a_conversation_taken_away_and_given_to_another_is_announced() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let session = world.carla_writes(SALES, "Two wheels").await;

        transfer(&world.desk, session, Destination::Extension(world.house.ben), world.admin()).await.expect("moved");
        world.quiet().await;

        assert_eq!(
            world.outside.phone_shows(world.house.anna),
            ["Two wheels", "[1002 Ben has taken the conversation with +15550100150]"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_transfer_to_where_it_is_or_to_nobody_changes_nothing() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "hello").await;
        let anna = Destination::Extension(world.house.anna);

        transfer(&world.desk, session, anna, world.admin()).await.expect("nothing to do");
        let nobody = Destination::Extension(depesche::domain::id::ExtensionId(999));
        let refused = transfer(&world.desk, session, nobody, world.admin()).await;

        assert!(matches!(refused, Err(FlowError::NotFound("destination"))));
        assert_eq!(world.timeline(session), ["opened -> 1001 Anna"]);
    })
    .await;
}

#[tokio::test]
async fn what_has_ended_no_longer_rings_and_cannot_be_changed() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "never mind").await;

        end(&world.desk, session, world.actor(world.house.anna)).await.expect("hers to end");
        world.registers(world.house.anna).await;

        assert_eq!(world.session_state(session), "closed");
        assert_eq!(world.outside.phone_shows(world.house.anna), [""; 0]);
        let anna = world.actor(world.house.anna);
        assert!(end(&world.desk, session, anna.clone()).await.is_err());
        assert!(pick_up(&world.desk, session, anna.clone()).await.is_err());
        assert!(transfer(&world.desk, session, Destination::Queue(world.house.sales), anna).await.is_err());
        assert_eq!(world.timeline(session), ["opened -> 1001 Anna", "ended by 1001 Anna"]);
    })
    .await;
}

#[tokio::test]
async fn a_conversation_without_traffic_ends_by_itself_after_the_channel_s_days() {
    in_a_world(async |world| {
        let session = world.carla_writes(ANNAS, "hello").await;
        world.pass(6 * DAY).await;
        world.janitor().await;
        assert_eq!(world.session_state(session), "held 1001");

        world.phone_writes(world.house.anna, CARLA, "still there?").await;
        world.pass(6 * DAY).await;
        world.janitor().await;
        assert_eq!(world.session_state(session), "held 1001", "the answer was traffic");
        world.pass(DAY).await;
        world.janitor().await;

        assert_eq!(world.session_state(session), "closed");
        assert_eq!(world.timeline(session).last().map(String::as_str), Some("ended_automatically"));
    })
    .await;
}

#[tokio::test]
async fn a_channel_without_days_keeps_its_conversations_open() {
    in_a_world(async |world| {
        let whatsapp = depesche::domain::channel::ChannelKind::WhatsApp;
        world.hears(InboundMessage { kind: whatsapp, ..text("id-1", ANNAS, "hello") }).await;

        world.pass(400 * DAY).await;
        world.janitor().await;

        assert_eq!(world.session_state(world.last_session()), "waiting Support");
    })
    .await;
}

#[tokio::test]
async fn many_idle_conversations_end_in_one_round() {
    in_a_world(async |world| {
        for number in 0..40 {
            let from = crate::world::says::address(&format!("+1555010{number:04}"));
            world.hears(InboundMessage { from, ..text(&format!("id-{number}"), ANNAS, "hello") }).await;
        }

        world.pass(8 * DAY).await;
        world.janitor().await;

        assert_eq!(world.count("SELECT count(*) FROM sessions WHERE state = 'closed'"), 40);
    })
    .await;
}

#[tokio::test]
async fn a_ring_under_way_while_somebody_takes_it_is_not_repeated() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.outside.phone_does(world.house.ben, Reply::HoldInVain);
        let session = world.carla_writes(SALES, "Two wheels").await;
        world.quiet().await;
        pick_up(&world.desk, session, world.actor(world.house.anna)).await.expect("it is free");
        world.quiet().await;

        world.outside.let_go();
        world.quiet().await;
        world.pass(Duration::from_secs(120)).await;

        assert_eq!(
            world.outside.phone_shows(world.house.ben),
            ["[1001 Anna has taken the conversation with +15550100150]"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_transfer_of_a_picture_alone_says_that_there_is_a_file() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let file = InboundMedia::at("https://api.example.com/m/1", None);
        world.hears(InboundMessage { media: vec![file], ..text("id-1", SALES, "") }).await;
        world.quiet().await;

        let to = Destination::Extension(world.house.cleo);
        transfer(&world.desk, world.last_session(), to, world.admin()).await.expect("it goes");
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.cleo), ["[1 file]"]);
    })
    .await;
}
