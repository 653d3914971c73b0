//! A carrier hands over long texts in parts: the phone shows one text, whatever order they come in, and however often.

use crate::world::house::ANNAS;
use crate::world::in_a_world;
use crate::world::says::text;
use depesche::carrier::dialect::{InboundPart, Said};
use std::time::Duration;

fn part(id: &str, joins: &str, number: u32, total: u32, words: &str) -> Said {
    Said::Part(InboundPart { message: text(id, ANNAS, words), joins: joins.into(), number, total })
}

#[tokio::test]
async fn parts_become_one_text_in_any_order_and_only_once() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let trunk = world.house.trunk;
        let hears = async |said: Said| world.webhook(trunk, vec![said]).await.expect("taken");

        hears(part("p3", "17", 3, 3, "ready?")).await;
        hears(part("p1", "17", 1, 3, "Is my ")).await;
        hears(part("p1", "17", 1, 3, "Is my ")).await;
        assert_eq!(world.count("SELECT count(*) FROM messages"), 0, "one is missing");
        hears(part("p2", "17", 2, 3, "bike ")).await;
        hears(part("p2", "17", 2, 3, "bike ")).await;
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.anna), ["Is my bike ready?"]);
        assert_eq!(world.count("SELECT count(*) FROM inbound_parts"), 0);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_come_is_marked_after_a_while() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let trunk = world.house.trunk;
        world.webhook(trunk, vec![part("p2", "17", 2, 2, "and blue")]).await.expect("taken");
        world.janitor().await;
        assert_eq!(world.count("SELECT count(*) FROM messages"), 0, "the other may still come");

        world.pass(Duration::from_secs(601)).await;
        world.janitor().await;
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.anna), ["[…]and blue"]);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_uses_its_word_again_mixes_nothing_up() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let trunk = world.house.trunk;
        for said in [part("a1", "17", 1, 2, "old"), part("b1", "17", 1, 2, "new "), part("b2", "17", 2, 2, "text")] {
            world.webhook(trunk, vec![said]).await.expect("taken");
        }
        world.quiet().await;

        assert_eq!(world.outside.phone_shows(world.house.anna), ["old[…]", "new text"]);
    })
    .await;
}
