//! What rings a phone is claimed with its filing: one commit less, the same order, and nothing lost.

use crate::world::house::{ANNAS, SALES};
use crate::world::outside::Reply;
use crate::world::{World, in_a_world};
use depesche::flow::session::pick_up;
use std::time::Duration;

const MANY: usize = 200;

fn words(range: std::ops::RangeInclusive<usize>) -> Vec<String> {
    range.map(|number| format!("text {number}")).collect()
}

async fn all_are_written(world: &World, words: &[String]) {
    for one in words {
        world.carla_writes(ANNAS, one).await;
    }
}

#[tokio::test]
async fn a_text_is_claimed_in_the_commit_that_files_it() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.quiet().await;
        world.outside.phone_does(world.house.anna, Reply::Hold);

        world.carla_writes(ANNAS, "at once").await;

        // Before anything looked into the outbox: it answers when it is on disk, and then it is on its way.
        assert_eq!(world.at_phone(world.house.anna, "at once").0, "sending");
        world.until("it rings", |world| world.outside.held() == 1).await;
        world.outside.let_go();
        world.quiet().await;
        assert_eq!(world.outside.phone_shows(world.house.anna), ["at once"]);
    })
    .await;
}

#[tokio::test]
async fn what_comes_while_a_phone_is_busy_joins_the_lane_and_leaves_in_order() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.quiet().await;
        world.outside.phone_does(world.house.anna, Reply::Hold);
        let said = words(1..=MANY);
        world.carla_writes(ANNAS, &said[0]).await;
        world.until("it rings", |world| world.outside.held() == 1).await;

        // More than stand behind it in the lane: the rest waits in the outbox.
        all_are_written(world, &said[1..]).await;
        let waiting = world.count("SELECT count(*) FROM deliveries WHERE state = 'queued'");
        assert!(waiting > 0 && waiting < 150, "{waiting} wait in the outbox");
        world.outside.let_go();
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.anna), said);
    })
    .await;
}

#[tokio::test]
async fn what_joined_behind_a_phone_that_leaves_waits_with_it_in_order() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.quiet().await;
        world.outside.phone_does(world.house.anna, Reply::HoldInVain);
        let said = words(1..=20);
        world.carla_writes(ANNAS, &said[0]).await;
        world.until("it rings", |world| world.outside.held() == 1).await;
        all_are_written(world, &said[1..]).await;

        world.leaves(world.house.anna).await;
        world.outside.let_go();
        world.quiet().await;
        assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state = 'queued'"), 20);
        assert_eq!(world.count("SELECT sum(tries) FROM deliveries WHERE state = 'queued' AND id > 1"), 0);

        world.registers(world.house.anna).await;
        world.quiet().await;
        assert_eq!(world.outside.phone_shows(world.house.anna), said);
    })
    .await;
}

#[tokio::test]
async fn what_had_joined_when_the_power_went_rings_after_it() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.quiet().await;
        world.outside.phone_does(world.house.anna, Reply::Hold);
        let said = words(1..=20);
        world.carla_writes(ANNAS, &said[0]).await;
        world.until("it rings", |world| world.outside.held() == 1).await;
        all_are_written(world, &said[1..]).await;

        world.power_cut().await;
        world.outside.let_go();
        world.quiet().await;

        let mut shown = world.outside.phone_shows(world.house.anna);
        shown.dedup();
        assert_eq!(shown, said, "each at least once, in order");
    })
    .await;
}

#[tokio::test]
async fn a_house_that_stops_finishes_what_it_has_taken_over() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.quiet().await;
        let said = words(1..=30);
        all_are_written(world, &said).await;

        world.restart().await;
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.anna), said);
        assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state = 'sending'"), 0);
    })
    .await;
}

#[tokio::test]
async fn what_stood_behind_a_slow_phone_does_not_ring_once_somebody_else_has_the_conversation() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.quiet().await;
        world.outside.phone_does(world.house.anna, Reply::Hold);
        world.carla_writes(ANNAS, "for Anna").await;
        world.until("it rings", |world| world.outside.held() == 1).await;
        let session = world.carla_writes(SALES, "for all").await;
        assert_eq!(world.at_phone(world.house.anna, "for all").0, "sending");

        world.desk.clock.advance(Duration::from_secs(5));
        pick_up(&world.desk, session, world.actor(world.house.ben)).await.expect("it is free");
        world.outside.let_go();
        world.quiet().await;

        let told = "[1002 Ben has taken the conversation with +15550100150]";
        assert_eq!(world.outside.phone_shows(world.house.anna), ["for Anna", told]);
        assert_eq!(world.at_phone(world.house.anna, "for all").0, "cancelled");
    })
    .await;
}
