//! What became of a text: reports come in any order, twice, before the answer, for texts nobody knows. Forward only.

use crate::world::house::CARLA;
use crate::world::outside::Reply;
use crate::world::says::report;
use crate::world::{World, in_a_world};
use depesche::carrier::dialect::{DeliveryReport, Said};
use depesche::domain::delivery::DeliveryState::{self, Delivered, Failed, Read, Sent, Undelivered};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::flow::desk::new_reference;
use depesche::flow::send;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// The strongest of what was said: where it must end, in whatever order it was said.
fn strongest(said: &[DeliveryState]) -> &'static str {
    let rank = |state: &DeliveryState| match state {
        Read => 3,
        Delivered => 2,
        Undelivered | Failed => 1,
        _ => 0,
    };
    said.iter().max_by_key(|state| rank(state)).map_or("sent", |state| state.as_str())
}

fn orders(said: &[DeliveryState]) -> Vec<Vec<DeliveryState>> {
    if said.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..said.len() {
        let mut rest = said.to_vec();
        let one = rest.remove(first);
        for mut order in orders(&rest) {
            order.insert(0, one);
            all.push(order);
        }
    }
    all
}

async fn write(world: &World, words: &str) {
    let by = world.actor(world.house.anna);
    let to = crate::world::says::address(CARLA);
    send::start(&world.desk, world.house.annas, to, words.into(), new_reference(), by).await.expect("taken");
}

#[tokio::test]
async fn reports_in_every_order_end_at_the_strongest_word() {
    in_a_world(async |world| {
        let mut turn = 0;
        for said in [vec![Sent, Delivered, Read], vec![Sent, Delivered, Undelivered], vec![Sent, Failed, Read]] {
            for order in orders(&said) {
                turn += 1;
                let words = format!("text {turn}");
                write(world, &words).await;
                world.quiet().await;
                for state in &order {
                    let id = world.outside.carrier_id_of(&words);
                    world.webhook(world.house.trunk, vec![report(&id, *state)]).await.expect("taken");
                }

                assert_eq!(world.stands(&words).0, strongest(&order), "{order:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn reports_before_during_and_after_the_answer_end_the_same() {
    in_a_world(async |world| {
        let mut turn = 0;
        for order in orders(&[Sent, Delivered, Read]) {
            for before_the_answer in 0..=order.len() {
                turn += 1;
                let words = format!("text {turn}");
                let id = format!("carrier-{turn}");
                world.outside.carrier_does(Reply::Hold);
                write(world, &words).await;
                world.until("the call is under way", |world| world.outside.held() == 1).await;

                for state in &order[..before_the_answer] {
                    world.webhook(world.house.trunk, vec![report(&id, *state)]).await.expect("taken");
                }
                world.outside.let_go();
                world.quiet().await;
                assert_eq!(world.outside.carrier_id_of(&words), id);
                for state in &order[before_the_answer..] {
                    world.webhook(world.house.trunk, vec![report(&id, *state)]).await.expect("taken");
                }

                assert_eq!(world.stands(&words).0, "read", "{order:?}, {before_the_answer} before the answer");
            }
        }
        assert_eq!(world.count("SELECT count(*) FROM early_reports"), 0, "each was used");
    })
    .await;
}

#[tokio::test]
async fn a_failure_brings_its_reason() {
    in_a_world(async |world| {
        world.anna_writes("hello").await;
        let failed = DeliveryReport {
            carrier_id: Some("carrier-1".into()),
            reference: None,
            state: Undelivered,
            reason: Some(Reason::of(ReasonCode::HandsetUnreachable).coded("30003")),
        };

        world.webhook(world.house.trunk, vec![Said::DeliveryReport(failed)]).await.expect("taken");

        assert_eq!(world.stands("hello"), ("undelivered".into(), Some("handset_unreachable".into())));
    })
    .await;
}

#[tokio::test]
async fn a_report_twice_is_one_piece_of_news() {
    in_a_world(async |world| {
        world.anna_writes("hello").await;
        world.reports("hello", Delivered).await;
        let events = world.events().len();

        world.reports("hello", Delivered).await;

        assert_eq!(
            world
                .events()
                .iter()
                .skip(events)
                .filter(|event| { matches!(event, depesche::domain::event::Event::DeliveryChanged { .. }) })
                .count(),
            0
        );
        assert_eq!(world.count("SELECT count(*) FROM exchanges WHERE outcome = 'report: delivered is old news'"), 1);
    })
    .await;
}

#[tokio::test]
async fn another_trunk_s_report_moves_nothing() {
    in_a_world(async |world| {
        world.anna_writes("hello").await;
        let reference = world.outside.state().taken[0].reference.clone();
        let by_id = report("carrier-1", Delivered);
        let by_reference = Said::DeliveryReport(DeliveryReport {
            carrier_id: None,
            reference: Some(reference),
            state: Delivered,
            reason: None,
        });

        world.webhook(world.house.other_trunk, vec![by_id, by_reference]).await.expect("taken");

        assert_eq!(world.stands("hello").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn a_report_nobody_knows_is_kept_a_day_and_then_forgotten() {
    in_a_world(async |world| {
        world.webhook(world.house.trunk, vec![report("nobody", Delivered)]).await.expect("taken");

        world.pass(23 * HOUR).await;
        world.janitor().await;
        assert_eq!(world.count("SELECT count(*) FROM early_reports"), 1);
        world.pass(2 * HOUR).await;
        world.janitor().await;

        assert_eq!(world.count("SELECT count(*) FROM early_reports"), 0);
    })
    .await;
}

#[tokio::test]
async fn an_early_report_outlives_a_restart() {
    in_a_world(async |world| {
        world.webhook(world.house.trunk, vec![report("carrier-1", Delivered)]).await.expect("taken");
        world.restart().await;

        world.anna_writes("hello").await;

        assert_eq!(world.stands("hello").0, "delivered");
    })
    .await;
}

#[tokio::test]
async fn our_own_reference_finds_the_text_before_its_id_is_known() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Hold);
        world.anna_writes("hello").await;
        let reference = world.outside.state().carrier_tried[0].0.clone();
        let early = DeliveryReport {
            carrier_id: Some("carrier-1".into()),
            reference: Some(reference),
            state: Read,
            reason: None,
        };

        world.webhook(world.house.trunk, vec![Said::DeliveryReport(early)]).await.expect("taken");
        assert_eq!(world.stands("hello").0, "read");
        world.outside.let_go();
        world.quiet().await;

        assert_eq!(world.stands("hello").0, "read");
        assert_eq!(world.text("SELECT carrier_id FROM deliveries WHERE line = 'carrier'"), "carrier-1");
    })
    .await;
}
